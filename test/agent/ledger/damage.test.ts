// Damaged stores: flipped bits, files cut at every byte, old copies, zeros, swapped and missing files. A store opens
// with what was written or says which file is damaged; a wrong content is never accepted, and a start that refuses
// refuses every time in the same words.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { Failure } from "../../../agent/core/failure.js";
import { Journal } from "../../../agent/ledger/journal/journal.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { Ledger, live, moment, openStores, receipt, state } from "../../support/ledger-life.js";
import { random } from "../../support/random.js";
import { VolatileFiles } from "../../support/volatile-files.js";

const damage = suite("damaged stores");

/** A life that ended well, and what its files held earlier. */
const ledger = new Ledger();
const sound = new VolatileFiles();
live(sound, ledger, 2, 3);
const files = sound.allFiles();
const bytesOf = (path: string): Buffer => sound.readFileSync(path);
const newestSegment = files.filter((path) => path.endsWith(".jsonl")).at(-1) ?? "";
const isEvidence = (path: string): boolean => path.endsWith(".gz");
const isBareMark = (path: string): boolean => path.endsWith("book.made") || path.endsWith("json.made");

type Found = {
  readonly events: readonly string[];
  readonly firstSeq: number;
  readonly receipts: number;
  readonly sent: number;
};

/**
 * Opens and reads everything. A complaint must have the code of a damaged store and name a file or the folder; receipts
 * must be ours.
 */
function open(store: VolatileFiles): Found | Failure {
  try {
    const { book, table, events } = openStores(store);
    const entries = [...book.entries()];
    book.verifyAll();
    assert.deepEqual(
      entries,
      entries.map((_, index) => receipt(index + 1)),
    );
    return {
      events: events.map(({ event }) => event),
      firstSeq: events[0]?.seq ?? 0,
      receipts: entries.length,
      sent: table.data.sent,
    };
  } catch (cause) {
    assert.ok(cause instanceof Failure && cause.code.endsWith("/damaged"), `not a word about damage: ${String(cause)}`);
    assert.match(cause.message, /^\/state\/\S+/, "the message begins with the file");
    return cause;
  }
}

const whole = open(sound.copy()) as Found;

function withChange(path: string, bytes: Buffer | undefined): VolatileFiles {
  const copy = sound.copy();
  copy.tamper(path, bytes);
  return copy;
}

/** What a start finds must be everything, or a complaint that stands at the second start too. */
function demandAllOrComplaint(path: string, bytes: Buffer | undefined, what: string): void {
  const store = withChange(path, bytes);
  const found = open(store);
  if (!(found instanceof Failure)) return assert.deepEqual(found, whole, `${what} of ${path}`);
  const again = open(store.afterKill());
  assert.ok(again instanceof Failure && again.message === found.message, `${what} of ${path}: ${found.message}`);
}

damage("a flipped bit anywhere is noticed, or changes nothing", () => {
  const chance = random(11);
  let noticed = 0;
  for (const path of files) {
    for (let at = 0; at < bytesOf(path).length; at += 1 + Math.floor(chance() * 3)) {
      const bytes = Buffer.from(bytesOf(path));
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(chance() * 8));
      demandAllOrComplaint(path, bytes, `bit flip in byte ${at}`);
      noticed += 1;
    }
  }
  assert.ok(noticed > 1500, `${noticed} flips`);
});

damage("a page, an index, a table or an older segment cut at any byte is noticed", () => {
  // Of a kind of file one is enough.
  const kinds = new Map(
    files
      .filter((path) => path !== newestSegment && !isEvidence(path))
      .map((path) => [path.replace(/\d+/g, "#"), path]),
  );
  for (const path of kinds.values())
    for (let length = 0; length < bytesOf(path).length; length += 1)
      demandAllOrComplaint(path, bytesOf(path).subarray(0, length), `cut at ${length}`);
});

damage("the newest segment cut at any byte holds whole batches up to the cut, or is damaged in its header", () => {
  const bytes = bytesOf(newestSegment);
  const headerBytes = bytes.indexOf("\n") + 1;
  for (let length = 0; length <= bytes.length; length += 1) {
    const found = open(withChange(newestSegment, bytes.subarray(0, length)));
    if (found instanceof Failure) {
      assert.ok(length < headerBytes, `cut at ${length}: ${found.message}`);
      continue;
    }
    assert.ok(length >= headerBytes);
    assert.deepEqual(found.events, whole.events.slice(0, found.events.length));
    // Each batch of this life is three events or one; none is ever split.
    assert.ok([0, 3].includes((found.firstSeq - 1 + found.events.length) % 4), `${found.events.length} events`);
  }
});

