// The verifier with its tools: node:crypto, the published schema and the rating engine; and the reading of keys that a
// user gives.
import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { Failure } from "../../core/failure.js";
import { rerate } from "../../core/verify/rerate.js";
import type { TrustedKeys } from "../../core/verify/trusted-keys.js";
import type { VerifyTools } from "../../core/verify/verify-receipt.js";
import type { Rerate } from "../../core/verify/verify-sale.js";
import { checkTools, publicKeyOf, publicKeysIn } from "../signing-keys.js";
import type { BundleTools } from "./opened-bundle.js";
import { recoverKeys } from "./pure-es256.js";

const schemaFile = new URL("../../../../config/receipt.schema.json", import.meta.url);
/** Made by agent/web/build-pages.js. */
const verifierFile = new URL("../../web/verify.html", import.meta.url);
let schema: VerifyTools["schema"] | undefined;
let verifierPage: string | undefined;

/** What the verifier works with. */
export function verifyTools(reprice: Rerate = rerate): BundleTools {
  schema ??= JSON.parse(readFileSync(schemaFile, "utf8")) as VerifyTools["schema"];
  verifierPage ??= readFileSync(verifierFile, "utf8");
  return { ...checkTools, recover: recoverKeys, schema, verifierPage, rerate: reprice };
}

/** A public key as people keep it: PEM, or hex of the SPKI DER. A private key is refused: it has no business here. */
function keyIn(path: string, text: string): KeyObject {
  if (text.includes("PRIVATE KEY"))
    throw new Failure("usage/invalid", `${path}: this is a private key; give the public one ("chargetill key show")`);
  const hexText = text.trim().toLowerCase();
  try {
    return /^[0-9a-f]+$/.test(hexText)
      ? createPublicKey({ key: Buffer.from(hexText, "hex"), format: "der", type: "spki" })
      : createPublicKey(text);
  } catch (cause) {
    throw new Failure("usage/invalid", `${path}: this is not a public key; expected PEM, or hex of the SPKI DER`, {
      cause,
    });
  }
}

/**
 * The keys a user vouches for, each given as a file or as `sha256:` and 64 hex digits. Throws Failure usage/invalid.
 */
export function pinsOf(given: readonly string[], read: (path: string) => string): TrustedKeys {
  const fingerprints = new Set<string>();
  const keys: string[] = [];
  for (const one of given) {
    const fingerprint = /^sha256:([0-9a-f]{64})$/i.exec(one.replaceAll(/[\s]/g, ""))?.[1];
    if (fingerprint !== undefined) fingerprints.add(fingerprint.toLowerCase());
    else if (one.startsWith("sha256:"))
      throw new Failure("usage/invalid", `${one}: a fingerprint is sha256: and 64 hex digits`);
    else {
      // A station that changed its key gives away all its public keys in one file.
      const text = read(one);
      const several = publicKeysIn(text);
      for (const key of several.length > 1 ? several : [publicKeyOf(keyIn(one, text))]) {
        fingerprints.add(key.fingerprint);
        keys.push(key.spkiHex);
      }
    }
  }
  return { fingerprints, keys };
}
