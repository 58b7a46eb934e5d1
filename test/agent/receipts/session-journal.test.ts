// The journal's lines about one session, packed away or in use, whole or damaged.
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Failure } from "../../../agent/core/failure.js";
import { Journal } from "../../../agent/ledger/journal/journal.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { journalOfSession } from "../../../agent/receipts/dispute/session-journal.js";
import { moment } from "../../support/ledger-life.js";
import { VolatileFiles } from "../../support/volatile-files.js";

const test = suite("the journal of a session");
const folder = "/journal";

type Event = { readonly type: string; readonly connector?: number; readonly opening?: { readonly id: string } };

const lifeOf = (id: string, connector = 1): Event[] => [
  { type: "PlugChanged", connector },
  { type: "CardAccepted", connector },
  { type: "SessionBegan", connector, opening: { id } },
  { type: "MeterRead", connector },
  { type: "FaultRaised" },
  { type: "SessionSettled", connector },
];
const about = (id: string): string[] => lifeOf(id).map(({ type }) => type);

/** A journal of sessions a, b and c with a segment for each entry, of which all but the last few are packed away. */
function packedJournal(): VolatileFiles {
  const files = new VolatileFiles();
  const { journal } = Journal.open<Event>(new Disk(files), folder, (value) => value as Event, { segmentBytes: 1 });
  for (const event of ["a", "b", "c"].flatMap((id) => lifeOf(id))) journal.append([event], moment);
  journal.forget(15);
  return files;
}

const packages = (files: VolatileFiles): string[] => files.allFiles().filter((path) => path.endsWith(".gz"));
const found = (files: VolatileFiles, id: string): string[] =>
  journalOfSession(new Disk(files), folder, id).map((line) => (JSON.parse(line) as { event: Event }).event.type);

/** The package in which an entry of session b lies: 0 is the plug. The first segment holds its header alone. */
function packageOf(files: VolatileFiles, entry: number): string {
  const path = packages(files)[lifeOf("a").length + entry + 1];
  assert.ok(path);
  return path as string;
}

/** What is told of a journal whose file was cut; undefined where the session's lines were found. */
function complaint(files: VolatileFiles, id: string): Failure | undefined {
  try {
    found(files, id);
    return undefined;
  } catch (error) {
    assert.instance(error, Failure);
    return error as Failure;
  }
}

test("is found in packed segments and in those in use", () => {
  const files = packedJournal();
  assert.ok(packages(files).length > lifeOf("a").length * 2);
  for (const id of ["a", "b", "c"]) assert.equal(found(files, id), about(id));
  assert.equal(found(files, "nobody"), []);
});

test("a packed segment of it that is cut off is a failure with a name and a remedy, wherever it is cut", () => {
  const whole = packedJournal();
  const path = packageOf(whole, 3);
  const bytes = whole.readFileSync(path);
  for (let length = 0; length < bytes.length; length += 1) {
    const files = whole.copy();
    files.tamper(path, bytes.subarray(0, length));
    const failure = complaint(files, "b");
    assert.is(failure?.code, "journal/damaged", `${length} of ${bytes.length} bytes`);
    assert.ok(failure?.message.startsWith(`${path}: this packed segment of the journal is cut off or changed`));
    assert.match(failure?.message ?? "", /"chargetill repair" sets it aside/);
  }
});

test("a package that unfolds to more than any segment is a failure too, and costs no memory", () => {
  const files = packedJournal();
  const path = packageOf(files, 3);
  files.tamper(path, gzipSync(Buffer.alloc(65 * 1024 * 1024)));
  assert.is(complaint(files, "b")?.code, "journal/damaged");
});

test("damage in the segments of other sessions is no matter of this one", () => {
  const files = packedJournal();
  files.tamper(packageOf(files, 3), Buffer.from("no package"));
  assert.equal(found(files, "a"), about("a"));
  assert.equal(found(files, "c"), about("c"));
});

test("a session that is not found while a segment cannot be read may have stood there", () => {
  const files = packedJournal();
  files.tamper(packageOf(files, 2), Buffer.from("no package"));
  assert.is(complaint(files, "b")?.code, "journal/damaged");
  assert.equal(found(files, "c"), about("c"));
});

test("what stands before a gap is not told as what led to the session", () => {
  const files = packedJournal();
  files.tamper(packageOf(files, 1), Buffer.from("no package"));
  assert.equal(found(files, "b"), about("b").slice(2));
});

test("of a reservation that nobody came for runs from its order to its receipt, and of one that was used begins there", () => {
  const files = new VolatileFiles();
  const { journal } = Journal.open<object>(new Disk(files), folder, (value) => value as object, { segmentBytes: 1 });
  const reserved = (id: string, sessionId: string) => ({ type: "Reserved", reservation: { id, fee: { sessionId } } });
  for (const event of [
    reserved("r1", "n1"),
    reserved("r2", "n2"),
    { type: "FaultRaised" },
    { type: "ReservationEnded", id: "r2", outcome: "expired" },
    { type: "ReservationEnded", id: "r9", outcome: "expired" },
    { type: "ReceiptIssued" },
    { type: "ReservationSettled", sessionId: "n2" },
    ...lifeOf("a").map((one) =>
      one.type === "SessionBegan" ? { ...one, opening: { id: "a", reserved: { id: "r1" } } } : one,
    ),
  ])
    journal.append([event], moment);
  assert.equal(found(files, "n2"), ["Reserved", "FaultRaised", "ReservationEnded", "ReservationSettled"]);
  assert.equal(found(files, "a"), ["Reserved", ...about("a")]);
});

test("holds what was complained about later, where that is asked for, and nothing else of what came then", () => {
  const files = new VolatileFiles();
  type Later = Event & { readonly sessionId?: string };
  const { journal } = Journal.open<Later>(new Disk(files), folder, (value) => value as Later);
  const complaints: Later[] = [
    { type: "ComplaintOpened", sessionId: "a" },
    { type: "ComplaintOpened", sessionId: "b" },
    { type: "FaultRaised" },
    { type: "PaymentTold", sessionId: "a" },
    { type: "ComplaintClosed", sessionId: "a" },
  ];
  for (const event of [...lifeOf("a"), ...lifeOf("b"), ...complaints]) journal.append([event], moment);
  const types = (withComplaints: boolean): string[] =>
    journalOfSession(new Disk(files), folder, "a", withComplaints).map(
      (line) => (JSON.parse(line) as { event: Event }).event.type,
    );
  assert.equal(types(false), about("a"));
  assert.equal(types(true), [...about("a"), "ComplaintOpened", "ComplaintClosed"]);
});

test.run();
