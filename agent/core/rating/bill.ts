// A bill as it is journalled, shown and signed: lines with their working, totals, tax per rate and what is due.
// Every published number is rounded once, from the exact figure.

import { decimalText, fixedText } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { adjustmentSentence, type LineFrame, usageSentence } from "../explain/line-sentence.js";
import { whyOf } from "../explain/restriction-text.js";
import {
  add,
  compare,
  minorUnits,
  publishedText,
  ratio,
  ratioOf,
  roundHalfUp,
  roundingRule,
  sharesOf,
} from "../number/money.js";
import type { Charge } from "../tariff/charge.js";
import type { Costing, CostLine } from "./costing.js";
import {
  type Amount,
  type Dimension,
  type Price,
  type PriceLine,
  type TaxShare,
  type TaxTotal,
  untaxedName,
} from "./price.js";
import type { TaxedAmount } from "./taxed.js";

/** What a bill says beside its amounts. */
export type BillFacts = {
  readonly timeRule: string;
  readonly warnings: readonly string[];
  readonly energyMilliWh: number;
  readonly timeMs: number;
  readonly parkingMs: number;
  readonly beganMs: number;
  readonly language: Language;
};

export const dimensionOf: Readonly<Record<Charge, Dimension>> = {
  ENERGY: "ENERGY",
  TIME: "TIME",
  PARKING_TIME: "PARKING_TIME",
  FLAT: "FLAT",
  RESERVATION_TIME: "RESERVATION_TIME",
  EXPIRY_TIME: "RESERVATION_TIME",
  RESERVATION_FLAT: "RESERVATION_FLAT",
  EXPIRY_FLAT: "RESERVATION_FLAT",
};
export const unitOf: Readonly<Record<Dimension, PriceLine["unit"]>> = {
  ENERGY: "kWh",
  TIME: "h",
  PARKING_TIME: "h",
  RESERVATION_TIME: "h",
  FLAT: "x",
  RESERVATION_FLAT: "x",
};
const wholeUnits = { kWh: 1_000_000n, h: 3_600_000n, x: 1n };

export function amountText(taxed: TaxedAmount): Amount {
  const excl = publishedText(taxed.excl);
  return { excl, incl: taxed.incl === taxed.excl ? excl : publishedText(taxed.incl) };
}

/** Tax per rate; rates that the tariff does not state carry none. */
export function taxShares(taxed: TaxedAmount): TaxShare[] {
  const shares: TaxShare[] = [];
  for (const { rate, tax } of taxed.parts)
    if (rate !== undefined || tax.n !== 0n)
      shares.push({
        name: "VAT",
        ratePercent: rate === undefined ? "" : decimalText(rate),
        amount: publishedText(tax),
      });
  return shares.length > 1 ? shares.sort((a, b) => Number(a.ratePercent) - Number(b.ratePercent)) : shares;
}

/** What cannot be said of tax because an OCPI 2.3.0 tariff states no rate. */
export function taxWarnings(costing: Costing): string[] {
  const silent = costing.lines
    .map(({ usage }) => usage)
    .filter(
      ({ tariff, component }) =>
        tariff.version === "2.3.0" &&
        component !== undefined &&
        component.vat === undefined &&
        component.price.digits !== 0n,
    );
  const warnings: string[] = [];
  if (silent.some((usage) => usage.tariff.taxIncluded === "NO"))
    warnings.push("tax comes on top, but the tariff does not state its rate: only the price before taxes is known");
  if (silent.some((usage) => usage.tariff.taxIncluded === "YES"))
    warnings.push("prices include tax, but the tariff does not state its rate: it cannot be told apart");
  return warnings;
}

/** What was billed, after step_size: Wh and seconds as whole numbers. */
export function billedText(costing: Costing): Price["billed"] {
  const { billed, per } = costing;
  const second = per / 3600n;
  const seconds = (units: bigint): string => (units === 0n ? "0" : (units / second).toString());
  return {
    energy: billed.energy === 0n ? "0" : roundHalfUp(ratio(billed.energy * 1000n, per), 0).toString(),
    time: seconds(billed.time),
    parking: seconds(billed.parking),
    reservation: seconds(billed.reservation),
  };
}

