// A station that sells by a day-ahead tariff: what it writes down and hands out is the part that the session could meet.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { parseTariff } from "../../../agent/core/tariff/tariff-reader.js";
import { tariffDigest } from "../../../agent/tariffs/tariff-digest.js";
import { dayAhead } from "../../support/day-ahead.js";
import { TestStation } from "../../support/station/test-station.js";

const test = suite("a station with a day-ahead tariff");
const ada = "04A23B1C5D6E80";

test("keeps the part of it from the start of a session on, over a restart too, and prints that of the session", async () => {
  const station = new TestStation();
  const nowMs = station.clock.now().at;
  const dayBefore = new Date(nowMs - 86_400_000).toISOString().slice(0, 10);
  const parsed = parseTariff(dayAhead(dayBefore, 3, () => 0.3));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const whole = parsed.tariff;
  assert.equal(station.services.remote.setTariff(whole, 1, "csms"), { accepted: true });
  await station.plug(1);
  await station.tap(ada);
  await station.clock.pass(60_000);
  const begun = station.session(1);
  assert.is(begun.state, "charging");
  if (begun.state !== "charging") return;
  const { opening } = begun.sale;
  assert.is(opening.cutFrom, tariffDigest(whole));
  // Of three days one is over, and a part of another.
  assert.ok(opening.tariff.elements.length < 2 * 96 + 2, `${opening.tariff.elements.length} elements`);
  const next = await station.again();
  await next.clock.pass(10_000);
  const session = next.services.book.get(next.services.book.count());
  const payload = payloadOf(session?.jws ?? "");
  assert.is(payload?.kind, "sale");
  if (payload?.kind !== "sale") return;
  const { tariff, price } = payload.sale;
  assert.equal([tariff.id, tariff.cutFrom], ["spot", tariffDigest(whole)]);
  const { elements } = tariff.value as { readonly elements: readonly unknown[] };
  assert.ok(elements.length <= 3, `${elements.length} elements`);
  assert.ok(price.lines.every(({ unitPrice }) => unitPrice === "0.3"));
  await next.close();
});

test.run();
