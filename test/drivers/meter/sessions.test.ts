// Every model in config/meters through whole sessions on the bench: a car at 3.6 kW and one at 10.5 kW, from the card to
// the receipt, long enough for counters of 100 Wh.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { energyResolutionMilliWh, loadMeterMap, meterModels } from "../../../config/meter-map.js";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import { sampled } from "../../support/runner/sweep.js";
import { audit } from "../../support/street/books.js";
import { Street } from "../../support/street/street.js";

const test = suite("a session by every meter model");
const minute = 60_000;

async function street(model: string): Promise<Street> {
  const tellsNone = loadMeterMap(model).identity.serial === undefined;
  return await Street.open({
    scenarioMs: 9 * minute,
    change: (config) => ({
      ...config,
      connectors: config.connectors.map((one) => ({
        ...one,
        meter: { ...one.meter, model, acceptUnproven: true, ...(tellsNone ? { serial: `LABEL-${one.id}` } : {}) },
      })),
    }),
    agenda: (startMs) => [
      { monoMs: startMs + 4_000, act: { do: "plug", connector: 1, powerW: 3_600, wantsWh: 30_000 } },
      { monoMs: startMs + 8_000, act: { do: "present", reader: "front", uids: [scenarioCards.ada], forMs: 2_500 } },
      { monoMs: startMs + 20_000, act: { do: "plug", connector: 2, powerW: 10_500, wantsWh: 30_000 } },
      { monoMs: startMs + 24_000, act: { do: "present", reader: "front", uids: [scenarioCards.ben], forMs: 2_500 } },
      { monoMs: startMs + 8 * minute, act: { do: "unplug", connector: 1 } },
      { monoMs: startMs + 8 * minute + 5_000, act: { do: "unplug", connector: 2 } },
    ],
  });
}

for (const model of sampled(meterModels(), 3))
  test(`${model}: begins, charges without a fault, and bills what its register counted`, async () => {
    const map = loadMeterMap(model);
    const lived = await street(model);
    try {
      const ended = await lived.live();
      assert.is(ended.how, "scenario-over", JSON.stringify(ended));
      assert.equal(
        lived.seen.event.flatMap((one) => (one.type === "fault" ? [`${one.code}: ${one.message}`] : [])),
        [],
      );
      const { sales } = audit(lived, { stepMilliWh: energyResolutionMilliWh(map) });
      assert.is(sales.length, 2);
      for (const { sale } of sales) {
        const { id } = sale.connector;
        const outlet = (of: Street["world"]): number => of.outlets[id]?.registerMilliWh ?? Number.NaN;
        const flowedWh = (outlet(lived.world) - outlet(lived.before)) / 1_000;
        assert.is(sale.stop.reason, "EVDisconnected", sale.stop.detail);
        assert.ok(flowedWh > (id === 1 ? 400 : 1_200), `connector ${id}: ${flowedWh} Wh flowed`);
        assert.is(sale.meter.vendor, map.vendor);
        assert.is(sale.meter.serialByHand, map.identity.serial === undefined ? true : undefined);
      }
    } finally {
      await lived.close();
    }
  });
test.run();
