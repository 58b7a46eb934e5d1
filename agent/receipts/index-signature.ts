// The station's keys as the seal of its receipt book: the present one signs the list of sealed pages, those of before
// still prove it. Earlier keys stand in the public key file; where that was lost, the receipts of key changes lead back
// to them.

import { createPrivateKey } from "node:crypto";
import { join } from "node:path";
import { Failure } from "../core/failure.js";
import { fromHex, hexText, utf8 } from "../core/number/bytes.js";
import { rotationText } from "../core/receipt/receipt.js";
import { payloadOf } from "../core/receipt/receipt-payload.js";
import { parseJws } from "../core/signing/jws.js";
import type { Signer } from "../core/signing/signer.js";
import type { BookEntry } from "../ledger/book/book-page.js";
import type { IndexSigner, Receipts } from "../ledger/book/signed-index.js";
import { sha256Hex } from "../ledger/store/digest.js";
import type { Disk } from "../ledger/store/disk.js";
import { publicKeyFile, stagedFile } from "./key-rotation.js";
import { checkEs256, keyFile, publicKeysIn, signerOf } from "./signing-keys.js";

/** What is signed says what it is, so that no other signature of the key can stand for it. */
const signedBytes = (text: string): Uint8Array => utf8(`chargetill: sealed pages of the receipt book\n${text}`);
const idOf = (spkiHex: string): string => `sha256:${sha256Hex(fromHex(spkiHex) ?? new Uint8Array())}`;

/** The bytes of a file, where it is there and may be read. */
function readable(disk: Disk, path: string): Buffer | undefined {
  try {
    return disk.read(path);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** The key in a file; none where it is damaged: that is the start's to tell. */
function signerIn(disk: Disk, path: string): Signer | undefined {
  const pem = readable(disk, path);
  try {
    return pem === undefined ? undefined : signerOf(createPrivateKey(pem));
  } catch {
    return undefined;
  }
}

/**
 * The public keys (SPKI DER in hex) that lie in the state folder, and the one that systemd hands in. Files that cannot
 * be read give none.
 */
export function keysAtHand(disk: Disk, folder: string, credentials: string | undefined): string[] {
  const files = [
    ...(credentials === undefined ? [] : [join(credentials, keyFile)]),
    join(folder, keyFile),
    join(folder, stagedFile),
  ];
  const own = files.flatMap((path) => signerIn(disk, path)?.spkiHex ?? []);
  return [
    ...own,
    ...publicKeysIn(readable(disk, join(folder, publicKeyFile))?.toString("utf8") ?? "").map(({ spkiHex }) => spkiHex),
  ];
}

/**
 * The seal for those who look at a state folder from outside. Where the signing key is out of their reach, the next
 * start signs.
 */
export function indexSignerAtHand(disk: Disk, folder: string): IndexSigner {
  const signer = signerIn(disk, join(folder, keyFile));
  return indexSigner(
    () => signer,
    () => keysAtHand(disk, folder, process.env["CREDENTIALS_DIRECTORY"]),
  );
}

/**
 * The seal. `signer` answers the key that signs now, or undefined while it is not opened; `keys` are asked for once,
 * when first needed.
 */
export function indexSigner(signer: () => Signer | undefined, keys: () => readonly string[]): IndexSigner {
  const known = new Map<string, string>();
  let loaded = false;
  let looked = false;
  const keyOf = (id: string, receipts: Receipts): string | undefined => {
    const now = signer();
    if (now !== undefined) known.set(now.keyId, now.spkiHex);
    if (!known.has(id) && !loaded) {
      loaded = true;
      for (const spkiHex of keys()) known.set(idOf(spkiHex), spkiHex);
    }
    if (!known.has(id) && !looked) {
      looked = true;
      for (const [earlier, spkiHex] of earlierKeys(new Set(known.keys()), receipts)) known.set(earlier, spkiHex);
    }
    return known.get(id);
  };
  return {
    sign: (text) => {
      const now = signer();
      if (now === undefined) throw new Error("no key has been opened yet");
      return `${now.keyId} ${hexText(now.sign(signedBytes(text)))}`;
    },
    verify: (text, signature, receipts) => {
      const [id = "", value = ""] = signature.split(" ");
      const [key, bytes] = [keyOf(id, receipts), fromHex(value)];
      return key !== undefined && bytes !== undefined && checkEs256(key, signedBytes(text), bytes, "ieee-p1363");
    },
    isCurrent: (signature) => {
      const now = signer();
      return now === undefined || signature.startsWith(`${now.keyId} `);
    },
    vouches: ({ number, jws }, receipts) => {
      const parts = parseJws(jws);
      if (parts === undefined || payloadOf(jws)?.number !== number) return false;
      // Where the last receipt bears no signature the signer is still away; once it is back, the list is signed before
      // anything else.
      if (parts.signature === undefined) return isUnsigned(receipts.get(receipts.count()));
      const key = keyOf(parts.keyId, receipts);
      return key !== undefined && checkEs256(key, parts.input, parts.signature, "ieee-p1363");
    },
  };
}

function isUnsigned(entry: BookEntry | undefined): boolean {
  const parts = entry === undefined ? undefined : parseJws(entry.jws);
  return parts !== undefined && parts.signature === undefined;
}

/** The keys before those of `trusted`, by id: each change of key bears the later key's signature over both names. */
function* earlierKeys(trusted: Set<string>, receipts: Receipts): Generator<readonly [string, string]> {
  for (let number = receipts.count(); number > 0; number -= 1) {
    const entry = receipts.get(number);
    const payload = entry?.kind === "key" ? payloadOf(entry.jws) : undefined;
    if (
      payload?.kind !== "key" ||
      !trusted.has(payload.next.id) ||
      idOf(payload.next.spki) !== payload.next.id ||
      idOf(payload.key.spki) !== payload.key.id
    )
      continue;
    const [text, signature] = [
      rotationText(payload.station.id, payload.number, payload.key.id, payload.next.id),
      fromHex(payload.next.signature),
    ];
    if (signature === undefined || !checkEs256(payload.next.spki, utf8(text), signature, "ieee-p1363")) continue;
    trusted.add(payload.key.id);
    yield [payload.key.id, payload.key.spki];
  }
}
