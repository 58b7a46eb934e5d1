// The maps of config/meters, and what a wrong one is told.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  energyResolutionMilliWh,
  loadMeterMap,
  meterModelNames,
  meterModels,
  parseMeterMap,
} from "../../config/meter-map.js";
import type { MeterPlan, RegisterRequest } from "../../drivers/meter/register-requests.js";
import { answerHolds, planRequests } from "../../drivers/meter/register-requests.js";

const folder = new URL("../../../config/meters/", import.meta.url);
const fileOf = (model: string): string => readFileSync(new URL(`${model}.json`, folder), "utf8");

const maps = suite("the maps in config/meters");

for (const model of meterModels())
  maps(`${model}: reads, says where its values come from, and no two registers overlap`, () => {
    const map = loadMeterMap(model);
    assert.ok(Object.keys(map.sources).length > 0);
    assert.ok(energyResolutionMilliWh(map) >= 10);
    const entries = Object.values(map.registers);
    for (const a of entries)
      for (const b of entries)
        if (a !== b && a.function === b.function)
          assert.ok(
            a.address + a.words <= b.address || b.address + b.words <= a.address,
            `${a.name} and ${b.name} overlap`,
          );
  });

maps("a map is read once, however often it is asked for", () => {
  for (const model of meterModels()) assert.is(loadMeterMap(model), loadMeterMap(model));
});

maps("a counter that the meter lets people reset is never the one that is billed from", () => {
  const resettable: Record<string, number[]> = {
    "eastron-sdm230": [0x0180],
    "eastron-sdm72dm-v2": [0x0184, 0x0186],
    "cg-em111": [0x0014],
    "cg-em24": [0x0042],
    "cg-em3x0": [0x003c],
    "cg-em5x0": [0x003c, 0x0508],
    "eltako-dsz15": [0x0060, 0x0062],
    "eltako-dsz16": [0x0060, 0x0062],
    "saia-ale3": [0x001d, 0x0021],
  };
  for (const [model, addresses] of Object.entries(resettable)) {
    const map = loadMeterMap(model);
    for (const name of map.reading.energy) assert.not.ok(addresses.includes(map.registers[name]?.address ?? -1), model);
  }
});

maps("a re-brand reads by the map of the meter that it is, under its own name", () => {
  const map = loadMeterMap("bgetech-ws100");
  assert.is(map.id, "orno-we525");
  assert.is(map.vendor, "B+G E-Tech");
  assert.equal(map.models, ["WS100"]);
  assert.equal(map.registers, loadMeterMap("orno-we525").registers);
  const names = meterModelNames();
  assert.is(new Set(names).size, names.length);
  assert.ok(names.length > meterModels().length);
  for (const name of names) loadMeterMap(name);
});

maps("the steps of every counter that is billed from are those that its sources state", () => {
  const steps: Record<number, string[]> = {};
  for (const model of meterModels()) (steps[energyResolutionMilliWh(loadMeterMap(model))] ??= []).push(model);
  assert.equal(steps, {
    100: ["finder-7m", "finder-7m24"],
    1000: [
      "bauer-bsm-ws36a",
      "cg-em5x0",
      "dzg-dvh4013",
      "eastron-sdm120",
      "eastron-sdm230",
      "eastron-sdm54",
      "eastron-sdm630-v2",
      "eastron-sdm72d-m",
      "eastron-sdm72dm-v2",
      "inepro-pro380",
      "iskra-wm3m4",
      "janitza-b2x",
      "orno-we504",
      "orno-we516",
      "schneider-iem3155",
      "siemens-7kt1665",
      "siemens-pac2200",
      "wago-879-30xx",
    ],
    10000: [
      "abb-b2x",
      "acrel-adw300",
      "bernecker-mpm3pm",
      "bgetech-ds100",
      "chint-ddsu666",
      "chint-dtsu666",
      "eltako-dsz15",
      "eltako-dsz16",
      "lovato-dme-d330",
      "lovato-dmg610",
      "orno-we514",
      "orno-we525",
      "saia-ale3",
    ],
    100000: ["cg-em111", "cg-em24", "cg-em3x0"],
  });
});
maps.run();

const faults = suite("a wrong map is told what is wrong, and where");

const changed = (
  model: string,
  change: (map: Record<string, Record<string, Record<string, unknown>>>) => void,
): string => {
  const map = JSON.parse(fileOf(model)) as Record<string, Record<string, Record<string, unknown>>>;
  change(map);
  return JSON.stringify(map);
};
const energyOf = (map: Record<string, Record<string, Record<string, unknown>>>): Record<string, unknown> =>
  map["registers"]?.["energyImport"] ?? {};

