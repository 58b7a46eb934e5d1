// A change of the signing key that may be interrupted anywhere: the new key is staged first, the receipt of the change
// decides, the files follow.
import { createPrivateKey } from "node:crypto";
import { join } from "node:path";
import { Failure } from "../core/failure.js";
import { payloadOf } from "../core/receipt/receipt-payload.js";
import type { Signer } from "../core/signing/signer.js";
import type { IssuedReceipt } from "../core/station/station-event.js";
import type { Book } from "../ledger/book/book.js";
import type { Disk } from "../ledger/store/disk.js";
import { keyFile, newKey, type PublicKey, privatePem, publicKeysIn, signerOf } from "./signing-keys.js";

export const publicKeyFile = "station.pub.pem";
export const stagedFile = `${keyFile}.next`;

type Full = Signer & { readonly publicKey: PublicKey };

/** Makes the next key and keeps it beside the present one, which goes on signing. */
export function stageKey(disk: Disk, folder: string): Full {
  const key = newKey();
  disk.replace(join(folder, stagedFile), Buffer.from(privatePem(key)));
  return signerOf(key);
}

/**
 * The key that is staged, where one is. Throws Failure key/unusable: of one that cannot be read nobody knows whether a
 * receipt names it already.
 */
export function stagedKey(disk: Disk, folder: string): (Full & { readonly bytes: Buffer }) | undefined {
  const path = join(folder, stagedFile);
  const bytes = disk.read(path);
  if (bytes === undefined) return undefined;
  try {
    return { ...signerOf(createPrivateKey(bytes)), bytes };
  } catch (cause) {
    throw new Failure(
      "key/unusable",
      `${path}: a change of key was begun, and this is not a private key in PEM form; restore it ` +
        `from a backup, or remove it where the newest receipt is not that of a change of key`,
      { cause },
    );
  }
}

/** Puts the staged key in force; called when the receipt of the change is in the book. */
export function adoptKey(disk: Disk, folder: string): void {
  const staged = stagedKey(disk, folder);
  if (staged === undefined) return;
  disk.replace(join(folder, keyFile), staged.bytes);
  publishKey(disk, folder, staged.publicKey);
  disk.remove(join(folder, stagedFile));
}

/**
 * Sees to it that the public key file begins with the key that signs now. Keys of before stay below it, since receipts
 * of before are checked by them; what is no public key goes.
 */
export function publishKey(disk: Disk, folder: string, { pem }: PublicKey): void {
  const path = join(folder, publicKeyFile);
  const before = disk.read(path)?.toString("utf8") ?? "";
  const older = publicKeysIn(before).filter((key) => key.pem !== pem);
  const text = [pem, ...older.map((key) => key.pem)].join("");
  if (text !== before) disk.replace(path, Buffer.from(text));
}

/**
 * At start: ends a change that was cut short. It happened where the book has the receipt of the change to the staged
 * key, or the journal, from which it is about to be booked; `journalled` is asked only where a key is staged, and must
 * answer what lasts. True where the book is yet to learn of it.
 */
export function finishKeyChange(
  disk: Disk,
  folder: string,
  book: Pick<Book, "count" | "get">,
  journalled: () => readonly IssuedReceipt[],
): boolean {
  const keyId = stagedKey(disk, folder)?.keyId;
  if (keyId === undefined) return false;
  const isTheChange = ({ kind, jws }: Pick<IssuedReceipt, "kind" | "jws">): boolean => {
    const payload = kind === "key" ? payloadOf(jws) : undefined;
    return payload?.kind === "key" && payload.next.id === keyId;
  };
  if (journalled().some((receipt) => receipt.number > book.count() && isTheChange(receipt))) {
    adoptKey(disk, folder);
    return true;
  }
  for (let number = book.count(); number > 0; number -= 1) {
    const entry = book.get(number);
    if (entry?.kind !== "key") continue;
    if (!isTheChange(entry)) break;
    adoptKey(disk, folder);
    return false;
  }
  disk.remove(join(folder, stagedFile));
  return false;
}
