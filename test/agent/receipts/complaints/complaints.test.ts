// A complaint from the driver's word to the credit: bounded, answered by the station at once, without a word of it in
// the journal, and whole after a cut at every write.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Complaint } from "../../../../agent/core/complaints/complaint.js";
import { Failure } from "../../../../agent/core/failure.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { viewComplaints } from "../../../../agent/receipts/complaints/complaint-table.js";
import { TestStation, testStationConfig } from "../../../support/station/test-station.js";
import { SteppedClock } from "../../../support/time/stepped-clock.js";
import type { VolatileFiles } from "../../../support/volatile-files.js";

const test = suite("complaints");
const ada = "04A23B1C5D6E80";
const said = { reason: "idle", text: "I left at nine, Ölwechsel", contact: "ada@example.org" };
const day = 86_400_000;

/** A station that has sold once: receipt 2. */
async function stationWithSale(): Promise<TestStation> {
  const station = new TestStation(testStationConfig());
  await station.plug(1);
  await station.tap(ada);
  await station.clock.pass(2_000);
  await station.charge(1, 100, 20);
  await station.plug(1, false);
  await station.clock.pass(20_000);
  assert.is(station.services.book.get(2)?.kind, "sale");
  return station;
}

const take = (station: TestStation, words: object = said, receipt = 2): Complaint =>
  station.services.complaints.take(receipt, words, "en", station.clock.now());
const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
};

/** All bytes of the journal, the packed part too where it is not packed yet. */
const journalText = (files: VolatileFiles): string =>
  files
    .allFiles()
    .filter((path) => path.includes("/journal/") && path.endsWith(".jsonl"))
    .map((path) => files.peek(path).toString())
    .join("\n");

test("a complaint has a number and a due date at once, and the journal holds no word of it", async () => {
  const station = await stationWithSale();
  const complaint = take(station);
  assert.is(complaint.number, 1);
  assert.is(complaint.dueMs - complaint.openedMs, 14 * day);
  assert.equal(viewComplaints(new Disk(station.files), "/state"), [complaint]);
  const journal = journalText(station.files);
  assert.match(journal, new RegExp(`"ComplaintOpened"[^\\n]*"digest":"${complaint.digest}"`));
  for (const word of ["left at nine", "lwechsel", "ada@", complaint.written?.salt ?? "-"])
    assert.not.match(journal, word);
  await station.close();
});

test("said again it is the same complaint; a third one is the last about a receipt; what is too long is refused", async () => {
  const station = await stationWithSale();
  assert.is(take(station).number, take(station).number);
  assert.match(
    refusal(() => take(station, { ...said, text: "ä".repeat(501) })),
    /at most 500 characters/,
  );
  assert.match(
    refusal(() => take(station, { ...said, reason: "weather" })),
    /the reason is one of/,
  );
  assert.match(
    refusal(() => take(station, { ...said, contact: 7 })),
    /the contact has/,
  );
  assert.match(
    refusal(() => take(station, said, 1)),
    /not of a sale/,
  );
  assert.match(
    refusal(() => take(station, said, 99)),
    /not of a sale/,
  );
  take(station, { ...said, text: "ä".repeat(500) });
  take(station, { reason: "other", text: "line\nbreaks and \u0007 bells" });
  assert.is(station.services.complaints.about(2).at(-1)?.written?.text, "line breaks and \ufffd bells");
  assert.match(
    refusal(() => take(station, { ...said, reason: "price" })),
    /3 complaints about receipt 2 already/,
  );
  await station.close();
});

