// A signer that gives the same signature for the same text each time (RFC 6979, 3.2), so that test vectors can be made
// again to the byte. Real keys sign with a random nonce; both are ECDSA, and nobody who checks can tell them apart.

import { createECDH, createHmac } from "node:crypto";
import { derOfSignature, withLowS } from "../../../agent/core/signing/low-s.js";
import type { Signer } from "../../../agent/core/signing/signer.js";
import { sha256, sha256Hex } from "../../../agent/ledger/store/digest.js";

/** The order of P-256 (FIPS 186-4, D.1.2.3). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** SubjectPublicKeyInfo of P-256 in front of the uncompressed point (RFC 5480). */
const spkiHead = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const octets = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, "0"), "hex");
const hmac = (key: Uint8Array, ...data: readonly Uint8Array[]): Buffer =>
  data.reduce((mac, part) => mac.update(part), createHmac("sha256", key)).digest();

/** value^-1 mod the order, which is prime. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let base = value % order;
  for (let exponent = order - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % order;
    base = (base * base) % order;
  }
  return result;
}

function pointOf(scalar: bigint): Buffer {
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(octets(scalar));
  return curve.getPublicKey();
}

/** The nonces of RFC 6979 for a digest, the first one first; nearly always that one will do. */
function* nonces(secret: bigint, digest: Uint8Array): Generator<bigint> {
  const parts = [octets(secret), octets(numberOf(digest) % order)];
  let v: Buffer = Buffer.alloc(32, 1);
  let k: Buffer = hmac(Buffer.alloc(32, 0), v, Buffer.of(0), ...parts);
  v = hmac(k, v);
  k = hmac(k, v, Buffer.of(1), ...parts);
  v = hmac(k, v);
  const mostTries = 100;
  for (let tries = 0; tries < mostTries; tries += 1) {
    v = hmac(k, v);
    const nonce = numberOf(v);
    if (nonce > 0n && nonce < order) yield nonce;
    k = hmac(k, v, Buffer.of(0));
    v = hmac(k, v);
  }
}

/** The signature r || s of a text under a secret key, before its s is made the smaller one. */
export function repeatableSignature(secret: bigint, data: Uint8Array): Uint8Array {
  const digest = sha256(data);
  for (const nonce of nonces(secret, digest)) {
    const r = numberOf(pointOf(nonce).subarray(1, 33)) % order;
    const s = (inverse(nonce) * (numberOf(digest) + r * secret)) % order;
    if (r > 0n && s > 0n) return Buffer.concat([octets(r), octets(s)]);
  }
  throw new Error("no nonce gives a signature");
}

/** The signer whose secret key is SHA-256 of a name. */
export function repeatableSigner(name: string): Signer & { readonly fingerprint: string } {
  const secret = numberOf(sha256(Buffer.from(name)));
  const spkiHex = spkiHead + pointOf(secret).toString("hex");
  const fingerprint = sha256Hex(Buffer.from(spkiHex, "hex"));
  const sign = (data: Uint8Array): Uint8Array => withLowS(repeatableSignature(secret, data));
  let salts = 0;
  const salt = (): string => {
    salts += 1;
    return Buffer.from(sha256(Buffer.from(`${name}, salt ${salts}`)).subarray(0, 16)).toString("base64url");
  };
  const signDer = (data: Uint8Array): Uint8Array => derOfSignature(sign(data));
  return { fingerprint, keyId: `sha256:${fingerprint}`, spkiHex, sign, signDer, salt };
}
