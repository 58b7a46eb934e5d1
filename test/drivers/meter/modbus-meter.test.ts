// What any EnergyMeter promises, and what this one refuses to pass on.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { MeterConfig } from "../../../config/schema.js";
import { withCrc } from "../../../drivers/bench/rtu-bus.js";
import { DeviceError } from "../../../drivers/driver.js";
import { codeOf, wired } from "../../support/meter/meter-bench.js";

const contract = suite("an energy meter");

contract("reads whole milliwatt-hours, watts and milliamperes, with its serial number", async () => {
  const set = wired("eastron-sdm630-v2");
  set.values = { ...set.values, energyMilliWh: 12_345_678_000, powerW: 7_360, currentMilliA: 32_000 };
  assert.equal(await set.meter.read(), {
    moment: set.clock.now(),
    energyMilliWh: 12_345_678_000,
    powerW: 7_360,
    currentMilliA: 32_000,
    serial: "21031234",
  });
  await set.bus.close();
});

contract("says who it is", async () => {
  const set = wired("bauer-bsm-ws36a");
  assert.equal(await set.meter.identify(), {
    vendor: "Gebr. Bauer",
    model: "BSM-WS36A-H01-1311-0000",
    serial: "KR100042",
    firmware: "1.07",
  });
  await set.bus.close();
});

contract("identify asks the meter each time; read asks once, and again after a silence", async () => {
  const set = wired("eastron-sdm630-v2");
  await set.meter.read();
  const first = set.bench.requests;
  await set.meter.read();
  assert.is(set.bench.requests - first, 2, "live values and energy");
  set.bench.inject(1, { kind: "silent" });
  assert.is(await codeOf(set.meter.read()), "meter/timeout");
  set.values = { ...set.values, serial: "99999999" };
  assert.is((await set.meter.read()).serial, "99999999", "a meter that was changed while it was away");
  await set.bus.close();
});

contract("shows every register by itself, and the refused ones too", async () => {
  const set = wired("siemens-pac2200");
  set.bench.inject(1, { kind: "exception", code: 2 });
  const shown = await set.meter.survey();
  assert.is(shown.length, Object.keys(set.map.registers).length);
  const of = (name: string): unknown => shown.find(({ register }) => register === name);
  assert.match(JSON.stringify(of("energyImportT1")), /exception 2/);
  assert.equal(of("energyImportT2"), { register: "energyImportT2", value: "411522", unit: "Wh" });
  assert.equal(of("voltageL2"), { register: "voltageL2", value: "230", unit: "V" });
  assert.equal(of("serialNumber"), { register: "serialNumber", value: "KR100042", unit: "" });
  await set.bus.close();
});

contract("one reading that fails spoils none after it", async () => {
  const set = wired("abb-b2x");
  await set.meter.read();
  set.bench.inject(1, { kind: "all-ones" }, 3);
  assert.is(await codeOf(set.meter.read()), "meter/implausible");
  assert.is((await set.meter.read()).energyMilliWh, Math.floor(set.values.energyMilliWh / 10_000) * 10_000);
  await set.bus.close();
});
contract.run();

const refused = suite("what is not passed on");

const fails =
  (code: string, part: RegExp) =>
  (error: unknown): boolean =>
    error instanceof DeviceError && error.code === code && part.test(error.message);

async function rejects(work: Promise<unknown>, check: (error: unknown) => boolean): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(check(error), String(error));
}

/** Energy words of the next energy reply, in the place of the true ones. */
function energyWords(set: ReturnType<typeof wired>, words: number[], before = 1): void {
  if (before > 0) set.bench.inject(1, { kind: "spoilt", spoil: (frame) => frame }, before);
  set.bench.inject(1, {
    kind: "spoilt",
    spoil: (frame) => {
      const body = Buffer.from(frame.subarray(0, -2));
      for (const [index, word] of words.entries()) body.writeUInt16BE(word, 3 + 2 * index);
      return withCrc(body);
    },
  });
}

