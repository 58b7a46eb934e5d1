// The station's signing key: P-256, made at the first start and kept by its owner alone, or handed in by systemd.
// The private key never leaves this file's closure: not into a log, not into a bundle.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import { join } from "node:path";
import { Failure } from "../core/failure.js";
import { payloadOf } from "../core/receipt/receipt-payload.js";
import { parseJws } from "../core/signing/jws.js";
import { derOfSignature, withLowS } from "../core/signing/low-s.js";
import type { CheckSignature, CheckTools, Signer } from "../core/signing/signer.js";
import type { Book } from "../ledger/book/book.js";
import { sha256, sha256Hex } from "../ledger/store/digest.js";

export const keyFile = "station.key";

/** Where a key may lie, and how a new one is written: durably, mode 0600, never over an existing file. */
export type KeyStore = {
  /** The state folder. */
  readonly folder: string;
  /** systemd's $CREDENTIALS_DIRECTORY, where there is one. */
  readonly credentials?: string | undefined;
  /** The bytes of a file with its mode, or undefined where there is none. */
  read(path: string): { readonly bytes: Uint8Array; readonly mode: number } | undefined;
  write(path: string, text: string): void;
};

export type PublicKey = {
  /** SPKI DER in hex: what OCMF readers ask for. */
  readonly spkiHex: string;
  readonly pem: string;
  /** SHA-256 over the SPKI DER, in hex. */
  readonly fingerprint: string;
};

/** A public key in the forms that people and tools ask for. Throws Failure key/unusable unless it is P-256. */
export function publicKeyOf(key: KeyObject): PublicKey {
  if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw new Failure("key/unusable", "the key is not an ECDSA key on P-256 (prime256v1)");
  const der = key.export({ type: "spki", format: "der" });
  return {
    spkiHex: der.toString("hex"),
    pem: key.export({ type: "spki", format: "pem" }).toString(),
    fingerprint: sha256Hex(der),
  };
}

/** The usable public keys in a text of one or more PEM blocks, in their order; what is none is passed over. */
export function publicKeysIn(text: string): PublicKey[] {
  return (text.match(/-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----/g) ?? []).flatMap((block) => {
    try {
      return [publicKeyOf(createPublicKey(block))];
    } catch {
      return [];
    }
  });
}

/** A signer that holds the private key. Throws Failure key/unusable unless it is P-256. */
export function signerOf(privateKey: KeyObject): Signer & { readonly publicKey: PublicKey } {
  const publicKey = publicKeyOf(createPublicKey(privateKey));
  const signature = (data: Uint8Array): Uint8Array =>
    withLowS(sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" }));
  return {
    publicKey,
    keyId: `sha256:${publicKey.fingerprint}`,
    spkiHex: publicKey.spkiHex,
    sign: signature,
    signDer: (data) => derOfSignature(signature(data)),
    salt: () => randomBytes(16).toString("base64url"),
  };
}

/** A fresh P-256 key. */
export const newKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;

export const privatePem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();

/**
 * The key in a file. One flipped bit can leave a private half that no longer belongs to its public one: what it signs,
 * nobody could check.
 */
function provenSigner(path: string, bytes: Uint8Array): ReturnType<typeof signerOf> {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: Buffer.from(bytes), format: "pem" });
  } catch (cause) {
    throw new Failure(
      "key/unusable",
      `${path}: this is not a private key in PEM form; restore it from a backup, it cannot be made again`,
      { cause },
    );
  }
  const signer = signerOf(key);
  const trial = Buffer.from("chargetill: a key is tried");
  if (!verify("sha256", trial, { key: createPublicKey(key), dsaEncoding: "ieee-p1363" }, signer.sign(trial)))
    throw new Failure(
      "key/unusable",
      `${path}: the private and the public half of this key do not belong together, ` +
        `the file is damaged; restore it from a backup, it cannot be made again`,
    );
  return signer;
}

/**
 * Throws Failure key/unusable where the newest receipt names another key: a chain is not continued by a key that nobody
 * knows.
 */
export function mustContinue(book: Pick<Book, "count" | "get">, keyId: string, folder: string): void {
  const entry = book.count() === 0 ? undefined : book.get(book.count());
  const payload = entry === undefined ? undefined : payloadOf(entry.jws);
  const expected =
    payload?.kind === "key" ? payload.next.id : entry === undefined ? undefined : parseJws(entry.jws)?.keyId;
  if (expected !== undefined && expected !== keyId)
    throw new Failure(
      "key/unusable",
      `${join(folder, keyFile)}: receipt ${book.count()} was signed with another key (${expected}); restore that one from a backup`,
    );
}

/**
 * The station's signer: the systemd credential `station.key` first, then the state folder's, else a new key is made and
 * written. Throws Failure key/unusable where a key is damaged or readable by others. `mayCreate` is false once receipts
 * exist: a chain is not continued by a key that nobody knows.
 */
export function openSigner(
  store: KeyStore,
  mayCreate: boolean,
): Signer & { readonly publicKey: PublicKey; readonly created: boolean; readonly handed: boolean } {
  const credential = store.credentials === undefined ? undefined : join(store.credentials, keyFile);
  const handed = credential === undefined ? undefined : store.read(credential);
  if (credential !== undefined && handed !== undefined)
    return { ...provenSigner(credential, handed.bytes), created: false, handed: true };
  const path = join(store.folder, keyFile);
  const kept = store.read(path);
  if (kept !== undefined) {
    if ((kept.mode & 0o077) !== 0)
      throw new Failure(
        "key/unusable",
        `${path}: others may read the signing key (mode ${(kept.mode & 0o777).toString(8)}); run: chmod 600 ${path}`,
      );
    return { ...provenSigner(path, kept.bytes), created: false, handed: false };
  }
  if (!mayCreate)
    throw new Failure(
      "key/unusable",
      `${path}: the signing key is missing although receipts were signed with it; restore it from a backup`,
    );
  const key = newKey();
  store.write(path, privatePem(key));
  return { ...signerOf(key), created: true, handed: false };
}

const knownKeys = new Map<string, KeyObject | undefined>();
const mostKnownKeys = 100;

function publicKeyFrom(spkiHex: string): KeyObject | undefined {
  if (knownKeys.has(spkiHex)) return knownKeys.get(spkiHex);
  let key: KeyObject | undefined;
  try {
    key = createPublicKey({ key: Buffer.from(spkiHex, "hex"), format: "der", type: "spki" });
    publicKeyOf(key);
  } catch {
    key = undefined;
  }
  if (knownKeys.size < mostKnownKeys) knownKeys.set(spkiHex, key);
  return key;
}

/** Checks an ES256 signature; a key that is none, or not P-256, has signed nothing. */
export const checkEs256: CheckSignature = (spkiHex, data, signature, encoding) => {
  const key = publicKeyFrom(spkiHex);
  if (key === undefined) return false;
  try {
    return verify("sha256", data, { key, dsaEncoding: encoding }, signature);
  } catch {
    return false;
  }
};

export const checkTools: CheckTools = { hash: sha256, check: checkEs256 };
