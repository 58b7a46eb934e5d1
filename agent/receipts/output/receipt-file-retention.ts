// The copies of receipts that lie in a folder for drivers, and how long they lie there: the book has every receipt for
// good, and gives out a copy at any time.
import { join } from "node:path";
import type { Config } from "../../../config/schema.js";
import { payloadOf } from "../../core/receipt/receipt-payload.js";
import type { BookView } from "../../ledger/book/book.js";
import type { Disk } from "../../ledger/store/disk.js";

const copyName = /^receipt-(\d{6,15})\.(?:json|txt)$/;

/** Where the copies of a receipt lie, without their ending. */
export const copyPath = (folder: string, number: number): string =>
  join(folder, `receipt-${String(number).padStart(6, "0")}`);

export type CopyRetention = {
  /** Epoch ms: what was issued at or after this moment stays. */
  readonly beforeMs: number;
  /** Receipts whose copies go in one go. */
  readonly most: number;
};

/** Receipts of an unset clock are looked at in one go until one that has a date is found. */
const mostUndated = 1_000;

/**
 * Removes the oldest copies that need not lie there any more; answers how many files. Only those of receipts on sealed
 * pages go. Throws disk/failed, book/damaged.
 */
export function clearCopies(
  disk: Disk,
  { receiptOutput, state }: Pick<Config, "receiptOutput" | "state">,
  book: BookView,
  { beforeMs, most }: CopyRetention,
): number {
  if (receiptOutput?.folder === undefined) return 0;
  const folder = join(state, receiptOutput.folder);
  const byNumber = new Map<number, string[]>();
  for (const name of disk.list(folder)) {
    const number = Number(copyName.exec(name)?.[1] ?? 0);
    if (number > 0 && number <= book.sealedReceipts)
      byNumber.set(number, [...(byNumber.get(number) ?? []), join(folder, name)]);
  }
  const going: string[] = [];
  // Without a moment that can be trusted a receipt is as old as the next one that has one.
  let undated: string[] = [];
  let looked = 0;
  let done = 0;
  for (const number of [...byNumber.keys()].sort((a, b) => a - b)) {
    if (done >= most || looked - done >= mostUndated) break;
    looked += 1;
    const entry = book.get(number);
    if (entry === undefined) break;
    const isDated = payloadOf(entry.jws)?.clock !== "unsynced";
    if (isDated && entry.issuedMs >= beforeMs) break;
    undated.push(...(byNumber.get(number) ?? []));
    if (!isDated) continue;
    going.push(...undated);
    undated = [];
    done = looked;
  }
  for (const path of going) disk.remove(path);
  return going.length;
}
