// Meters that do not tell the serial number that their model tells: early SDM630 refuse the register. The config's
// number is taken, everybody is told whose word it is, and a meter that has told its own is held to it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import type { MeterMap } from "../../../config/meter-map.js";
import type { MeterConfig } from "../../../config/schema.js";
import { RtuBus } from "../../../drivers/bench/rtu-bus.js";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import { openMeterBus } from "../../../drivers/meter/meter-bus.js";
import { scanPort, stationYaml } from "../../../drivers/meter/meter-scan.js";
import type { ModbusMeter } from "../../../drivers/meter/modbus-meter.js";
import { codeOf, meterConfig, port, quickMap, StillClock } from "../../support/meter/meter-bench.js";
import { Street } from "../../support/street/street.js";

const test = suite("a serial number by hand");
const model = "eastron-sdm630-v2";
const values = { energyMilliWh: 5_000_000, powerW: 3_000, currentMilliA: 13_000, serial: "21031234" };

/** The same meter, but for the register of its serial number. */
function without(map: MeterMap): MeterMap {
  const { serialNumber: _, ...registers } = map.registers;
  return { ...map, registers };
}

function open(bench: RtuBus, more: Partial<MeterConfig>): ModbusMeter {
  const bus = openMeterBus(port, new StillClock(), { binding: bench.binding, loadMap: quickMap });
  return bus.meter(meterConfig(model, more));
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => "no error",
    (error: unknown) => (error as Error).message,
  );
}

test("a meter without the register is taken at the config's word, and says so", async () => {
  const bench = new RtuBus();
  bench.attach(1, without(quickMap(model)), () => values);
  const meter = open(bench, { serial: "A-1234" });
  assert.equal(await meter.identify(), {
    vendor: "Eastron",
    model: "SDM630-Modbus V2",
    serial: "A-1234",
    serialByHand: true,
  });
  assert.is((await meter.read()).serial, "A-1234");
  assert.is(await meter.confirm(), "A-1234");
});

test("without that word it is refused, with what to write", async () => {
  const bench = new RtuBus();
  bench.attach(1, without(quickMap(model)), () => values);
  const meter = open(bench, {});
  assert.is(await codeOf(meter.read()), "meter/unknown");
  assert.match(
    await messageOf(meter.identify()),
    /has no register for a serial number \(exception 2\).*write the number on its label as serial/,
  );
});

test("a register that holds no number is none", async () => {
  const bench = (): RtuBus => {
    const one = new RtuBus();
    one.attach(1, quickMap(model), () => ({ ...values, serial: "0" }));
    return one;
  };
  assert.is((await open(bench(), { serial: "A-1234" }).identify()).serialByHand, true);
  assert.match(await messageOf(open(bench(), {}).identify()), /reports no serial number \("0"\)/);
});

test("a meter that tells its number is held to it: no other number, and no silence afterwards", async () => {
  const bench = new RtuBus();
  bench.attach(1, quickMap(model), () => values);
  const meter = open(bench, { serial: "21031234" });
  assert.is((await meter.identify()).serialByHand, undefined);
  bench.attach(1, without(quickMap(model)), () => values);
  assert.is(await codeOf(meter.confirm()), "meter/serial-changed");
  assert.is(await codeOf(meter.read()), "meter/serial-changed");
  bench.attach(1, quickMap(model), () => values);
  assert.is((await meter.read()).serial, "21031234");
});

test("a meter by hand that is exchanged for one that tells its number is noticed", async () => {
  const bench = new RtuBus();
  bench.attach(1, without(quickMap(model)), () => values);
  const meter = open(bench, { serial: "A-1234" });
  await meter.identify();
  bench.attach(1, quickMap(model), () => values);
  assert.is(await codeOf(meter.confirm()), "meter/serial-changed");
});

test("another exception, or none, is no word that there is no number", async () => {
  const bench = new RtuBus();
  bench.attach(1, quickMap(model), () => values);
  const meter = open(bench, { serial: "21031234" });
  await meter.identify();
  bench.inject(1, { kind: "exception", code: 4 });
  assert.is(await codeOf(meter.confirm()), "meter/exception");
  bench.inject(1, { kind: "silent" });
  assert.is(await codeOf(meter.confirm()), "meter/timeout");
});

test("a scan finds it, and asks for the number on its label", async () => {
  const bench = new RtuBus();
  bench.attach(1, without(quickMap(model)), () => values);
  const lines = [{ baud: 9600, parity: "none", stopBits: 1 }] as const;
  const scan = scanPort(port.path, new StillClock(), { lines, units: [1], timeoutMs: 1_000, binding: bench.binding });
  for await (const found of scan) {
    const [candidate] = found.candidates;
    assert.equal(candidate, { model, serial: undefined, checked: true, doubt: undefined });
    assert.match(
      candidate === undefined ? "" : stationYaml(port.path, found, candidate),
      "its number stands on its label",
    );
    return;
  }
  assert.unreachable("nothing found");
});

test("a session through it is billed, and its receipt says that the number was entered by hand", async () => {
  const street = await Street.open({
    scenarioMs: 120_000,
    change: (config) => ({
      ...config,
      connectors: config.connectors.map((one) => ({ ...one, meter: { ...one.meter, serial: `A-${one.id}` } })),
    }),
    wire: ({ rtu, world }) => {
      for (const unit of [1, 2])
        rtu
          .get("rs485")
          ?.attach(unit, without(quickMap(model)), () => ({ ...world.meterValues(unit), serial: "nobody reads it" }));
    },
    agenda: (startMs) => [
      { monoMs: startMs + 4_000, act: { do: "plug", connector: 1, powerW: 10_000, wantsWh: 30_000 } },
      { monoMs: startMs + 8_000, act: { do: "present", reader: "front", uids: [scenarioCards.ada], forMs: 2_500 } },
      { monoMs: startMs + 100_000, act: { do: "unplug", connector: 1 } },
    ],
  });
  try {
    const ended = await street.live();
    assert.is(ended.how, "scenario-over", JSON.stringify(ended));
    const payload = payloadOf([...street.seen.receipts.values()][0] ?? "");
    if (payload?.kind !== "sale") throw new Error("no sale");
    assert.equal(payload.sale.meter, {
      vendor: "Eastron",
      model: "SDM630-Modbus V2",
      serial: "A-1",
      serialByHand: true,
    });
    assert.is(payload.sale.stop.reason, "EVDisconnected");
    assert.ok(Number(payload.sale.energyKwh) > 0.2, payload.sale.energyKwh);
  } finally {
    await street.close();
  }
});
test.run();
