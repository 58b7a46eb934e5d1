// ECDSA signatures in one spelling. With (r, s) also (r, n - s) is a signature of the same text (SEC 1, 4.1.4), and
// anybody can work out the other one without the key: an honest receipt would get a twin that looks like a fork. What
// this station signs has the smaller s, and of its signatures only those are valid. Meters and other makers do not keep
// to that rule, so it does not bind their records.
import { hexText, sameBytes } from "../number/bytes.js";

/** The order of P-256 (FIPS 186-4, D.1.2.3). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const halfOrder = order / 2n;
const half = 32;

const numberIn = (bytes: Uint8Array): bigint => BigInt(`0x${hexText(bytes)}`);

/** True where s of the 64 bytes r || s is the smaller one of the two. */
export function hasLowS(signature: Uint8Array): boolean {
  if (signature.length !== 2 * half) return false;
  const s = numberIn(signature.subarray(half));
  return s > 0n && s <= halfOrder;
}

/** The same signature (r || s) with the smaller s. */
export function withLowS(signature: Uint8Array): Uint8Array {
  if (hasLowS(signature)) return signature;
  const result = Uint8Array.from(signature);
  let rest = order - numberIn(signature.subarray(half));
  for (let at = 2 * half - 1; at >= half; at -= 1) {
    result[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return result;
}

/** An INTEGER of DER: no needless zero in front, and one where the first bit would be read as a sign. */
function derInteger(bytes: Uint8Array): number[] {
  const from = bytes.findIndex((byte) => byte !== 0);
  const digits = from < 0 ? [0] : [...bytes.subarray(from)];
  const content = (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits;
  return [0x02, content.length, ...content];
}

/** The DER SEQUENCE(r, s) of r || s: 70 to 72 bytes, mostly. */
export function derOfSignature(signature: Uint8Array): Uint8Array {
  const parts = [...derInteger(signature.subarray(0, half)), ...derInteger(signature.subarray(half))];
  return Uint8Array.of(0x30, parts.length, ...parts);
}

/** r || s of a DER SEQUENCE(r, s); undefined where it is none, or not in its one right spelling. */
export function signatureOfDer(der: Uint8Array): Uint8Array | undefined {
  const result = new Uint8Array(2 * half);
  const rLength = der[3] ?? 0;
  const sStart = 4 + rLength + 2;
  for (const [part, end] of [
    [der.subarray(4, 4 + rLength), half],
    [der.subarray(sStart), 2 * half],
  ] as const) {
    const digits = part[0] === 0 ? part.subarray(1) : part;
    if (digits.length > half) return undefined;
    result.set(digits, end - digits.length);
  }
  const again = derOfSignature(result);
  return sameBytes(again, der) ? result : undefined;
}
