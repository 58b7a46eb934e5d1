// Repairing damaged stores: says first, touches nothing until told, sets aside what it replaces, and can itself be cut
// short at any point.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { Failure } from "../../../../agent/core/failure.js";
import { Book } from "../../../../agent/ledger/book/book.js";
import { Journal } from "../../../../agent/ledger/journal/journal.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { Table } from "../../../../agent/ledger/store/table.js";
import { inspectTable } from "../../../../agent/ledger/upkeep/repair.js";
import { inspectBook } from "../../../../agent/ledger/upkeep/repair-book.js";
import { everyEntry, inspectJournal } from "../../../../agent/ledger/upkeep/repair-journal.js";
import { Ledger, live, moment, receipt, state } from "../../../support/ledger-life.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const repairs = suite("repair");

const [journal, book, cursor] = [`${state}/journal`, `${state}/book`, `${state}/cursor.json`];
const ledger = new Ledger();
const sound = new VolatileFiles();
live(sound, ledger, 2, 3);

function flipped(path: string, at: number): VolatileFiles {
  const files = sound.copy();
  const bytes = files.readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  files.tamper(path, bytes);
  return files;
}
const contents = (files: VolatileFiles): string[] =>
  files.allFiles().map((path) => `${path} ${files.readFileSync(path).toString("base64")}`);
const openJournal = (files: VolatileFiles): ReturnType<typeof Journal.open<unknown>> =>
  Journal.open<unknown>(new Disk(files), journal, (value) => value);
const events = (files: VolatileFiles): unknown[] => openJournal(files).entries.map(({ event }) => event);
const known = (number: number) => (number <= ledger.ackedReceipts ? receipt(number) : undefined);

repairs("sound stores have no findings", () => {
  const disk = new Disk(sound);
  assert.deepEqual(
    [
      ...inspectJournal(disk, journal),
      ...inspectBook(disk, book, known),
      ...inspectTable(disk, cursor, (value) => value, {}),
    ],
    [],
  );
});

repairs("a look names the damage and what would be done, and touches nothing", () => {
  const path = sound.allFiles().filter((each) => each.endsWith(".jsonl"))[0] ?? "";
  const files = flipped(path, sound.readFileSync(path).indexOf("\n") + 10);
  const before = contents(files);
  const [finding] = inspectJournal(new Disk(files), journal);
  assert.match(finding?.problem ?? "", /segment-\d+\.jsonl, line 2: the line does not match its check/);
  assert.match(
    finding?.remedy ?? "",
    /carries \d+ entries over into a new one; entries \d+ cannot be read and are left out/,
  );
  assert.deepEqual(contents(files), before);
});

repairs("a journal with a bad line goes on without that line, in order, and keeps the damaged file", () => {
  const whole = events(sound.copy());
  for (const path of sound.allFiles().filter((each) => each.endsWith(".jsonl")))
    for (let at = 0; at < sound.readFileSync(path).length; at += 13) {
      const files = flipped(path, at);
      const [finding] = inspectJournal(new Disk(files), journal);
      assert.ok(finding?.repair, `${path} at ${at}`);
      finding.repair();
      const after = events(files.afterHardCut());
      assert.ok(after.length >= whole.length - 3, `${after.length} of ${whole.length}`);
      assert.deepEqual(
        after,
        whole.filter((event) => after.includes(event)),
      );
      assert.ok(files.allFiles().some((each) => each.startsWith(`${journal}/damaged/`)));
      const again = openJournal(files).journal;
      again.append(["after the repair"], moment);
      assert.equal(events(files.afterHardCut()).at(-1), "after the repair");
      assert.deepEqual(inspectJournal(new Disk(files), journal), []);
    }
});

repairs("a journal whose mark or a segment is lost goes on with the rest", () => {
  const whole = events(sound.copy());
  for (const path of sound.allFiles().filter((each) => each.endsWith(".jsonl") || each === `${journal}.made`)) {
    const files = sound.copy();
    files.tamper(path, path.endsWith(".made") ? Buffer.from("x") : undefined);
    const [finding] = inspectJournal(new Disk(files), journal);
    finding?.repair?.();
    const after = events(files);
    assert.deepEqual(
      after,
      whole.filter((event) => after.includes(event)),
      path,
    );
    if (path.endsWith(".made")) assert.deepEqual(after, whole);
  }
});

repairs(
  "a journal whose folder is gone, with its mark or without, is no first run where something was sold, and begins anew above its evidence",
  () => {
    const packed = sound.allFiles().filter((path) => path.startsWith(`${journal}/closed/`));
    assert.ok(packed.length > 0);
    const lose = (isGone: (path: string) => boolean): VolatileFiles => {
      const files = sound.copy();
      for (const path of files.allFiles().filter(isGone)) files.tamper(path, undefined);
      return files;
    };
    const isOpen = (path: string): boolean => path.startsWith(`${journal}/segment-`);
    for (const files of [
      lose(isOpen),
      lose((path) => isOpen(path) || path === `${journal}.made`),
      lose((path) => path.startsWith(journal)),
    ]) {
      const [lost, wasMade] = [new Disk(files), true];
      const before = contents(files);
      assert.throws(
        () => Journal.open(lost, journal, (value) => value, { wasMade }),
        (cause) => cause instanceof Failure && cause.code === "journal/damaged",
      );
      assert.deepEqual(contents(files), before, "a start that refuses writes nothing");
      const [finding] = inspectJournal(lost, journal, { wasMade });
      assert.match(finding?.remedy ?? "", /begins a new journal, empty/);
      finding?.repair?.();
      assert.deepEqual(events(files.afterHardCut()), []);
      const again = openJournal(files).journal;
      again.append(["after the repair"], moment);
      const evidence = packed
        .filter((path) => files.allFiles().includes(path))
        .map((path) => `${path} ${files.readFileSync(path).toString("base64")}`);
      for (let turn = 0; turn < 40; turn += 1) again.append([{ filler: "x".repeat(20_000) }], moment);
      again.forget(again.lastSeq);
      for (const text of evidence) assert.ok(contents(files).includes(text), "old evidence is not written over");
    }
  },
);

