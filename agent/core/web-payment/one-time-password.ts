// The time-based one-time password of OCPP 2.1 (C25, TOTP "v1"): the code of a charge point is of use for seconds, so that
// a forged or photographed one leads nowhere.
import { utf8 } from "../number/bytes.js";

/** HMAC-SHA256: 32 bytes for a key and a message. */
export type HmacSha256 = (key: Uint8Array, message: Uint8Array) => Uint8Array;

export type PasswordRule = {
  readonly secret: string;
  /** How long one password is valid, whole seconds. */
  readonly validityS: number;
  /** Characters. */
  readonly length: number;
};

export const passwordBounds = {
  validityS: { least: 6, most: 3_600 },
  length: { least: 6, most: 64 },
  /** Characters of the secret: fewer can be guessed from one password; OCPP has room for 255. */
  secret: { least: 16, most: 255 },
} as const;

/** 62 letters: a copy of the standard that goes round has lost the `o`, by which every other password is another. */
const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The password at a time, epoch ms. */
export function oneTimePassword({ secret, validityS, length }: PasswordRule, atMs: number, hmac: HmacSha256): string {
  const hash = hmac(utf8(secret), bigEndian(BigInt(interval(atMs, validityS))));
  const offset = (hash.at(-1) ?? 0) & 15;
  let password = "";
  for (let index = 0; index < length; index += 1) {
    const byte = hash[(offset + index) % hash.length] ?? 0;
    password += alphabet[byte % alphabet.length];
  }
  return password;
}

/** When the password of a time ends, epoch ms. */
export const passwordEndsMs = (atMs: number, validityS: number): number =>
  (interval(atMs, validityS) + 1) * validityS * 1_000;

const interval = (atMs: number, validityS: number): number => Math.floor(atMs / (1_000 * validityS));

function bigEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}
