// A limit at which a session ends is told before it ends, counts down, and is named afterwards.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { printedReceipt } from "../../../agent/receipts/output/terminal-text.js";
import { connectorSnapshot } from "../../../agent/station/snapshot.js";
import { TestStation, testStationConfig } from "../../support/station/test-station.js";

const ada = "04A23B1C5D6E80";
const limits = { energyKwh: "0.05" };

const told = suite("a limit of a session");

told("stands with the price, counts down, and is named when it has ended the session", async () => {
  const station = new TestStation(
    testStationConfig((config) => ({
      ...config,
      connectors: config.connectors.map((connector) => ({ ...connector, limits })),
    })),
  );
  const [connector] = station.config.connectors;
  if (connector === undefined) throw new Error("the demo has a connector");
  const shown = () =>
    connectorSnapshot(connector, {
      session: station.session(1),
      liveReading: station.services.station.connectors.get(1)?.liveReading(),
      lowSinceMs: null,
      idleFreeForMs: 0,
      noEnergyMs: station.config.timing.noEnergy,
      cardWaits: undefined,
      blocked: undefined,
      price: station.services.activeTariffs.lines(connector, station.clock.now()),
    });
  await station.plug(1);
  assert.ok(shown().price.includes("Ends by itself: at 0.05 kWh, after 30 min without any energy"));
  await station.tap(ada);
  await station.clock.pass(1_500);
  assert.equal(
    shown().endsAt?.map(({ at }) => at),
    ["0.05 kWh", "30 min without any energy"],
  );
  await station.charge(1, 30);
  assert.equal(shown().endsAt, [{ at: "0.05 kWh", left: "0.020 kWh" }]);
  await station.charge(1, 30);
  await station.clock.pass(3_000);
  assert.is(shown().words, "finished, the limit of 0.05 kWh is reached: unplug the car");
  const stops = station.event.flatMap((event) => (event.type === "stopping" ? [[event.reason, event.detail]] : []));
  assert.equal(stops, [["EnergyLimitReached", "the limit of 0.05 kWh is reached"]]);
  const { book } = station.services;
  const receipt = printedReceipt(book.get(book.count())?.jws ?? "", 80, { language: "en" }, true);
  assert.match(receipt, /Stopped +energy limit reached: the limit of 0\.05 kWh is reached/);
  assert.match(receipt, /Ends by itself: at 0\.05 kWh/, "and what stood with the price is on it");
  await station.close();
});

told.run();