function lineOf({ usage, steppedBy, amount }: CostLine, frame: LineFrame): PriceLine {
  const { per, language } = frame;
  const dimension = dimensionOf[usage.charge];
  const unit = unitOf[dimension];
  return {
    dimension,
    tariffId: usage.tariff.id,
    element: usage.component?.element ?? null,
    component: usage.component?.index ?? null,
    why: whyOf(usage.tariff, usage.component, language),
    fromMs: usage.fromMs,
    toMs: usage.toMs,
    quantity: publishedText(ratio(usage.quantity, per)),
    units: Number(roundHalfUp(ratio(usage.quantity * wholeUnits[unit], per), 0)),
    unit,
    unitPrice: usage.component === undefined ? "0" : decimalText(usage.component.price),
    amount: amountText(amount),
    taxes: taxShares(amount),
    sentence: usageSentence(usage, steppedBy, frame),
  };
}

/**
 * What is due, in the currency's minor unit: the gross is rounded once, and net, tax and the rates are shares that add
 * up to it.
 */
function dueOf(total: TaxedAmount, currency: string): { due: Price["due"]; taxes: TaxTotal[] } {
  const places = minorUnits(currency);
  const money = (units: bigint): string => fixedText(units, places);
  const gross = roundHalfUp(total.incl, places);
  const net = total.incl === total.excl ? gross : roundHalfUp(total.excl, places);
  // By rate, so that neither their order nor who gets the odd cent depends on what was used first.
  const parts = [...total.parts].sort((a, b) =>
    a.rate === undefined ? -1 : b.rate === undefined ? 1 : compare(ratioOf(a.rate), ratioOf(b.rate)),
  );
  const grossShares = sharesOf(
    gross,
    parts.map((part) => add(part.net, part.tax)),
  );
  const taxParts = sharesOf(
    gross - net,
    parts.map((part) => part.tax),
  );
  const taxes = parts.map((part, index): TaxTotal => {
    const partGross = grossShares[index] ?? 0n;
    const partTax = taxParts[index] ?? 0n;
    const named =
      part.rate === undefined
        ? { name: untaxedName, ratePercent: "0" }
        : { name: "VAT", ratePercent: decimalText(part.rate) };
    return { ...named, net: money(partGross - partTax), tax: money(partTax), gross: money(partGross) };
  });
  return { due: { net: money(net), tax: money(gross - net), gross: money(gross) }, taxes };
}

/** The whole bill. */
export function billOf(costing: Costing, facts: BillFacts): Price {
  const { tariff, groups, limited } = costing;
  return {
    currency: tariff.currency,
    totalCost: amountText(limited.total),
    totalFixedCost: amountText(groups.fixed),
    totalEnergyCost: amountText(groups.energy),
    totalTimeCost: amountText(groups.time),
    totalParkingCost: amountText(groups.parking),
    totalReservationCost: amountText(groups.reservation),
    energyMilliWh: facts.energyMilliWh,
    timeMs: facts.timeMs,
    parkingMs: facts.parkingMs,
    billed: billedText(costing),
    lines: costing.lines.map((line) => lineOf(line, { per: costing.per, ...facts })),
    adjustments: limited.adjustments.map(({ kind, excl, incl }) => ({
      kind,
      amount: { excl: publishedText(excl), incl: publishedText(incl) },
      sentence: adjustmentSentence(kind, tariff, facts.language, groups.reservation.parts.length > 0),
    })),
    ...dueOf(limited.total, tariff.currency),
    rounding: roundingRule,
    timeRule: facts.timeRule,
    warnings: facts.warnings,
    taxShares: {
      total: taxShares(limited.total),
      fixed: taxShares(groups.fixed),
      energy: taxShares(groups.energy),
      time: taxShares(groups.time),
      parking: taxShares(groups.parking),
      reservation: taxShares(groups.reservation),
    },
  };
}
