// A table that grows in steps, cut at every operation in every way: what was acknowledged is there, and nothing is half
// there.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { Table } from "../../../../agent/ledger/store/table.js";
import { VolatileFiles, type Wishes } from "../../../support/volatile-files.js";

type Count = { readonly n: number; readonly note: string };
const path = "/tables/count.json";
const parse = (value: unknown): Count => {
  const { n, note } = value as Partial<Count>;
  if (!Number.isSafeInteger(n) || typeof note !== "string") throw new TypeError("no count");
  return value as Count;
};
const first: Count = { n: 0, note: "" };
const open = (files: VolatileFiles): Table<Count> => Table.open(new Disk(files), path, parse, first, { steps: true });

/** Counts up, with a long note now and then that no step holds; answers the last count that was acknowledged. */
function count(files: VolatileFiles, upTo: number): number {
  let acknowledged = -1;
  try {
    const table = open(files);
    acknowledged = table.data.n;
    while (acknowledged < upTo)
      acknowledged = table.update(({ n }) => ({ n: n + 1, note: n % 5 === 3 ? "x".repeat(10_000) : "y" })).n;
  } catch (error) {
    if (!files.wasCut) throw error;
  }
  return acknowledged;
}

const test = suite("a table that grows in steps");

test("costs one fdatasync a change, and no rename, until it is made anew", () => {
  const files = new VolatileFiles();
  const table = open(files);
  table.update(({ n }) => ({ n: n + 1, note: "" }));
  const before = files.syncs.length;
  for (let turn = 0; turn < 100; turn += 1) table.update(({ n }) => ({ n: n + 1, note: "" }));
  assert.is(files.syncs.length - before, 100);
  assert.ok(
    files.syncs.slice(before).every(({ site }) => /fdatasync/.test(site)),
    files.syncs.at(-1)?.site,
  );
  assert.is(open(files.afterHardCut()).data.n, 101);
});

test("stays small however often it changes", () => {
  const files = new VolatileFiles();
  const table = open(files);
  for (let turn = 0; turn < 3_000; turn += 1) table.update(({ n }) => ({ n: n + 1, note: "" }));
  assert.ok(files.peek(path).length <= 64 * 1024);
  assert.is(open(files.afterHardCut()).data.n, 3_000);
});

const cutEverywhere = (wishes: Wishes, notice: () => void): void => {
  const whole = new VolatileFiles();
  count(whole, 9);
  for (const operation of whole.changes) {
    const files = new VolatileFiles({ ...wishes, cutAt: operation });
    const acknowledged = count(files, 9);
    for (const cut of files.possibleCuts()) {
      const after = files.afterCut(cut);
      let found: number;
      try {
        found = open(after).data.n;
      } catch {
        return notice();
      }
      if (found < acknowledged || found > Math.max(0, acknowledged + 1)) return notice();
      // And goes on from there.
      if (count(after.copy(), 12) !== 12) return notice();
    }
  }
};

test("is cut at every operation, in every way, and has all that was acknowledged and at most the change in flight", () => {
  cutEverywhere({}, () => assert.unreachable("a cut was noticed"));
});

test("needs its fdatasync: without it a cut loses what was acknowledged", () => {
  let noticed = false;
  cutEverywhere({ ignoreSync: (site) => /fdatasync/.test(site) }, () => (noticed = true));
  assert.ok(noticed);
});

test("a torn step behind the last whole one counts for nothing, and the next change begins a file of its own", () => {
  const files = new VolatileFiles();
  const table = open(files);
  for (let turn = 0; turn < 4; turn += 1) table.update(({ n }) => ({ n: n + 1, note: "" }));
  const bytes = files.peek(path);
  for (let length = bytes.length - 40; length < bytes.length; length += 1) {
    files.tamper(path, bytes.subarray(0, length));
    const again = open(files);
    assert.is(again.data.n, 3, `${length} bytes`);
    again.update(({ n }) => ({ n: n + 1, note: "again" }));
    assert.equal(open(files.afterHardCut()).data, { n: 4, note: "again" });
  }
});

test("more damage than one torn step is named", () => {
  const files = new VolatileFiles();
  const table = open(files);
  for (let turn = 0; turn < 4; turn += 1) table.update(({ n }) => ({ n: n + 1, note: "" }));
  const bytes = Buffer.from(files.peek(path));
  for (const at of [bytes.length - 20, bytes.length - 120]) bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  files.tamper(path, bytes);
  assert.throws(() => open(files), /does not match its checksum/);
});

test("a run that was killed in a step relies on nothing that could still be lost", () => {
  const whole = new VolatileFiles();
  count(whole, 9);
  for (const operation of whole.changes) {
    const files = new VolatileFiles({ cutAt: operation });
    count(files, 9);
    const next = files.afterKill();
    const seen = open(next).data.n;
    assert.is(open(next.afterHardCut()).data.n, seen, `killed at operation ${operation}`);
  }
});

test("a start relies on no step whose fdatasync failed in the run before, though it can be read", () => {
  const whole = new VolatileFiles();
  count(whole, 9);
  for (const { site, operation } of whole.syncs.filter((sync) => /fdatasync/.test(sync.site))) {
    const files = new VolatileFiles({ fault: { at: operation, forever: false, done: false, code: "EIO" } });
    assert.throws(() => count(files, 9), /EIO/, site);
    const next = files.afterKill();
    const seen = open(next).data.n;
    assert.is(open(next.afterHardCut()).data.n, seen, `failed at operation ${operation}`);
  }
});

test.run();
