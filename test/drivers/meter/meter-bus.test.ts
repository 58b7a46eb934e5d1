// The bus: one queue, one request in flight, a port that goes and comes back, and an end that leaves nothing behind.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RtuBus } from "../../../drivers/bench/rtu-bus.js";
import { openMeterBus } from "../../../drivers/meter/meter-bus.js";
import type { SerialBinding } from "../../../drivers/meter/rtu-line.js";
import { codeOf, meterConfig, port, quickMap, StillClock, wired } from "../../support/meter/meter-bench.js";

const bus = suite("a meter bus");

bus("eight meters read at once each get their own values", async () => {
  const bench = new RtuBus();
  const clock = new StillClock();
  const line = openMeterBus(port, clock, { binding: bench.binding, loadMap: quickMap });
  const models = ["eastron-sdm630-v2", "eastron-sdm120", "abb-b2x", "inepro-pro380"];
  const meters = Array.from({ length: 8 }, (_, index) => {
    const unit = index + 1;
    const model = models[index % models.length] ?? "";
    const values = {
      energyMilliWh: unit * 1_000_000_000,
      powerW: unit * 300,
      currentMilliA: unit * 900,
      serial: `${20_000_000 + unit}`,
    };
    bench.attach(unit, quickMap(model), () => values);
    return { values, meter: line.meter(meterConfig(model, { unit })) };
  });
  const readings = Promise.all(meters.map(({ meter }) => meter.read()));
  assert.ok(clock.inFlight > 0, "virtual time stands still while the bus is busy");
  for (const [index, reading] of (await readings).entries()) {
    assert.is(reading.energyMilliWh, meters[index]?.values.energyMilliWh);
    assert.is(reading.powerW, meters[index]?.values.powerW);
    assert.is(reading.serial, meters[index]?.values.serial);
  }
  assert.is(clock.inFlight, 0);
  await line.close();
});

bus("a reading bears the moment in which its bytes arrived", async () => {
  const set = wired("eastron-sdm630-v2");
  await set.meter.identify();
  set.bench.inject(1, { kind: "spoilt", spoil: (frame) => frame }, 1);
  set.bench.inject(1, {
    kind: "spoilt",
    spoil: (frame) => {
      set.clock.monoMs = 5_000;
      return frame;
    },
  });
  const reading = set.meter.read().then((done) => {
    set.clock.monoMs = 9_000;
    return done;
  });
  assert.is((await reading).moment.monoMs, 5_000);
  await set.bus.close();
});

const failures: [what: string, code: string, act: (bench: RtuBus) => void][] = [
  ["a silent meter", "meter/timeout", (bench) => bench.inject(1, { kind: "silent" })],
  ["a reply with a wrong checksum", "meter/garbled", (bench) => bench.inject(1, { kind: "wrong-crc" })],
  ["a cut reply", "meter/garbled", (bench) => bench.inject(1, { kind: "cut", bytes: 5 })],
  ["a reply of another unit", "meter/garbled", (bench) => bench.inject(1, { kind: "wrong-unit", unit: 9 })],
  ["an exception", "meter/exception", (bench) => bench.inject(1, { kind: "exception", code: 4 })],
  ["a unit that is not there", "meter/timeout", (bench) => bench.detach(1)],
  ["an adapter that is not there", "port/missing", (bench) => bench.vanish()],
  ["an adapter that is unplugged in the middle", "port/lost", (bench) => bench.inject(1, { kind: "vanish" })],
];
for (const [what, code, act] of failures)
  bus(`${what} is ${code}, in a sentence that names the port`, async () => {
    const set = wired("eastron-sdm630-v2");
    act(set.bench);
    try {
      await set.meter.read();
      assert.unreachable();
    } catch (error) {
      const { name, code: told, message } = error as { name: string; code: string; message: string };
      assert.is(name, "DeviceError");
      assert.is(told, code);
      assert.match(message, port.path);
      assert.match(message, /[:?] ?|check|is/);
    }
    await set.bus.close();
  });

bus("a port that is lost with a request in flight says so at once, and is opened anew when it is back", async () => {
  const set = wired("eastron-sdm630-v2", { timeout: 15_000 });
  assert.is((await set.meter.read()).energyMilliWh, set.values.energyMilliWh);
  set.bench.inject(1, { kind: "vanish" });
  const started = performance.now();
  assert.is(await codeOf(set.meter.read()), "port/lost");
  assert.ok(performance.now() - started < 5_000, "not after the time-out");
  assert.is(await codeOf(set.meter.read()), "port/missing");
  set.bench.restore();
  assert.is((await set.meter.read()).energyMilliWh, set.values.energyMilliWh);
  await set.bus.close();
});

bus("after three silences in a row the port itself is opened anew", async () => {
  const set = wired("eastron-sdm630-v2");
  await set.bus.close();
  let opened = 0;
  const counting: SerialBinding = {
    ...set.bench.binding,
    open: (options) => {
      opened += 1;
      return set.bench.binding.open(options);
    },
  };
  const line = openMeterBus(port, new StillClock(), { binding: counting, loadMap: quickMap });
  const meter = line.meter(meterConfig("eastron-sdm630-v2"));
  await meter.read();
  set.bench.inject(1, { kind: "silent" }, 3);
  for (let silence = 0; silence < 3; silence++) assert.is(await codeOf(meter.read()), "meter/timeout");
  assert.is((await meter.read()).energyMilliWh, set.values.energyMilliWh);
  assert.is(opened, 2);
  await line.close();
});