test("answered and closed with a credit it names who did it, and the credit names the complaint", async () => {
  const station = await stationWithSale();
  const { complaints, book } = station.services;
  take(station);
  complaints.answer(1, "grace", "We have looked at the readings", station.clock.now());
  const closed = complaints.close(1, "linus", true, station.clock.now());
  assert.equal(
    closed.answers.map(({ by, text }) => [by, text]),
    [["grace", "We have looked at the readings"]],
  );
  assert.is(closed.end?.by, "linus");
  assert.is(closed.end?.credit, 3);
  assert.is(book.get(3)?.kind, "credit");
  assert.match(Buffer.from(book.get(3)?.jws.split(".")[1] ?? "", "base64url").toString(), /"reason":"complaint 1"/);
  assert.match(journalText(station.files), /"ComplaintAnswered"[^\n]*"by":"grace"/);
  assert.match(journalText(station.files), /"ComplaintClosed"[^\n]*"by":"linus"[^\n]*"credit":3/);
  assert.match(
    refusal(() => complaints.close(1, "linus", false, station.clock.now())),
    /closed already/,
  );
  assert.match(
    refusal(() => complaints.answer(9, "linus", "?", station.clock.now())),
    /no complaint 9/,
  );
  await station.close();
});

test("a sale that was credited before closes its complaint with that credit", async () => {
  const station = await stationWithSale();
  take(station);
  station.services.issuer.corrections.credit(2, { reason: "wrong tariff", by: "grace" }, station.clock.now());
  assert.is(station.services.complaints.close(1, "linus", true, station.clock.now()).end?.credit, 3);
  assert.is(station.services.book.count(), 3);
  await station.close();
});

test("while it is open its evidence stays, then what was written is forgotten in time, or when it is asked for", async () => {
  const station = await stationWithSale();
  const { complaints } = station.services;
  take(station);
  const begun = complaints.get(1).sessionStartMs;
  assert.is(complaints.evidenceSinceMs(), begun - day);
  assert.is(complaints.forgetAbout(new Set([2])), 0, "an open one is still needed");
  complaints.close(1, "linus", false, station.clock.now());
  assert.is(complaints.evidenceSinceMs(), undefined);
  assert.is(complaints.forgetClosedBefore(station.clock.now().at), 0);
  assert.is(complaints.forgetClosedBefore(station.clock.now().at + 1), 1);
  assert.is(complaints.get(1).written, undefined);
  assert.not.match(station.files.peek("/state/complaints.json").toString(), "left at nine");
  take(station, { ...said, text: "once more" });
  complaints.close(2, "linus", false, station.clock.now());
  assert.is(complaints.forgetAbout(new Set([2])), 1);
  assert.is(complaints.get(2).written, undefined);
  await station.close();
});

/** What driver and operator do, begun anew by who got no answer. */
function untilCredited(station: TestStation): void {
  const { complaints } = station.services;
  const number = complaints.about(2)[0]?.number ?? take(station).number;
  const now = station.clock.now();
  if (complaints.get(number).answers.length === 0) complaints.answer(number, "grace", "We have looked", now);
  if (complaints.get(number).end === undefined) complaints.close(number, "linus", true, now);
}

test("cut or killed at every write from complaint to credit, there is one complaint, one answer and one credit", async () => {
  const first = await stationWithSale();
  await first.close();
  const before = first.files;
  const lifeOn = (files: VolatileFiles): TestStation =>
    new TestStation(first.loaded, new SteppedClock(), files, first.outlets);
  const whole = lifeOn(before.copy());
  const begun = whole.files.operations;
  untilCredited(whole);
  const places = whole.files.changes.filter((at) => at > begun);
  await whole.close();
  assert.ok(places.length > 10, `${places.length} writes`);
  for (const cutAt of places)
    for (const next of ["afterHardCut", "afterKill"] as const) {
      const where = `${next} at operation ${cutAt}`;
      const station = lifeOn(before.copy({ cutAt }));
      assert.throws(
        () => untilCredited(station),
        () => true,
        where,
      );
      const again = lifeOn(station.files[next]());
      untilCredited(again);
      const { complaints, book } = again.services;
      assert.equal(
        complaints.all().map(({ answers, end }) => [answers.length, end?.outcome, end?.credit]),
        [[1, "credited", 3]],
        where,
      );
      assert.equal(
        [...book.entries(2)].map(({ kind }) => kind),
        ["sale", "credit"],
        where,
      );
      await again.close();
    }
});

test.run();
