// The durable hand against the real disk: what it leaves there, with which rights, and what it says when it cannot.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import { Failure } from "../../../../agent/core/failure.js";
import { Book } from "../../../../agent/ledger/book/book.js";
import { Journal } from "../../../../agent/ledger/journal/journal.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { realFiles } from "../../../../agent/ledger/store/files.js";
import { Table } from "../../../../agent/ledger/store/table.js";
import { moment, receipt } from "../../../support/ledger-life.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const folder = fs.mkdtempSync(join(os.tmpdir(), "chargetill-disk-"));
const durable = suite("disk");
durable.after(() => fs.rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string): number => fs.statSync(path).mode & 0o777;

durable("a replaced file holds the new bytes, for its owner alone, and leaves nothing beside it", () => {
  const disk = new Disk();
  const path = join(folder, "a.json");
  disk.replace(path, Buffer.from("one"));
  disk.replace(path, Buffer.from("two"));
  assert.equal(fs.readFileSync(path, "utf8"), "two");
  assert.equal(modeOf(path), 0o600);
  assert.deepEqual(disk.list(folder), ["a.json"]);
});

durable("a temporary name is made, not followed: what a link there points to stays as it is", () => {
  const disk = new Disk();
  const [path, key] = ["receipt.json", "station.key"].map((name) => join(folder, name)) as [string, string];
  fs.writeFileSync(key, "the key");
  for (const lay of [() => fs.symlinkSync(key, `${path}.new`), () => fs.linkSync(key, `${path}.new`)]) {
    lay();
    disk.replace(path, Buffer.from("a receipt"));
    assert.equal(fs.readFileSync(path, "utf8"), "a receipt");
    assert.equal(fs.readFileSync(key, "utf8"), "the key");
    assert.ok(fs.lstatSync(path).isFile() && fs.statSync(path).nlink === 1);
  }
  // The name itself may be a link too: it is replaced, and what it pointed to is not.
  fs.rmSync(path);
  fs.symlinkSync(key, path);
  disk.replace(path, Buffer.from("a receipt"));
  assert.equal(fs.readFileSync(key, "utf8"), "the key");
  assert.ok(fs.lstatSync(path).isFile());
  for (const each of [path, key]) fs.rmSync(each);
});

durable("a temporary name that somebody takes again and again is a failure with a name, after a few tries", () => {
  let taken = 0;
  const disk = new Disk({
    ...realFiles,
    openSync: (path, flags, mode) => {
      if (flags !== "wx") return realFiles.openSync(path, flags, mode);
      taken += 1;
      throw Object.assign(new Error("EEXIST: file already exists"), { code: "EEXIST" });
    },
    unlinkSync: () => undefined,
  });
  assert.throws(
    () => disk.replace(join(folder, "b.json"), Buffer.from("b")),
    (cause) => cause instanceof Failure && cause.code === "disk/failed" && /b\.json/.test(cause.message),
  );
  assert.equal(taken, 4);
});

durable("a file that was closed takes nothing more: its number may be another file's by then", () => {
  const disk = new Disk();
  const [log, other] = ["log", "other"].map((name) => join(folder, name)) as [string, string];
  for (const path of [log, other]) disk.replace(path, Buffer.from("one\n"));
  const closed = disk.appender(log);
  closed.close();
  const open = disk.appender(other);
  assert.throws(
    () => closed.append(Buffer.from("two\n")),
    (cause) => cause instanceof Failure && cause.code === "disk/failed",
  );
  open.append(Buffer.from("three\n"));
  assert.deepEqual(
    [log, other].map((path) => fs.readFileSync(path, "utf8")),
    ["one\n", "one\nthree\n"],
  );
  for (const path of [log, other]) fs.rmSync(path);
});

durable("folders are made with those above them, for their owner alone", () => {
  const disk = new Disk();
  const deep = join(folder, "x", "y");
  disk.makeFolder(deep);
  disk.makeFolder(deep);
  assert.equal(modeOf(deep), 0o700);
  assert.equal(modeOf(join(folder, "x")), 0o700);
});

durable("an appender adds to what is there, and is refused a file that was not made", () => {
  const disk = new Disk();
  const path = join(folder, "log");
  assert.throws(
    () => disk.appender(path),
    (cause) => cause instanceof Failure && cause.code === "disk/failed" && cause.message.includes(path),
  );
  disk.replace(path, Buffer.from("a"));
  const appender = disk.appender(path);
  appender.append(Buffer.from("b"));
  appender.append(Buffer.from("c"));
  appender.close();
  assert.equal(disk.read(path)?.toString(), "abc");
  assert.ok(disk.free(folder).bytes > 0);
});

