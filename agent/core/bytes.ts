// Bytes as text and back: hex, base64 and base64url, and UTF-8. Decoding is strict: one text for one value, so that a flipped
// character in the unused bits of a last base64 letter is a fault and not a second spelling of the same signature.

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const urlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** The text of UTF-8 bytes, or undefined where they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Lower-case hex. */
export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += hexPairs[byte];
  return text;
}

/** The bytes of lower-case hex, or undefined where the text is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Twelve bits at a time: a table of all pairs of letters halves the work of signing a long receipt. */
function pairTable(alphabet: string): readonly string[] {
  return Array.from({ length: 4096 }, (_, bits) => `${alphabet[bits >> 6]}${alphabet[bits & 63]}`);
}
const standardPairs = pairTable(standard);
const urlPairs = pairTable(urlSafe);

function encode(bytes: Uint8Array, pairs: readonly string[], alphabet: string, pad: string): string {
  let text = "";
  const whole = bytes.length - (bytes.length % 3);
  for (let i = 0; i < whole; i += 3) {
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += pairs[bits >> 12];
    text += pairs[bits & 4095];
  }
  const left = bytes.length - whole;
  if (left === 0) return text;
  const bits = ((bytes[whole] ?? 0) << 16) | ((bytes[whole + 1] ?? 0) << 8);
  text += pairs[bits >> 12];
  return left === 2 ? `${text}${alphabet[(bits >> 6) & 63]}${pad}` : `${text}${pad}${pad}`;
}

function decode(text: string, alphabet: string): Uint8Array | undefined {
  const letters = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of letters) {
    const value = alphabet.indexOf(letter);
    if (value < 0) return undefined;
    bits = ((bits << 6) | value) & 0xffffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at] = (bits >> held) & 255;
      at += 1;
    }
  }
  return bytes;
}

/** Base64 with padding (RFC 4648, 4). */
export const base64 = (bytes: Uint8Array): string => encode(bytes, standardPairs, standard, "=");

/** Base64url without padding (RFC 7515, 2). */
export const base64url = (bytes: Uint8Array): string => encode(bytes, urlPairs, urlSafe, "");

/** The bytes of base64 with padding, or undefined where the text is not exactly what `base64` writes. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = decode(text, standard);
  return bytes !== undefined && base64(bytes) === text ? bytes : undefined;
}

/** The bytes of base64url, or undefined where the text is not exactly what `base64url` writes. */
export function fromBase64url(text: string): Uint8Array | undefined {
  const bytes = decode(text, urlSafe);
  return bytes !== undefined && base64url(bytes) === text ? bytes : undefined;
}

/** Several runs of bytes as one. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** True where both hold the same bytes. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
