// The keys that a person types or drops into the page: fingerprints, and public keys as PEM or hex.

import { fromBase64, fromHex, hexText, utf8 } from "../../core/number/bytes.js";
import type { HashFunction } from "../../core/signing/merkle.js";
import { fingerprintOf, type TrustedKeys } from "../../core/verify/trusted-keys.js";
import { isP256Key } from "../../receipts/dispute/pure-es256.js";

const pemBlock = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/g;

/** The keys in a text: as many PEM blocks, hex keys and fingerprints as stand in it. Undefined where it holds none. */
export function keysIn(text: string, hash: HashFunction): TrustedKeys | undefined {
  const blocks = [...text.matchAll(pemBlock)].flatMap(([, body = ""]) => {
    const der = fromBase64(body.replaceAll(/\s/g, ""));
    return der === undefined ? [] : [hexText(der)];
  });
  const words = text
    .replaceAll(pemBlock, " ")
    .toLowerCase()
    .split(/[\n,;]/)
    .map((line) => line.replaceAll(/\s/g, "").replace(/^sha256:/, ""))
    .filter((word) => fromHex(word) !== undefined);
  const keys = [...blocks, ...words].filter(isP256Key);
  const fingerprints = new Set([
    ...words.filter((word) => word.length === 2 * hash(utf8("")).length),
    ...keys.flatMap((key) => fingerprintOf(key, hash) ?? []),
  ]);
  return fingerprints.size === 0 ? undefined : { fingerprints, keys };
}
