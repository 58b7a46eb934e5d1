// A priced CDR as one JSON object in OCPI's own field names: decimal strings throughout, never a binary float.

import { decimalText } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { published, ratio } from "../number/money.js";
import type { ComponentUsage } from "../tariff/component-usage.js";
import { explainComponentUsage, explainLimit, whyOf } from "../tariff/explain.js";
import type { OcpiVersion } from "../tariff/tariff.js";
import { isoText } from "../time/time.js";
import { billedText, dimensionOf, taxShares, unitOf } from "./bill.js";
import type { Working } from "./costing.js";
import type { PricedCdr } from "./pricing.js";
import type { Taxed } from "./taxed.js";

export type JsonTax = { name: string; percentage?: string; amount: string };
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

function taxesOf(taxed: Taxed): JsonTax[] {
  return taxShares(taxed).map(({ name, ratePercent, amount }) =>
    ratePercent === "" ? { name, amount } : { name, percentage: ratePercent, amount },
  );
}

function amountOf(taxed: Taxed, version: OcpiVersion): JsonAmount {
  const excl = published(taxed.excl);
  if (version === "2.3.0") return { before_taxes: excl, taxes: taxesOf(taxed) };
  return { excl_vat: excl, incl_vat: taxed.incl === taxed.excl ? excl : published(taxed.incl) };
}

function lineOf(working: Working, index: number, version: OcpiVersion, language: Language): object {
  const use = working.uses[index] as ComponentUsage;
  const taxed = working.totals.amounts[index] as Taxed;
  const dimension = dimensionOf[use.charge];
  const from = isoText(use.fromMs);
  const excl = published(taxed.excl);
  const incl = taxed.incl === taxed.excl ? excl : published(taxed.incl);
  return {
    dimension,
    tariff_id: use.tariff.id,
    element: use.component.element,
    component: use.component.index,
    why: whyOf(use.tariff, use.component, language),
    from,
    to: use.toMs === use.fromMs ? from : isoText(use.toMs),
    quantity: published(ratio(use.quantity, working.per)),
    unit: unitOf[dimension],
    unit_price: decimalText(use.component.price),
    before_taxes: version === "2.3.0" ? excl : undefined,
    excl_vat: version === "2.3.0" ? undefined : excl,
    incl_vat: version === "2.3.0" ? undefined : incl,
    taxes: taxesOf(taxed),
    sentence: explainComponentUsage(use, working.steppedBy[index] ?? 0n, working.per, language),
  };
}

/** The totals as a CDR of the tariff's own version has them, what was billed after steps, and the working behind it. */
export function pricedJson(priced: PricedCdr, language: Language = "en"): PricedJson {
  const { working, version } = priced;
  const { groups } = working.totals;
  return {
    total_cost: amountOf(working.limited.total, version),
    total_fixed_cost: amountOf(groups.fixed, version),
    total_energy_cost: amountOf(groups.energy, version),
    total_time_cost: amountOf(groups.time, version),
    total_parking_cost: amountOf(groups.parking, version),
    total_reservation_cost: amountOf(groups.reservation, version),
    total_energy: published(ratio(priced.energy, working.per)),
    total_time: published(ratio(priced.time, working.per)),
    total_parking_time: published(ratio(priced.parking, working.per)),
    billed: billedText(working),
    currency: working.tariff.currency,
    lines: working.uses.map((_, index) => lineOf(working, index, version, language)),
    adjustments: working.limited.adjustments.map(({ kind, excl, incl }) => ({
      kind,
      excl: published(excl),
      incl: published(incl),
      sentence: explainLimit(kind, working.tariff, language),
    })),
    warnings: priced.warnings,
  };
}
