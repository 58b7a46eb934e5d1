// What was written is counted by the day and the receipt, survives restarts, and is itself hardly written.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { WriteStatisticsLog } from "../../../../agent/ledger/upkeep/write-statistics-log.js";
import type { Moment } from "../../../../drivers/driver.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const wear = suite("wear of the card");
const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 10, 24, 6, 0, 0);
const after = (hours: number, trust: Moment["trust"] = "synced"): Moment => ({
  at: startMs + hours * hourMs,
  monoMs: hours * hourMs,
  boot: "b",
  trust,
});

function begin(files = new VolatileFiles()): {
  readonly files: VolatileFiles;
  readonly disk: Disk;
  readonly log: WriteStatisticsLog;
  readonly write: (bytes: number) => void;
} {
  const disk = new Disk(files);
  const write = (bytes: number): void => disk.replace("/something", Buffer.alloc(bytes));
  return { files, disk, log: new WriteStatisticsLog(disk, "/write-statistics.json"), write };
}

wear("is told for today and per receipt", () => {
  const { log, write } = begin();
  assert.equal(log.figures(), undefined);
  write(1000);
  log.look(after(0), 7);
  write(200_000);
  log.look(after(0.5), 9);
  // Two replacements of a file: an fsync of the file and one of its folder each.
  assert.deepEqual(log.figures(), { todayBytes: 201_000, todaySyncs: 4, bytesPerReceipt: 100_500 });
});

wear("survives a restart but for the last hour, and is written once an hour where something changed", () => {
  const { files, log, write } = begin();
  log.look(after(0), 0);
  write(500_000);
  log.look(after(0.9), 1);
  assert.ok(!files.allFiles().includes("/write-statistics.json"));
  log.look(after(1), 1);
  const written = files.peek("/write-statistics.json").length;
  assert.ok(written < 300, `${written} bytes`);
  const changes = files.changes.length;
  for (let hour = 2; hour < 12; hour += 1) log.look(after(hour), 1);
  assert.equal(files.changes.length, changes, "an idle station does not write that it wrote");
  const next = begin(files.afterHardCut());
  next.log.look(after(12), 1);
  assert.equal(next.log.figures()?.bytesPerReceipt, 500_000);
});

wear("has a row for each day and forgets those of more than a month ago", () => {
  const { files, log, write } = begin();
  for (let day = 0; day < 60; day += 1) {
    write(100_000);
    log.look(after(day * 24), day);
  }
  const days = [
    ...files
      .peek("/write-statistics.json")
      .toString()
      .matchAll(/"day":"([^"]+)"/g),
  ].map(([, day]) => day);
  assert.equal(days.length, 31);
  assert.equal(days.at(-1), "2027-01-22");
});

wear("waits for its day until the clock is set, and a damaged file costs the figures alone", () => {
  const { files, log, write } = begin();
  log.look({ ...after(0), at: 0, trust: "unsynced" }, 0);
  write(70_000);
  log.look({ ...after(1), at: 60_000, trust: "unsynced" }, 1);
  assert.equal(log.figures(), undefined);
  log.look(after(2), 1);
  assert.equal(log.figures()?.todayBytes, 70_000);
  files.tamper("/write-statistics.json", Buffer.from("{}"));
  const next = begin(files.afterHardCut());
  next.log.look(after(3), 1);
  assert.equal(next.log.figures()?.todayBytes, 0);
});

wear.run();
