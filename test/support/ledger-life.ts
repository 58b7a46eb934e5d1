// A small life of the whole ledger (journal, book, table) on a simulated disk, and the judge who knows what was
// acknowledged in it.
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { Book } from "../../agent/ledger/book/book.js";
import type { BookEntry } from "../../agent/ledger/book/book-page.js";
import { Journal } from "../../agent/ledger/journal/journal.js";
import { Disk } from "../../agent/ledger/store/disk.js";
import { Table } from "../../agent/ledger/store/table.js";
import type { Moment } from "../../drivers/driver.js";
import type { VolatileFiles } from "./volatile-files.js";

export const state = "/state";
export const moment: Moment = { at: 1_790_000_000_000, monoMs: 1000, boot: "boot-1", trust: "synced" };

export const receipt = (number: number): BookEntry => ({
  number,
  sessionId: `session-${number}`,
  cdrId: `cdr-${number}`,
  jws: `header.payload-${number}.signature`,
  ocmf: `OCMF|{"PG":"T${number}"}|{}`,
  cdr: { total: number },
  issuedMs: 1_790_000_000_000 + number,
  kind: "sale",
});

type Cursor = { readonly sent: number };
const parseText = (value: unknown): string => {
  if (typeof value !== "string") throw new TypeError("not a text");
  return value;
};
const parseCursor = (value: unknown): Cursor => {
  if (typeof value !== "object" || value === null || !("sent" in value) || typeof value.sent !== "number")
    throw new TypeError("not a cursor");
  return { sent: value.sent };
};

type Stores = {
  readonly journal: Journal<string>;
  readonly book: Book;
  readonly table: Table<Cursor>;
  readonly events: readonly { seq: number; event: string }[];
};

/** Segments of some two batches, pages of two receipts: every seam is crossed in a short life. */
export function openStores(files: VolatileFiles, pageEntries = 2): Stores {
  const disk = new Disk(files);
  files.phase = "start";
  disk.makeFolder(state);
  const { journal, entries } = Journal.open(disk, `${state}/journal`, parseText, { segmentBytes: 500 });
  const book = Book.open(disk, `${state}/book`, { pageEntries });
  const table = Table.open(disk, `${state}/cursor.json`, parseCursor, { sent: 0 });
  files.phase = "run";
  return { journal, book, table, events: entries };
}

/** What the outside world relies on, and what was being written when the life ended. */
export class Ledger {
  /** Events in order, by seq - 1; those up to `ackedSeq` are relied on. */
  readonly events: string[] = [];
  ackedSeq = 0;
  /** Everything before this seq may be gone from the journal. */
  forgottenSeq = 1;
  ackedReceipts = 0;
  triedReceipts = 0;
  ackedSent = 0;
  triedSent = 0;

  copy(): Ledger {
    return Object.assign(new Ledger(), this, { events: [...this.events] });
  }
}

/** Opens the stores and goes on writing; throws where the disk does. */
export function live(files: VolatileFiles, ledger: Ledger, pageEntries = 2, rounds = 4): void {
  const { journal, book, table } = openStores(files, pageEntries);
  const write = (...texts: string[]): void => {
    ledger.events.push(...texts);
    journal.append(texts, moment);
    ledger.ackedSeq += texts.length;
  };
  const settle = (): void => {
    ledger.triedReceipts = ledger.ackedReceipts + 1;
    book.append(receipt(ledger.triedReceipts));
    ledger.ackedReceipts = ledger.triedReceipts;
  };
  for (let round = 0; round < rounds; round += 1) {
    write(`tap ${round}`, `allowed ${round}`, `begin ${round}`);
    settle();
    write(`end ${round}`);
    ledger.triedSent = ledger.ackedSent + 1;
    table.update(({ sent }) => ({ sent: sent + 1 }));
    ledger.ackedSent = ledger.triedSent;
    if (round % 2 === 1) {
      ledger.forgottenSeq = ledger.ackedSeq - 3;
      journal.forget(ledger.forgottenSeq);
    }
  }
}

