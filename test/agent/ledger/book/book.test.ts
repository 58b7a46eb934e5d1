// The receipt book by itself: gap-free, idempotent, bounded pages, sealed pages proven. Its seal has a file of its own.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { Failure } from "../../../../agent/core/failure.js";
import type { BookOptions, BookView } from "../../../../agent/ledger/book/book.js";
import { Book } from "../../../../agent/ledger/book/book.js";
import type { BookEntry, BookIndex, BookPage } from "../../../../agent/ledger/book/book-page.js";
import { pageName, parseIndex, parsePage } from "../../../../agent/ledger/book/book-page.js";
import { CheckedFile } from "../../../../agent/ledger/store/checked-file.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { inspectBook } from "../../../../agent/ledger/upkeep/repair-book.js";
import { receipt } from "../../../support/ledger-life.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const books = suite("receipt book");

const isDamaged =
  (word: RegExp) =>
  (cause: unknown): boolean =>
    cause instanceof Failure && cause.code === "book/damaged" && word.test(cause.message);
const open = (files: VolatileFiles, options: BookOptions = { pageEntries: 4 }): Book =>
  Book.open(new Disk(files), "/book", options);
function filled(count: number, options?: BookOptions): { readonly files: VolatileFiles; readonly book: Book } {
  const files = new VolatileFiles();
  const book = open(files, options);
  for (let number = 1; number <= count; number += 1) book.append(receipt(number));
  return { files, book };
}

books("receipts are found by number, and the last one is known", () => {
  const { files } = filled(10);
  const book = open(files.afterHardCut());
  assert.equal(book.count(), 10);
  assert.deepEqual(book.last(), receipt(10));
  for (let number = 1; number <= 10; number += 1) assert.deepEqual(book.get(number), receipt(number));
  for (const none of [0, -1, 11, 1.5, Number.NaN]) assert.equal(book.get(none), undefined);
  assert.deepEqual(
    [...book.entries(8)].map(({ number }) => number),
    [8, 9, 10],
  );
  assert.deepEqual(book.verifyAll(), { pages: 3, receipts: 10 });
});

books("an empty book has no last receipt", () => {
  const { book } = filled(0);
  assert.equal(book.count(), 0);
  assert.equal(book.last(), undefined);
  assert.deepEqual([...book.entries()], []);
});

books("the same receipt again changes nothing, whatever the order of its fields", () => {
  const { files, book } = filled(6);
  const before = files.changes.length;
  for (const number of [2, 6]) {
    const { number: _, ...rest } = receipt(number);
    book.append({ ...rest, number });
  }
  assert.equal(files.changes.length, before);
});

// Once each print of a receipt, and each credit, read all of the book that came after it.
books("what concerns a receipt is found on its own pages alone, after a restart and a repair too", () => {
  const concerned = new Map([
    [17, { ...receipt(17), kind: "credit", concerns: 2 }],
    [22, { ...receipt(22), concerns: 2 }],
    [40, { ...receipt(40), kind: "credit", concerns: 3 }],
  ]);
  const files = new VolatileFiles();
  const book = open(files);
  for (let number = 1; number <= 40; number += 1) book.append(concerned.get(number) ?? receipt(number));
  const found = (from: BookView, number: number): number[] => from.concerning(number).map((later) => later.number);
  const reads: string[] = [];
  const counted = new Proxy(files, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        if (key === "readFileSync") reads.push(String(args[0]));
        return value.apply(target, args) as unknown;
      };
    },
  });
  const again = Book.view(new Disk(counted), "/book", { pageEntries: 4 });
  reads.length = 0;
  assert.deepEqual([found(again, 2), found(again, 3), found(again, 4)], [[17, 22], [40], []]);
  assert.deepEqual(reads, [`/book/${pageName(5)}`, `/book/${pageName(6)}`]);

  const index = new CheckedFile(new Disk(files), "/book/index.json", parseIndex, "book/damaged");
  const { sealed, ...rest } = index.read();
  index.write({ ...rest, sealed: sealed.map(({ concerns: _, ...row }) => row) });
  assert.throws(() => open(files).verifyAll(), isDamaged(/page-00000005\.json: it is not the page that was sealed/));
  const [finding] = inspectBook(new Disk(files), "/book", () => undefined);
  finding?.repair?.();
  const repaired = open(files);
  assert.deepEqual([found(repaired, 2), found(repaired, 3)], [[17, 22], [40]]);
  repaired.verifyAll();
});

