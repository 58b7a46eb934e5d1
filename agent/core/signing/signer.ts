// What the core needs of a key: to sign, and to check a signature; node:crypto stays outside and is handed in.
import { hasLowS, signatureOfDer } from "./low-s.js";
import type { HashFunction } from "./merkle.js";

export type Signer = {
  /** `sha256:` and the fingerprint of the public key: SHA-256 over its SPKI DER, in hex. */
  readonly keyId: string;
  /** The public key: SPKI DER in hex. */
  readonly spkiHex: string;
  /** ES256 with the 64 bytes r || s, as JWS wants it. Throws when the signer fails. */
  sign(data: Uint8Array): Uint8Array;
  /** ES256 with the DER SEQUENCE(r, s), as OCMF and signed notes want it. Throws when the signer fails. */
  signDer(data: Uint8Array): Uint8Array;
  /** 16 fresh random bytes in base64url, for what a receipt withholds. */
  salt(): string;
};

export type CheckSignature = (
  spkiHex: string,
  data: Uint8Array,
  signature: Uint8Array,
  encoding: "der" | "ieee-p1363",
) => boolean;

/**
 * The public keys (SPKI hex) that may have made an ES256 signature (r || s) over data. What was signed must name its key
 * to tell which.
 */
export type RecoverKeys = (data: Uint8Array, signature: Uint8Array) => readonly string[];

/** What a verifier is handed. */
export type CheckTools = { readonly hash: HashFunction; readonly check: CheckSignature };

/** Whether a station of ours has signed: a valid signature, in its one spelling. */
export function isOwnSignature(
  { check }: CheckTools,
  spkiHex: string,
  data: Uint8Array,
  signature: Uint8Array,
  encoding: "der" | "ieee-p1363",
): boolean {
  const plain = encoding === "der" ? signatureOfDer(signature) : signature;
  return plain !== undefined && hasLowS(plain) && check(spkiHex, data, signature, encoding);
}

/** A broken promise about what goes into a receipt: it must not be signed. */
export class ReceiptFault extends Error {
  override readonly name = "ReceiptFault";
  readonly code = "receipt/invalid";
}

/** Stands where a signature would be when the signer failed (after the Austrian RKSV): the sale goes on and says so. */
export const unsignedMark = "UNSIGNED: the signer failed";

/** The signer did not do its work; told apart from faults in what was to be signed. */
export class SignerFailed extends Error {}

/** A signer whose failures can be told apart. */
export function guardedSigner(signer: Signer): Signer {
  const attempt = (work: () => Uint8Array): Uint8Array => {
    try {
      return work();
    } catch (cause) {
      throw new SignerFailed("the signer failed", { cause });
    }
  };
  return {
    ...signer,
    sign: (data) => attempt(() => signer.sign(data)),
    signDer: (data) => attempt(() => signer.signDer(data)),
  };
}