durable("what is not there reads as undefined, lists as nothing, and is removed without complaint", () => {
  const disk = new Disk();
  const nowhere = join(folder, "nowhere");
  assert.equal(disk.read(nowhere), undefined);
  assert.deepEqual(disk.list(nowhere), []);
  disk.remove(nowhere);
});

durable("a failure names the file, carries the code and keeps the cause", () => {
  const disk = new Disk({
    ...realFiles,
    renameSync: () => {
      throw Object.assign(new Error("no"), { code: "EDQUOT" });
    },
  });
  const path = join(folder, "full");
  assert.throws(
    () => disk.replace(path, Buffer.from("x")),
    (cause) =>
      cause instanceof Failure &&
      cause.code === "disk/full" &&
      cause.message.includes(path) &&
      cause.cause instanceof Error,
  );
  assert.equal(fs.existsSync(`${path}.new`), false, "the unfinished file gives its space back");
});

// A TypeError on the way to the disk once told the technician that the disk had failed.
durable("a defect of ours on the way to the disk is no trouble with the disk", () => {
  const path = join(folder, "defect");
  new Disk().replace(path, Buffer.from("x"));
  const bug = new TypeError("a bug");
  const broken = (): never => {
    throw bug;
  };
  const isBug = (cause: unknown): boolean => cause === bug;
  const disk = new Disk({
    ...realFiles,
    fsyncSync: broken,
    fdatasyncSync: broken,
    readFileSync: broken,
    readdirSync: broken,
    statfsSync: broken,
    unlinkSync: broken,
    mkdirSync: broken,
    openDeviceSync: broken,
  });
  const appender = disk.appender(path);
  for (const work of [
    () => disk.read(path),
    () => disk.list(folder),
    () => disk.free(folder).bytes,
    () => disk.replace(path, Buffer.from("y")),
    () => disk.remove(path),
    () => disk.print(path, Buffer.from("y")),
    () => disk.syncFolder(folder),
    () => disk.makeFolder(join(folder, "new")),
    () => appender.append(Buffer.from("y")),
  ])
    assert.throws(work, isBug);
  // What came of the append nobody knows: as after a disk that failed it takes nothing more.
  assert.throws(() => appender.append(Buffer.from("z")), /takes no more entries: a bug/);
  appender.close();
  const called = new Disk();
  called.onSync = broken;
  assert.throws(() => called.replace(path, Buffer.from("y")), isBug);
  assert.throws(() => new Disk().read(null as unknown as string), TypeError);
});

durable("a quota that is used up is a full disk, though libuv has no name for it", () => {
  const disk = new Disk({
    ...realFiles,
    writeSync: () => {
      throw Object.assign(new Error("Unknown system error -122"), { code: "Unknown system error -122" });
    },
  });
  assert.throws(
    () => disk.replace(join(folder, "quota"), Buffer.from("x")),
    (cause) => cause instanceof Failure && cause.code === "disk/full",
  );
});

durable("each append is one write and one fdatasync", () => {
  const files = new VolatileFiles();
  const disk = new Disk(files);
  disk.replace("/log", Buffer.from("a"));
  const appender = disk.appender("/log");
  const before = files.operations;
  appender.append(Buffer.alloc(500));
  assert.equal(files.operations - before, 2);
  assert.equal(files.afterHardCut().readFileSync("/log").length, 501);
});

durable("journal, book and table live on a real disk as on the simulated one", () => {
  const disk = new Disk();
  const state = join(folder, "state");
  const parse = (value: unknown): string => String(value);
  disk.makeFolder(state);
  for (let life = 0; life < 3; life += 1) {
    const { journal, entries } = Journal.open(disk, join(state, "journal"), parse, { segmentBytes: 500 });
    const book = Book.open(disk, join(state, "book"), { pageEntries: 2 });
    const table = Table.open(disk, join(state, "cursor.json"), (value) => value as { sent: number }, { sent: 0 });
    assert.deepEqual([entries.at(-1)?.seq ?? 0, book.count(), table.data.sent], [life * 4, life * 3, life]);
    for (let nth = 0; nth < 4; nth += 1) journal.append([`event ${nth}`], moment);
    for (let nth = 0; nth < 3; nth += 1) book.append(receipt(book.count() + 1));
    table.update(({ sent }) => ({ sent: sent + 1 }));
    journal.forget(journal.lastSeq - 3);
    journal.close();
  }
  assert.deepEqual(Book.view(disk, join(state, "book")).verifyAll(), { pages: 5, receipts: 9 });
  assert.equal(modeOf(join(state, "journal.made")), 0o600);
});

durable.run();
