// Every model in config/meters, simulated by one hand and read by the other.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { energyResolutionMilliWh, loadMeterMap, meterModels, unprovenBecause } from "../../../config/meter-map.js";
import { RtuBus } from "../../../drivers/bench/rtu-bus.js";
import { openMeterBus } from "../../../drivers/meter/meter-bus.js";
import { codeOf, meterConfig, port, quickMap, StillClock, serialFor, wired } from "../../support/meter/meter-bench.js";

const models = suite("every meter model");

models("there are thirty-six of them", () => {
  assert.is(meterModels().length, 36);
});

for (const model of meterModels()) {
  models(`${model}: what the meter shows is what is read`, async () => {
    const { bus, meter, map, values } = wired(model);
    const step = energyResolutionMilliWh(map);
    const identity = await meter.identify();
    assert.is(identity.serial, map.identity.serial === undefined ? "LABEL-7" : serialFor(map));
    assert.is(identity.vendor, map.vendor);
    const reading = await meter.read();
    assert.is(reading.energyMilliWh, Math.floor(values.energyMilliWh / step) * step);
    assert.ok(Math.abs(reading.powerW - values.powerW) <= 1, `power ${reading.powerW}`);
    if (map.reading.current.length > 0)
      assert.ok(
        Math.abs((reading.currentMilliA ?? 0) - values.currentMilliA) <= 30,
        `current ${reading.currentMilliA}`,
      );
    else assert.is(reading.currentMilliA, undefined);
    assert.is(reading.serial, identity.serial);
    await bus.close();
  });
}
models.run();

const doubt = suite("models in doubt");

doubt("coarse counters and single or quarrelling sources are refused unless the config accepts them", () => {
  const refused = meterModels().filter((model) => unprovenBecause(loadMeterMap(model)) !== undefined);
  assert.equal(refused, [
    "acrel-adw300",
    "cg-em111",
    "cg-em24",
    "cg-em3x0",
    "cg-em5x0",
    "chint-dtsu666",
    "dzg-dvh4013",
    "eastron-sdm54",
    "janitza-b2x",
    "lovato-dme-d330",
    "lovato-dmg610",
    "orno-we504",
    "orno-we514",
    "saia-ale3",
    "schneider-iem3155",
    "siemens-pac2200",
  ]);
  for (const model of refused)
    assert.throws(
      () => wired(model, { acceptUnproven: false }),
      (error: { code: string; message: string }) =>
        error.code === "meter/unknown" && error.message.includes("acceptUnproven"),
    );
});

doubt("a meter in doubt that has passed its check is known by its serial number", async () => {
  const bench = new RtuBus();
  const map = quickMap("schneider-iem3155");
  const values = { energyMilliWh: 7_000_000, powerW: 300, currentMilliA: 1_300, serial: "21031234" };
  bench.attach(1, map, () => values);
  const bus = openMeterBus(port, new StillClock(), {
    binding: bench.binding,
    loadMap: quickMap,
    hasPassed: (model, serial) => model === map.id && serial === "21031234",
  });
  const meter = bus.meter(meterConfig("schneider-iem3155"));
  assert.is((await meter.read()).energyMilliWh, 7_000_000);
  values.serial = "21031235";
  assert.is(await codeOf(meter.identify()), "meter/unknown");
  assert.is(await codeOf(meter.read()), "meter/unknown");
  await bus.close();
});

doubt("a re-brand is read as the meter that it is, under its own name", async () => {
  const { bus, meter, map } = wired("kostal-kem-p");
  assert.is(map.id, "eastron-sdm630-v2");
  assert.is((await meter.identify()).vendor, "Kostal");
  assert.is((await meter.read()).energyMilliWh, 1_234_567_000);
  await bus.close();
});

doubt("a model that reports no serial number needs the one on its label", async () => {
  const { bus, meter } = wired("eastron-sdm72d-m", { serial: "A-99" });
  assert.is((await meter.read()).serial, "A-99");
  await bus.close();
  const { bus: other } = wired("eastron-sdm120");
  assert.throws(
    () =>
      other.meter({
        port: "rs485",
        unit: 2,
        model: "eastron-sdm72d-m",
        poll: 1000,
        timeout: 60,
        lostAfter: 2000,
        acceptUnproven: false,
      }),
    /serial/,
  );
});
doubt.run();
