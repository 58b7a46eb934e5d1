// A second tap in the first minute does not end a session that would cost the minimum without telling it first.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TestStation, testStationConfig } from "../../support/station/test-station.js";

const ada = "04A23B1C5D6E80";
const warning = "stopping now costs the minimum of 1.00 EUR: hold the card again to stop";

/** A session of this card that ran for some seconds and took 25 Wh: 0.50 to start and 0.01 for energy, at least 1.00. */
async function justBegun(station = new TestStation(), wattHours = 25): Promise<TestStation> {
  await station.plug(1);
  await station.tap(ada);
  await station.charge(1, wattHours);
  assert.is(station.session(1).state, "charging");
  return station;
}

const early = suite("a stop in the first minute of a session");

early("that would cost the minimum is told by word and lamp, and the session runs on", async () => {
  const station = await justBegun();
  await station.tap(ada);
  assert.equal(station.answers().slice(1), [warning]);
  assert.is(station.session(1).state, "charging");
  assert.is(station.outlet(1).shown, "confirm-stop");
  await station.clock.pass(6_000);
  assert.is(station.outlet(1).shown, "charging");
  await station.close();
});

early("is carried out by the next tap", async () => {
  const station = await justBegun();
  await station.tap(ada);
  await station.clock.pass(3_000);
  await station.tap(ada);
  await station.clock.pass(3_000);
  assert.equal(station.answers().slice(1), [warning, "connector 1 stops"]);
  assert.is(station.session(1).state, "finishing");
  await station.close();
});

early("is carried out by a card that stays at the reader after it was told", async () => {
  const station = await justBegun();
  station.heldCards.add(ada);
  await station.tap(ada);
  await station.clock.pass(10_000);
  assert.equal(station.answers().slice(1), [warning, "connector 1 stops"]);
  await station.close();
});

early("costs nothing where no energy flowed, and is carried out at once", async () => {
  const station = await justBegun(new TestStation(), 0);
  await station.tap(ada);
  assert.equal(station.answers().slice(1), ["connector 1 stops"]);
  await station.close();
});

early("by a tariff without a minimum is carried out at once", async () => {
  const loaded = testStationConfig((config) => ({
    ...config,
    tariffs: ["tariffs/simple.json"],
    connectors: config.connectors.map((connector) => ({ ...connector, tariff: "simple" })),
  }));
  const station = await justBegun(new TestStation(loaded));
  await station.tap(ada);
  assert.equal(station.answers().slice(1), ["connector 1 stops"]);
  await station.close();
});

early("is no longer early after a minute", async () => {
  const station = await justBegun();
  await station.clock.pass(60_000);
  await station.tap(ada);
  assert.equal(station.answers().slice(1), ["connector 1 stops"]);
  await station.close();
});

early("by a button is told too, and carried out by the next press", async () => {
  const loaded = testStationConfig((config) => ({
    ...config,
    connectors: config.connectors.map((connector) =>
      connector.id === 1 ? { ...connector, button: { gpio: 40, activeLow: true, does: "stop" as const } } : connector,
    ),
  }));
  const station = await justBegun(new TestStation(loaded));
  const press = (): void =>
    station.services.station.buttonHandler.heard(1, { pressed: true, stuck: false, moment: station.clock.now() });
  press();
  assert.is(station.outlet(1).shown, "confirm-stop");
  await station.clock.pass(2_000);
  assert.is(station.session(1).state, "charging");
  press();
  await station.clock.pass(3_000);
  assert.is(station.session(1).state, "finishing");
  const presses = station.event.flatMap((event) => (event.type === "press" ? [event.answer] : []));
  assert.equal(presses, [warning.replace("hold the card", "press"), "connector 1 stops"]);
  await station.close();
});

early.run();
