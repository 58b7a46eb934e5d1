// A field fault, recorded on one line and played back on another, says the same again.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RtuBus } from "../../../drivers/bench/rtu-bus.js";
import type { MeterValues } from "../../../drivers/bench/rtu-image.js";
import type { RecordedBytes } from "../../../drivers/bench/rtu-replay.js";
import { RtuReplay } from "../../../drivers/bench/rtu-replay.js";
import { openMeterBus } from "../../../drivers/meter/meter-bus.js";
import { codeOf, meterConfig, port, quickMap, StillClock } from "../../support/meter/meter-bench.js";

const replay = suite("a recorded line");

const model = "eastron-sdm630-v2";

/** Five readings with a cut reply, a doubled one and a late one among them. */
async function recorded(): Promise<{ trace: RecordedBytes[]; told: string[] }> {
  const trace: RecordedBytes[] = [];
  const bench = new RtuBus();
  let values: MeterValues = { energyMilliWh: 5_000_000, powerW: 3_000, currentMilliA: 13_000, serial: "21031234" };
  bench.attach(1, quickMap(model), () => (values = { ...values, energyMilliWh: values.energyMilliWh + 1_000_000 }));
  const bus = openMeterBus(port, new StillClock(), {
    binding: bench.patientBinding,
    loadMap: quickMap,
    onBytes: (direction, bytes) => trace.push({ direction, bytes: Buffer.from(bytes) }),
  });
  const told = await readings(bus.meter(meterConfig(model, { timeout: 100 })), (round) => {
    if (round === 1) bench.inject(1, { kind: "cut", bytes: 6 });
    if (round === 2) bench.inject(1, { kind: "twice-at-once" });
    if (round === 3) bench.inject(1, { kind: "slow", ms: 120 });
  });
  await bus.close();
  return { trace, told };
}

async function readings(
  meter: { read(): Promise<{ energyMilliWh: number }> },
  before: (round: number) => void,
): Promise<string[]> {
  const told: string[] = [];
  for (let round = 0; round < 5; round++) {
    before(round);
    const reading = meter.read();
    const code = await codeOf(reading);
    told.push(code === "none" ? String((await reading).energyMilliWh) : code);
  }
  return told;
}

replay("gives the same readings and the same faults again", async () => {
  const { trace, told } = await recorded();
  assert.ok(told.includes("meter/garbled") && told.includes("meter/timeout"), told.join(" "));
  const played = new RtuReplay(trace);
  const bus = openMeterBus(port, new StillClock(), { binding: played.binding, loadMap: quickMap });
  assert.equal(await readings(bus.meter(meterConfig(model)), () => undefined), told);
  assert.is(played.strayed, undefined);
  assert.ok(played.ended);
  await bus.close();
});

replay("says where a driver with another map leaves it", async () => {
  const { trace } = await recorded();
  const played = new RtuReplay(trace);
  const bus = openMeterBus(port, new StillClock(), { binding: played.binding, loadMap: quickMap });
  assert.is(await codeOf(bus.meter(meterConfig("abb-b2x")).read()), "meter/timeout");
  assert.match(played.strayed ?? "", /^entry 1: asked 0103/);
  await bus.close();
});
replay.run();
