// Money as exact numbers: fractions of BigInt, and the few named rules by which they become text. Nothing here passes
// through a binary float; an amount is rounded when it is published, once, and never before.
import { type Decimal, fixedText, plainText, requiredDecimal, tenTo } from "../../../config/decimal.js";

/** An exact fraction; `d` is positive. */
export type Ratio = { readonly n: bigint; readonly d: bigint };

export const zeroRatio: Ratio = { n: 0n, d: 1n };

/** The rule for every published number, by the name that a receipt prints. Halves go away from zero. */
export const roundingRule = "half up, once, at the total";

/** Decimals of a published number before any rounding to the currency. */
const publishedPlaces = 12;

/** The exact value of a decimal text that is known to be one. Throws RangeError for other text. */
export function ratioOfText(text: string): Ratio {
  return ratioOf(requiredDecimal(text));
}

export function ratioOf(value: Decimal): Ratio {
  return { n: value.digits, d: tenTo(value.scale) };
}

export function ratio(n: bigint, d: bigint): Ratio {
  return d < 0n ? { n: -n, d: -d } : { n, d };
}

/**
 * Denominators stay as they are where one is a multiple of the other: a sum of many parts must not grow with their
 * number.
 */
export function add(a: Ratio, b: Ratio): Ratio {
  if (a.n === 0n) return b;
  if (b.n === 0n) return a;
  if (a.d === b.d) return { n: a.n + b.n, d: a.d };
  if (a.d % b.d === 0n) return { n: a.n + b.n * (a.d / b.d), d: a.d };
  if (b.d % a.d === 0n) return { n: a.n * (b.d / a.d) + b.n, d: b.d };
  return { n: a.n * b.d + b.n * a.d, d: a.d * b.d };
}

export function subtract(a: Ratio, b: Ratio): Ratio {
  return add(a, { n: -b.n, d: b.d });
}

export function multiply(a: Ratio, b: Ratio): Ratio {
  return { n: a.n * b.n, d: a.d * b.d };
}

/** Throws RangeError on a division by zero: there is no amount that would be right. */
export function divide(a: Ratio, b: Ratio): Ratio {
  if (b.n === 0n) throw new RangeError("an amount was divided by zero");
  return ratio(a.n * b.d, a.d * b.n);
}

/** Negative, zero or positive, as a is less than, equal to or more than b. */
export function compare(a: Ratio, b: Ratio): number {
  const left = a.n * b.d;
  const right = b.n * a.d;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The whole number of 10^-`places` nearest to the fraction; halves go away from zero. */
export function roundHalfUp(value: Ratio, places: number): bigint {
  const scaled = value.n * tenTo(places);
  const negative = scaled < 0n;
  const rounded = (2n * (negative ? -scaled : scaled) + value.d) / (2n * value.d);
  return negative ? -rounded : rounded;
}

/** The largest whole number that is not above `n / d`. */
function floorDivide(n: bigint, d: bigint): bigint {
  const quotient = n / d;
  return n < 0n && quotient * d !== n ? quotient - 1n : quotient;
}

/** The smallest whole number that is not below `n / d`. */
export function ceilDivide(n: bigint, d: bigint): bigint {
  return -floorDivide(-n, d);
}

/** A fraction as published: half up at 12 decimals, no exponent, no trailing zeros. */
export function publishedText(value: Ratio): string {
  if (value.n === 0n) return "0";
  return (
    publishedSmall(Number(value.n), Number(value.d)) ?? plainText(roundHalfUp(value, publishedPlaces), publishedPlaces)
  );
}

/**
 * The same by long division in whole doubles, several times faster. Every step is exact: numerator and denominator are
 * checked to be so small that no product passes 2^53. Undefined where they are not.
 */
function publishedSmall(n: number, d: number): string | undefined {
  if (!(n > 0 && n < 2 ** 53 && d < 9e14)) return undefined;
  const base = d < 9e12 ? 1000 : 10;
  let rest = n % d;
  let whole = (n - rest) / d;
  if (rest === 0) return String(whole);
  let fraction = 0;
  for (let reached = 1; reached < 1e12; reached *= base) {
    const next = rest * base;
    rest = next % d;
    fraction = fraction * base + (next - rest) / d;
  }
  if (2 * rest >= d) fraction += 1;
  if (fraction === 1e12) {
    fraction = 0;
    whole += 1;
  }
  if (fraction === 0) return String(whole);
  let left = publishedPlaces;
  while (fraction % 1000 === 0) {
    fraction /= 1000;
    left -= 3;
  }
  while (fraction % 10 === 0) {
    fraction /= 10;
    left -= 1;
  }
  return `${whole}.${String(fraction).padStart(left, "0")}`;
}

const minorPlaces: ReadonlyMap<string, number> = new Map([
  ..."BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" ").map((code) => [code, 0] as const),
  ..."BHD IQD JOD KWD LYD OMR TND".split(" ").map((code) => [code, 3] as const),
  ..."CLF UYW".split(" ").map((code) => [code, 4] as const),
]);

/** Decimals of a currency's minor unit (ISO 4217). */
export function minorUnits(currency: string): number {
  return minorPlaces.get(currency) ?? 2;
}

/** A published decimal string rounded half up to the currency's minor unit, as it is shown: "0.5" -> "0.50" for EUR. */
export function moneyText(amount: string, currency: string): string {
  const places = minorUnits(currency);
  return fixedText(roundHalfUp(ratioOfText(amount), places), places);
}

/**
 * Splits a whole number in proportion to weights so that the shares add up to it: each share is rounded down,
 * and what is left goes, one by one, to the largest remainders (the first of equals).
 */
export function sharesOf(total: bigint, weights: readonly Ratio[]): bigint[] {
  if (weights.length <= 1) return weights.map(() => total);
  const sum = weights.reduce(add, zeroRatio);
  if (sum.n === 0n) return weights.map((_, index) => (index === 0 ? total : 0n));
  const exact = weights.map((weight) => divide(multiply({ n: total, d: 1n }, weight), sum));
  const shares = exact.map((share) => floorDivide(share.n, share.d));
  const order = exact
    .map((share, index) => ({ index, rest: subtract(share, { n: shares[index] ?? 0n, d: 1n }) }))
    .sort((a, b) => compare(b.rest, a.rest) || a.index - b.index);
  let left = total - shares.reduce((part, share) => part + share, 0n);
  for (const { index } of order) {
    if (left <= 0n) break;
    shares[index] = (shares[index] ?? 0n) + 1n;
    left -= 1n;
  }
  return shares;
}
