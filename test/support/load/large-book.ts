// A receipt book of any size, laid down in moments: real pages, index and receipt chain, receipts of real length without
// signatures. What an agent on it costs: its start, a settlement, a look at a sealed page, and the memory it takes.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Book } from "../../../agent/ledger/book/book.js";
import { type BookIndex, type BookPage, noPageDigest, type SealedPage } from "../../../agent/ledger/book/book-page.js";
import { Journal } from "../../../agent/ledger/journal/journal.js";
import { CheckedFile } from "../../../agent/ledger/store/checked-file.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { realFiles } from "../../../agent/ledger/store/files.js";
import { Table } from "../../../agent/ledger/store/table.js";
import { emptyIssuerState } from "../../../agent/receipts/receipt-chain.js";
import { keyFile, newKey, privatePem } from "../../../agent/receipts/signing-keys.js";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import type { Agenda } from "../../../drivers/bench/world.js";
import { sample } from "../memory.js";
import { Yard } from "./yard.js";

const pageEntries = 64;
const minuteMs = 60_000;
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Fills a state folder with a book of so many receipts, of some 3 KB each; nothing for none. */
export function layDown(state: string, count: number): void {
  const disk = new Disk({ ...realFiles, fsyncSync: () => undefined });
  disk.makeFolder(state);
  if (count === 0) return;
  disk.replace(join(state, keyFile), Buffer.from(privatePem(newKey())));
  const folder = join(state, "book");
  Book.open(disk, folder, { pageEntries });
  const sealed: SealedPage[] = [];
  let previous = noPageDigest;
  for (let page = 1, first = 1; first <= count; page += 1, first += pageEntries) {
    const entries = Array.from({ length: Math.min(pageEntries, count + 1 - first) }, (_, index) => ({
      number: first + index,
      sessionId: `session-${first + index}`,
      cdrId: `cdr-${first + index}`,
      jws: "e".repeat(2200),
      ocmf: "O".repeat(700),
      cdr: { texts: {}, timeUnknown: false },
      issuedMs: 1_790_000_000_000,
      kind: "sale",
    }));
    const file = new CheckedFile<BookPage>(
      disk,
      join(folder, `page-${String(page).padStart(8, "0")}.json`),
      (value) => value as BookPage,
      "book/damaged",
    );
    file.write({ page, first, previous, entries });
    if (first + pageEntries <= count) sealed.push({ page, first, count: entries.length, sha256: file.digest });
    previous = file.digest;
  }
  new CheckedFile<BookIndex>(disk, join(folder, "index.json"), (value) => value as BookIndex, "book/damaged").write({
    sealed,
    signature: "",
    signed: 0,
  });
  // The tree over so many leaves has as many peaks as its size has ones in binary.
  const peaks = [...count.toString(2)].flatMap((bit) => (bit === "1" ? ["ab".repeat(32)] : []));
  // A station that sold has a journal, too.
  Journal.open(disk, join(state, "journal"), (value) => value).journal.close();
  Table.open(disk, join(state, "receipt-chain.json"), (value) => value, {
    ...emptyIssuerState,
    chain: { ...emptyIssuerState.chain, count, previous: "cd".repeat(32), frontier: peaks },
    pagination: count,
  });
}

export type OnLargeBook = {
  readonly receipts: number;
  readonly startMs: number;
  readonly settleMs: number;
  readonly heapMiB: number;
  readonly rssMiB: number;
};

/** Starts an agent on a book of so many receipts and sells some sessions on it. */
export async function sellOn(receipts: number, sessions = 8): Promise<OnLargeBook> {
  const everyMs = 10 * minuteMs;
  const agenda = (startMs: number): Agenda =>
    Array.from({ length: sessions }, (_, index) => startMs + index * everyMs).flatMap(
      (at): Agenda => [
        { monoMs: at + 1_000, act: { do: "plug", connector: 1, powerW: 9_000, wantsWh: 30_000 } },
        { monoMs: at + 5_000, act: { do: "present", reader: "front", uids: [scenarioCards.ada], forMs: 3_000 } },
        { monoMs: at + 8 * minuteMs, act: { do: "unplug", connector: 1 } },
      ],
    );
  let stoppingMs = 0;
  const settled: number[] = [];
  const yard = await Yard.open({
    agenda,
    before: (state) => layDown(state, receipts),
    tell: ({ type }) => {
      if (type === "stopping") stoppingMs = performance.now();
      if (type === "receipt") settled.push(performance.now() - stoppingMs);
    },
  });
  try {
    await yard.pass(sessions * everyMs);
    assert.equal(
      yard.agent.snapshot().receipts,
      receipts + sessions + Number(receipts === 0),
      "each session is one receipt more",
    );
    assert.equal(settled.length, sessions);
    const { heapMiB, rssMiB } = sample(0);
    return { receipts, startMs: yard.startedInMs, settleMs: median(settled), heapMiB, rssMiB };
  } finally {
    await yard.close();
  }
}

/** A size in a line. */
export const largeText = ({ receipts, startMs, settleMs, heapMiB, rssMiB }: OnLargeBook): string =>
  `${receipts} receipts in the book: start ${startMs.toFixed(0)} ms, settlement ${settleMs.toFixed(1)} ms, heap ${heapMiB.toFixed(0)} MiB, RSS ${rssMiB.toFixed(0)} MiB`;
