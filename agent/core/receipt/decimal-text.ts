// Amounts as decimal texts, reckoned exactly: integers with a scale, never a float.
import { ReceiptFault } from "./signer.js";

type Scaled = { readonly units: bigint; readonly scale: number };

function scaled(text: string): Scaled {
  const parts = /^(-?)(\d{1,30})(?:\.(\d{1,18}))?$/.exec(text);
  if (parts === null) throw new ReceiptFault(`"${text.slice(0, 40)}" is not a decimal amount`);
  const decimals = parts[3] ?? "";
  return { units: BigInt(`${parts[1]}${parts[2]}${decimals}`), scale: decimals.length };
}

const atScale = ({ units, scale }: Scaled, wanted: number): bigint => units * 10n ** BigInt(wanted - scale);

/** The exact sum of two decimal texts, with as many decimals as the longer of the two. */
export function sumText(a: string, b: string): string {
  const left = scaled(a);
  const right = scaled(b);
  const scale = Math.max(left.scale, right.scale);
  return asText(atScale(left, scale) + atScale(right, scale), scale);
}

function asText(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? "-" : ""}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ""}`;
}

/** The decimal text with its sign turned. */
export const negative = (text: string): string =>
  /^0*(\.0*)?$/.test(text.replace(/^-/, "")) ? text : text.startsWith("-") ? text.slice(1) : `-${text}`;

/** True where two decimal texts are the same number. */
export function sameAmount(a: string, b: string): boolean {
  const left = scaled(a);
  const right = scaled(b);
  const scale = Math.max(left.scale, right.scale);
  return atScale(left, scale) === atScale(right, scale);
}

/** The exact product of two decimal texts, without trailing zeros. */
export function productText(a: string, b: string): string {
  const left = scaled(a);
  const right = scaled(b);
  return trimmed(asText(left.units * right.units, left.scale + right.scale));
}

/** A sixtieth of a decimal text, where six decimals hold it exactly; else undefined. */
export function sixtieth(text: string): string | undefined {
  const places = 6;
  const { units, scale } = scaled(text);
  if (scale > places) return undefined;
  const fine = units * 10n ** BigInt(places - scale);
  return fine % 60n === 0n ? trimmed(asText(fine / 60n, places)) : undefined;
}

/** Without the trailing zeros of its decimals, but with at least `least` of them. */
export function trimmed(text: string, least = 0): string {
  const [whole = "", decimals = ""] = text.split(".");
  const kept = decimals.replace(/0+$/, "").padEnd(least, "0");
  return kept === "" ? whole : `${whole}.${kept}`;
}