bus("a bench that knows silence makes nobody wait for it by the clock", async () => {
  const set = wired("bauer-bsm-ws36a", { timeout: 15_000 });
  await set.meter.read();
  set.bench.inject(1, { kind: "silent" }, 50);
  const started = performance.now();
  for (let poll = 0; poll < 50; poll++) assert.is(await codeOf(set.meter.read()), "meter/timeout");
  assert.ok(performance.now() - started < 10_000, "50 time-outs of 15 s");
  assert.is((await set.meter.read()).energyMilliWh, set.values.energyMilliWh);
  await set.bus.close();
});

bus("counts what the line has been through", async () => {
  const set = wired("eastron-sdm630-v2");
  await set.meter.identify();
  for (const fault of [{ kind: "silent" }, { kind: "wrong-crc" }, { kind: "exception", code: 6 }] as const) {
    set.bench.inject(1, fault);
    await codeOf(set.meter.identify());
  }
  const { timedOut, garbled, refused, asked, answered } = set.bus.counts;
  assert.equal({ timedOut, garbled, refused }, { timedOut: 1, garbled: 1, refused: 1 });
  assert.is(asked - answered, 3);
  await set.bus.close();
});

bus("a wire that takes time is waited for", async () => {
  const set = wired("eastron-sdm120");
  await set.bus.close();
  const wire: SerialBinding = { ...set.bench.binding, instant: false };
  const line = openMeterBus({ ...port, baud: 115_200 }, new StillClock(), { binding: wire, loadMap: quickMap });
  const meter = line.meter(meterConfig("eastron-sdm120"));
  assert.is((await meter.read()).energyMilliWh, set.values.energyMilliWh);
  await line.close();
});

bus("closing ends what is in flight and what waits, and leaves no timer behind", async () => {
  const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const set = wired("eastron-sdm630-v2", { timeout: 15_000 }, "by the clock");
  set.bench.inject(1, { kind: "silent" }, 10);
  const pending = [set.meter.read(), set.meter.read(), set.meter.identify()].map(codeOf);
  await new Promise((resolve) => setImmediate(resolve));
  await set.bus.close();
  assert.equal(await Promise.all(pending), ["port/lost", "port/lost", "port/lost"]);
  assert.is(await codeOf(set.meter.read()), "port/lost");
  assert.is(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length, before);
  assert.is(set.clock.inFlight, 0);
});

bus("a slow meter's silence leaves that meter alone, and its neighbours the line", async () => {
  const slow = (model: string): ReturnType<typeof quickMap> => ({
    ...quickMap(model),
    worstReplyMs: model === "bauer-bsm-ws36a" ? 15_000 : 20,
  });
  const bench = new RtuBus();
  const line = openMeterBus(port, new StillClock(), { binding: bench.patientBinding, loadMap: slow });
  const values = { energyMilliWh: 7_000_000, powerW: 300, currentMilliA: 1_300, serial: "21031234" };
  bench.attach(2, quickMap("eastron-sdm630-v2"), () => values);
  const [signing, neighbour] = [
    line.meter(meterConfig("bauer-bsm-ws36a", { timeout: 20 })),
    line.meter(meterConfig("eastron-sdm630-v2", { unit: 2 })),
  ];
  assert.is(await codeOf(signing.read()), "meter/timeout");
  const started = performance.now();
  const asked = bench.requests;
  const again = signing.read();
  assert.is(await codeOf(again), "meter/timeout");
  assert.is(bench.requests, asked, "it is not asked while it may still answer");
  assert.is((await neighbour.read()).energyMilliWh, 7_000_000);
  assert.ok(performance.now() - started < 10_000);
  await line.close();
});

bus("closing while the line is kept quiet does not wait for it", async () => {
  const slow = (model: string): ReturnType<typeof quickMap> => ({ ...quickMap(model), worstReplyMs: 15_000 });
  const bench = new RtuBus();
  const line = openMeterBus(port, new StillClock(), { binding: bench.patientBinding, loadMap: slow });
  const meter = line.meter(meterConfig("eastron-sdm120", { timeout: 20 }));
  assert.is(await codeOf(meter.read()), "meter/timeout");
  const pending = codeOf(meter.read());
  const started = performance.now();
  await line.close();
  assert.is(await pending, "port/lost");
  assert.ok(performance.now() - started < 5_000);
});

bus("the last meter that is closed closes the port", async () => {
  const set = wired("eastron-sdm630-v2");
  await set.meter.read();
  await set.meter.close();
  await set.meter.close();
  assert.is(await codeOf(set.meter.read()), "port/lost");
  const later = set.bus.meter(meterConfig("eastron-sdm630-v2"));
  assert.is(
    (await later.read()).energyMilliWh,
    set.values.energyMilliWh,
    "a meter that is opened later opens the port again",
  );
  await later.close();
  // The port can be opened by someone else now.
  const again = openMeterBus(port, new StillClock(), { binding: set.bench.binding, loadMap: quickMap });
  assert.is((await again.meter(meterConfig("eastron-sdm630-v2")).read()).energyMilliWh, set.values.energyMilliWh);
  await again.close();
});
bus.run();
