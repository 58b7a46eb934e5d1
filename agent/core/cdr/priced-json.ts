// A priced CDR as one JSON object in OCPI's own field names: decimal strings throughout, never a binary float.

import { decimalText } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { adjustmentSentence, type LineFrame, usageSentence } from "../explain/line-sentence.js";
import { whyOf } from "../explain/restriction-text.js";
import { publishedText, ratio } from "../number/money.js";
import { billedText, dimensionOf, taxShares, unitOf } from "../rating/bill.js";
import type { CostLine } from "../rating/costing.js";
import type { TaxedAmount } from "../rating/taxed.js";
import type { OcpiVersion } from "../tariff/tariff.js";
import { isoText } from "../time/time.js";
import type { PricedCdr } from "./cdr-pricing.js";

type JsonTax = { name: string; percentage?: string; amount: string };
export type JsonAmount = { excl_vat: string; incl_vat: string } | { before_taxes: string; taxes: JsonTax[] };

export type PricedJson = {
  total_cost: JsonAmount;
  total_fixed_cost: JsonAmount;
  total_energy_cost: JsonAmount;
  total_time_cost: JsonAmount;
  total_parking_cost: JsonAmount;
  total_reservation_cost: JsonAmount;
  /** kWh and hours, as consumed. */
  total_energy: string;
  total_time: string;
  total_parking_time: string;
  billed: { readonly energy: string; readonly time: string; readonly parking: string; readonly reservation: string };
  currency: string;
  lines: object[];
  adjustments: object[];
  warnings: readonly string[];
};

function taxesOf(taxed: TaxedAmount): JsonTax[] {
  return taxShares(taxed).map(({ name, ratePercent, amount }) =>
    ratePercent === "" ? { name, amount } : { name, percentage: ratePercent, amount },
  );
}

function amountOf(taxed: TaxedAmount, version: OcpiVersion): JsonAmount {
  const excl = publishedText(taxed.excl);
  if (version === "2.3.0") return { before_taxes: excl, taxes: taxesOf(taxed) };
  return { excl_vat: excl, incl_vat: taxed.incl === taxed.excl ? excl : publishedText(taxed.incl) };
}

function lineOf({ usage, steppedBy, amount }: CostLine, version: OcpiVersion, frame: LineFrame): object {
  const { per, language } = frame;
  const dimension = dimensionOf[usage.charge];
  const from = isoText(usage.fromMs);
  const excl = publishedText(amount.excl);
  const incl = amount.incl === amount.excl ? excl : publishedText(amount.incl);
  return {
    dimension,
    tariff_id: usage.tariff.id,
    element: usage.component?.element ?? null,
    component: usage.component?.index ?? null,
    why: whyOf(usage.tariff, usage.component, language),
    from,
    to: usage.toMs === usage.fromMs ? from : isoText(usage.toMs),
    quantity: publishedText(ratio(usage.quantity, per)),
    unit: unitOf[dimension],
    unit_price: usage.component === undefined ? "0" : decimalText(usage.component.price),
    before_taxes: version === "2.3.0" ? excl : undefined,
    excl_vat: version === "2.3.0" ? undefined : excl,
    incl_vat: version === "2.3.0" ? undefined : incl,
    taxes: taxesOf(amount),
    sentence: usageSentence(usage, steppedBy, frame),
  };
}

/** The totals as a CDR of the tariff's own version has them, what was billed after steps, and the working behind it. */
export function pricedJson(priced: PricedCdr, language: Language = "en"): PricedJson {
  const { costing, version } = priced;
  const { per, groups, limited } = costing;
  return {
    total_cost: amountOf(limited.total, version),
    total_fixed_cost: amountOf(groups.fixed, version),
    total_energy_cost: amountOf(groups.energy, version),
    total_time_cost: amountOf(groups.time, version),
    total_parking_cost: amountOf(groups.parking, version),
    total_reservation_cost: amountOf(groups.reservation, version),
    total_energy: publishedText(ratio(priced.energy, per)),
    total_time: publishedText(ratio(priced.time, per)),
    total_parking_time: publishedText(ratio(priced.parking, per)),
    billed: billedText(costing),
    currency: costing.tariff.currency,
    lines: costing.lines.map((line) => lineOf(line, version, { per, beganMs: priced.beganMs, language })),
    adjustments: limited.adjustments.map(({ kind, excl, incl }) => ({
      kind,
      excl: publishedText(excl),
      incl: publishedText(incl),
      sentence: adjustmentSentence(kind, costing.tariff, language),
    })),
    warnings: priced.warnings,
  };
}
