// A priced CDR as one JSON object in OCPI's own field names: decimal strings throughout, never a binary float.
import type { Amount, Price, PriceLine, TaxShare } from "./price.js";
import type { PricedCdr } from "./pricing.js";

export type JsonTax = { name: string; percentage?: string; amount: string };
export type JsonAmount = { excl_vat: string; incl_vat: string } | { before_taxes: string; taxes: JsonTax[] };

export type PricedJson = {
  total_cost: JsonAmount;
  total_fixed_cost: JsonAmount;
  total_energy_cost: JsonAmount;
  total_time_cost: JsonAmount;
  total_parking_cost: JsonAmount;
  total_reservation_cost: JsonAmount;
  total_energy: string;
  total_time: string;
  total_parking_time: string;
  billed: { energy: string; time: string; parking: string; reservation: string };
  currency: string;
  lines: object[];
  adjustments: object[];
  warnings: readonly string[];
};

function taxesOf(shares: readonly TaxShare[]): JsonTax[] {
  return shares.map(({ name, ratePercent, amount }) => (ratePercent === "" ? { name, amount } : { name, percentage: ratePercent, amount }));
}

function amountOf(amount: Amount, shares: readonly TaxShare[] | undefined, version: PricedCdr["version"]): JsonAmount {
  return version === "2.3.0" ? { before_taxes: amount.excl, taxes: taxesOf(shares ?? []) } : { excl_vat: amount.excl, incl_vat: amount.incl };
}

function lineOf(line: PriceLine, version: PricedCdr["version"]): object {
  return {
    dimension: line.dimension, tariff_id: line.tariffId, element: line.element, component: line.component, why: line.why,
    from: new Date(line.fromMs).toISOString(), to: new Date(line.toMs).toISOString(),
    quantity: line.quantity, unit: line.unit, unit_price: line.unitPrice,
    ...amountOf(line.amount, line.taxes, version),
    ...(version === "2.2.1" ? { taxes: taxesOf(line.taxes) } : {}),
    sentence: line.sentence,
  };
}

export function pricedJson(priced: PricedCdr): PricedJson {
  const { price, version } = priced;
  const amount = (one: Amount, group: keyof NonNullable<Price["taxShares"]>): JsonAmount => amountOf(one, price.taxShares?.[group], version);
  return {
    total_cost: amount(price.totalCost, "total"),
    total_fixed_cost: amount(price.totalFixedCost, "fixed"),
    total_energy_cost: amount(price.totalEnergyCost, "energy"),
    total_time_cost: amount(price.totalTimeCost, "time"),
    total_parking_cost: amount(price.totalParkingCost, "parking"),
    total_reservation_cost: amount(price.totalReservationCost, "reservation"),
    total_energy: priced.totalEnergy,
    total_time: priced.totalTime,
    total_parking_time: priced.totalParkingTime,
    billed: price.billed,
    currency: price.currency,
    lines: price.lines.map((line) => lineOf(line, version)),
    adjustments: price.adjustments.map(({ kind, amount: { excl, incl }, sentence }) => ({ kind, excl, incl, sentence })),
    warnings: price.warnings,
  };
}