damage("a file that is missing, empty, or all zeros is named", () => {
  for (const path of files)
    for (const bytes of [undefined, Buffer.alloc(0), Buffer.alloc(bytesOf(path).length)]) {
      if (isEvidence(path) || isBareMark(path)) continue;
      const found = open(withChange(path, bytes));
      // Without its mark a journal that begins at segment 1 would go on; this one has let go of some, so the mark is
      // needed.
      assert.ok(found instanceof Failure, `${path}: ${JSON.stringify(found)}`);
      assert.ok(found.message.includes(path.replace(/\.made$/, "")), `${path}: ${found.message}`);
    }
});

damage("a lost store is not taken for a first run", () => {
  for (const folder of ["journal", "book"]) {
    const store = sound.copy();
    for (const path of files) if (path.startsWith(`${state}/${folder}/`)) store.tamper(path, undefined);
    assert.ok(open(store) instanceof Failure, folder);
  }
  assert.ok(open(withChange(`${state}/cursor.json`, undefined)) instanceof Failure);
});

damage("a file in another one's place is noticed", () => {
  const swaps = files.filter((path) => !isEvidence(path) && !isBareMark(path));
  for (const path of swaps)
    for (const other of swaps) {
      if (path === other) continue;
      assert.ok(open(withChange(path, bytesOf(other))) instanceof Failure, `${other} in the place of ${path}`);
    }
});

damage("an old copy of a file brings back an earlier truth or a complaint, never a mixture", () => {
  for (let rounds = 1; rounds < 3; rounds += 1) {
    const older = new VolatileFiles();
    live(older, new Ledger(), 2, rounds);
    for (const path of older.allFiles()) {
      const found = open(withChange(path, older.readFileSync(path)));
      if (found instanceof Failure) continue;
      assert.deepEqual(found.events, whole.events.slice(0, found.events.length), path);
      assert.ok(found.receipts <= whole.receipts && found.sent <= whole.sent, path);
      // Only the file that ends the book can take receipts with it (and the journal, or the chain's end, knows of
      // them).
      if (path.endsWith("index.json")) assert.equal(found.receipts, whole.receipts, path);
    }
  }
});

damage("lines that are doubled, taken out, swapped or zeroed inside a segment are named with their line", () => {
  const lines = bytesOf(newestSegment).toString().split("\n").slice(0, -1);
  const text = (changed: readonly string[]): Buffer => Buffer.from(changed.map((line) => `${line}\n`).join(""));
  for (let at = 0; at < lines.length - 1; at += 1) {
    const [here, next] = [lines[at] ?? "", lines[at + 1] ?? ""];
    const changes = [
      lines.toSpliced(at, 1, here, here),
      lines.toSpliced(at, 2, next, here),
      ...(at === lines.length - 2 ? [] : [lines.toSpliced(at, 1)]),
    ];
    for (const changed of changes) {
      const found = open(withChange(newestSegment, text(changed)));
      assert.ok(found instanceof Failure && /line \d+/.test(found.message), `line ${at + 1}`);
    }
  }
});

damage("zeros in the midst of a segment are no torn write, for entries of a later batch follow", () => {
  const store = new VolatileFiles();
  const disk = new Disk(store);
  const { journal } = Journal.open<unknown>(disk, "/journal", (value) => value);
  for (let nth = 0; nth < 6; nth += 1) journal.append([`event ${nth}`], moment);
  const path = "/journal/segment-00000001.jsonl";
  const bytes = store.readFileSync(path);
  const starts = [...bytes.entries()].flatMap(([at, byte]) => (byte === 0x0a ? [at + 1] : []));
  for (const [nth, start] of starts.slice(0, -2).entries()) {
    const zeroed = Buffer.from(bytes);
    zeroed.fill(0, start, starts[nth + 1]);
    const hurt = store.copy();
    hurt.tamper(path, zeroed);
    const line = new RegExp(`line ${nth + 2}:`);
    assert.throws(
      () => Journal.open(new Disk(hurt), "/journal", (value) => value),
      (cause) => cause instanceof Failure && cause.code === "journal/damaged" && line.test(cause.message),
    );
  }
});

damage("hundreds of seeded wounds never make a wrong content", () => {
  const seed = 20_261_122;
  console.log(`seed ${seed}`);
  const chance = random(seed);
  const below = (limit: number): number => Math.floor(chance() * limit);
  const live = files.filter((path) => path !== newestSegment);
  for (let nth = 0; nth < 600; nth += 1) {
    const path = live[below(live.length)] ?? "";
    const bytes = Buffer.from(bytesOf(path));
    const [from, length] = [below(bytes.length), 1 + below(64)];
    const wound = below(4);
    if (wound === 0) bytes.fill(0, from, Math.min(bytes.length, from + length));
    else if (wound === 1)
      for (let at = from; at < Math.min(bytes.length, from + length); at += 1) bytes[at] = below(256);
    const changed =
      wound === 2
        ? Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)])
        : wound === 3
          ? Buffer.concat([bytes, bytes.subarray(from, from + length)])
          : bytes;
    demandAllOrComplaint(path, changed, `wound ${wound} at ${from}+${length}`);
  }
});

damage.run();
