// What the pins of a connector say while a car charges: asked with every reading, and never made the driver's matter.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Outlet, TestStation, testStationConfig } from "../../../support/station/test-station.js";

const ada = "04A23B1C5D6E80";
const hourS = 3_600;

/** A car charges at connector 1 for a minute at 7.2 kW; the auxiliary contact follows the coil. */
async function charging(): Promise<{ readonly station: TestStation; readonly outlet: Outlet }> {
  const station = new TestStation(
    testStationConfig((config) => ({ ...config, timing: { ...config.timing, idleGrace: 0 } })),
  );
  const outlet = station.outlet(1);
  outlet.feedback = () => outlet.closed;
  await station.plug(1);
  await station.tap(ada);
  await station.charge(1, 120, 60);
  assert.is(station.session(1).state, "charging");
  return { station, outlet };
}

const faultsOf = (station: TestStation): string[] =>
  station.event.flatMap((event) => (event.type === "fault" ? [event.code] : []));
const stops = (station: TestStation): string[] =>
  station.event.flatMap((event) => (event.type === "stopping" ? [`${event.reason}: ${event.detail}`] : []));
const totals = (station: TestStation): string[] =>
  station.event.flatMap((event) => (event.type === "receipt" ? [`${event.kwh} kWh ${event.total}`] : []));

const contacts = suite("the contacts of a connector while a car charges");

contacts("a contactor that drops out in mid-session ends it, and costs no idle fee", async () => {
  const { station, outlet } = await charging();
  outlet.feedback = () => false;
  outlet.powerW = 0;
  for (let second = 0; second < hourS; second += 60) await station.clock.pass(60_000);
  assert.equal(faultsOf(station), ["contactor/not-closing"]);
  assert.equal(stops(station), [
    "ContactorFault: the contactor dropped out: no time is charged since the last reading before",
  ]);
  // 0.12 kWh at 0.39 EUR and 0.50 EUR a session are under the minimum of 1.00 EUR; an hour idle would be 6.00 EUR.
  assert.equal(totals(station), ["0.120 kWh 1.00"]);
  await station.close();
});

contacts("an auxiliary contact that says open while power flows is a fault with a name", async () => {
  const { station, outlet } = await charging();
  outlet.feedback = () => false;
  await station.charge(1, 20, 10);
  assert.equal(faultsOf(station), ["contactor/not-closing"]);
  assert.is(outlet.closed, false);
  await station.close();
});

contacts("a contact that makes 1,000 edges a second is a fault with a name", async () => {
  const { station, outlet } = await charging();
  outlet.feedback = () => outlet.closed && station.clock.now().monoMs % 2 === 0;
  await station.charge(1, 20, 10);
  assert.equal(faultsOf(station), ["contactor/not-closing"]);
  assert.match(stops(station).join(), /^ContactorFault: the contactor does not hold: /);
  await station.close();
});

contacts("a spike of 50 ms on the wire of the contact ends nothing", async () => {
  const { station, outlet } = await charging();
  let spikeFromMs: number | undefined;
  outlet.feedback = () => {
    spikeFromMs ??= station.clock.now().monoMs;
    return outlet.closed && station.clock.now().monoMs - spikeFromMs > 50;
  };
  await station.charge(1, 20, 10);
  assert.ok(spikeFromMs !== undefined, "the contact was looked at");
  assert.equal([faultsOf(station), station.session(1).state], [[], "charging"]);
  await station.close();
});

contacts("a plug that was pulled without an edge that anybody saw ends the session", async () => {
  const { station, outlet } = await charging();
  outlet.plugged = false;
  await station.charge(1, 0, 10);
  assert.equal(stops(station), ["EVDisconnected: the cable was pulled"]);
  await station.close();
});

contacts.run();
