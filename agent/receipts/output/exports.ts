// What the evidence asks of the receipt book, and what is made from a whole book: files with proofs, books,
// checkpoints.

import type { LaterReceipts } from "../../core/corrections/later-receipts.js";
import { disclosuresOf, personalNames, withheldNames } from "../../core/disclosure/disclosure.js";
import { Failure } from "../../core/failure.js";
import { utf8 } from "../../core/number/bytes.js";
import { mostLater, receiptFileText } from "../../core/receipt/receipt-file.js";
import type { ReceiptPayload } from "../../core/receipt/receipt-payload.js";
import { payloadOf } from "../../core/receipt/receipt-payload.js";
import { parseCheckpoint, signedCheckpoint } from "../../core/signing/checkpoint.js";
import {
  consistencyProof,
  type Frontier,
  frontierWith,
  inclusionProof,
  leafHash,
  rootOf,
  treeRoot,
} from "../../core/signing/merkle.js";
import { consistencyText, proofText } from "../../core/signing/proof-file.js";
import type { Signer } from "../../core/signing/signer.js";
import { type BookFile, bookFormat, bookNote } from "../../core/verify/verify-book.js";
import type { BookEntry } from "../../ledger/book/book-page.js";
import { sha256 } from "../../ledger/store/digest.js";
import type { ShownDisclosures } from "../disclosures.js";

/** The book, for those who only read. */
export type ReceiptSource = {
  count(): number;
  get(number: number): BookEntry | undefined;
  /** All from a number on, oldest first. */
  entries(from?: number): Iterable<BookEntry>;
  /** Those that concern a receipt: its credit and its correction. */
  concerning(number: number): readonly BookEntry[];
  /** What opens the withheld parts of a receipt; absent = nothing of it is at hand. */
  readonly disclosures?: ShownDisclosures;
};

/** A book and what lies beside it, as one source. */
export const sourceOver = (book: Omit<ReceiptSource, "disclosures">, disclosures: ShownDisclosures): ReceiptSource => ({
  count: () => book.count(),
  get: (number) => book.get(number),
  entries: (from) => book.entries(from),
  concerning: (number) => book.concerning(number),
  disclosures,
});

/** The receipt of that number. Throws Failure usage/invalid where there is none. */
export function storedReceipt(source: ReceiptSource, number: number): BookEntry {
  const receipt = source.get(number);
  if (receipt !== undefined) return receipt;
  const count = source.count();
  throw new Failure(
    "usage/invalid",
    count === 0 ? "there is no receipt yet" : `there is no receipt ${number}: they are numbered 1 to ${count}`,
  );
}

/** What became of a receipt since. */
export function laterReceipts(source: Pick<ReceiptSource, "concerning">, number: number): LaterReceipts {
  const later = source.concerning(number);
  const numberOf = (wanted: string): number | undefined => later.find(({ kind }) => kind === wanted)?.number;
  const [creditedBy, correctedBy] = [numberOf("credit"), numberOf("sale")];
  return {
    ...(creditedBy === undefined ? {} : { creditedBy }),
    ...(correctedBy === undefined ? {} : { correctedBy }),
  };
}

/** Its payload. Throws Failure receipt/invalid where it cannot be read. */
export function payloadFrom(receipt: BookEntry): ReceiptPayload {
  const payload = payloadOf(receipt.jws);
  if (payload === undefined)
    throw new Failure(
      "receipt/invalid",
      `receipt ${receipt.number} in the book cannot be read; run: chargetill verify on an export of the book`,
    );
  return payload;
}

/** The leaf hashes (hex) of the first `size` receipts. */
function leavesOf(source: ReceiptSource, size: number): string[] {
  const leaves: string[] = [];
  for (const { jws } of source.entries()) {
    if (leaves.length === size) break;
    leaves.push(leafHash(utf8(jws), sha256));
  }
  return leaves;
}

/**
 * The signed checkpoint over all receipts: what a backend is given at each sync. "" while there is none. Throws when
 * the signer fails.
 */
export function newestCheckpoint(source: ReceiptSource, signer: Signer): string {
  const count = source.count();
  if (count === 0) return "";
  let frontier: Frontier = [];
  let size = 0;
  for (const { jws } of source.entries()) {
    frontier = frontierWith(frontier, size, leafHash(utf8(jws), sha256), sha256);
    size += 1;
  }
  return signedCheckpoint(
    { origin: payloadFrom(storedReceipt(source, count)).station.id, size, root: rootOf(frontier, sha256) },
    signer,
    sha256,
  );
}

function signedAt(source: ReceiptSource, size: number, newest: string): string | undefined {
  const next = size < source.count() ? payloadFrom(storedReceipt(source, size + 1)).chain.before : newest;
  const note = parseCheckpoint(next);
  return note?.signed !== undefined && note.checkpoint.size === size ? next : undefined;
}

