// The retention of evidence: what goes is old, settled for good and acknowledged, the oldest first; the book stays
// provable without it.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { Journal } from "../../../../agent/ledger/journal/journal.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { pruneEvidence } from "../../../../agent/ledger/upkeep/evidence.js";
import { everyEntry, inspectEvidence } from "../../../../agent/ledger/upkeep/repair-journal.js";
import type { Moment } from "../../../../drivers/driver.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const evidence = suite("evidence that has served");
const dayMs = 86_400_000;
const firstDayMs = Date.UTC(2026, 0, 1);
const on = (day: number, trust: Moment["trust"] = "synced"): Moment => ({
  at: trust === "unsynced" ? 0 : firstDayMs + day * dayMs,
  monoMs: day * dayMs,
  boot: "b",
  trust,
});

/** A journal of ten days, a segment and a receipt a day, all of it packed away but the last. */
function tenDays(trust: (day: number) => Moment["trust"] = () => "synced"): {
  readonly files: VolatileFiles;
  readonly left: () => number[];
  readonly prune: (beforeDay: number, doneUpTo: number, most?: number) => number;
} {
  const files = new VolatileFiles();
  const disk = new Disk(files);
  const { journal } = Journal.open<unknown>(disk, "/journal", (value) => value, { segmentBytes: 1 });
  for (let day = 1; day <= 10; day += 1)
    journal.append([{ type: "ReceiptSigned", signed: { number: day } }], on(day, trust(day)));
  journal.forget(journal.lastSeq);
  const left = (): number[] => files.readdirSync("/journal/closed").map((name) => Number(/\d+/.exec(name)?.[0]));
  const prune = (beforeDay: number, doneUpTo: number, most = 100): number =>
    pruneEvidence(disk, "/journal", {
      beforeMs: firstDayMs + beforeDay * dayMs,
      isDone: (receipt) => receipt <= doneUpTo,
      most,
    });
  return { files, left, prune };
}

evidence("goes when it is old, and not before", () => {
  const { left, prune } = tenDays();
  const all = left();
  assert.equal(prune(1, 99), 0);
  assert.deepEqual(left(), all);
  assert.ok(prune(5, 99) >= 3);
  assert.ok(left().length > 3);
  const kept = left().length;
  assert.equal(prune(5, 99), 0, "a second look has nothing to do");
  assert.equal(left().length, kept);
});

evidence("stays, with all that is newer, while a receipt in it is not on a sealed page or not acknowledged", () => {
  const { left, prune } = tenDays();
  const all = left().length;
  assert.equal(prune(100, 0), 0);
  // The first segment holds a header and no entry: it is as old as the one behind it.
  assert.equal(prune(100, 3), 4);
  assert.equal(left().length, all - 4);
});

evidence("written under an unset clock is as old as what follows it", () => {
  const { left, prune } = tenDays((day) => (day <= 6 ? "unsynced" : "synced"));
  const all = left().length;
  assert.equal(prune(7, 99), 0, "1970 is no date");
  assert.equal(left().length, all);
  assert.ok(prune(9, 99, 2) >= 7, "a few at a time are no reason to wait for one with a date for ever");
});

evidence("goes a few segments a night", () => {
  const { left, prune } = tenDays();
  const all = left().length;
  assert.equal(prune(100, 99, 2), 2);
  assert.equal(prune(100, 99, 2), 2);
  assert.equal(left().length, all - 4);
});

evidence("that is damaged goes with what follows it and stops nothing", () => {
  const { files, left, prune } = tenDays();
  const name = files.readdirSync("/journal/closed")[2] ?? "";
  files.tamper(`/journal/closed/${name}`, Buffer.from("not packed"));
  assert.ok(prune(6, 99) >= 4);
  assert.ok(!files.readdirSync("/journal/closed").includes(name));
  assert.ok(left().length > 0);
});

evidence("is packed a few segments at a time, the oldest first", () => {
  const files = new VolatileFiles();
  const { journal } = Journal.open<unknown>(new Disk(files), "/journal", (value) => value, { segmentBytes: 1 });
  for (let day = 1; day <= 10; day += 1) journal.append([day], on(day));
  assert.equal(journal.forget(journal.lastSeq, 4), 4);
  assert.deepEqual(
    files.readdirSync("/journal/closed").map((name) => Number(/\d+/.exec(name)?.[0])),
    [1, 2, 3, 4],
  );
  assert.equal(Journal.open(new Disk(files.copy()), "/journal", (value) => value).entries.length, 7);
  assert.ok(journal.forget(journal.lastSeq) > 4);
});

evidence(
  "is proven segment by segment, and what is not what was packed is set aside and still read for what it holds",
  () => {
    const { files } = tenDays();
    const disk = new Disk(files);
    assert.deepEqual(inspectEvidence(disk, "/journal"), []);
    const names = files.readdirSync("/journal/closed");
    const at = (nth: number): string => `/journal/closed/${names[nth] ?? ""}`;
    const [third, fourth] = [files.peek(at(3)), files.peek(at(4))];
    files.tamper(at(2), Buffer.from("not packed"));
    files.tamper(at(3), fourth);
    files.tamper(at(4), third);
    const receiptsBefore = [...everyEntry(disk, "/journal")].length;
    const findings = inspectEvidence(disk, "/journal");
    assert.deepEqual(
      findings.map(({ path }) => path),
      [at(2), at(3), at(4)],
    );
    for (const { repair } of findings) repair?.();
    assert.deepEqual(inspectEvidence(disk, "/journal"), []);
    assert.equal([...everyEntry(disk, "/journal")].length, receiptsBefore);
  },
);

evidence.run();
