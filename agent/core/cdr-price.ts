// The costs of a CDR: OCPI 2.2.1 says excl_vat and incl_vat, 2.3.0 says before_taxes and a list of taxes.
// Each published figure is rounded once; the taxes of a figure always add up to the difference that is published.
import { add, decimalOf, ratioOf, sharesOf, zero, type Ratio } from "./money.js";
import type { Amount, Dimension, Price, PriceLine } from "./price.js";
import type { OcpiVersion } from "./tariff.js";
import { unitsOf, wireNumber, type Units } from "./wire-number.js";

export type WirePrice =
  | { readonly excl_vat: number; readonly incl_vat: number }
  | { readonly before_taxes: number; readonly taxes: readonly { readonly name: string; readonly percentage?: number; readonly amount: number }[] };

export type WireCosts = {
  readonly total_cost: WirePrice;
  readonly total_fixed_cost: WirePrice;
  readonly total_energy_cost: WirePrice;
  readonly total_time_cost: WirePrice;
  readonly total_parking_cost: WirePrice;
  readonly total_reservation_cost: WirePrice;
};

/** All total_*_cost fields of a CDR (mod_cdrs, CDR object). */
export function wireCosts(price: Price, version: OcpiVersion): WireCosts {
  const cost = (amount: Amount, ...dimensions: Dimension[]): WirePrice => {
    const lines = dimensions.length === 0 ? price.lines : price.lines.filter((line) => dimensions.includes(line.dimension));
    return wirePrice(amount, lines, price, version);
  };
  return {
    total_cost: cost(price.totalCost),
    total_fixed_cost: cost(price.totalFixedCost, "FLAT"),
    total_energy_cost: cost(price.totalEnergyCost, "ENERGY"),
    total_time_cost: cost(price.totalTimeCost, "TIME"),
    total_parking_cost: cost(price.totalParkingCost, "PARKING_TIME"),
    total_reservation_cost: cost(price.totalReservationCost, "RESERVATION_TIME", "RESERVATION_FLAT"),
  };
}

function wirePrice(amount: Amount, lines: readonly PriceLine[], price: Price, version: OcpiVersion): WirePrice {
  const excl = unitsOf(amount.excl);
  const incl = unitsOf(amount.incl);
  if (version === "2.2.1") return { excl_vat: wireNumber(excl), incl_vat: wireNumber(incl) };
  return { before_taxes: wireNumber(excl), taxes: taxesOf(incl - excl, lines, price) };
}

type TaxRate = { readonly name: string; readonly ratePercent?: string; readonly weight: Ratio };

/** The tax of one figure, per rate, in proportion to the taxes of the lines behind it. */
function taxesOf(tax: Units, lines: readonly PriceLine[], price: Price) {
  const rates = ratesOf(lines);
  const known = tax === 0n || rates.some((rate) => rate.weight.n !== 0n) ? rates : [rateOfAll(price)];
  const amounts = sharesOf(tax, known.map((rate) => rate.weight));
  return known.map(({ name, ratePercent }, index) => ({
    name,
    ...(ratePercent === undefined ? {} : { percentage: wireNumber(unitsOf(ratePercent)) }),
    amount: wireNumber(amounts[index] ?? 0n),
  }));
}

function ratesOf(lines: readonly PriceLine[]): TaxRate[] {
  const rates = new Map<string, TaxRate>();
  for (const { name, ratePercent, amount } of lines.flatMap((line) => line.taxes)) {
    const key = `${ratePercent} ${name}`;
    rates.set(key, { name, ratePercent, weight: add(rates.get(key)?.weight ?? zero, exact(amount)) });
  }
  return [...rates.values()];
}

/** A minimum price on a session that cost nothing: no line tells the rate; the receipt's tax totals may, if they have one rate only. */
function rateOfAll(price: Price): TaxRate {
  const [only, ...more] = price.taxes;
  const weight = { n: 1n, d: 1n };
  return only === undefined || more.length > 0 ? { name: "VAT", weight } : { name: only.name, ratePercent: only.ratePercent, weight };
}

function exact(decimal: string): Ratio {
  const value = decimalOf(decimal);
  if (value === undefined) throw new TypeError(`"${decimal}" is not a decimal`);
  return ratioOf(value);
}
