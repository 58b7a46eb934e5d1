// Small tables by themselves: first run or lost, shapes checked, no write without a change.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { Failure } from "../../../../agent/core/failure.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { Table } from "../../../../agent/ledger/store/table.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const tables = suite("table");

type Tokens = { readonly [uid: string]: string };
const parse = (value: unknown): Tokens => {
  if (typeof value !== "object" || value === null || !Object.values(value).every((each) => typeof each === "string"))
    throw new TypeError("not a list of tokens");
  return value as Tokens;
};
const open = (files: VolatileFiles): Table<Tokens> =>
  Table.open(new Disk(files), "/tables/tokens.json", parse, { first: "run" });
const isDamaged =
  (word: RegExp) =>
  (cause: unknown): boolean =>
    cause instanceof Failure && cause.code === "table/damaged" && word.test(cause.message);

tables("a first run begins with the given value, every later one with what was written", () => {
  const files = new VolatileFiles();
  const table = open(files);
  assert.deepEqual(table.data, { first: "run" });
  assert.deepEqual(
    table.update((data) => ({ ...data, "04A1": "ACCEPTED" })),
    { first: "run", "04A1": "ACCEPTED" },
  );
  assert.deepEqual(open(files.afterHardCut()).data, { first: "run", "04A1": "ACCEPTED" });
});

tables("a lost file is named, not replaced by an empty table", () => {
  const files = new VolatileFiles();
  open(files);
  files.tamper("/tables/tokens.json", undefined);
  assert.throws(() => open(files), isDamaged(/tokens\.json is missing/));
  assert.throws(() => open(files), isDamaged(/tokens\.json is missing/), "the next start says the same");
});

tables("the same object back means no write", () => {
  const files = new VolatileFiles();
  const table = open(files);
  const before = files.changes.length;
  table.update((data) => data);
  assert.equal(files.changes.length, before);
});

tables("a value that does not fit the shape is refused before it is written", () => {
  const files = new VolatileFiles();
  const table = open(files);
  assert.throws(() => table.update(() => ({ uid: 7 }) as unknown as Tokens), TypeError);
  assert.deepEqual(open(files).data, { first: "run" });
});

tables("a file of another shape is damage with the reason", () => {
  const files = new VolatileFiles();
  Table.open<unknown>(new Disk(files), "/tables/tokens.json", (value) => value, { n: 1 });
  assert.throws(() => open(files), isDamaged(/does not understand \(not a list of tokens\)/));
});

tables("a look reads and writes nothing", () => {
  const files = new VolatileFiles();
  const view = (): Tokens => Table.view(new Disk(files), "/tables/tokens.json", parse, { none: "yet" });
  assert.deepEqual(view(), { none: "yet" });
  open(files);
  const before = files.changes.length;
  assert.deepEqual(view(), { first: "run" });
  assert.equal(files.changes.length, before);
  files.tamper("/tables/tokens.json", undefined);
  assert.throws(view, isDamaged(/is missing/));
});

tables.run();
