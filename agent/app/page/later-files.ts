// The file of a receipt that was credited or corrected since its copy was made: the copy's own proof, with the later
// receipts beside it. The book is not read from its start for it: that would hold up the station as long as it is old.
import { setImmediate as otherWork } from "node:timers/promises";
import type { LaterReceipts } from "../../core/corrections/later-receipts.js";
import { mostLater, receiptFileText } from "../../core/receipt/receipt-file.js";
import { payloadOf } from "../../core/receipt/receipt-payload.js";
import { readReceiptFile } from "../../core/verify/verify-receipt.js";
import type { BookEntry } from "../../ledger/book/book-page.js";
import type { ReceiptSource } from "../../receipts/output/exports.js";

type LaterSource = Pick<ReceiptSource, "get" | "concerning">;

/** Files kept at most; the oldest go first. */
const mostKept = 64;
/** Receipts read at once in the search for changes of key; then the station goes on. */
const readAtOnce = 8;

export class LaterFiles {
  readonly #made = new Map<string, Promise<string>>();

  /** The text of the file; the copy as it is where that cannot be read. Throws book/damaged, disk/failed. */
  of(book: LaterSource, number: number, later: LaterReceipts, copy: string): Promise<string> {
    const name = [number, later.creditedBy ?? 0, later.correctedBy ?? 0].join(" ");
    const before = this.#made.get(name);
    if (before !== undefined) return before;
    const made = laterFileOf(book, number, later, copy);
    const oldest = this.#made.size >= mostKept ? this.#made.keys().next().value : undefined;
    if (oldest !== undefined) this.#made.delete(oldest);
    this.#made.set(name, made);
    made.catch(() => this.#made.delete(name));
    return made;
  }
}

async function laterFileOf(book: LaterSource, number: number, later: LaterReceipts, copy: string): Promise<string> {
  const file = readReceiptFile(copy);
  if (typeof file === "string") return copy;
  const wanted = book
    .concerning(number)
    .filter((entry) => entry.number === later.creditedBy || entry.number === later.correctedBy);
  const texts = [...wanted, ...(await keyChangesUpTo(book, file.jws, number, wanted.at(-1)))]
    .sort((a, b) => a.number - b.number)
    .map(({ jws }) => jws)
    .slice(-mostLater);
  return receiptFileText(file, file.publicKey, texts, file.disclosures);
}

/** The changes of key between a receipt and a later one: none, and nothing read, where both are of the same key. */
async function keyChangesUpTo(
  book: LaterSource,
  jws: string,
  number: number,
  last: BookEntry | undefined,
): Promise<BookEntry[]> {
  const changes: BookEntry[] = [];
  if (last === undefined || payloadOf(last.jws)?.key.id === payloadOf(jws)?.key.id) return changes;
  for (let between = number + 1; between < last.number; between += 1) {
    if (between % readAtOnce === 0) await otherWork();
    const entry = book.get(between);
    if (entry?.kind === "key") changes.push(entry);
  }
  return changes;
}
