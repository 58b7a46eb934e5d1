// What lamp, status and tap tell is what decides: whether a tap could begin a session now has one answer.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Moment } from "../../../drivers/driver.js";
import { TestStation, testStationConfig } from "../../support/station/test-station.js";
import { SteppedClock } from "../../support/time/stepped-clock.js";

const ada = "04A23B1C5D6E80";
const reason = 'the clock is not set, and it is not known whether tariff "standard" is in force';

/** A clock that nobody has set yet: it counts from 1970. */
class UnsetClock extends SteppedClock {
  isSet = false;

  override now(): Moment {
    const now = super.now();
    return this.isSet ? now : { ...now, at: now.monoMs, trust: "unsynced" };
  }
}

/** A tariff without any dates or times, which is in force always. */
const timeless = testStationConfig((config) => ({
  ...config,
  tariffs: ["tariffs/simple.json"],
  connectors: config.connectors.map((connector) => ({ ...connector, tariff: "simple" })),
}));

const told = suite("a fresh station without a clock");

told("tells by lamp, status and tap that it does not sell, and why", async () => {
  const station = new TestStation(testStationConfig(), new UnsetClock());
  await station.plug(1);
  assert.equal([station.outlet(1).shown, station.outlet(2).shown], ["fault", "fault"]);
  assert.is(station.services.station.feed().blocked(1), reason);
  await station.tap(ada);
  assert.equal(station.answers(), [`no session can start: ${reason}`]);
  assert.is(station.session(1).state, "occupied");
  await station.close();
});

told("sells once its clock is set", async () => {
  const clock = new UnsetClock();
  const station = new TestStation(testStationConfig(), clock);
  await station.plug(1);
  clock.isSet = true;
  station.services.station.relight();
  assert.equal([station.outlet(1).shown, station.outlet(2).shown], ["waiting-for-card", "available"]);
  await station.tap(ada);
  assert.equal(station.answers(), ["accepted: connector 1 starts"]);
  assert.is(station.session(1).state, "charging");
  await station.close();
});

told("sells by a tariff without any dates or times, which is in force always", async () => {
  const station = new TestStation(timeless, new UnsetClock());
  await station.plug(1);
  assert.is(station.outlet(1).shown, "waiting-for-card");
  await station.tap(ada);
  assert.equal(station.answers(), ["accepted: connector 1 starts"]);
  assert.is(station.session(1).state, "charging");
  await station.close();
});

told("a price that was shown before the clock was set was not shown in 1970", async () => {
  const clock = new UnsetClock();
  const station = new TestStation(timeless, clock);
  await station.plug(1);
  await clock.pass(5_000);
  clock.isSet = true;
  await station.tap(ada);
  const session = station.session(1);
  if (session.state !== "charging") throw new Error(`the session is ${session.state}`);
  const { shown, begin } = session.sale.opening;
  const beforeMs = begin.moment.at - shown.atMs;
  assert.ok(beforeMs >= 0 && beforeMs < 60_000, `${beforeMs} ms before the begin`);
  await station.close();
});

told.run();
