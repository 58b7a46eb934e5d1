// What lasting costs: a receipt added to a small and to a large book, a start with both, bytes written (wear of the
// card), a journal entry. The large book is laid down page by page without fsync, then opened and used as the agent
// does, on the disk that holds the temporary folder.
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { Book } from "../../agent/ledger/book/book.js";
import type { BookEntry, BookIndex, BookPage, SealedPage } from "../../agent/ledger/book/book-page.js";
import { noPageDigest } from "../../agent/ledger/book/book-page.js";
import { Journal } from "../../agent/ledger/journal/journal.js";
import { CheckedFile } from "../../agent/ledger/store/checked-file.js";
import { Disk } from "../../agent/ledger/store/disk.js";
import { realFiles } from "../../agent/ledger/store/files.js";

const folder = fs.mkdtempSync(join(os.tmpdir(), "chargetill-bench-"));
const pageEntries = 64;
const small = 100;
const large = 100_000;

/** About 3 KB, as a receipt with a few price segments is. */
const receipt = (number: number): BookEntry => ({
  number,
  sessionId: `01JD${String(number).padStart(22, "0")}`,
  cdrId: `cdr-${number}`,
  jws: "e".repeat(1700) + number,
  ocmf: "O".repeat(700) + number,
  cdr: {
    id: `cdr-${number}`,
    charging_periods: Array.from({ length: 4 }, (_, index) => ({
      start_date_time: "2026-11-22T16:00:00Z",
      volume: index,
    })),
  },
  issuedMs: 1_790_000_000_000 + number,
  kind: "sale",
});

/** Lays down a book of `count` receipts, quickly: fsync waits until the whole is there. */
function layDown(path: string, count: number): void {
  const disk = new Disk({ ...realFiles, fsyncSync: () => undefined });
  Book.open(disk, path, { pageEntries });
  const sealed: SealedPage[] = [];
  let previous = noPageDigest;
  for (let page = 1, first = 1; first <= count; page += 1, first += pageEntries) {
    const entries = Array.from({ length: Math.min(pageEntries, count + 1 - first) }, (_, index) =>
      receipt(first + index),
    );
    const file = new CheckedFile<BookPage>(
      disk,
      join(path, `page-${String(page).padStart(8, "0")}.json`),
      (value) => value as BookPage,
      "book/damaged",
    );
    file.write({ page, first, previous, entries });
    if (first + pageEntries <= count) sealed.push({ page, first, count: entries.length, sha256: file.digest });
    previous = file.digest;
  }
  new CheckedFile<BookIndex>(disk, join(path, "index.json"), (value) => value as BookIndex, "book/damaged").write({
    sealed,
    signature: "",
    signed: 0,
  });
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

type Measured = { readonly appendMs: number; readonly bytes: number; readonly startMs: number };

/** Mean over whole pages, sealing included; the fastest of several starts. */
function measure(path: string): Measured {
  const starts = Array.from({ length: 9 }, () => timed(() => void Book.open(new Disk(), path, { pageEntries })));
  const disk = new Disk();
  const book = Book.open(disk, path, { pageEntries });
  const before = disk.bytesWritten;
  const times = Array.from({ length: 2 * pageEntries }, () => timed(() => book.append(receipt(book.count() + 1))));
  return { appendMs: mean(times), bytes: (disk.bytesWritten - before) / times.length, startMs: median(starts) };
}

try {
  const [few, many] = [join(folder, "few"), join(folder, "many")];
  layDown(few, small);
  layDown(many, large);
  const [a, b] = [measure(few), measure(many)];
  const again = measure(few);
  const appendMs = Math.min(a.appendMs, again.appendMs);
  console.log(
    `receipt added, ${small} in the book:     ${appendMs.toFixed(2)} ms, ${Math.round(a.bytes / 1024)} KiB written`,
  );
  console.log(
    `receipt added, ${large} in the book:  ${b.appendMs.toFixed(2)} ms, ${Math.round(b.bytes / 1024)} KiB written`,
  );
  console.log(`ratio of the two:                    ${(b.appendMs / appendMs).toFixed(2)} (aim: < 1.3)`);
  console.log(`book opened, ${small} in it:             ${a.startMs.toFixed(2)} ms`);
  console.log(`book opened, ${large} in it:          ${b.startMs.toFixed(2)} ms`);

  const disk = new Disk();
  const { journal } = Journal.open<unknown>(disk, join(folder, "journal"), (value) => value);
  const event = { kind: "MeterRead", text: "x".repeat(250) };
  const moment = {
    at: 1_790_000_000_000,
    monoMs: 1000,
    boot: "4bd4c1ee-2d0f-4c5a-a9f4-9e4f0d1a6c55",
    trust: "synced",
  } as const;
  const before = disk.bytesWritten;
  const times = Array.from({ length: 500 }, () => timed(() => void journal.append([event], moment)));
  console.log(
    `journal entry (one write, one fdatasync): ${median(times).toFixed(2)} ms, ${Math.round((disk.bytesWritten - before) / times.length)} bytes written`,
  );
  const reopened = timed(() => void Journal.open<unknown>(new Disk(), join(folder, "journal"), (value) => value));
  console.log(`journal opened, ${times.length} entries:        ${reopened.toFixed(2)} ms`);
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
