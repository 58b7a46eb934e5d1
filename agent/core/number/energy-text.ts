// Energy as people and OCMF read it: kWh as a decimal text, from whole milliwatt-hours and back. One pair for the whole
// repository: exact where it is written down or compared, cut where it is displayed.
import { decimalOf, digitsAt, fixedText } from "../../../config/decimal.js";

/** Decimals of a milliwatt-hour in kWh. */
const finest = 6;

/**
 * kWh without rounding, with at least `least` decimals: 1 234 500 mWh is "1.2345". Three are what receipts and OCMF
 * records show; sentences about tariffs take none that say nothing.
 */
export function kwhExact(milliWh: number, least: 0 | 3 = 3): string {
  if (!Number.isSafeInteger(milliWh)) throw new TypeError(`${milliWh} is not a whole number of milliwatt-hours`);
  const text = fixedText(BigInt(milliWh), finest);
  return least === 3 ? text.replace(/0{1,3}$/, "") : text.replace(/\.?0+$/, "");
}

/** kWh with three decimals, the rest cut off: a display never shows more than was metered. */
export function kwhDisplay(milliWh: number): string {
  return kwhExact(milliWh).replace(/(\.\d{3})\d+$/, "$1");
}

/** Whole milliwatt-hours of a kWh text with up to six decimals, or undefined where it is none. */
export function milliWhOfKwh(kwh: string): number | undefined {
  const value = /^-?\d{1,9}(\.\d{1,6})?$/.test(kwh) ? decimalOf(kwh) : undefined;
  return value === undefined ? undefined : Number(digitsAt(value, finest));
}

/**
 * The same of a text that a schema or a signed receipt vouches for. Throws RangeError: an amount that cannot be read is
 * not zero.
 */
export function requiredMilliWh(kwh: string): number {
  const milliWh = milliWhOfKwh(kwh);
  if (milliWh === undefined) throw new RangeError(`"${kwh}" is not an energy in kWh`);
  return milliWh;
}
