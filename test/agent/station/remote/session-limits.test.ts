// A limit that a backend sets for a session that runs: it is obeyed, raised, counted down, and it lasts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { grantedLimits } from "../../../../agent/core/session/limits.js";
import { limitsAhead } from "../../../../agent/core/session/limits-ahead.js";
import type { Sale } from "../../../../agent/core/session/sale.js";
import { TestStation } from "../../../support/station/test-station.js";

const test = suite("a limit that a backend sets while a session runs");
const known = "04A23B1C5D6E80";
const hourMs = 3_600_000;

/** A session of a known card at connector 1, which charges. */
async function charging(): Promise<{ readonly station: TestStation; readonly id: string }> {
  const station = new TestStation();
  await station.plug(1);
  await station.tap(known);
  await station.clock.pass(2_000);
  return { station, id: saleOf(station).opening.id };
}

function saleOf(station: TestStation): Sale {
  const session = station.session(1);
  if (!("sale" in session)) throw new Error(`the session is ${session.state}`);
  return session.sale;
}

const ends = (station: TestStation): string[] =>
  station.event.flatMap((event) => (event.type === "stopping" ? [`${event.reason}: ${event.detail}`] : []));

const journalled = (station: TestStation): unknown[] =>
  station.files
    .peek("/state/journal/segment-00000001.jsonl")
    .toString()
    .split("\n")
    .filter((line) => line.includes("LimitsSet"))
    .map((line) => {
      const { by, limits } = (JSON.parse(line) as { readonly event: { readonly by: string; readonly limits: object } })
        .event;
      return [by, limits];
    });

test("ends it where it is reached, and is counted down until then", async () => {
  const { station, id } = await charging();
  assert.equal(station.services.remote.limit(id, { energyKwh: "0.100" }, "csms"), { accepted: true });
  await station.charge(1, 60);
  await station.clock.pass(1_000);
  const live = station.services.station.feed().liveReading(1);
  assert.ok(live);
  assert.equal(
    limitsAhead(live, {}, grantedLimits(saleOf(station)), 0).map(({ at, left }) => `${at}: ${left} left`),
    ["0.100 kWh: 0.040 kWh left"],
  );
  assert.equal(ends(station), []);
  await station.charge(1, 45);
  await station.clock.pass(3_000);
  assert.equal(ends(station), ["EnergyLimitReached: the limit of 0.100 kWh is reached: set by csms"]);
  await station.close();
});

test("passes by what flows between two looks at the meter, and by no more", async () => {
  const { station, id } = await charging();
  station.services.remote.limit(id, { energyKwh: "0.100" }, "csms");
  const { energyMilliWh: beganMilliWh } = saleOf(station).opening.begin;
  // 3.6 kW: one watt-hour a second, and a look every poll.
  await station.charge(1, 192, 192);
  await station.clock.pass(3_000);
  const perPollMilliWh = ((station.config.connectors[0]?.meter.poll ?? 0) / 1000) * 1000;
  const taken = station.outlet(1).energyMilliWh - beganMilliWh;
  assert.ok(taken >= 100_000 && taken <= 100_000 + perPollMilliWh + 1_000, `${taken} mWh flowed`);
  await station.close();
});

test("counts as it was raised, and what the raise does not name stays", async () => {
  const { station, id } = await charging();
  const { remote } = station.services;
  remote.limit(id, { energyKwh: "0.050", timeMs: hourMs }, "csms");
  remote.limit(id, { energyKwh: "0.200" }, "csms");
  await station.charge(1, 100);
  await station.clock.pass(2_000);
  assert.equal(saleOf(station).backendLimits, [{ by: "csms", limits: { energyKwh: "0.200", timeMs: hourMs } }]);
  assert.equal(ends(station), []);
  await station.clock.pass(hourMs);
  assert.equal(ends(station), ["TimeLimitReached: the limit of 1 h is reached: set by csms"]);
  await station.close();
});

test("that is passed already ends it at once, without waiting for the next poll", async () => {
  const { station, id } = await charging();
  await station.charge(1, 150);
  await station.clock.pass(2_000);
  station.services.remote.limit(id, { energyKwh: "0.100" }, "csms");
  await station.clock.pass(1);
  assert.equal(ends(station), ["EnergyLimitReached: the limit of 0.100 kWh is reached: set by csms"]);
  await station.close();
});

test("of one backend takes nothing from that of another: the nearer ends it", async () => {
  const { station, id } = await charging();
  const { remote } = station.services;
  remote.limit(id, { energyKwh: "0.100" }, "csms");
  remote.limit(id, { energyKwh: "5" }, "other");
  await station.charge(1, 105);
  await station.clock.pass(3_000);
  assert.equal(ends(station), ["EnergyLimitReached: the limit of 0.100 kWh is reached: set by csms"]);
  await station.close();
});

test("is refused where no such session runs", async () => {
  const { station } = await charging();
  assert.is(station.services.remote.limit("nobody", { energyKwh: "0" }, "csms").accepted, false);
  await station.clock.pass(5_000);
  assert.equal(ends(station), []);
  await station.close();
});

test("stands in the journal once, and again after the process was killed", async () => {
  const { station, id } = await charging();
  for (let times = 0; times < 3; times += 1) station.services.remote.limit(id, { cost: "0.50" }, "csms");
  assert.equal(journalled(station), [["csms", { cost: "0.50" }]]);
  const next = await station.again();
  assert.equal(saleOf(next).backendLimits, [{ by: "csms", limits: { cost: "0.50" } }]);
  await next.close();
});

test.run();
