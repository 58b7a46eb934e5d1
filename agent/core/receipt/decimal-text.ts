// Amounts as decimal texts, as they stand on a receipt: sums, products and comparisons of exact decimals.
import {
  addDecimals,
  compareDecimals,
  type Decimal,
  digitsAt,
  fixedText,
  plainText,
  writtenDecimal,
} from "../../../config/decimal.js";
import { ReceiptFault } from "../signing/signer.js";

/** The decimal with its decimals as they are written. Throws ReceiptFault for other text, an exponent too. */
function amountIn(text: string): Decimal {
  const decimal = text.includes("e") ? undefined : writtenDecimal(text);
  if (decimal === undefined) throw new ReceiptFault(`"${text.slice(0, 40)}" is not a decimal amount`);
  return decimal;
}

/** The exact sum of two decimal texts, with as many decimals as the longer of the two. */
export function sumText(a: string, b: string): string {
  const { digits, scale } = addDecimals(amountIn(a), amountIn(b));
  return fixedText(digits, scale);
}

/** The decimal text with its sign turned. */
export const negative = (text: string): string =>
  /^0*(\.0*)?$/.test(text.replace(/^-/, "")) ? text : text.startsWith("-") ? text.slice(1) : `-${text}`;

/** True where two decimal texts are the same number. */
export const sameAmount = (a: string, b: string): boolean => compareDecimals(amountIn(a), amountIn(b)) === 0;

/** The exact product of two decimal texts, without trailing zeros. */
export function productText(a: string, b: string): string {
  const left = amountIn(a);
  const right = amountIn(b);
  return plainText(left.digits * right.digits, left.scale + right.scale);
}

/** A sixtieth of a decimal text, where six decimals hold it exactly; else undefined. */
export function sixtiethText(text: string): string | undefined {
  const places = 6;
  const amount = amountIn(text);
  if (amount.scale > places) return undefined;
  const fine = digitsAt(amount, places);
  return fine % 60n === 0n ? plainText(fine / 60n, places) : undefined;
}

/** Without the trailing zeros of its decimals, but with at least `least` of them. */
export function trimDecimals(text: string, least = 0): string {
  const [whole = "", decimals = ""] = text.split(".");
  const kept = decimals.replace(/0+$/, "").padEnd(least, "0");
  return kept === "" ? whole : `${whole}.${kept}`;
}
