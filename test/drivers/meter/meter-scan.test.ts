// Finding meters whose settings nobody wrote down.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { meterMaps } from "../../../config/meter-map.js";
import { RtuBus } from "../../../drivers/bench/rtu-bus.js";
import { type FoundMeter, scanPort, stationYaml, usualLines, usualUnits } from "../../../drivers/meter/meter-scan.js";
import { codeOf, port, quickMap, StillClock, serialFor } from "../../support/meter/meter-bench.js";

const scan = suite("a scan");

async function found(bench: RtuBus, units: number[]): Promise<FoundMeter[]> {
  const all: FoundMeter[] = [];
  const lines = [
    { baud: 9600, parity: "none", stopBits: 1 },
    { baud: 19200, parity: "even", stopBits: 1 },
  ] as const;
  for await (const each of scanPort(port.path, new StillClock(), {
    lines,
    units,
    timeoutMs: 1_000,
    binding: bench.binding,
  }))
    all.push(each);
  return all;
}

scan("names the settings, the units and the models, those first that pass a check of their own", async () => {
  const bench = new RtuBus({ baudRate: 19200, parity: "even" });
  for (const [unit, model] of [
    [1, "eastron-sdm630-v2"],
    [7, "schneider-iem3155"],
  ] as const)
    bench.attach(unit, quickMap(model), () => ({
      energyMilliWh: 7_000_000,
      powerW: 3_000,
      currentMilliA: 13_000,
      serial: serialFor(quickMap(model)),
    }));
  const finds = await found(bench, [1, 2, 7]);
  assert.equal(
    finds.map(({ line, unit }) => `${line.baud} ${line.parity} ${unit}`),
    ["19200 even 1", "19200 even 7"],
  );
  const [first, second] = finds;
  assert.ok(first && second);
  assert.equal(first.candidates[0], {
    model: "eastron-sdm630-v2",
    serial: "21031234",
    checked: true,
    doubt: undefined,
  });
  assert.equal(second.candidates, [
    {
      model: "schneider-iem3155",
      serial: "21031234",
      checked: false,
      doubt: "only one public source describes its energy register",
    },
  ]);
  const [likely] = second.candidates;
  assert.ok(likely);
  assert.match(
    stationYaml(port.path, second, likely),
    'meter: { port: rs485, unit: 7, model: schneider-iem3155, serial: "21031234" }',
  );
  const untold = parse(stationYaml(port.path, second, { ...likely, serial: undefined })) as { meter: unknown };
  assert.equal(
    untold.meter,
    { port: "rs485", unit: 7, model: "schneider-iem3155", serial: "…" },
    "a meter that tells no number: what is printed can be pasted all the same",
  );
});

// Once one file with a fault ended the scan of every meter.
scan("leaves out a map that is broken, names it, and finds the others", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chargetill-maps-"));
  const shipped = new URL("../../../../config/meters/", import.meta.url);
  for (const name of ["eastron-sdm630-v2.json", "abb-b2x.json"])
    copyFileSync(new URL(name, shipped), join(folder, name));
  writeFileSync(join(folder, "acme-1.json"), "{");
  writeFileSync(join(folder, "acme-2.json"), readFileSync(new URL("abb-b2x.json", shipped)));
  const { maps, broken } = meterMaps(pathToFileURL(`${folder}/`));
  rmSync(folder, { recursive: true });
  assert.equal(
    maps.map(({ id }) => id),
    ["abb-b2x", "eastron-sdm630-v2"],
  );
  assert.match(broken[0]?.message ?? "", /acme-1\.json: not valid JSON/);
  assert.match(broken[1]?.message ?? "", /acme-2\.json: id: "abb-b2x" is not the file's name/);
  assert.is(broken.length, 2);
  assert.ok(usualLines(maps).length > 0 && usualUnits(maps).includes(1));
  const bench = new RtuBus();
  bench.attach(1, quickMap("eastron-sdm630-v2"), () => ({
    energyMilliWh: 7_000_000,
    powerW: 3_000,
    currentMilliA: 13_000,
    serial: "21031234",
  }));
  const finds: FoundMeter[] = [];
  for await (const each of scanPort(port.path, new StillClock(), {
    lines: [{ baud: 9600, parity: "none", stopBits: 1 }],
    units: [1],
    timeoutMs: 1_000,
    binding: bench.binding,
    maps,
  }))
    finds.push(each);
  assert.equal(
    finds.flatMap(({ candidates }) => candidates.map(({ model }) => model)),
    ["eastron-sdm630-v2"],
  );
});

scan("finds nothing where nothing answers, and says when there is no port", async () => {
  const bench = new RtuBus();
  assert.equal(await found(bench, [1]), []);
  bench.vanish();
  assert.is(await codeOf(found(bench, [1])), "port/missing");
});

scan("knows the settings that meters are delivered with", () => {
  assert.ok(usualLines().length <= 12, "a scan is bounded");
  assert.ok(usualLines().some(({ baud }) => baud === 2400));
  assert.equal(usualUnits(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 33, 42, 126]);
});
scan.run();
