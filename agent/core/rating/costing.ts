// From what was used to what it costs: step sizes, tax and limits over exact quantities. The live engine and the
// pricing of CDRs both end here, so that a display and a bill cannot differ. Quantities are gathered whole and
// multiplied by the price once.

import { type ComponentUsage, componentUsages, type Slice } from "../tariff/component-usage.js";
import type { Charge, Tariff } from "../tariff/tariff.js";
import { addTaxed, amountOf, applyLimits, type Limited, nothing, type Taxed } from "./taxed.js";

/** The published totals that a charge counts into. */
export type Group = "energy" | "time" | "parking" | "fixed" | "reservation";
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

/** What is billed of each metered charge, in units, after steps. */
export type Billed = {
  readonly energy: bigint;
  readonly time: bigint;
  readonly parking: bigint;
  readonly reservation: bigint;
};

type Metered = keyof Billed;
const meteredOf: { readonly [Key in Charge]?: Metered } = {
  ENERGY: "energy",
  TIME: "time",
  PARKING_TIME: "parking",
  RESERVATION_TIME: "reservation",
  EXPIRY_TIME: "reservation",
};

/** The session total and the last use of each metered kind: all that step sizes ask for. */
type Meters = {
  readonly totals: Readonly<Record<Metered, bigint>>;
  readonly last: Readonly<Record<Metered, ComponentUsage | undefined>>;
};

const noMeters: Meters = {
  totals: { energy: 0n, time: 0n, parking: 0n, reservation: 0n },
  last: { energy: undefined, time: undefined, parking: undefined, reservation: undefined },
};

function addToMeters(meters: Meters, use: ComponentUsage): Meters {
  const kind = meteredOf[use.charge];
  if (kind === undefined) return meters;
  const totals = { ...meters.totals };
  const last = { ...meters.last };
  totals[kind] += use.quantity;
  last[kind] = use;
  return { totals, last };
}

/**
 * What is billed after steps (OCPI mod_cdrs, step_size): once per session for energy, once for time and parking
 * together.
 */
function billedOf({ totals, last }: Meters, per: bigint): Billed {
  const wattHour = per / 1000n;
  const second = per / 3600n;
  // Time is floored to whole seconds; where parking was used, charging time is not rounded up, because another
  // time-based stretch came with it.
  return {
    energy: roundedUp(totals.energy, wattHour, last.energy),
    time:
      last.parking === undefined
        ? roundedUp(floored(totals.time, second), second, last.time)
        : floored(totals.time, second),
    parking: roundedUp(floored(totals.parking, second), second, last.parking),
    reservation: roundedUp(floored(totals.reservation, second), second, last.reservation),
  };
}

function floored(total: bigint, unit: bigint): bigint {
  return total - (total % unit);
}

function roundedUp(total: bigint, unit: bigint, last: ComponentUsage | undefined): bigint {
  if (last === undefined || last.component.stepSize === 0) return total;
  const step = unit * BigInt(last.component.stepSize);
  const over = total % step;
  return over === 0n ? total : total + step - over;
}

const meteredKinds: readonly Metered[] = ["energy", "time", "parking", "reservation"];

export type Totals = {
  readonly amounts: readonly Taxed[];
  readonly groups: Readonly<Record<Group, Taxed>>;
  readonly sum: Taxed;
};

/** Amounts per use, per published total, and in all. */
export function totalsOf(uses: readonly ComponentUsage[], per: bigint): Totals {
  const byGroup: Record<Group, Taxed> = {
    energy: nothing,
    time: nothing,
    parking: nothing,
    fixed: nothing,
    reservation: nothing,
  };
  const amounts: Taxed[] = [];
  let sum = nothing;
  for (const use of uses) {
    const group = groupOf[use.charge];
    const amount = amountOf(use, per);
    amounts.push(amount);
    byGroup[group] = addTaxed(byGroup[group], amount);
    sum = addTaxed(sum, amount);
  }
  return { amounts, groups: byGroup, sum };
}

/** A session priced: what was used, what it costs, and how the totals came about. */
export type Working = {
  readonly per: bigint;
  readonly tariff: Tariff;
  /** After steps; `steppedBy` is what step_size added to each. */
  readonly uses: readonly ComponentUsage[];
  readonly steppedBy: readonly bigint[];
  readonly billed: Billed;
  readonly totals: Totals;
  readonly limited: Limited;
};

/**
 * Prices uses: steps, tax, limits of `tariff`. What a step adds goes to the last use of its kind, at that one's price.
 */
export function work(used: readonly ComponentUsage[], per: bigint, tariff: Tariff): Working {
  let meters = noMeters;
  for (const use of used) meters = addToMeters(meters, use);
  const billed = billedOf(meters, per);
  const uses = used.slice();
  const steppedBy = used.map((use, index) => {
    const kind = meteredOf[use.charge];
    if (kind === undefined || meters.last[kind] !== use) return 0n;
    const surplus = billed[kind] - meters.totals[kind];
    if (surplus !== 0n) uses[index] = { ...use, quantity: use.quantity + surplus };
    return surplus;
  });
  const totals = totalsOf(uses, per);
  return { per, tariff, uses, steppedBy, billed, totals, limited: applyLimits(totals.sum, tariff, { min: true }) };
}

/**
 * How a session stands after some slices, in a size that does not depend on their number: what a running figure needs.
 */
export type RunningTotal = {
  readonly sum: Taxed;
  readonly meters: Meters;
  readonly feeCharged: boolean;
  readonly reservationFeeCharged: boolean;
};

export const noRunningTotal: RunningTotal = {
  sum: nothing,
  meters: noMeters,
  feeCharged: false,
  reservationFeeCharged: false,
};

/** The standing after one more slice. A reservation counts as used: whether it expired is known only at its end. */
export function addSlice(runningTotal: RunningTotal, slice: Slice, per: bigint): RunningTotal {
  let { sum, meters, feeCharged, reservationFeeCharged } = runningTotal;
  for (const use of componentUsages([slice], per, false)) {
    if (use.charge === "FLAT" ? feeCharged : use.charge === "RESERVATION_FLAT" && reservationFeeCharged) continue;
    feeCharged ||= use.charge === "FLAT";
    reservationFeeCharged ||= use.charge === "RESERVATION_FLAT";
    sum = addTaxed(sum, amountOf(use, per));
    meters = addToMeters(meters, use);
  }
  return { sum, meters, feeCharged, reservationFeeCharged };
}

/** The running figures: what was used so far, under the maximum; and the bill if the session ended now. */
export function runningTotals(
  runningTotal: RunningTotal,
  per: bigint,
  tariff: Tariff,
): { accrued: Taxed; ifStopped: Taxed } {
  const { sum, meters } = runningTotal;
  const billed = billedOf(meters, per);
  let stepped = sum;
  for (const kind of meteredKinds) {
    const last = meters.last[kind];
    const surplus = billed[kind] - meters.totals[kind];
    if (last !== undefined && surplus !== 0n)
      stepped = addTaxed(stepped, amountOf({ ...last, quantity: surplus }, per));
  }
  return {
    accrued: applyLimits(sum, tariff, { min: false }).total,
    ifStopped: applyLimits(stepped, tariff, { min: true }).total,
  };
}
