// A meter that is wired backwards in one phase: its sum looks well, and is a third of what flows. Told by its number.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { directionFault } from "../../../agent/technician/device-requests.js";
import { loadMeterMap, meterModels } from "../../../config/meter-map.js";
import { type Wired, wired } from "../../support/meter/meter-bench.js";

const maxPowerW = 11_000;

/** What the doctor, the check of a meter and the commissioning make of one look. */
async function told({ meter, bus }: Wired): Promise<string | undefined> {
  await meter.identify();
  const look = {
    connector: 1,
    identity: await meter.identify(),
    reading: await meter.read(),
    line: bus.counts,
    phasePowersW: await meter.phasePowersW(),
  };
  await bus.close();
  return directionFault(look, maxPowerW);
}

const test = suite("the direction of each phase");
for (const model of meterModels().filter((each) => loadMeterMap(each).registers["powerL3"] !== undefined))
  test(`${model}: names the phase that is wired backwards, and no other`, async () => {
    const set = wired(model);
    set.values = { ...set.values, powerW: 3_300, phasePowersW: [3_300, -3_300, 3_300] };
    assert.match((await told(set)) ?? "", /^phase 2 is wired backwards \(-3300 W\)/);
    const well = wired(model);
    well.values = { ...well.values, powerW: 9_900, phasePowersW: [3_300, 3_300, 3_300] };
    assert.is(await told(well), undefined);
  });
test("a meter that tells no phases is judged by its sum", async () => {
  const set = wired("eastron-sdm120");
  set.values = { ...set.values, powerW: -3_300 };
  assert.match((await told(set)) ?? "", /-3300 W, energy flowing out of the car/);
});
test.run();