const rows: [what: string, text: string, expected: RegExp][] = [
  ["no JSON", "{", /meter\.json: not valid JSON/],
  [
    "an address in decimal",
    changed("abb-b2x", (map) => (energyOf(map)["address"] = "20480")),
    /registers\.energyImport\.address: expected the wire address as four upper-case hex digits/,
  ],
  [
    "energy without a resolution",
    changed("abb-b2x", (map) => delete energyOf(map)["resolution"]),
    /registers\.energyImport\.resolution: every energy register states its resolution/,
  ],
  [
    "a step finer than 10 mWh",
    changed("abb-b2x", (map) => (energyOf(map)["resolution"] = "0.001 Wh")),
    /never finer than 10 mWh/,
  ],
  [
    "a unit that nobody knows",
    changed("abb-b2x", (map) => (energyOf(map)["counts"] = "1 kVarh")),
    /counts: expected what one count is/,
  ],
  ["a misspelt key", changed("abb-b2x", (map) => (energyOf(map)["adress"] = "0x0001")), /adress/],
  [
    "a register that is not there",
    changed("abb-b2x", (map) => (map["reading"] = { energy: ["energyImprot"], power: ["power"] } as never)),
    /reading\.energy\.0: there is no register "energyImprot"/,
  ],
  [
    "energy made of power",
    changed("abb-b2x", (map) => (map["reading"] = { energy: ["power"], power: ["power"] } as never)),
    /reading\.energy\.0: "power" does not count in Wh/,
  ],
  [
    "a check that expects nothing",
    changed("abb-b2x", (map) => (map["identity"] = { serial: "serialNumber", checks: ["frequency"] } as never)),
    /identity\.checks\.0: "frequency" says nothing to expect/,
  ],
  [
    "a model that nobody could recognise",
    changed("abb-b2x", (map) => (map["identity"] = { serial: "serialNumber" } as never)),
    /identity\.note: nothing is checked that tells the model/,
  ],
  [
    "a source that the file does not list",
    changed("abb-b2x", (map) => (energyOf(map)["from"] = ["mbmd", "hearsay"])),
    /registers\.energyImport\.from\.1: "hearsay" is not a source of this file/,
  ],
  [
    "two sources of which one is named",
    changed("abb-b2x", (map) => (energyOf(map)["from"] = ["mbmd"])),
    /registers\.energyImport\.from: "two-sources" names at least two sources/,
  ],
  [
    "a source that says nothing",
    changed("abb-b2x", (map) => ((map["sources"] as Record<string, unknown>)["hearsay"] = "somebody")),
    /sources\.hearsay: no register names it/,
  ],
  [
    "packed digits without their length",
    changed("orno-we525", (map) => delete map["registers"]?.["serialNumber"]?.["words"]),
    /registers\.serialNumber\.words: a text states its length/,
  ],
  [
    "a scale that is no i16",
    changed("iskra-wm3m4", (map) => (energyOf(map)["scaledBy"] = "power")),
    /scaledBy: "power" is not an i16 register/,
  ],
];
for (const [what, text, expected] of rows)
  faults(what, () => {
    assert.throws(
      () => parseMeterMap(text, "meter.json"),
      (error: { code: string; message: string }) =>
        error.code === "config/invalid" && error.message.startsWith("meter.json: ") && expected.test(error.message),
    );
  });

faults("an unknown model is answered with those there are", () => {
  assert.throws(
    () => loadMeterMap("eastron-sdm631"),
    (error: { code: string; message: string }) =>
      error.code === "config/missing" && error.message.includes("eastron-sdm630-v2"),
  );
  assert.throws(() => loadMeterMap("../station"), /no meter model/);
});
// Once "name a neighbour or a range in its map", which named neither register and did not help each map.
const twoRegisters = (energyAt: string, powerAt: string, more: object = {}): string =>
  JSON.stringify({
    id: "acme-1",
    vendor: "Acme",
    models: ["One"],
    phases: 1,
    line: {},
    function: 4,
    wordOrder: "big",
    registers: {
      energyImport: {
        address: energyAt,
        type: "u32",
        counts: "10 Wh",
        resolution: "10 Wh",
        confidence: "primary",
        from: ["manual"],
      },
      power: { address: powerAt, type: "u32", counts: "1 W", confidence: "primary", from: ["manual"] },
      ...("registers" in more ? (more.registers as object) : {}),
    },
    reading: { energy: ["energyImport"], power: ["power"] },
    identity: { note: "look at the label" },
    sources: { manual: "its manual, of this year" },
    ...Object.fromEntries(Object.entries(more).filter(([key]) => key !== "registers")),
  });
