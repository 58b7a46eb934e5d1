// Numbers as OCPI carries them: JSON numbers with at most four decimals, never an exponent (types, "number").
// Everything is worked out in whole units of 1/10000; the step to a JavaScript number is made once, and only where the
// text survives it.

import { decimalText, fixedText, requiredDecimal } from "../../../config/decimal.js";
import { ratioOfText, roundHalfUp } from "./money.js";

/** Whole units of 1/10000. */
export type Units = bigint;

/** Fifteen significant digits are what a double gives back digit by digit. */
const largest: Units = 999_999_999_999_999n;

/** A decimal text, rounded half up to four decimals. Throws on anything but a decimal. */
export function unitsOf(decimal: string): Units {
  return roundHalfUp(ratioOfText(decimal), 4);
}

/** The JSON number whose text is exactly these units. */
export function wireNumber(units: Units): number {
  if (units > largest || units < -largest)
    throw new RangeError(`${units}/10000 has more digits than a JSON number keeps`);
  return Number(fixedText(units, 4));
}

/** A decimal text as a JSON number of at most four decimals. */
export const wireDecimal = (decimal: string): number => wireNumber(unitsOf(decimal));

/**
 * JSON without exponents and without undefined members, members in the order they stand: the same value always gives
 * the same bytes.
 */
export function wireJson(value: unknown): string {
  if (typeof value === "number") return plain(value);
  if (Array.isArray(value)) return `[${value.map(wireJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    let members = "";
    for (const name of Object.keys(value)) {
      const member = (value as Readonly<Record<string, unknown>>)[name];
      if (member !== undefined) members += `${members === "" ? "" : ","}${JSON.stringify(name)}:${wireJson(member)}`;
    }
    return `{${members}}`;
  }
  if (typeof value === "string" || typeof value === "boolean" || value === null) return JSON.stringify(value);
  throw new TypeError(`a ${typeof value} has no place on the wire`);
}

/** Digits of the longest number there is when it is written out: 5e-324 has 324 decimals. */
const longestNumber = 400;

function plain(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} has no place on the wire`);
  const text = String(value);
  if (!text.includes("e")) return text;
  return decimalText(requiredDecimal(value, longestNumber));
}
