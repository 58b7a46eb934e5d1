// The costs of a CDR: OCPI 2.2.1 says excl_vat and incl_vat, 2.3.0 says before_taxes and a list of taxes.
// Each published figure is rounded once; the taxes of a figure always add up to the difference that is published.
import { add, type Ratio, ratioOfText, sharesOf, zeroRatio } from "../number/money.js";
import { type Units, unitsOfDecimal, wireDecimal, wireNumber } from "../number/ocpi-number.js";
import type { Amount, Dimension, Price } from "../rating/price.js";
import type { OcpiVersion } from "../tariff/tariff.js";

type WirePrice =
  | { readonly excl_vat: number; readonly incl_vat: number }
  | {
      readonly before_taxes: number;
      readonly taxes: readonly { readonly name: string; readonly percentage?: number; readonly amount: number }[];
    };

export type WireCosts = {
  readonly total_cost: WirePrice;
  readonly total_fixed_cost: WirePrice;
  readonly total_energy_cost: WirePrice;
  readonly total_time_cost: WirePrice;
  readonly total_parking_cost: WirePrice;
  readonly total_reservation_cost: WirePrice;
};

type Group = keyof NonNullable<Price["taxShares"]>;

const dimensionsOf: Readonly<Record<Group, readonly Dimension[]>> = {
  total: ["FLAT", "ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME", "RESERVATION_FLAT"],
  fixed: ["FLAT"],
  energy: ["ENERGY"],
  time: ["TIME"],
  parking: ["PARKING_TIME"],
  reservation: ["RESERVATION_TIME", "RESERVATION_FLAT"],
};

/** All total_*_cost fields of a CDR (mod_cdrs, CDR object). */
export function wireCosts(price: Price, version: OcpiVersion): WireCosts {
  const cost = (amount: Amount, group: Group): WirePrice => {
    const excl = unitsOfDecimal(amount.excl);
    const incl = unitsOfDecimal(amount.incl);
    if (version === "2.2.1") return { excl_vat: wireNumber(excl), incl_vat: wireNumber(incl) };
    return { before_taxes: wireNumber(excl), taxes: taxesOf(incl - excl, price, group) };
  };
  return {
    total_cost: cost(price.totalCost, "total"),
    total_fixed_cost: cost(price.totalFixedCost, "fixed"),
    total_energy_cost: cost(price.totalEnergyCost, "energy"),
    total_time_cost: cost(price.totalTimeCost, "time"),
    total_parking_cost: cost(price.totalParkingCost, "parking"),
    total_reservation_cost: cost(price.totalReservationCost, "reservation"),
  };
}

type TaxRate = { readonly name: string; readonly ratePercent: string; readonly weight: Ratio };

/** The tax of one figure, per rate, in proportion to the exact taxes behind it. */
function taxesOf(tax: Units, price: Price, group: Group) {
  const rates = ratesOf(price, group);
  const known = tax === 0n || rates.some((rate) => rate.weight.n !== 0n) ? rates : [rateOfAll(price)];
  const amounts = sharesOf(
    tax,
    known.map((rate) => rate.weight),
  );
  return known.map(({ name, ratePercent }, index) => ({
    name,
    // The price of a tariff may be stated with and without tax, and no rate: then there is an amount and no percentage.
    ...(ratePercent === "" ? {} : { percentage: wireDecimal(ratePercent) }),
    amount: wireNumber(amounts[index] ?? 0n),
  }));
}

function ratesOf(price: Price, group: Group): TaxRate[] {
  const shares =
    price.taxShares?.[group] ??
    price.lines.filter((line) => dimensionsOf[group].includes(line.dimension)).flatMap((line) => line.taxes);
  const rates = new Map<string, TaxRate>();
  for (const { name, ratePercent, amount } of shares) {
    const key = `${ratePercent} ${name}`;
    rates.set(key, { name, ratePercent, weight: add(rates.get(key)?.weight ?? zeroRatio, ratioOfText(amount)) });
  }
  return [...rates.values()];
}

/**
 * A minimum price on a session that cost nothing: no line tells the rate; the receipt's tax totals may, if they have
 * one rate only.
 */
function rateOfAll(price: Price): TaxRate {
  const [only, ...more] = price.taxes;
  const known = only !== undefined && more.length === 0;
  return { name: known ? only.name : "VAT", ratePercent: known ? only.ratePercent : "", weight: { n: 1n, d: 1n } };
}
