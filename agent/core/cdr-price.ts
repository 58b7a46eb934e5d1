// The costs of a CDR: OCPI 2.2.1 says excl_vat and incl_vat, 2.3.0 says before_taxes and a list of taxes.
// Each published figure is rounded once; the taxes of a figure always add up to the difference that is published.
import type { Amount, Dimension, Price, PriceLine } from "./price.js";
import { unitsOf, wireNumber, type Units } from "./wire-number.js";

export type OcpiVersion = "2.2.1" | "2.3.0";

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

type Share = { readonly name: string; readonly ratePercent?: string; weight: bigint };

/** The tax of one figure, per rate, in proportion to the taxes of the lines behind it. */
function taxesOf(tax: Units, lines: readonly PriceLine[], price: Price) {
  const shares = new Map<string, Share>();
  for (const { name, ratePercent, amount } of lines.flatMap((line) => line.taxes)) {
    const key = `${ratePercent} ${name}`;
    const share = shares.get(key) ?? { name, ratePercent, weight: 0n };
    share.weight += exact(amount);
    shares.set(key, share);
  }
  const rates = [...shares.values()];
  if (tax !== 0n && rates.every((rate) => rate.weight === 0n)) {
    // A minimum price on a session that cost nothing: no line tells the rate, the receipt's tax totals may.
    const [only, ...more] = price.taxes;
    rates.splice(0, rates.length, only !== undefined && more.length === 0 ? { name: only.name, ratePercent: only.ratePercent, weight: 1n } : { name: "VAT", weight: 1n });
  }
  const amounts = split(tax, rates.map((rate) => rate.weight));
  return rates.map(({ name, ratePercent }, index) => ({
    name,
    ...(ratePercent === undefined ? {} : { percentage: wireNumber(unitsOf(ratePercent)) }),
    amount: wireNumber(amounts[index] ?? 0n),
  }));
}

/** An exact decimal of at most twelve places, as a whole number of 10^-12. */
function exact(decimal: string): bigint {
  const [, sign, whole, fraction = ""] = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(decimal) ?? [];
  if (whole === undefined) throw new TypeError(`"${decimal}" is not a decimal of at most 12 places`);
  const value = BigInt(whole + fraction.padEnd(12, "0"));
  return sign === "-" ? -value : value;
}

/** Splits `total` in proportion to the weights; what rounding leaves over goes to the largest remainders, so the shares add up. */
function split(total: Units, weights: readonly bigint[]): Units[] {
  const sum = weights.reduce((so, weight) => so + weight, 0n);
  if (sum === 0n) return weights.map(() => 0n);
  const size = total < 0n ? -total : total;
  const shares = weights.map((weight) => (size * weight) / sum);
  const byRemainder = weights.map((weight, index) => ({ index, rest: (size * weight) % sum })).sort((a, b) => (a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1));
  let left = size - shares.reduce((so, share) => so + share, 0n);
  for (const { index } of byRemainder) {
    if (left === 0n) break;
    shares[index] = (shares[index] ?? 0n) + 1n;
    left -= 1n;
  }
  return total < 0n ? shares.map((share) => -share) : shares;
}
