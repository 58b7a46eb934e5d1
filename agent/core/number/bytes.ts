// Bytes as text and back: hex, base64 and base64url, and UTF-8. Decoding is strict: one text for one value, so that a
// flipped character in the unused bits of a last base64 letter is a fault and not a second spelling of the same
// signature.

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const urlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** "=" */
const padding = 0x3d;
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

/**
 * A letter for every six bits, written as ASCII and made text at once: a text that grows letter by letter is put
 * together again when it is hashed or signed, which took as long as the signature itself.
 */
function encode(bytes: Uint8Array, letters: Uint8Array, padded: boolean): string {
  const left = bytes.length % 3;
  const whole = bytes.length - left;
  const length = (whole / 3) * 4 + (left === 0 ? 0 : left + 1);
  const ascii = new Uint8Array(padded ? Math.ceil(length / 4) * 4 : length).fill(padding, length);
  let at = 0;
  for (let i = 0; i < whole; i += 3) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    ascii[at] = letters[bits >> 18] as number;
    ascii[at + 1] = letters[(bits >> 12) & 63] as number;
    ascii[at + 2] = letters[(bits >> 6) & 63] as number;
    ascii[at + 3] = letters[bits & 63] as number;
    at += 4;
  }
  if (left > 0) {
    const bits = ((bytes[whole] as number) << 16) | ((bytes[whole + 1] ?? 0) << 8);
    ascii[at] = letters[bits >> 18] as number;
    ascii[at + 1] = letters[(bits >> 12) & 63] as number;
    if (left === 2) ascii[at + 2] = letters[(bits >> 6) & 63] as number;
  }
  return decoder.decode(ascii);
}

/** The value of each ASCII letter in an alphabet; 255 = none. */
function letterValues(alphabet: string): Uint8Array {
  const values = new Uint8Array(256).fill(255);
  for (let value = 0; value < alphabet.length; value += 1) values[alphabet.charCodeAt(value)] = value;
  return values;
}
const standardLetters = encoder.encode(standard);
const urlLetters = encoder.encode(urlSafe);
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
export const base64 = (bytes: Uint8Array): string => encode(bytes, standardLetters, true);

/** Base64url without padding (RFC 7515, 2). */
export const base64url = (bytes: Uint8Array): string => encode(bytes, urlLetters, false);

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
