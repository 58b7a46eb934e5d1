// A wish to stop that a timer refuses is asked again: a card that lies at the reader, or a button that is held, in the
// first seconds of a session.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TestStation, testStationConfig } from "../../support/station/test-station.js";

const ada = "04A23B1C5D6E80";

/** A session of this card that began a second ago, its card lifted since. */
async function justBegun(station = new TestStation()): Promise<TestStation> {
  await station.plug(1);
  await station.tap(ada);
  assert.is(station.session(1).state, "charging");
  await station.clock.pass(1_000);
  return station;
}

const wishes = suite("a wish to stop in the first seconds of a session");

wishes("a stop card that lies at the reader since the first seconds stops the session once it may", async () => {
  const station = await justBegun();
  station.heldCards.add(ada);
  await station.tap(ada);
  assert.is(station.session(1).state, "charging", "it had only just begun");
  await station.clock.pass(10_000);
  assert.is(station.session(1).state, "finishing");
  assert.equal(station.answers().slice(1), ["the session has only just begun", "connector 1 stops"]);
  await station.close();
});

wishes("a card that was lifted again changed its mind, or bounced: the session runs on", async () => {
  const station = await justBegun();
  station.heldCards.add(ada);
  await station.tap(ada);
  station.heldCards.delete(ada);
  await station.clock.pass(60_000);
  assert.is(station.session(1).state, "charging");
  assert.equal(station.answers().slice(1), ["the session has only just begun"]);
  await station.close();
});

wishes("the card that started a session and was never lifted does not stop it", async () => {
  const station = new TestStation();
  station.heldCards.add(ada);
  await justBegun(station);
  await station.clock.pass(60_000);
  assert.is(station.session(1).state, "charging");
  await station.close();
});

wishes("a card that lies there after its session ended by itself stops no later one", async () => {
  const station = await justBegun();
  station.heldCards.add(ada);
  await station.tap(ada);
  await station.plug(1, false);
  await station.clock.pass(3_000);
  assert.is(station.session(1).state, "available");
  await station.clock.pass(60_000);
  assert.equal(station.answers().slice(1), ["the session has only just begun"]);
  await station.close();
});

wishes("a button that is held since the first seconds stops the session once it may", async () => {
  const withButton = testStationConfig((config) => ({
    ...config,
    connectors: config.connectors.map((one) => ({
      ...one,
      button: { gpio: 24 + one.id * 8, activeLow: true, does: "stop" as const },
    })),
  }));
  for (const isHeld of [true, false]) {
    const station = await justBegun(new TestStation(withButton));
    station.outlet(1).buttonDown = isHeld;
    const { buttonHandler } = station.services.station;
    buttonHandler.heard(1, { pressed: true, stuck: false, moment: station.clock.now() });
    await station.clock.pass(10_000);
    assert.is(station.session(1).state, isHeld ? "finishing" : "charging");
    await station.close();
  }
});

wishes.run();
