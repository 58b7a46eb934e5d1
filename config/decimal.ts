// The one exact decimal of the repository: prices, amounts and kWh in the agent, register values in the drivers. It is
// pure and lies in the lowest folder, since both sides of the boundary between agent and drivers reckon with it. Nothing
// here passes through a binary float; fractions and rounding are the agent's (core/number/money.ts).

/** `digits` x 10^-`scale`; the scale is a whole number of 0 or more. */
export type Decimal = { readonly digits: bigint; readonly scale: number };

const powers: bigint[] = Array.from({ length: 64 }, (_, index) => 10n ** BigInt(index));

/** 10^`exponent`, for 0 or more. */
export function tenTo(exponent: number): bigint {
  return powers[exponent] ?? 10n ** BigInt(exponent);
}

/** `digits` x 10^`exponent`, for any whole exponent. */
export function powerOfTen(digits: bigint, exponent: number): Decimal {
  return exponent > 0
    ? { digits: digits * tenTo(exponent), scale: 0 }
    : { digits, scale: exponent === 0 ? 0 : -exponent };
}

/** The longest decimal text we take in unless told otherwise: longer ones are no prices. */
const mostDigits = 40;

/**
 * A JSON number by its shortest decimal text, or a decimal in a string, as an exact decimal without trailing zeros.
 * Undefined for NaN, infinities, other text, and whatever has more than `most` digits when written out.
 */
export function decimalOf(value: number | string, most = mostDigits): Decimal | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value)) return { digits: BigInt(value), scale: 0 };
  const text = String(value);
  // What nearly every price looks like: a few digits with a point among them, the last of them no zero.
  const point = text.indexOf(".");
  if (typeof value === "number" && point > 0 && text.length <= 16 && !text.includes("e"))
    return { digits: BigInt(Number(text.slice(0, point) + text.slice(point + 1))), scale: text.length - point - 1 };
  const written = writtenDecimal(text, most);
  if (written === undefined) return undefined;
  let { digits, scale } = written;
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n;
    scale -= 1;
  }
  return { digits, scale };
}

/** As `decimalOf`, of what a schema, a receipt or the rating vouches for. Throws RangeError for what is not a decimal. */
export function requiredDecimal(value: number | string, most = mostDigits): Decimal {
  const decimal = decimalOf(value, most);
  if (decimal === undefined) throw new RangeError(`"${value}" is not a decimal number`);
  return decimal;
}

/** A decimal text with as many decimals as it was written with: "0.50" is 50 at scale 2. Undefined as in `decimalOf`. */
export function writtenDecimal(text: string, most = mostDigits): Decimal | undefined {
  const match = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:e([+-]?\d{1,3}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", part = "", exponent = "0"] = match;
  const shift = Number(exponent);
  if (whole.length + part.length + Math.abs(shift) > most) return undefined;
  return powerOfTen(BigInt(sign + whole + part), shift - part.length);
}

/** The digits of a decimal at a scale that is at least its own. */
export function digitsAt(value: Decimal, scale: number): bigint {
  return value.digits * tenTo(scale - value.scale);
}

/** The exact sum, with as many decimals as the longer of the two. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { digits: digitsAt(a, scale) + digitsAt(b, scale), scale };
}

export const negated = ({ digits, scale }: Decimal): Decimal => ({ digits: -digits, scale });

/** Negative, zero or positive, as a is less than, equal to or more than b. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = digitsAt(a, scale);
  const right = digitsAt(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A whole number of 10^-`places` as decimal text with exactly that many decimals. */
export function fixedText(units: bigint, places: number): string {
  if (places === 0) return units.toString();
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(places + 1, "0");
  return `${negative ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** As `fixedText`, without trailing zeros. */
export function plainText(units: bigint, places: number): string {
  if (units === 0n) return "0";
  const text = fixedText(units, places);
  if (places === 0) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === 48) end -= 1;
  if (text.charCodeAt(end - 1) === 46) end -= 1;
  return text.slice(0, end);
}

/** The decimal in plain digits, without an exponent and without trailing zeros. */
export function decimalText(value: Decimal): string {
  return plainText(value.digits, value.scale);
}
