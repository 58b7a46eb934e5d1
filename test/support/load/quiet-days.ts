// Quiet days: an agent lives for months of bench time, sells a little each day, keeps house each night, and must not
// grow.
import assert from "node:assert/strict";
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import type { WorldAct } from "../../../drivers/bench/world.js";
import { mostMiBADay, type Sample, sample, slope } from "../memory.js";
import { Yard } from "./yard.js";

const dayMs = 86_400_000;
const minuteMs = 60_000;

export type Quiet = {
  readonly days: number;
  readonly sales: number;
  readonly heapSlope: number;
  readonly rssSlope: number;
  readonly first: Sample;
  readonly last: Sample;
  readonly tookMs: number;
};

/**
 * So many days, or parts of one, in so many stretches with a look at the memory after each. Throws where a mWh is
 * missing or memory climbs.
 */
export async function quietDays(
  days: number,
  sessionsAStretch: number,
  stretches = days,
  say: (line: string) => void = () => undefined,
): Promise<Quiet> {
  const yard = await Yard.open({ connectors: 1, meterPollMs: 60_000, readerPollMs: 15_000 });
  const samples: Sample[] = [];
  const { clock, world } = yard.bench;
  const stretchMs = (days * dayMs) / stretches;
  const everyMs = stretchMs / sessionsAStretch;
  const stayMs = Math.min(40 * minuteMs, everyMs / 2);
  let tookMs = 0;
  try {
    for (let stretch = 1; stretch <= stretches; stretch += 1) {
      const startMs = clock.now().monoMs;
      for (let visit = 0; visit < sessionsAStretch; visit += 1) {
        const at = startMs + Math.floor((visit + 0.3) * everyMs);
        const tap: WorldAct = { do: "present", reader: "front", uids: [scenarioCards.ada], forMs: 40_000 };
        world.plan([
          { monoMs: at, act: { do: "plug", connector: 1, powerW: 9_000, wantsWh: 3_000 } },
          { monoMs: at + 20_000, act: tap },
          { monoMs: at + stayMs, act: { do: "unplug", connector: 1 } },
        ]);
      }
      tookMs += await yard.pass(stretchMs);
      yard.agent.archive();
      const day = (stretch * stretchMs) / dayMs;
      samples.push(sample(day));
      if (stretch % 30 === 0)
        say(
          `day ${day.toFixed(0)}: heap ${samples.at(-1)?.heapMiB.toFixed(1)} MiB, RSS ${samples.at(-1)?.rssMiB.toFixed(1)} MiB, ${(tookMs / 1000).toFixed(0)} s`,
        );
    }
    const { countedMilliWh, billedMilliWh, sales } = yard.books();
    assert.equal(sales, stretches * sessionsAStretch);
    assert.equal(billedMilliWh, countedMilliWh, "the receipts bill what the meter counted");
    const [first, last] = [samples[0], samples.at(-1)];
    assert.ok(first !== undefined && last !== undefined);
    const quiet = {
      days,
      sales,
      heapSlope: slope(samples, ({ heapMiB }) => heapMiB),
      rssSlope: slope(samples, ({ rssMiB }) => rssMiB),
      first,
      last,
      tookMs,
    };
    // In less than a day a collection more or less is all that can be seen: a MiB in all says so.
    assert.ok(
      quiet.heapSlope <= mostMiBADay / Math.min(1, days),
      `the heap climbs by ${quiet.heapSlope.toFixed(2)} MiB a day`,
    );
    if (days >= trustRssFrom)
      assert.ok(quiet.rssSlope <= mostMiBADay, `RSS climbs by ${quiet.rssSlope.toFixed(2)} MiB a day`);
    return quiet;
  } finally {
    await yard.close();
  }
}

/** RSS moves in steps of an allocator: over fewer days than this its line says nothing. */
const trustRssFrom = 30;

/** The run in a line. */
export const quietText = ({ days, sales, heapSlope, rssSlope, first, last, tookMs }: Quiet): string =>
  `${days} quiet days, ${sales} sessions in ${(tookMs / 1000).toFixed(0)} s: heap ${first.heapMiB.toFixed(1)} -> ${last.heapMiB.toFixed(1)} MiB (${(heapSlope * 1024).toFixed(0)} KiB a day), RSS ${first.rssMiB.toFixed(1)} -> ${last.rssMiB.toFixed(1)} MiB (${(rssSlope * 1024).toFixed(0)} KiB a day)`;
