// The trap that would make every bill worthless: RTU replies do not name their register.
// First the library's own buffered port is shown to walk into it, then ours, against the same simulated bus.
import modbus from "modbus-serial";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RtuFault } from "../../../drivers/bench/rtu-bus.js";
import { RtuBus } from "../../../drivers/bench/rtu-bus.js";
import { RtuLine, serialStream } from "../../../drivers/meter/rtu-line.js";
import { port, quickMap, wired } from "../../support/meter/meter-bench.js";

const power = 0x0034;
const voltage = 0x0000;
const current = 0x0006;

/** The library as its manual says, over the bench: an SDM630 with 11 040 W, 230 V and 16 A a phase. */
async function stock(): Promise<{
  bench: RtuBus;
  ask: (address: number) => Promise<number | string>;
  close: () => Promise<void>;
}> {
  const bench = new RtuBus();
  bench.attach(1, quickMap("eastron-sdm630-v2"), () => ({
    energyMilliWh: 1_234_567_000,
    powerW: 11_040,
    currentMilliA: 48_000,
    serial: "21031234",
  }));
  const client = new modbus.default();
  const options = { baudRate: 9600, binding: bench.binding };
  await client.connectRTUBuffered("/dev/bench", options);
  client.setTimeout(100);
  client.setID(1);
  return {
    bench,
    ask: async (address) => {
      try {
        return (await client.readInputRegisters(address, 2)).buffer.readFloatBE(0);
      } catch (error) {
        return (error as { errno?: string }).errno ?? (error as Error).message;
      }
    },
    close: () => new Promise((resolve) => client.close(() => resolve())),
  };
}

const closing = suite("a line that is closed");

// Once the library's timer went on, and with it the process, for as long as the meter had to answer.
closing("gives up what is still asked at once, and leaves no timer", async () => {
  const bench = new RtuBus();
  bench.attach(1, quickMap("eastron-sdm630-v2"), () => ({
    energyMilliWh: 0,
    powerW: 0,
    currentMilliA: 0,
    serial: "1",
  }));
  const line = new RtuLine(serialStream(port, bench.binding));
  const client = new modbus.default(line);
  await new Promise<void>((resolve, reject) =>
    client.open((error: Error | null) => (error ? reject(error) : resolve())),
  );
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  client.setTimeout(3_600_000);
  client.setID(99);
  const asked = client.readInputRegisters(power, 2).then(
    () => "answered",
    () => "given up",
  );
  assert.is(timers(), before + 1);
  line.close();
  assert.is(await asked, "given up");
  assert.is(timers(), before);
  await line.closed();
});
closing.run();

const drained = suite("a reply that is late");

for (const after of [0, 1, 2])
  drained(`by ${after + 1} of our requests becomes the value of no other register`, async () => {
    const set = wired("eastron-sdm630-v2");
    await set.meter.identify();
    for (let turn = 0; turn < 6; turn += 1) {
      set.bench.inject(1, { kind: "late", after });
      // What cannot be told is refused; what is told is true.
      for (const ask of [() => set.meter.read(), () => set.meter.confirm(), () => set.meter.identify()]) {
        const told = await ask().catch(() => undefined);
        if (told === undefined) continue;
        if (typeof told === "string") assert.is(told, set.values.serial);
        else assert.is(told.serial, set.values.serial);
        if (typeof told === "object" && "energyMilliWh" in told) {
          assert.is(told.energyMilliWh, set.values.energyMilliWh);
          assert.is(told.powerW, set.values.powerW);
        }
      }
    }
    await set.bus.close();
  });
drained.run();

const library = suite("the library's buffered port, as it is");

library("a late reply is taken for another register's value, and so is every one after it", async () => {
  const { bench, ask, close } = await stock();
  bench.inject(1, { kind: "late" });
  assert.is(await ask(power), "ETIMEDOUT");
  assert.is(await ask(voltage), 11_040, "11 040 V: the late power");
  assert.is(await ask(current), 230, "230 A: the voltage");
  assert.is(await ask(power), 16, "and so on, with sound checksums");
  await close();
});

library("a doubled reply shifts all that follow, even after a pause", async () => {
  const { bench, ask, close } = await stock();
  bench.inject(1, { kind: "twice-at-once" });
  assert.is(await ask(power), 11_040);
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(await ask(voltage), 11_040);
  assert.is(await ask(current), 230);
  await close();
});