repairs(
  "a journal that lost its mark is taken as it is while it begins with its first segment, and else nothing is written over what is left",
  () => {
    const young = new VolatileFiles();
    live(young, new Ledger(), 2, 1);
    const whole = events(young.copy());
    young.tamper(`${journal}.made`, undefined);
    assert.deepEqual(inspectJournal(new Disk(young), journal), []);
    assert.deepEqual(events(young), whole);
    const old = sound.copy();
    old.tamper(`${journal}.made`, undefined);
    assert.ok(
      !old.allFiles().some((path) => path.endsWith("segment-00000001.jsonl")),
      "the first segment is packed away",
    );
    const before = contents(old);
    assert.throws(() => openJournal(old), /journal\.made is missing/);
    assert.deepEqual(contents(old), before);
    inspectJournal(new Disk(old), journal)[0]?.repair?.();
    assert.deepEqual(events(old), events(sound.copy()));
    assert.equal(
      openJournal(old).journal.lastSeq,
      openJournal(sound.copy()).journal.lastSeq,
      "it counts on where it stood",
    );
  },
);

repairs("a repair that is cut short can be done again, and ends the same", () => {
  const path = sound.allFiles().filter((each) => each.endsWith(".jsonl"))[0] ?? "";
  const damaged = flipped(path, sound.readFileSync(path).indexOf("\n") + 10);
  const done = damaged.copy();
  inspectJournal(new Disk(done), journal)[0]?.repair?.();
  const expected = events(done.copy());
  let tried = 0;
  for (const cutAt of done.changes) {
    const cut = damaged.copy({ cutAt });
    try {
      inspectJournal(new Disk(cut), journal)[0]?.repair?.();
    } catch {
      tried += 1;
    }
    for (const how of cut.possibleCuts()) {
      const after = cut.afterCut(how);
      inspectJournal(new Disk(after), journal)[0]?.repair?.();
      assert.deepEqual(events(after), expected, `cut at ${cutAt}`);
    }
  }
  assert.ok(tried > 10, `${tried} cuts`);
});

repairs("a damaged page is rebuilt from the journal, to the byte, and a damaged index from the pages", () => {
  for (const path of sound.allFiles().filter((each) => each.startsWith(`${book}/`))) {
    const files = flipped(path, 100);
    const [finding] = inspectBook(new Disk(files), book, known, { pageEntries: 2 });
    assert.match(finding?.problem ?? "", /checksum/);
    finding?.repair?.();
    assert.deepEqual(files.readFileSync(path), sound.readFileSync(path), path);
    const open = Book.open(new Disk(files.afterHardCut()), book, { pageEntries: 2 });
    assert.equal(open.verifyAll().receipts, ledger.ackedReceipts);
    assert.ok(files.allFiles().some((each) => each.startsWith(`${book}/damaged/`)));
  }
});

repairs("a page that the journal does not know, or knows otherwise, is left to a person", () => {
  const files = flipped(`${book}/page-00000001.json`, 100);
  const before = contents(files);
  for (const source of [() => undefined, (number: number) => ({ ...receipt(number), jws: "another" })]) {
    const [finding] = inspectBook(new Disk(files), book, source);
    assert.equal(finding?.repair, undefined);
    assert.match(
      finding?.remedy ?? "",
      /page-00000001\.json cannot be rebuilt from the journal: .*receipts from 1 to 2/,
    );
  }
  assert.deepEqual(contents(files), before);
});

repairs("a table begins anew, and the damaged one is kept beside it", () => {
  const parse = (value: unknown): { sent: number } => value as { sent: number };
  const files = flipped(cursor, 80);
  const [finding] = inspectTable(new Disk(files), cursor, parse, { sent: 0 });
  finding?.repair?.();
  assert.deepEqual(Table.view(new Disk(files), cursor, parse, { sent: 9 }), { sent: 0 });
  assert.deepEqual(files.readdirSync(`${state}/damaged`), ["cursor.json.1"]);
});

repairs("every entry of which anything is left can be read for rebuilding", () => {
  assert.deepEqual(
    [...everyEntry(new Disk(sound), journal)].map(({ entry }) => entry.event),
    ledger.events,
  );
  const path = sound.allFiles().filter((each) => each.endsWith(".gz"))[0] ?? "";
  const files = flipped(path, 40);
  const found = [...everyEntry(new Disk(files), journal)].map(({ entry }) => entry.event);
  assert.ok(found.length > 0 && found.length < ledger.events.length);
});

repairs.run();