books("a receipt concerns an earlier one, or none", () => {
  const { book } = filled(6);
  for (const concerns of [7, 8, 0, -1, 1.5])
    assert.throws(() => book.append({ ...receipt(7), concerns }), /receipt 7: it concerns no earlier receipt/);
});

books("another receipt under a taken number, or a gap, is refused", () => {
  const { book } = filled(6);
  assert.throws(
    () => book.append({ ...receipt(2), jws: "other" }),
    isDamaged(/receipt 2 stands in the book with other content/),
  );
  assert.throws(() => book.append({ ...receipt(6), cdr: null }), isDamaged(/receipt 6 stands/));
  assert.throws(() => book.append(receipt(8)), isDamaged(/receipt 8 cannot follow receipt 6/));
  assert.throws(() => book.append({ ...receipt(7), issuedMs: 0.5 }), TypeError);
  assert.throws(() => book.append({ ...receipt(7), cdr: { total: Number.NaN } }), TypeError);
  assert.equal(book.count(), 6);
});

books("an append writes one page, and the index only when a page is full", () => {
  const { files, book } = filled(0);
  const written: string[][] = [];
  for (let number = 1; number <= 9; number += 1) {
    const before = files.syncs.length;
    book.append(receipt(number));
    written.push(
      files.syncs
        .slice(before)
        .map(({ site }) => site.trim())
        .filter((site) => site.endsWith(".new")),
    );
  }
  const page = "fsync /book/page-#.json.new";
  assert.deepEqual(
    written.map((files) => files.length),
    [1, 1, 1, 1, 2, 1, 1, 1, 2],
  );
  assert.ok(written.every(([first]) => first === page));
  assert.equal(written[4]?.[1], "fsync /book/index.json.new");
});

