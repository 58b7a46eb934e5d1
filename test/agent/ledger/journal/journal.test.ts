// The journal by itself: order, batches, segments, letting go, and looking while another writes.
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import { Failure } from "../../../../agent/core/failure.js";
import type { OpenedJournal } from "../../../../agent/ledger/journal/journal.js";
import { Journal } from "../../../../agent/ledger/journal/journal.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { moment } from "../../../support/ledger-life.js";
import { VolatileFiles } from "../../../support/volatile-files.js";

const journals = suite("journal");

const parse = (value: unknown): string => {
  if (typeof value !== "string") throw new TypeError("not a text");
  return value;
};
function open(files: VolatileFiles, segmentBytes = 700): OpenedJournal<string> {
  const disk = new Disk(files);
  disk.makeFolder("/state");
  return Journal.open(disk, "/state/journal", parse, { segmentBytes });
}
const segments = (files: VolatileFiles): string[] => files.allFiles().filter((path) => path.endsWith(".jsonl"));

journals("entries come back in the order and with the moment in which they were written", () => {
  const files = new VolatileFiles();
  const { journal, entries } = open(files);
  assert.deepEqual(entries, []);
  assert.equal(journal.lastSeq, 0);
  const later = { ...moment, at: moment.at + 1, trust: "holdover" } as const;
  journal.append(["a", 'ü\n"b"'], moment);
  assert.deepEqual(journal.append(["c"], later), [{ seq: 3, moment: later, event: "c" }]);
  assert.deepEqual(journal.append([], later), []);
  const again = open(files.afterHardCut());
  assert.deepEqual(again.entries, [
    { seq: 1, moment, event: "a" },
    { seq: 2, moment, event: 'ü\n"b"' },
    { seq: 3, moment: later, event: "c" },
  ]);
  assert.equal(again.cutBytes, 0);
  assert.equal(again.journal.lastSeq, 3);
});

journals("an append is one write and one fdatasync, whatever the batch", () => {
  const files = new VolatileFiles();
  const { journal } = open(files, 100_000);
  const before = files.operations;
  journal.append(
    Array.from({ length: 50 }, (_, index) => `event ${index}`),
    moment,
  );
  assert.equal(files.operations - before, 2);
});

journals("each line names the check of the line before, across segments", () => {
  const files = new VolatileFiles();
  const { journal } = open(files);
  for (let nth = 0; nth < 12; nth += 1) journal.append([`event ${nth}`], moment);
  assert.ok(segments(files).length >= 3);
  const lines = segments(files).flatMap((path) => files.readFileSync(path).toString().trimEnd().split("\n"));
  const chain = lines.map((line) => JSON.parse(line) as { prev: string; check: string });
  assert.deepEqual(
    chain.map(({ prev }) => prev),
    ["0".repeat(64), ...chain.slice(0, -1).map(({ check }) => check)],
  );
});

journals("a torn last batch is cut as a whole and told in bytes", () => {
  const files = new VolatileFiles();
  const { journal } = open(files, 100_000);
  journal.append(["a"], moment);
  const path = segments(files)[0] ?? "";
  const whole = files.readFileSync(path);
  journal.append(["b", "c", "d"], moment);
  const bytes = files.readFileSync(path);
  for (let length = whole.length; length < bytes.length; length += 1) {
    const cut = files.copy();
    cut.tamper(path, bytes.subarray(0, length));
    const found = open(cut);
    assert.deepEqual(
      found.entries.map(({ event }) => event),
      ["a"],
    );
    assert.equal(found.cutBytes, length - whole.length);
    found.journal.append(["e"], moment);
    assert.deepEqual(
      open(cut.afterHardCut()).entries.map(({ seq, event }) => `${seq} ${event}`),
      ["1 a", "2 e"],
    );
  }
});

journals("letting go packs settled segments as evidence and keeps what is still open", () => {
  const files = new VolatileFiles();
  const { journal } = open(files);
  for (let nth = 1; nth <= 12; nth += 1) journal.append([`event ${nth}`], moment);
  const before = segments(files).length;
  const gone = journal.forget(7);
  assert.ok(gone > 0 && gone < before);
  assert.equal(segments(files).length, before - gone);
  assert.equal(journal.forget(7), 0, "twice is once");
  journal.append(["event 13"], moment);
  const again = open(files.afterHardCut());
  const first = again.entries[0]?.seq ?? 0;
  assert.ok(first > 1 && first <= 7, `entry 7 is still needed, ${first} is the first`);
  assert.equal(again.entries.at(-1)?.event, "event 13");
  const packed = files
    .allFiles()
    .filter((path) => path.endsWith(".gz"))
    .flatMap((path) => gunzipSync(files.readFileSync(path)).toString().trimEnd().split("\n").slice(1));
  assert.deepEqual(
    packed.map((line) => (JSON.parse(line) as { seq: number }).seq),
    Array.from({ length: first - 1 }, (_, index) => index + 1),
  );
});

