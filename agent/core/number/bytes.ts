// Bytes as text and back: hex, base64 and base64url, and UTF-8. Decoding is strict: one text for one value, so that a
// flipped character in the unused bits of a last base64 letter is a fault and not a second spelling of the same
// signature.

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const urlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

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

/** The text of bytes as a person may read it: what is not UTF-8 in them stands as U+FFFD. */
export const legibleText = (bytes: Uint8Array): string => lenientDecoder.decode(bytes);

/** Lower-case hex. */
export function hexText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += hexPairs[byte];
  return text;
}

/** The value of a lower-case hex digit, or NaN. */
const nibble = (code: number): number =>
  code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : Number.NaN;

/** The bytes of lower-case hex, or undefined where the text is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = nibble(text.charCodeAt(2 * at)) * 16 + nibble(text.charCodeAt(2 * at + 1));
    if (Number.isNaN(byte)) return undefined;
    bytes[at] = byte;
  }
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

/** The value of each ASCII letter in an alphabet; 255 = none. */
function letterValues(alphabet: string): Uint8Array {
  const values = new Uint8Array(256).fill(255);
  for (let value = 0; value < alphabet.length; value += 1) values[alphabet.charCodeAt(value)] = value;
  return values;
}
const standardValues = letterValues(standard);
const urlValues = letterValues(urlSafe);

/**
 * The bytes of so many letters, or undefined where one is foreign, or where bits are left over that no encoder sets.
 */
function decode(text: string, length: number, values: Uint8Array): Uint8Array | undefined {
  if (length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let index = 0; index < length; index += 1) {
    const value = values[text.charCodeAt(index)] ?? 255;
    if (value === 255) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at] = (bits >> held) & 255;
      at += 1;
    }
  }
  return (bits & ((1 << held) - 1)) === 0 ? bytes : undefined;
}

/** Base64 with padding (RFC 4648, 4). */
export const base64 = (bytes: Uint8Array): string => encode(bytes, standardPairs, standard, "=");

/** Base64url without padding (RFC 7515, 2). */
export const base64url = (bytes: Uint8Array): string => encode(bytes, urlPairs, urlSafe, "");

/** The bytes of base64 with padding, or undefined where the text is not exactly what `base64` writes. */
export function fromBase64(text: string): Uint8Array | undefined {
  const letters = text.endsWith("==") ? text.length - 2 : text.endsWith("=") ? text.length - 1 : text.length;
  return text.length % 4 === 0 ? decode(text, letters, standardValues) : undefined;
}

/** The bytes of base64url, or undefined where the text is not exactly what `base64url` writes. */
export const fromBase64url = (text: string): Uint8Array | undefined => decode(text, text.length, urlValues);

/** Several runs of bytes as one. */
export function joinedBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** True where both hold the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}
