// A bill from slices: lines with their working, totals, tax per rate and what is due. Every published number is rounded once.
import { explainUse, explainLimit, whyOf, type Language } from "./explain.js";
import {
  add, decimalText, minorUnits, fixedText, published, ratio, roundHalfUp, roundingRule, sharesOf, type Ratio,
} from "./money.js";
import type { Amount, Dimension, Price, PriceLine, TaxShare, TaxTotal } from "./price.js";
import { amountOf, applyLimits, applySteps, totalsOf, unitsPer, Uses, type Slice, type Taxed, type Use } from "./tally.js";
import type { Charge, Tariff } from "./tariff.js";

export const localTimeRule = "local time";

export type BillFacts = {
  /** In the order of time. */
  readonly slices: readonly Slice[];
  readonly per: bigint;
  /** The tariff that the session started by: its currency and limits hold. */
  readonly tariff: Tariff;
  readonly expired: boolean;
  readonly timeZone: string;
  readonly timeRule: string;
  readonly warnings: readonly string[];
  readonly energyMilliWh: number;
  readonly timeMs: number;
  readonly parkingMs: number;
  readonly language: Language;
};

const dimensionOf: Record<Charge, Dimension> = {
  ENERGY: "ENERGY", TIME: "TIME", PARKING_TIME: "PARKING_TIME", FLAT: "FLAT",
  RESERVATION_TIME: "RESERVATION_TIME", EXPIRY_TIME: "RESERVATION_TIME", RESERVATION_FLAT: "RESERVATION_FLAT", EXPIRY_FLAT: "RESERVATION_FLAT",
};

export function amountText(taxed: Taxed): Amount {
  const excl = published(taxed.excl);
  return { excl, incl: taxed.incl === taxed.excl ? excl : published(taxed.incl) };
}

/** Tax per rate; rates that the tariff does not state carry none. */
export function taxShares(taxed: Taxed): TaxShare[] {
  return taxed.parts.flatMap(({ rate, tax }) => {
    if (rate !== undefined) return [{ name: "VAT", ratePercent: decimalText(rate), amount: published(tax) }];
    return tax.n === 0n ? [] : [{ name: "VAT", ratePercent: "", amount: published(tax) }];
  });
}

function lineOf(use: Use, steppedBy: bigint, facts: BillFacts): PriceLine {
  const { charge, component, tariff } = use;
  const taxed = amountOf(use, facts.per);
  const dimension = dimensionOf[charge];
  const unit = dimension === "ENERGY" ? "kWh" : dimension === "FLAT" || dimension === "RESERVATION_FLAT" ? "x" : "h";
  const perUnit = unit === "kWh" ? 1_000_000n : unit === "h" ? 3_600_000n : 1n;
  const amount = amountText(taxed);
  return {
    dimension,
    tariffId: tariff.id,
    element: component.element,
    component: component.index,
    why: whyOf(tariff, component, facts.language),
    fromMs: use.fromMs,
    toMs: use.toMs,
    quantity: published(ratio(use.quantity, facts.per)),
    units: Number(roundHalfUp(ratio(use.quantity * perUnit, facts.per), 0)),
    unit,
    unitPrice: decimalText(component.price),
    amount,
    taxes: taxShares(taxed),
    sentence: explainUse(use, steppedBy, facts.per, facts.language),
  };
}

/** What is due, in the currency's minor unit: the gross is rounded once, and net, tax and the rates are shares that add up to it. */
function dueOf(total: Taxed, currency: string): { due: Price["due"]; taxes: TaxTotal[] } {
  const places = minorUnits(currency);
  const money = (units: bigint): string => fixedText(units, places);
  const gross = roundHalfUp(total.incl, places);
  const net = total.incl === total.excl ? gross : roundHalfUp(total.excl, places);
  const grossShares = sharesOf(gross, total.parts.map((part) => add(part.net, part.tax)));
  const taxShare = sharesOf(gross - net, total.parts.map((part) => part.tax));
  const taxes = total.parts.map((part, index): TaxTotal => {
    const partGross = grossShares[index] ?? 0n;
    const partTax = taxShare[index] ?? 0n;
    const named = part.rate === undefined ? { name: "no tax", ratePercent: "0" } : { name: "VAT", ratePercent: decimalText(part.rate) };
    return { ...named, net: money(partGross - partTax), tax: money(partTax), gross: money(partGross) };
  });
  return { due: { net: money(net), tax: money(gross - net), gross: money(gross) }, taxes };
}

/** The uses of a session, chronological, before step sizes. */
export function usesOf(slices: readonly Slice[], per: bigint, expired: boolean): Use[] {
  const uses = new Uses(per, expired);
  for (const slice of slices) uses.add(slice);
  return uses.finish();
}

/** The whole bill. */
export function billOf(facts: BillFacts): Price {
  const { per, tariff } = facts;
  const used = usesOf(facts.slices, per, facts.expired);
  const uses = [...used];
  const billed = applySteps(uses, per);
  const totals = totalsOf(uses, per);
  const { total, adjustments } = applyLimits(totals.sum, tariff, { min: true });
  const { due, taxes } = dueOf(total, tariff.currency);
  const seconds = (units: bigint): string => (units / (per / 3600n)).toString();
  return {
    currency: tariff.currency,
    totalCost: amountText(total),
    totalFixedCost: amountText(totals.groups.fixed),
    totalEnergyCost: amountText(totals.groups.energy),
    totalTimeCost: amountText(totals.groups.time),
    totalParkingCost: amountText(totals.groups.parking),
    totalReservationCost: amountText(totals.groups.reservation),
    energyMilliWh: facts.energyMilliWh,
    timeMs: facts.timeMs,
    parkingMs: facts.parkingMs,
    billed: {
      energy: roundHalfUp(ratio(billed.energy * 1000n, per), 0).toString(),
      time: seconds(billed.time),
      parking: seconds(billed.parking),
      reservation: seconds(billed.reservation),
    },
    lines: uses.map((use, index) => lineOf(use, use.quantity - (used[index]?.quantity ?? 0n), facts)),
    adjustments: adjustments.map(({ kind, excl, incl }) => ({
      kind,
      amount: { excl: published(excl), incl: published(incl) },
      sentence: explainLimit(kind, tariff, facts.language),
    })),
    taxes,
    due,
    rounding: roundingRule,
    timeRule: facts.timeRule,
    warnings: facts.warnings,
    taxShares: {
      total: taxShares(total),
      fixed: taxShares(totals.groups.fixed),
      energy: taxShares(totals.groups.energy),
      time: taxShares(totals.groups.time),
      parking: taxShares(totals.groups.parking),
      reservation: taxShares(totals.groups.reservation),
    },
  };
}

/** The figures of a running session: what was used so far (under the cap), and the bill if it stopped now. */
export function runningTotals(uses: readonly Use[], tariff: Tariff, per: bigint): { accrued: Taxed; ifStopped: Taxed; leftUnderCap: Ratio | undefined } {
  const plain = totalsOf(uses, per).sum;
  const accrued = applyLimits(plain, tariff, { min: false }).total;
  const rounded = [...uses];
  applySteps(rounded, per);
  const ifStopped = applyLimits(totalsOf(rounded, per).sum, tariff, { min: true }).total;
  const cap = tariff.maxPrice?.incl;
  if (cap === undefined) return { accrued, ifStopped, leftUnderCap: undefined };
  const left = add({ n: cap.digits, d: 10n ** BigInt(cap.scale) }, { n: -accrued.incl.n, d: accrued.incl.d });
  return { accrued, ifStopped, leftUnderCap: left };
}

export { unitsPer };