books("large receipts fill a page sooner", () => {
  const { files } = filled(10, { pageEntries: 64, pageBytes: 600 });
  const book = open(files, { pageEntries: 64, pageBytes: 600 });
  assert.ok(book.sealedPages > 2);
  for (const path of files.allFiles()) assert.ok(files.readFileSync(path).length < 1200, path);
  assert.deepEqual(
    [...book.entries()].map(({ number }) => number),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
});

books(
  "pages of a small book are small, so that a receipt rewrites little; they grow with the index that each turn rewrites",
  () => {
    const files = new VolatileFiles();
    const disk = new Disk(files);
    const book = Book.open(disk, "/book");
    const large = (number: number): BookEntry => ({ ...receipt(number), jws: "e".repeat(8_000) });
    for (let number = 1; number <= 40; number += 1) book.append(large(number));
    assert.ok(book.sealedPages >= 6, `${book.sealedPages} pages`);
    assert.ok(disk.bytesWritten / 40 < 32 * 1024, `${Math.round(disk.bytesWritten / 40)} bytes per receipt`);
    // An index of a thousand pages is 100 kB: with pages of 32 KiB it alone would cost 25 kB per receipt.
    const old = Book.open(new Disk(withPages(1_000)), "/book");
    const before = old.sealedPages;
    for (let number = 1; number <= 20; number += 1) old.append(large(1_001 + number));
    assert.ok(old.sealedPages - before <= 4, `${old.sealedPages - before} turns in 20 receipts of 8 kB`);
  },
);

/** A book of so many sealed pages of one receipt each, which nobody reads, and the first receipt of the next one. */
function withPages(count: number): VolatileFiles {
  const files = new VolatileFiles();
  const disk = new Disk(files);
  disk.makeFolder("/book");
  const sha256 = "ab".repeat(32);
  const sealed = Array.from({ length: count }, (_, index) => ({ page: index + 1, first: index + 1, count: 1, sha256 }));
  for (const { page } of sealed) files.tamper(`/book/${pageName(page)}`, Buffer.alloc(0));
  new CheckedFile<BookPage>(disk, `/book/${pageName(count + 1)}`, parsePage, "book/damaged").write({
    page: count + 1,
    first: count + 1,
    previous: sha256,
    entries: [receipt(count + 1)],
  });
  new CheckedFile<BookIndex>(disk, "/book/index.json", parseIndex, "book/damaged").write({
    sealed,
    signature: "",
    signed: 0,
  });
  return files;
}

books(
  "a sealed page that was exchanged for a well-formed one is noticed when it is read, and by the full check",
  () => {
    const { files } = filled(9);
    const other = new VolatileFiles();
    const forged = open(other);
    for (let number = 1; number <= 9; number += 1) forged.append({ ...receipt(number), jws: `forged ${number}` });
    const path = "/book/page-00000001.json";
    files.tamper(path, other.readFileSync(path));
    const book = open(files);
    assert.deepEqual(
      book.get(9),
      receipt(9),
      "the start proves the newest page and the index; the rest is proven when it is read",
    );
    assert.throws(() => book.get(2), isDamaged(/page-00000001\.json: it is not the page that was sealed/));
    assert.throws(() => book.verifyAll(), isDamaged(/page-00000001/));
    book.verifySealed(2);
  },
);

books("the full check reads the newest page again", () => {
  const { files, book } = filled(6);
  const path = "/book/page-00000002.json";
  const newest = files.readFileSync(path);
  const older = filled(5).files.readFileSync(path);
  files.tamper(path, older);
  assert.throws(() => book.verifyAll(), isDamaged(/page-00000002\.json: it is not the page that was written last/));
  files.tamper(path, newest);
  book.verifyAll();
});

books("a start notices that a sealed page is missing", () => {
  const { files } = filled(9);
  files.tamper("/book/page-00000001.json", undefined);
  assert.throws(() => open(files), isDamaged(/page-00000001\.json: the page is missing/));
});

books("an old copy of the index is brought up to date when one page is new to it, and named when several are", () => {
  const { files } = filled(9);
  for (const [count, word] of [
    [4, /old copy/],
    [8, undefined],
  ] as const) {
    const older = filled(count).files;
    const mixed = files.copy();
    mixed.tamper("/book/index.json", older.readFileSync("/book/index.json"));
    if (word) assert.throws(() => open(mixed), isDamaged(word));
    else assert.equal(open(mixed).count(), 9);
  }
});

books("a check in turn comes to every sealed page, a few at a time, and stays at a damaged one until it holds", () => {
  const { files } = filled(17);
  const path = "/book/page-00000003.json";
  const sealed = files.readFileSync(path);
  const book = open(files);
  files.tamper(path, Buffer.alloc(10));
  book.verifyNext(2);
  assert.throws(() => book.verifyNext(2), isDamaged(/page-00000003/));
  assert.throws(() => book.verifyNext(2), isDamaged(/page-00000003/));
  files.tamper(path, sealed);
  for (let turn = 0; turn < 9; turn += 1) book.verifyNext();
  filled(0).book.verifyNext(5);
});

books(
  "a check in turn begins where the hour says, so that a station that is restarted each day at noon proves its last pages too",
  () => {
    const { files } = filled(40);
    const path = "/book/page-00000008.json";
    files.tamper(path, Buffer.alloc(10));
    const [morning, evening] = [open(files), open(files)];
    for (let turn = 0; turn < 5; turn += 1) morning.verifyNext(1, 0);
    assert.throws(
      () => {
        for (let turn = 0; turn < 5; turn += 1) evening.verifyNext(1, 0.5);
      },
      isDamaged(/page-00000008/),
    );
    const there = open(files);
    for (const share of [0.8, 0.95])
      assert.throws(
        () => there.verifyNext(1, share),
        isDamaged(/page-00000008/),
        "it comes back to the damaged page, whatever the hour",
      );
  },
);

books("what a receipt takes is known from the newest page", () => {
  assert.equal(filled(0).book.bytesPerReceipt, undefined);
  const bytes = filled(6).book.bytesPerReceipt ?? 0;
  assert.ok(bytes > JSON.stringify(receipt(6)).length && bytes < 2 * JSON.stringify(receipt(6)).length);
});

books("a look reads everything and writes nothing", () => {
  assert.equal(Book.view(new Disk(new VolatileFiles()), "/book").count(), 0);
  const { files } = filled(9);
  const before = files.changes.length;
  const view = Book.view(new Disk(files), "/book", { pageEntries: 4 });
  assert.deepEqual(
    [...view.entries()],
    Array.from({ length: 9 }, (_, index) => receipt(index + 1)),
  );
  assert.equal(files.changes.length, before);
  open(files).append(receipt(10));
  assert.equal(view.verifyAll().receipts, 9, "what an agent adds meanwhile is no damage");
});

books("a look while the agent turns a page looks again, and takes nothing for damage that is not", () => {
  const { files: truth, book } = filled(3, { pageEntries: 1 });
  // The agent turns two pages between the reader's look at the folder and its look at the index.
  let turns = 2;
  const files = new Proxy(truth, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, given);
        if (key === "readdirSync" && turns > 0) for (; turns > 0; turns -= 1) book.append(receipt(book.count() + 1));
        return answer;
      };
    },
  });
  const seen = Book.view(new Disk(files), "/book", { pageEntries: 1 });
  assert.equal(seen.count(), 5);
  assert.deepEqual(seen.verifyAll(), { pages: 5, receipts: 5 });
});

books.run();
