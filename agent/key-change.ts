// A change of the signing key that may be interrupted anywhere: the new key is staged first, the receipt of the change decides, the files follow.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { join } from "node:path";
import { payloadOf } from "./core/receipt.js";
import type { Signer } from "./core/signer.js";
import { keyFile, newKey, privatePem, publicKeyOf, signerOf, type PublicKey } from "./keys.js";
import type { Book } from "./ledger/book.js";
import type { Disk } from "./ledger/disk.js";

export const publicKeyFile = "station.pub.pem";
const stagedFile = `${keyFile}.next`;

type Full = Signer & { readonly publicKey: PublicKey };

/** Makes the next key and keeps it beside the present one, which goes on signing. */
export function stageKey(disk: Disk, folder: string): Full {
  const key = newKey();
  disk.replace(join(folder, stagedFile), Buffer.from(privatePem(key)));
  return signerOf(key);
}

/** Puts the staged key in force; called when the receipt of the change is in the book. */
export function adoptKey(disk: Disk, folder: string): void {
  const staged = disk.read(join(folder, stagedFile));
  if (staged === undefined) return;
  const { publicKey } = signerOf(createPrivateKey(staged));
  // Receipts of before are checked by the key of before: it stays beside the new one.
  const before = disk.read(join(folder, publicKeyFile));
  if (before !== undefined) disk.replace(join(folder, `station.${publicKeyOf(createPublicKey(before)).fingerprint.slice(0, 8)}.pub.pem`), before);
  disk.replace(join(folder, keyFile), staged);
  disk.replace(join(folder, publicKeyFile), Buffer.from(publicKey.pem));
  disk.remove(join(folder, stagedFile));
}

/** At start: ends a change that was cut short. The book knows: a receipt of the change to the staged key means that it happened. */
export function finishKeyChange(disk: Disk, folder: string, book: Pick<Book, "count" | "get">): void {
  const staged = disk.read(join(folder, stagedFile));
  if (staged === undefined) return;
  const { keyId } = signerOf(createPrivateKey(staged));
  for (let number = book.count(); number > 0; number -= 1) {
    const entry = book.get(number);
    if (entry?.kind !== "key") continue;
    const payload = payloadOf(entry.jws);
    if (payload?.kind === "key" && payload.next.id === keyId) return adoptKey(disk, folder);
    break;
  }
  disk.remove(join(folder, stagedFile));
}
