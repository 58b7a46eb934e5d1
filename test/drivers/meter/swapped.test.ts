// A meter exchanged under a running session, without a moment of silence: its serial number is asked for whenever money
// hangs on a reading, so nobody pays by another meter's register.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { loadMeterMap } from "../../../config/meter-map.js";
import type { Bench } from "../../../drivers/bench/bench.js";
import { RtuBus } from "../../../drivers/bench/rtu-bus.js";
import type { MeterValues } from "../../../drivers/bench/rtu-image.js";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import { openMeterBus } from "../../../drivers/meter/meter-bus.js";
import { meterConfig, port, quickMap, StillClock } from "../../support/meter/meter-bench.js";
import { Street } from "../../support/street/street.js";

const test = suite("a meter that is exchanged without a silence");
const noon = Date.UTC(2026, 10, 24, 12, 0, 0);
const model = "eastron-sdm630-v2";

/**
 * From now on another meter answers as connector 1's, a little ahead of the first: nothing about its register is
 * implausible.
 */
function exchange({ rtu, world }: Bench): void {
  rtu.get("rs485")?.attach(1, loadMeterMap(model), () => {
    const values = world.meterValues(1);
    return { ...values, energyMilliWh: values.energyMilliWh + 5_000, serial: "99000001" };
  });
}

/** A car that charges from second 8 on and is unplugged in second 150; the meter is exchanged in second `at`. */
async function visit(at: number, car: boolean): Promise<Street> {
  const street = await Street.open({
    scenarioMs: 180_000,
    startsAt: noon,
    agenda: (startMs) =>
      !car
        ? []
        : [
            { monoMs: startMs + 4_000, act: { do: "plug", connector: 1, powerW: 10_000, wantsWh: 30_000 } },
            {
              monoMs: startMs + 8_000,
              act: { do: "present", reader: "front", uids: [scenarioCards.ada], forMs: 2_500 },
            },
            { monoMs: startMs + 150_000, act: { do: "unplug", connector: 1 } },
          ],
  });
  const ended = await street.live({
    during: (bench) => void bench.clock.at(bench.clock.now().monoMs + at * 1_000, () => exchange(bench)),
  });
  assert.is(ended.how, "scenario-over", JSON.stringify(ended));
  return street;
}

test("while a car charges: the session ends, billed to the last reading after which the first meter still answered", async () => {
  const street = await visit(62, true);
  try {
    const payload = payloadOf([...street.seen.receipts.values()][0] ?? "");
    if (payload?.kind !== "sale") throw new Error("no sale");
    const { stop, finish, meter } = payload.sale;
    assert.is(stop.reason, "MeterFault", stop.detail);
    assert.match(stop.detail, /the meter is now 99000001, the session began with 23001985/);
    assert.is(meter.serial, "23001985");
    assert.ok(Date.parse(finish.at) <= noon + 62_000, finish.at);
    assert.equal(
      street.seen.event.flatMap((one) => (one.type === "fault" ? [one.code] : [])),
      ["meter/serial-changed"],
    );
  } finally {
    await street.close();
  }
});

test("in the moment in which the session ends: the other meter's register ends nothing", async () => {
  const street = await visit(150, true);
  try {
    const payload = payloadOf([...street.seen.receipts.values()][0] ?? "");
    if (payload?.kind !== "sale") throw new Error("no sale");
    assert.is(payload.sale.stop.reason, "EVDisconnected");
    assert.match(payload.sale.stop.detail, /billed to the last good reading \(the meter is now 99000001/);
    assert.ok(Date.parse(payload.sale.finish.at) <= noon + 150_000, payload.sale.finish.at);
  } finally {
    await street.close();
  }
});

test("between two sessions: it is noticed within a minute and told, and the next session is the new meter's", async () => {
  const street = await visit(30, false);
  try {
    const told = street.seen.event.flatMap((one) =>
      one.type === "note" && /its meter is now/.test(one.text) ? [one] : [],
    );
    assert.is(told.length, 1);
    assert.match(told[0]?.text ?? "", /^connector 1: its meter is now .* 99000001; it was .* 23001985$/);
    assert.ok((told[0]?.at ?? 0) <= noon + (30 + 75) * 1_000);
  } finally {
    await street.close();
  }
});

test("asking for the number alone is one request, and readings bear what it tells", async () => {
  const bench = new RtuBus();
  let values: MeterValues = { energyMilliWh: 5_000_000, powerW: 3_000, currentMilliA: 13_000, serial: "21031234" };
  bench.attach(1, quickMap(model), () => values);
  const bus = openMeterBus(port, new StillClock(), { binding: bench.binding, loadMap: quickMap });
  const meter = bus.meter(meterConfig(model));
  await meter.read();
  const before = bench.requests;
  assert.is(await meter.confirm(), "21031234");
  assert.is(bench.requests - before, 1);
  values = { ...values, serial: "99000001" };
  assert.is(await meter.confirm(), "99000001");
  assert.is((await meter.read()).serial, "99000001");
  await bus.close();
});

test.run();
