// The copies of receipts for drivers: old ones go, a few a night, and none of a receipt that could not be given out
// again.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { receiptFormat } from "../../../agent/core/receipt/receipt-payload.js";
import { signedJws } from "../../../agent/core/signing/jws.js";
import { Book } from "../../../agent/ledger/book/book.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { clearCopies, copyPath } from "../../../agent/receipts/output/receipt-file-retention.js";
import { receipt } from "../../support/ledger-life.js";
import { VolatileFiles } from "../../support/volatile-files.js";

const test = suite("copies of receipts");
const config = { state: "/state", receiptOutput: { folder: "receipts" } };
const folder = "/state/receipts";
const dayMs = 86_400_000;
const firstDayMs = Date.UTC(2026, 0, 1);
/** Signed by nobody: only what it says of its clock is read here. */
const jwsWith = (clock: string): string =>
  signedJws(JSON.stringify({ format: receiptFormat, clock }), `sha256:${"0".repeat(64)}`, undefined);

/**
 * A receipt a day on pages of four, ten in all, each with its two copies; `unset` = days on which nobody knew the date.
 */
function tenDays(unset: readonly number[] = []): {
  readonly left: () => number[];
  readonly clear: (beforeDay: number, most?: number) => number;
} {
  const files = new VolatileFiles();
  const disk = new Disk(files);
  const book = Book.open(disk, "/state/book", { pageEntries: 4 });
  disk.makeFolder(folder);
  for (let number = 1; number <= 10; number += 1) {
    const isUnset = unset.includes(number);
    book.append({
      ...receipt(number),
      issuedMs: isUnset ? number : firstDayMs + number * dayMs,
      jws: jwsWith(isUnset ? "unsynced" : "synced"),
    });
    for (const ending of [".json", ".txt"]) disk.replace(copyPath(folder, number) + ending, Buffer.from("copy"));
  }
  disk.replace(`${folder}/notes-of-the-operator.txt`, Buffer.from("mine"));
  const left = (): number[] => [
    ...new Set(disk.list(folder).flatMap((name) => Number(/^receipt-(\d+)/.exec(name)?.[1] ?? Number.NaN) || [])),
  ];
  return {
    left,
    clear: (beforeDay, most = 100) =>
      clearCopies(disk, config, book, { beforeMs: firstDayMs + beforeDay * dayMs, most }),
  };
}

test("go when they are old, in both forms, the oldest first, and nothing else goes", () => {
  const { left, clear } = tenDays();
  assert.is(clear(1), 0);
  assert.is(clear(4), 2 * 3);
  assert.equal(left(), [4, 5, 6, 7, 8, 9, 10]);
  assert.is(clear(4), 0);
});

test("go a few a night", () => {
  const { left, clear } = tenDays();
  assert.is(clear(100, 2), 4);
  assert.equal(left()[0], 3);
});

test("stay while the receipt's page is not sealed", () => {
  const { left, clear } = tenDays();
  clear(100);
  assert.equal(left(), [9, 10]);
});

test("made under an unset clock are as old as the next that knows its date", () => {
  const { left, clear } = tenDays([1, 2, 5]);
  assert.is(clear(3), 0, "1970 is no date");
  assert.is(clear(5), 2 * 4);
  assert.equal(left()[0], 5);
});

test.run();
