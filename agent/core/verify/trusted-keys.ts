// The keys that the user vouches for: a verdict rests on them, and on those that they passed on to.

import { fromHex, hexText } from "../number/bytes.js";
import type { ReceiptPayload } from "../receipt/receipt-payload.js";
import type { HashFunction } from "../signing/merkle.js";
import type { CheckTools } from "../signing/signer.js";
import { type Check, fails, proven, unproven } from "./check-result.js";

/**
 * Fingerprints (hex) of the keys that the user vouches for, and those that these signed in turn; empty = none given.
 */
export type TrustedFingerprints = ReadonlySet<string> & {
  /** Keys that were given up, by their fingerprints: they are good up to that receipt of that station. */
  readonly retired?: ReadonlyMap<string, RetiredKey>;
};

type RetiredKey = { readonly station: string; readonly lastNumber: number };

/** Says, where a key was given up before receipt `number` (or a tree of so many), by which receipt; else undefined. */
export function retiredBefore(
  trust: TrustedFingerprints,
  fingerprint: string,
  station: string,
  number: number,
): string | undefined {
  const retired = trust.retired?.get(fingerprint);
  return retired === undefined || retired.station !== station || number <= retired.lastNumber
    ? undefined
    : `the key sha256:${fingerprint} was given up with receipt ${retired.lastNumber}: what it signed later is not valid`;
}

/** What the user vouches for: fingerprints, and the whole public keys (SPKI hex) where a key file was given. */
export type TrustedKeys = { readonly fingerprints: TrustedFingerprints; readonly keys: readonly string[] };

/** SHA-256 (hex) over the key's SPKI DER. */
export function fingerprintOf(spkiHex: string, hash: HashFunction): string | undefined {
  const spki = fromHex(spkiHex);
  return spki === undefined ? undefined : hexText(hash(spki));
}

/** Whether a key found beside a record is one that the user vouches for. */
export function checkFoundKey(spkiHex: string, pins: TrustedKeys, { hash }: CheckTools): Check {
  const fingerprint = fingerprintOf(spkiHex, hash);
  if (fingerprint === undefined)
    return fails("key", "the public key beside the record cannot be read: hex of its SPKI DER is expected");
  if (pins.fingerprints.has(fingerprint)) return proven("key", `the key that you gave: sha256:${fingerprint}`);
  if (pins.fingerprints.size > 0)
    return fails("key", `the key sha256:${fingerprint} beside the record is not the one you gave`);
  return unproven(
    "key",
    `unproven key: sha256:${fingerprint} was found only in the file itself; ` +
      `compare it with the one at the charge point, then give it with --key`,
  );
}

/** The keys (SPKI hex) that receipts name, each with the largest tree that it is good for. */
export function keysNamedBy(receipts: readonly { readonly payload: ReceiptPayload }[]): ReadonlyMap<string, number> {
  const keys = new Map<string, number>();
  for (const { payload } of receipts) {
    if (!keys.has(payload.key.spki)) keys.set(payload.key.spki, Number.POSITIVE_INFINITY);
    // A change of key ends the one that signs it.
    if (payload.kind === "key")
      keys.set(payload.key.spki, payload.number).set(payload.next.spki, Number.POSITIVE_INFINITY);
  }
  return keys;
}