const planOf = (text: string): MeterPlan => planRequests(parseMeterMap(text, "acme-1.json"));

faults("a map of two registers of one length is refused with remedies, and each of them helps", () => {
  for (const [energyAt, powerAt] of [
    ["0x0000", "0x0034"],
    ["0x0034", "0x0000"],
  ] as const) {
    assert.throws(
      () => planOf(twoRegisters(energyAt, powerAt)),
      (error: Error) =>
        error.message.includes(`the read of power (2 registers at ${powerAt})`) &&
        /name a register right beside energyImport or power, or a range \(read: "part"\)/.test(error.message),
    );
    const beside = { address: "0x0036", type: "u16", counts: "1 V", confidence: "primary", from: ["manual"] };
    planOf(twoRegisters(energyAt, powerAt, { registers: { voltageL1: beside } }));
    planOf(twoRegisters(energyAt, powerAt, { ranges: [{ from: "0x0000", to: "0x0040", read: "part" }] }));
  }
  const alone = { joinsNeighbours: false, ranges: [{ from: "0x0000", to: "0x0040", read: "part" }] };
  assert.throws(
    () => planOf(twoRegisters("0x0000", "0x0034", alone)),
    /asked for by itself \(joinsNeighbours: false\): name registers of another length for energyImport or power/,
  );
  const shorter = { power: { address: "0x0034", type: "u16", counts: "1 W", confidence: "primary", from: ["manual"] } };
  planOf(twoRegisters("0x0000", "0x0034", { ...alone, registers: shorter }));
});

faults.run();

const requests = suite("which registers are asked for together");

const all = (
  model: string,
  beside: string[] = [],
): { energy: readonly RegisterRequest[]; others: RegisterRequest[] } => {
  const plan = planRequests(loadMeterMap(model), beside.map(loadMeterMap));
  return { energy: plan.energy, others: [...plan.live, ...plan.checks, ...plan.serial, ...plan.firmware] };
};

for (const model of meterModels())
  requests(`${model}: energy is asked by itself, as long as nothing else, and no value is cut`, () => {
    const map = loadMeterMap(model);
    const { energy, others } = all(model);
    for (const request of energy)
      assert.not.ok(
        others.some((other) => other.words === request.words),
        `${request.words} registers`,
      );
    for (const request of [...energy, ...others]) {
      assert.ok(request.words <= map.maxRegisters);
      const touched = Object.values(map.registers).filter(
        (entry) =>
          entry.function === request.function &&
          entry.address < request.address + request.words &&
          request.address < entry.address + entry.words,
      );
      const whole = map.ranges.some((range) => range.read === "whole" && range.from === request.address);
      for (const entry of touched) assert.ok(whole || answerHolds(request, entry), `${entry.name} is cut`);
      if (touched.some((entry) => entry.alone)) assert.is(touched.length, 1);
      if (!map.joinsNeighbours) assert.is(touched.length, 1);
    }
  });

requests("the one read that covers an SDM630's live values leaves energy out of it", () => {
  const plan = planRequests(loadMeterMap("eastron-sdm630-v2"));
  assert.equal(plan.live, [{ function: 4, address: 0x0006, words: 48 }]);
  assert.equal(plan.energy, [{ function: 4, address: 0x0048, words: 4 }]);
});

requests("both tariff counters of a PAC2200 come in one reply, and its record as a whole", () => {
  const plan = planRequests(loadMeterMap("siemens-pac2200"));
  assert.equal(plan.energy, [{ function: 4, address: 801, words: 8 }]);
  assert.equal(plan.checks, [{ function: 4, address: 64001, words: 27 }]);
  assert.equal(plan.serial, plan.checks);
});

requests(
  "beside an ABB, whose live reads are 2 and 6 long, a Carlo Gavazzi's energy read is as long as neither where it can be",
  () => {
    const { energy } = all("schneider-iem3155", ["eastron-sdm630-v2", "abb-b2x"]);
    const neighbours = [...all("eastron-sdm630-v2").others, ...all("abb-b2x").others];
    for (const request of energy) assert.not.ok(neighbours.some((other) => other.words === request.words));
  },
);
requests.run();
