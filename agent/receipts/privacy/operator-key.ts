// The operator's key: under it a card has one name on all stations of an operator, which is not its UID. The name stands
// in signed records, and links them; whoever has the key can find a 4-byte UID by trying them all (2^32). It lies in a
// file for its owner alone or is a systemd credential, and goes into no export, no bundle and no unencrypted backup.
import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import type { SessionToken, Settlement, UserIdentity } from "../../core/cdr/settlement.js";
import { Failure } from "../../core/failure.js";
import type { KeyStore } from "../signing-keys.js";

export const operatorKeyFile = "operator.key";

/** 32 bytes in hex, one line. */
const keyPattern = /^([0-9a-f]{64})\n?$/;

const keyIn = (path: string, bytes: Uint8Array): Buffer => {
  const hex = keyPattern.exec(Buffer.from(bytes).toString("latin1"))?.[1];
  if (hex === undefined)
    throw new Failure("key/unusable", `${path}: this is not an operator key: expected 64 hex digits on one line`);
  return Buffer.from(hex, "hex");
};

/**
 * The operator's key: the systemd credential `operator.key` first, then the state folder's, else a new one is made and
 * written. Throws Failure key/unusable where it is damaged or readable by others.
 */
export function openOperatorKey(store: KeyStore): Buffer {
  const credential = store.credentials === undefined ? undefined : join(store.credentials, operatorKeyFile);
  const handed = credential === undefined ? undefined : store.read(credential);
  if (credential !== undefined && handed !== undefined) return keyIn(credential, handed.bytes);
  const path = join(store.folder, operatorKeyFile);
  const kept = store.read(path);
  if (kept === undefined) {
    const key = randomBytes(32);
    store.write(path, `${key.toString("hex")}\n`);
    return key;
  }
  if ((kept.mode & 0o077) !== 0)
    throw new Failure(
      "key/unusable",
      `${path}: others may read the operator key (mode ${(kept.mode & 0o777).toString(8)}); run: chmod 600 ${path}`,
    );
  return keyIn(path, kept.bytes);
}

/** How a signed record names its user: by the operator's name of the card, or by the whole UID where a law wants it. */
export type UserNaming = "hashed" | "full";

/** 96 bits: no two of all cards in the world are likely to share them, and OCPI's 36 characters hold them. */
const nameDigits = 24;

/** The operator's name of a card: HMAC-SHA256 in hex, cut, and the card's last four characters. */
export function cardName(key: Uint8Array, uid: string): string {
  const mac = createHmac("sha256", key).update(`chargetill user 1\n${uid.toUpperCase()}`).digest("hex");
  return `${mac.slice(0, nameDigits)}-${uid.slice(-4)}`;
}

export type NameUser = (token: Pick<SessionToken, "uid" | "type">, by: Settlement["authMethod"]) => UserIdentity;

/**
 * Names the user in OCMF's words: LOCAL where the station's own lists know the card, CENTRAL where a backend does; with
 * whole UIDs what kind of card it is.
 */
export function userNaming(naming: UserNaming, key: Uint8Array): NameUser {
  if (naming === "full")
    return ({ uid, type }) => ({
      kind: type !== "RFID" ? "CENTRAL" : uid.length === 8 || uid.length === 14 ? "ISO14443" : "UNDEFINED",
      id: uid,
    });
  return ({ uid, type }, by) => ({
    kind: type === "RFID" && by === "WHITELIST" ? "LOCAL" : "CENTRAL",
    id: cardName(key, uid),
  });
}
