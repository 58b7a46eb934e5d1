// SHA-256 and ES256 without Node and without the browser's own: over plain http, as a station in a car park is reached,
// a browser has no crypto.subtle. Only public data is worked on here.
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { fromHex, hexText, joinedBytes } from "../../core/number/bytes.js";
import { signatureOfDer } from "../../core/signing/low-s.js";
import type { HashFunction } from "../../core/signing/merkle.js";
import type { CheckSignature, RecoverKeys } from "../../core/signing/signer.js";

/** The SPKI DER of a P-256 key up to its point (RFC 5480); the point is given uncompressed, as OpenSSL writes it. */
const spkiHead = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
const pointBytes = 65;

export const pureSha256: HashFunction = (data) => sha256(data);

/** The point in an SPKI DER (hex) of a P-256 key, or undefined where it is none. */
function pointOf(spkiHex: string): Uint8Array | undefined {
  if (!spkiHex.startsWith(spkiHead)) return undefined;
  const point = fromHex(spkiHex.slice(spkiHead.length));
  if (point === undefined || point.length !== pointBytes || point[0] !== 4) return undefined;
  try {
    p256.Point.fromBytes(point).assertValidity();
    return point;
  } catch {
    return undefined;
  }
}

/** Whether a text is the SPKI DER (hex) of a key that can check anything here. */
export const isP256Key = (spkiHex: string): boolean => pointOf(spkiHex) !== undefined;

/** Checks an ES256 signature; a key that is none, or not P-256, has signed nothing. */
export const pureCheck: CheckSignature = (spkiHex, data, signature, encoding) => {
  const point = pointOf(spkiHex);
  const plain = encoding === "der" ? signatureOfDer(signature) : signature;
  if (point === undefined || plain === undefined) return false;
  try {
    return p256.verify(plain, data, point, { lowS: false });
  } catch {
    return false;
  }
};

/** The keys that a signature may be of (SEC 1, 4.1.6): two, in rare cases four. */
export const recoverKeys: RecoverKeys = (data, signature) =>
  [0, 1, 2, 3].flatMap((recovery) => {
    try {
      const key = p256.recoverPublicKey(joinedBytes(Uint8Array.of(recovery), signature), data);
      return [spkiHead + hexText(p256.Point.fromBytes(key).toBytes(false))];
    } catch {
      // No point has that x.
      return [];
    }
  });
