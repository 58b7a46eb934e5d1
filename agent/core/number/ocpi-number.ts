// Numbers as OCPI carries them: JSON numbers with at most four decimals, never an exponent (types, "number").
// Everything is worked out in whole units of 1/10000; the step to a JavaScript number is made once, and only where the
// text survives it.

import { fixedText } from "../../../config/decimal.js";
import { ratioOfText, roundHalfUp } from "./money.js";

/** Whole units of 1/10000. */
export type Units = bigint;

/** Fifteen significant digits are what a double gives back digit by digit. */
const largest: Units = 999_999_999_999_999n;

/** A decimal text, rounded half up to four decimals. Throws on anything but a decimal. */
export function unitsOfDecimal(decimal: string): Units {
  return roundHalfUp(ratioOfText(decimal), 4);
}

/** The JSON number whose text is exactly these units. */
export function wireNumber(units: Units): number {
  if (units > largest || units < -largest)
    throw new RangeError(`${units}/10000 has more digits than a JSON number keeps`);
  return Number(fixedText(units, 4));
}

/** A decimal text as a JSON number of at most four decimals. */
export const wireDecimal = (decimal: string): number => wireNumber(unitsOfDecimal(decimal));
