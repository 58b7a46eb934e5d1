// From what was used to what it costs: step sizes, tax and limits over exact quantities. The live engine and the
// pricing of CDRs both end here, so that a display and a bill cannot differ. Quantities are gathered whole and
// multiplied by the price once.

import { subtract } from "../number/money.js";
import { type Charge, isOfReservation } from "../tariff/charge.js";
import type { Tariff } from "../tariff/tariff.js";
import type { ComponentUsage } from "./component-usage.js";
import { billedOf, countUsage, type Metered, meteredOf, noUsage } from "./step-rounding.js";
import { addTaxed, applyLimits, type LimitedAmount, noAmount, type TaxedAmount, taxedAmount } from "./taxed.js";

/** The published totals that a charge counts into. */
type Group = "energy" | "time" | "parking" | "fixed" | "reservation";
const groupOf: Record<Charge, Group> = {
  ENERGY: "energy",
  TIME: "time",
  PARKING_TIME: "parking",
  FLAT: "fixed",
  RESERVATION_TIME: "reservation",
  RESERVATION_FLAT: "reservation",
  EXPIRY_TIME: "reservation",
  EXPIRY_FLAT: "reservation",
};

/** A line of the bill: what was used of one component, after steps, and what it costs. */
export type CostLine = {
  readonly usage: ComponentUsage;
  /** What step_size added to it. */
  readonly steppedBy: bigint;
  readonly amount: TaxedAmount;
};

/** A session priced: what was used, what it costs, and how the total came about. */
export type Costing = {
  readonly per: bigint;
  /** The tariff whose limits hold. */
  readonly tariff: Tariff;
  readonly lines: readonly CostLine[];
  readonly billed: Readonly<Record<Metered, bigint>>;
  readonly groups: Readonly<Record<Group, TaxedAmount>>;
  readonly limited: LimitedAmount;
};

/**
 * What a session costs: its usages after steps, with tax, within the limits of `tariff`. What a step adds goes to the
 * last usage of its kind, at that one's price. `expired` = a reservation that no session came for: the minimum is one of
 * charging sessions (OCPI Tariff, min_price: "a Charging Session with this tariff will at least cost this amount").
 */
export function costOf(
  usages: readonly ComponentUsage[],
  per: bigint,
  tariff: Tariff,
  { expired }: { readonly expired: boolean },
): Costing {
  const metered = usages.reduce(countUsage, noUsage);
  const billed = billedOf(metered, per);
  const lines = usages.map((usage): CostLine => {
    const kind = meteredOf[usage.charge];
    const isLast = kind !== undefined && metered.last[kind] === usage;
    const steppedBy = isLast ? billed[kind] - metered.totals[kind] : 0n;
    const stepped = steppedBy === 0n ? usage : { ...usage, quantity: usage.quantity + steppedBy };
    return { usage: stepped, steppedBy, amount: taxedAmount(stepped, per) };
  });
  const sum = lines.reduce((total, { amount }) => addTaxed(total, amount), noAmount);
  return { per, tariff, lines, billed, groups: groupsOf(lines), limited: applyLimits(sum, tariff, { min: !expired }) };
}

/** The same for a session in which no energy flowed: only its reservation is charged, up to the maximum. */
export function onlyReservation(costing: Costing): Costing {
  const { total, adjustments } = costing.limited;
  const groups = groupsOf(costing.lines.filter(({ usage }) => isOfReservation(usage.charge)));
  const left = applyLimits(groups.reservation, costing.tariff, { min: false }).total;
  const waived = {
    kind: "waived" as const,
    excl: subtract(left.excl, total.excl),
    incl: subtract(left.incl, total.incl),
  };
  return { ...costing, groups, limited: { total: left, adjustments: [...adjustments, waived] } };
}

function groupsOf(lines: readonly CostLine[]): Record<Group, TaxedAmount> {
  const groups = { energy: noAmount, time: noAmount, parking: noAmount, fixed: noAmount, reservation: noAmount };
  for (const { usage, amount } of lines) {
    const group = groupOf[usage.charge];
    groups[group] = addTaxed(groups[group], amount);
  }
  return groups;
}