/**
 * Starts on what is there, as the agent would, and demands: opens without complaint, holds all that was acknowledged,
 * holds nothing that was never written, batches whole. Then takes what it saw as relied on from now, since an agent
 * would act on it.
 */
export function judge(files: VolatileFiles, ledger: Ledger, pageEntries = 2): void {
  judgeMark(files, ledger);
  const { journal, book, table, events } = openStores(files, pageEntries);
  const first = events[0]?.seq ?? journal.lastSeq + 1;
  assert.ok(
    first <= ledger.forgottenSeq || first === ledger.ackedSeq + 1,
    `entries from ${ledger.forgottenSeq} on are needed, ${first} is the first there`,
  );
  assert.deepEqual(
    events.map(({ event }) => event),
    ledger.events.slice(first - 1, journal.lastSeq),
    "the journal holds what was written, in order",
  );
  assert.ok(
    journal.lastSeq === ledger.ackedSeq || journal.lastSeq === ledger.events.length,
    `a batch is there as a whole or not at all: ${ledger.ackedSeq}, ${journal.lastSeq}, ${ledger.events.length}`,
  );
  const numbers = [...book.entries()];
  book.verifyAll();
  assert.ok(
    book.count() === ledger.ackedReceipts || book.count() === ledger.triedReceipts,
    `${book.count()} receipts of ${ledger.ackedReceipts} to ${ledger.triedReceipts}`,
  );
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => receipt(index + 1)),
  );
  assert.ok(table.data.sent === ledger.ackedSent || table.data.sent === ledger.triedSent, `sent ${table.data.sent}`);
  judgeEvidence(files, ledger, first);
  for (const mark of [`${state}/book.made`, `${state}/cursor.json.made`])
    assert.match(files.readFileSync(mark).toString(), /^The store .*\n$/s, `${mark} is whole`);
  ledger.events.length = ledger.ackedSeq = journal.lastSeq;
  ledger.ackedReceipts = ledger.triedReceipts = book.count();
  ledger.ackedSent = ledger.triedSent = table.data.sent;
}

/** What the journal let go of is kept beside it, packed and whole, without a gap up to where the journal begins. */
function judgeEvidence(files: VolatileFiles, ledger: Ledger, first: number): void {
  const closed = `${state}/journal/closed`;
  const packed = files
    .readdirSync(closed)
    .filter((name) => name.endsWith(".gz"))
    .sort();
  const kept = packed.flatMap((name) =>
    gunzipSync(files.readFileSync(`${closed}/${name}`))
      .toString()
      .trimEnd()
      .split("\n")
      .slice(1),
  );
  const events = kept.map((line) => (JSON.parse(line) as { event: string }).event);
  assert.ok(events.length >= first - 1, `the evidence ends at entry ${events.length}, the journal begins at ${first}`);
  assert.deepEqual(events, ledger.events.slice(0, events.length));
}

/** The mark names every segment in which acknowledged entries stand, so that its loss would be noticed. */
function judgeMark(files: VolatileFiles, ledger: Ledger): void {
  if (ledger.ackedSeq === 0) return;
  const mark = files.readFileSync(`${state}/journal.made`).toString();
  const newest = Number(/"newest":(\d+)/.exec(mark)?.[1]);
  for (const name of files.readdirSync(`${state}/journal`)) {
    const number = Number(/^segment-(\d+)\.jsonl$/.exec(name)?.[1] ?? 0);
    if (number <= newest) continue;
    const firstSeq = Number(/"firstSeq":(\d+)/.exec(files.readFileSync(`${state}/journal/${name}`).toString())?.[1]);
    assert.ok(firstSeq > ledger.ackedSeq, `${name} holds entry ${firstSeq}, and the mark does not know of it`);
  }
}