const rows: [what: string, words: number[], part: RegExp][] = [
  ["not a number", [0x7fc0, 0x0000], /energyImport is not a number/],
  ["infinite", [0x7f80, 0x0000], /infinite/],
  ["negative", [0xc640, 0xe6b6], /energyImport is negative/],
  ["larger than any counter", [0x7e40, 0xe6b6], /larger than any counter/],
  ["100 kWh with its words turned, which reads as next to nothing", [0x0000, 0x42c8], /next to nothing.*word order/],
];
for (const [what, words, part] of rows)
  refused(`an energy that is ${what}`, async () => {
    const set = wired("eastron-sdm630-v2");
    await set.meter.identify();
    energyWords(set, words);
    await rejects(set.meter.read(), fails("meter/implausible", part));
    assert.is((await set.meter.read()).energyMilliWh, set.values.energyMilliWh);
    await set.bus.close();
  });

// The first words of the live block are a current; its last are the power. 1e18 as a float is 5D5E 0B6B.
for (const [what, words, part] of [
  [
    "power",
    [...Array.from({ length: 46 }, () => 0), 0xdd5e, 0x0b6b],
    /a power of -1\d{18} W is more than anybody draws/,
  ],
  ["current", [0x5d5e, 0x0b6b], /a current of 1\d{18} A is more than any cable carries/],
] as [string, number[], RegExp][])
  refused(`a ${what} that nobody draws, which is what nonsense reads like`, async () => {
    const set = wired("eastron-sdm630-v2");
    await set.meter.identify();
    energyWords(set, words, 0);
    await rejects(set.meter.read(), fails("meter/implausible", part));
    assert.is((await set.meter.read()).powerW, set.values.powerW);
    await set.bus.close();
  });

refused("what a float says beyond the counter's step: 230.20001 kWh is 230 200 Wh", async () => {
  const set = wired("eastron-sdm630-v2");
  await set.meter.identify();
  energyWords(set, [0x4366, 0x3334]);
  assert.is((await set.meter.read()).energyMilliWh, 230_200_000);
  // Here floats stand 1.95 Wh apart: 16 777.216 and .217 kWh are the same bytes, and .217 is the nearer one (16
  // 777.216796875).
  energyWords(set, [0x4683, 0x126f]);
  assert.is((await set.meter.read()).energyMilliWh, 16_777_217_000);
  await set.bus.close();
});

refused("a negative integer counter", async () => {
  const set = wired("schneider-iem3155");
  await set.meter.identify();
  energyWords(set, [0xffff, 0xffff, 0xffff, 0xfffe], 2);
  await rejects(set.meter.read(), fails("meter/implausible", /negative/));
  await set.bus.close();
});

refused("a step that is coarser than its map states", async () => {
  const set = wired("iskra-wm3m4");
  await set.meter.identify();
  // The scale register, 10^2: steps of 100 Wh.
  energyWords(set, [2], 2);
  await rejects(set.meter.read(), fails("meter/implausible", /steps of 100 Wh, coarser/));
  await set.bus.close();
});

const strangers: [what: string, model: string, more: Partial<MeterConfig>, code: string, part: RegExp][] = [
  [
    "a meter with another serial number than the configured one",
    "eastron-sdm630-v2",
    { serial: "11111111" },
    "meter/serial-changed",
    /21031234.*11111111/,
  ],
];
for (const [what, model, more, code, part] of strangers)
  refused(what, async () => {
    const set = wired(model, more);
    await rejects(set.meter.read(), fails(code, part));
    await set.bus.close();
  });

refused("an SDM630 whose word order was set the other way", async () => {
  const set = wired("eastron-sdm630-v2");
  set.bench.attach(1, { ...set.map, wordOrder: "little" }, () => set.values);
  await rejects(set.meter.read(), fails("meter/unknown", /registerOrder.*2141/));
  await set.bus.close();
});

refused("another model than the configured one", async () => {
  const set = wired("eastron-sdm120");
  const code = set.map.registers["meterCode"];
  assert.ok(code);
  set.bench.attach(
    1,
    { ...set.map, registers: { ...set.map.registers, meterCode: { ...code, expect: [137] } } },
    () => set.values,
  );
  await rejects(set.meter.read(), fails("meter/unknown", /meterCode says "137", expected 32/));
  await set.bus.close();
});

refused("a serial number of nothing", async () => {
  const set = wired("eastron-sdm630-v2");
  set.values = { ...set.values, serial: "0" };
  await rejects(set.meter.read(), fails("meter/unknown", /no serial number/));
  await set.bus.close();
});
refused.run();