journals("a segment made just before a cut is missed when it is lost after entries went into it", () => {
  const probe = new VolatileFiles();
  const filled = (files: VolatileFiles): Journal<string> => {
    const { journal } = open(files, 300);
    journal.append(["one"], moment);
    return journal;
  };
  const rotating = filled(probe);
  const before = probe.operations;
  rotating.append(["two"], moment);
  const seen = new Set<string>();
  for (let cutAt = before + 1; cutAt <= probe.operations; cutAt += 1) {
    const files = new VolatileFiles({ cutAt });
    const journal = filled(files);
    assert.throws(() => journal.append(["two"], moment));
    const after = files.copy();
    const { journal: next } = open(after, 100_000);
    next.append(["three"], moment);
    const newest = segments(after).at(-1) ?? "";
    seen.add(newest);
    after.tamper(newest, undefined);
    assert.throws(
      () => open(after),
      (cause) => cause instanceof Failure && /the segment is missing/.test(cause.message),
      `cut at ${cutAt}`,
    );
  }
  assert.equal(seen.size, 2, "cuts before and after the segment was made");
});

journals("a line or a segment of another journal does not fit, though its number does", () => {
  const [ours, theirs] = [new VolatileFiles(), new VolatileFiles()];
  for (const [files, word] of [
    [ours, "our"],
    [theirs, "any"],
  ] as const) {
    const { journal } = open(files);
    for (let nth = 0; nth < 9; nth += 1) journal.append([`${word} event ${nth}`], moment);
  }
  const isMisplaced = (cause: unknown): boolean =>
    cause instanceof Failure && cause.code === "journal/damaged" && /does not continue from/.test(cause.message);
  const paths = segments(ours).slice(1);
  assert.ok(paths.length >= 2);
  for (const path of paths) {
    const exchanged = ours.copy();
    exchanged.tamper(path, theirs.readFileSync(path));
    assert.throws(() => open(exchanged), isMisplaced, path);
    const spliced = ours.copy();
    const lines = ours.readFileSync(path).toString().split("\n");
    spliced.tamper(
      path,
      Buffer.from(lines.with(1, theirs.readFileSync(path).toString().split("\n")[1] ?? "").join("\n")),
    );
    assert.throws(() => open(spliced), isMisplaced, path);
  }
});

journals("the newest segment is never let go", () => {
  const files = new VolatileFiles();
  const { journal } = open(files);
  for (let nth = 1; nth <= 12; nth += 1) journal.append([`event ${nth}`], moment);
  journal.forget(Number.MAX_SAFE_INTEGER);
  assert.equal(segments(files).length, 1);
  assert.equal(open(files).journal.lastSeq, 12);
});

journals("a look before the first run sees nothing", () => {
  assert.deepEqual(Journal.view(new Disk(new VolatileFiles()), "/state/journal", parse), []);
});

journals("a look changes nothing, and sees a batch that is being written not at all", () => {
  const files = new VolatileFiles();
  const { journal } = open(files);
  for (let nth = 1; nth <= 5; nth += 1) journal.append([`event ${nth}`], moment);
  const path = segments(files).at(-1) ?? "";
  files.tamper(path, Buffer.concat([files.readFileSync(path), Buffer.from('{"seq":6,"batch":[6,')]));
  const changes = files.changes.length;
  assert.deepEqual(
    Journal.view(new Disk(files), "/state/journal", parse).map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  );
  const opened = files.changes.length - changes;
  assert.equal(opened, 0, "nothing was opened for writing");
});

journals(
  "a start takes up a segment's entries before it reads the next: it needs no memory for a journal that one car has kept open for days",
  () => {
    const files = new VolatileFiles();
    const { journal } = open(files);
    for (let nth = 1; nth <= 20; nth += 1) journal.append([`event ${nth}`], moment);
    const read: string[] = [];
    const watched = new Proxy(files, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...given: unknown[]): unknown => {
          if (key === "readFileSync" && String(given[0]).endsWith(".jsonl")) read.push(String(given[0]));
          return Reflect.apply(value, target, given) as unknown;
        };
      },
    });
    const readBefore: number[] = [];
    const seen: number[] = [];
    Journal.replay(new Disk(watched), "/state/journal", parse, ({ seq }) => {
      seen.push(seq);
      readBefore.push(read.length);
    });
    assert.deepEqual(
      seen,
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    assert.ok(segments(files).length > 4);
    assert.equal(readBefore[0], 1);
    assert.equal(
      new Set(readBefore).size,
      segments(files).length,
      "each segment's entries come while it is the newest that was read",
    );
  },
);

journals("an entry that this version does not understand is named with its line", () => {
  const files = new VolatileFiles();
  const disk = new Disk(files);
  const { journal } = Journal.open<unknown>(disk, "/journal", (value) => value);
  journal.append(["text", { newer: true }], moment);
  assert.throws(
    () => Journal.open(disk, "/journal", parse),
    (cause) =>
      cause instanceof Failure &&
      cause.code === "journal/damaged" &&
      /line 3: this version does not understand/.test(cause.message),
  );
});

journals("what JSON would change in silence is not written", () => {
  const files = new VolatileFiles();
  const { journal } = Journal.open<unknown>(new Disk(files), "/journal", (value) => value);
  for (const event of [{ energyMilliWh: Number.NaN }, { cost: 12n }, [Number.POSITIVE_INFINITY]])
    assert.throws(() => journal.append([event], moment), TypeError);
  assert.equal(journal.lastSeq, 0);
  journal.append(["fine"], moment);
  assert.equal(journal.lastSeq, 1);
});

journals.run();