const missing = (size: number): Failure =>
  new Failure(
    "receipt/invalid",
    `there is no signed checkpoint over ${size} receipts: it comes with the next signed receipt`,
  );

/**
 * The signed checkpoint over the first `size` receipts: the next receipt bears it; the newest one is `newest`, if that
 * is of this size. Throws Failure receipt/invalid where none is to be had.
 */
export function checkpointAt(source: ReceiptSource, size: number, newest: string): string {
  const found = signedAt(source, size, newest);
  if (found === undefined) throw missing(size);
  return found;
}

type Sized = { readonly size: number; readonly checkpoint: string };

/**
 * The first size, from one on towards another, over which a signed checkpoint stands: where the signer had failed there
 * is none for a while.
 */
function nearest(source: ReceiptSource, from: number, to: number, newest: string): Sized {
  const step = to < from ? -1 : 1;
  for (let size = from; size !== to + step; size += step) {
    const checkpoint = signedAt(source, size, newest);
    if (checkpoint !== undefined) return { size, checkpoint };
  }
  throw missing(from);
}

/** The receipts that took one back or corrected it, and the changes of key that lead to them, oldest first. */
function laterTexts(source: ReceiptSource, number: number): readonly string[] {
  const { creditedBy, correctedBy } = laterReceipts(source, number);
  const last = Math.max(creditedBy ?? 0, correctedBy ?? 0);
  const texts: string[] = [];
  if (last === 0) return texts;
  for (const later of source.entries(number + 1)) {
    if (later.number > last) break;
    if (later.kind === "key" || later.number === creditedBy || later.number === correctedBy) texts.push(later.jws);
  }
  return texts.slice(-mostLater);
}

/**
 * The receipt file of a number, with the first signed checkpoint that includes it. What was sold before it is in none;
 * whose it is only where that is asked for.
 */
export function receiptFileOf(source: ReceiptSource, number: number, newest: string, isPersonal = false): string {
  const receipt = storedReceipt(source, number);
  const { size, checkpoint } = nearest(source, number, source.count(), newest);
  return receiptFileText(
    { jws: receipt.jws, checkpoint, proof: inclusionProof(number - 1, leavesOf(source, size), sha256) },
    payloadFrom(receipt).key.spki,
    laterTexts(source, number),
    isPersonal ? disclosuresOf(source.disclosures?.(number) ?? [], personalNames) : [],
  );
}

/** The whole book as a file, with its running totals; with what is personal in it only where that is asked for. */
export function bookFileOf(source: ReceiptSource, newest: string, isPersonal = false): string {
  const entries = [...source.entries()];
  const receipts = entries.map(({ jws }) => jws);
  const disclosures = entries.map(({ number }) =>
    disclosuresOf(source.disclosures?.(number) ?? [], isPersonal ? withheldNames : ["totals"]),
  );
  const station = source.count() === 0 ? "" : payloadFrom(storedReceipt(source, 1)).station.id;
  const file: BookFile = {
    format: bookFormat,
    note: bookNote,
    station,
    receipts,
    disclosures,
    checkpoint: newest,
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** A proof, without names, that a receipt is one of those under the newest signed checkpoint. */
export function proofFileOf(source: ReceiptSource, number: number, newest: string): string {
  storedReceipt(source, number);
  const { size, checkpoint } = nearest(source, source.count(), number, newest);
  return proofText({
    index: number - 1,
    hashes: inclusionProof(number - 1, leavesOf(source, size), sha256),
    checkpoint,
  });
}

/**
 * The proof that one checkpoint grew out of another. Throws Failure receipt/invalid where the book says that it did
 * not.
 */
export function consistencyFileOf(source: ReceiptSource, older: string, newer: string): string {
  const [a, b] = [older, newer].map((text) => parseCheckpoint(text)?.checkpoint);
  if (a === undefined || b === undefined) throw new Failure("usage/invalid", "a checkpoint cannot be read");
  if (a.size < 1 || a.size > b.size)
    throw new Failure("usage/invalid", `the older checkpoint counts ${a.size} receipts, the newer ${b.size}`);
  const leaves = leavesOf(source, b.size);
  if (leaves.length < b.size)
    throw new Failure(
      "receipt/invalid",
      `truncated: the newer checkpoint counts ${b.size} receipts, the book holds ${leaves.length}`,
    );
  for (const { size, root } of [a, b])
    if (treeRoot(leaves.slice(0, size), sha256) !== root)
      throw new Failure(
        "receipt/invalid",
        `forked: the first ${size} receipts of the book are not those of the checkpoint over ${size}`,
      );
  return consistencyText(older, newer, consistencyProof(a.size, leaves, sha256));
}
