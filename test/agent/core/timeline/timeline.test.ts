// What happened around a session, from a station's own journal and its signed receipt.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { powerCurve } from "../../../../agent/core/print/receipt-curve.js";
import { payloadOf, type SalePayload } from "../../../../agent/core/receipt/receipt-payload.js";
import { sessionTimeline } from "../../../../agent/core/timeline/timeline.js";
import { Disk } from "../../../../agent/ledger/store/disk.js";
import { eventsOfSession } from "../../../../agent/receipts/dispute/session-journal.js";
import { timelineSvg } from "../../../../agent/receipts/output/timeline-svg.js";
import { TestStation } from "../../../support/station/test-station.js";

const test = suite("the timeline of a session");
const ada = "04A23B1C5D6E80";

/** A session in which the clock was set and a fault came and went; its receipt, and the journal's events. */
async function session(): Promise<{ readonly payload: SalePayload; readonly station: TestStation }> {
  const station = new TestStation();
  await station.plug(1);
  await station.tap(ada);
  await station.clock.pass(2_000);
  await station.charge(1, 100, 20);
  const { faults } = station.services.station;
  faults.raise("reader front", "reader/lost", "no answer <spi>", station.clock.now().at);
  await station.clock.pass(1_000);
  faults.clear("reader front", "reader/lost");
  await station.plug(1, false);
  await station.clock.pass(20_000);
  const payload = payloadOf(station.services.book.get(2)?.jws ?? "");
  if (payload?.kind !== "sale") throw new Error("receipt 2 is not a sale");
  return { payload, station };
}

test("tells taps, plug, contactor, power, faults and the receipt in order, and whence each is known", async () => {
  const { payload, station } = await session();
  const events = eventsOfSession(new Disk(station.files), "/state/journal", payload.sale.sessionId);
  const later = [{ atMs: station.clock.now().at, lane: "payment" as const, text: "payment P-1 settled" }];
  const items = sessionTimeline(payload, events, later);
  const lines = items.map(({ lane, from, text }) => `${lane} ${from}: ${text}`);
  const order = [
    /^plug journal: plugged in/,
    /^card journal: card …6E80 accepted/,
    /^contactor journal: session begins at 1\.000 kWh, contactor closes/,
    /^power receipt: charging/,
    /^fault journal: reader front: reader\/lost: no answer/,
    /^fault journal: reader front: reader\/lost cleared/,
    /^contactor journal: (contactor opens|session over)/,
    /^receipt journal: receipt 2 signed/,
    /^payment kept: payment P-1 settled/,
  ];
  const places = order.map((words) => lines.findIndex((line) => words.test(line)));
  assert.not.ok(places.includes(-1), lines.join("\n"));
  assert.equal(
    places,
    [...places].sort((a, b) => a - b),
    lines.join("\n"),
  );
  assert.ok(lines.includes("clock journal: clock synced"));
  assert.not.match(lines.join("\n"), ada);
  for (const [at, { atMs }] of items.entries()) assert.ok(atMs >= (items[at - 1]?.atMs ?? 0));
  await station.close();
});

test("without a journal it says what the receipt says", async () => {
  const { payload, station } = await session();
  const lines = sessionTimeline(payload, [], []).map(({ from, text }) => `${from}: ${text}`);
  assert.ok(lines.every((line) => line.startsWith("receipt: ")));
  assert.ok(lines.includes("receipt: session begins at 1.000 kWh"));
  assert.match(lines.join("\n"), /kWh, 0\.[34]9 EUR\/kWh/);
  await station.close();
});

test("as a picture each mark has its words, and nothing of a journal is markup", async () => {
  const { payload, station } = await session();
  const events = eventsOfSession(new Disk(station.files), "/state/journal", payload.sale.sessionId);
  const items = sessionTimeline(payload, events, []);
  const svg = timelineSvg(items, powerCurve(payload), payload.timeZone, "Receipt 2 of <CT>");
  assert.match(svg, /^<svg [^>]*aria-label="Receipt 2 of &lt;CT&gt;"/);
  assert.is([...svg.matchAll(/<title>/g)].length, items.length);
  assert.match(svg, /no answer &lt;spi&gt;/);
  assert.not.match(svg, /NaN|Infinity|<spi>/);
  await station.close();
});

test.run();