library("a cut reply is made whole with the bytes of the next one", async () => {
  const { bench, ask, close } = await stock();
  bench.inject(1, { kind: "cut", bytes: 4 });
  assert.is(await ask(power), "ETIMEDOUT");
  assert.is(await ask(voltage), "CRC error", "the next reply is spoilt with it");
  await close();
});
library.run();

const ours = suite("our line, on the same bus");

const faults: RtuFault[] = [
  { kind: "late" },
  { kind: "doubled" },
  { kind: "twice-at-once" },
  { kind: "cut", bytes: 4 },
  { kind: "cut", bytes: 1 },
  { kind: "silent" },
  { kind: "fragmented" },
  { kind: "wrong-crc" },
  { kind: "exception", code: 6 },
  { kind: "noise-before", bytes: Buffer.from([1, 4, 8, 0, 1, 3]) },
  { kind: "wrong-unit", unit: 2 },
  { kind: "all-ones" },
  { kind: "slow", ms: 45 },
];
// Between them: several live requests of one length, a check as long as the serial number, records read whole, sums,
// scales, reads one by one.
const models = ["eastron-sdm630-v2", "cg-em24", "inepro-pro380", "orno-we514", "bauer-bsm-ws36a"];

for (const model of models) {
  // Some with real time-outs and a real quiet time after them, as on a real line; the others on a bench that knows when
  // nothing more will come.
  const patience = model === "eastron-sdm630-v2" || model === "inepro-pro380" ? "by the clock" : "knows silence";
  ours(`${model}: whatever happens to whichever reply, a value is right or it is not given`, async () => {
    // An integer register of all ones is a value, where the map knows no mark for "not available": no driver can tell.
    const floats = quickMap(model).reading.energy.every((name) =>
      quickMap(model).registers[name]?.type.startsWith("f"),
    );
    const cases = faults
      .filter(({ kind }) => floats || kind !== "all-ones")
      .flatMap((fault) => Array.from({ length: 8 }, (_, nth) => ({ fault, nth })));
    // A few side by side: waiting for time-outs costs no work, but a busy machine would bring time-outs of its own.
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let next = cases.pop(); next !== undefined; next = cases.pop())
          await survives(model, next.fault, next.nth, patience);
      }),
    );
  });
}

/** Far more than the two or three of a quiet machine: a time-out of 30 ms comes by itself where others work. */
const mostRounds = 200;

/**
 * Reads until two readings are good (on a busy machine that takes more than the few rounds of a quiet one), while the
 * world moves with each request; the reply to request `nth` is spoilt.
 */
async function survives(
  model: string,
  fault: RtuFault,
  nth: number,
  patience: "by the clock" | "knows silence",
): Promise<void> {
  const set = wired(model, { timeout: 30 }, patience);
  let asked = 0;
  const shown = new Map<number, { energyMilliWh: number; powerW: number }>();
  set.bench.detach(1);
  set.bench.attach(1, set.map, () => {
    asked += 1;
    // Steps that every model can show: 100 Wh, and powers that divide by three.
    set.values = { ...set.values, energyMilliWh: 1_000_000_000 + asked * 100_000, powerW: 3_000 + asked * 30 };
    shown.set(asked, set.values);
    return set.values;
  });
  if (nth > 0) set.bench.inject(1, { kind: "noise-before", bytes: Buffer.alloc(0) }, nth);
  set.bench.inject(1, fault);
  const name = `${model}, ${fault.kind} at ${nth}`;
  let good = 0;
  for (let round = 0; round < mostRounds && good < 2; round++) {
    const before = asked;
    const reading = await set.meter.read().catch((error: { code?: string }) => {
      assert.match(
        error.code ?? String(error),
        /^meter\/(timeout|garbled|exception|implausible|unknown|serial-changed)$/,
        name,
      );
      return undefined;
    });
    if (reading === undefined) continue;
    good += 1;
    // Energy is asked last: it must be what the meter showed in the last request of this very reading.
    assert.is(reading.energyMilliWh, shown.get(asked)?.energyMilliWh, name);
    const powers = [...shown].filter(([at]) => at > before).map(([, values]) => values.powerW);
    assert.ok(
      powers.some((watts) => Math.abs(watts - reading.powerW) <= 1),
      `${name}: power ${reading.powerW}`,
    );
    assert.is(reading.serial, set.map.identity.serial === undefined ? "LABEL-7" : set.values.serial, name);
  }
  assert.is(good, 2, `${name}: good readings`);
  await set.bus.close();
}
ours.run();
