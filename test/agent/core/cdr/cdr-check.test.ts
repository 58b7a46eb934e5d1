// Our CDRs, priced again from their wire text by the engine that prices anybody's CDR.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeCdr, wireText } from "../../../../agent/core/cdr/cdr.js";
import { wireDifference } from "../../../../agent/core/cdr/cdr-check.js";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import { advance, beginRating } from "../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import { bill, periods } from "../../../../agent/core/rating/session-bill.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { settlement as sample, startMs } from "../../../support/sample-settlement.js";

const test = suite("a CDR priced again");
const evidence = { ocmf: "OCMF|{}|{}", publicKeySpkiHex: "30" };

function settled(tariff: unknown, samples: readonly [Sample, ...Sample[]]): Settlement {
  const parsed = parseTariff(tariff);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const [first, ...rest] = samples;
  const rating = rest.reduce(
    advance,
    beginRating(parsed.tariff, { timeZone: "Europe/Berlin", clockTrusted: true }, first),
  );
  return {
    ...sample,
    tariff,
    samples,
    price: bill(rating),
    periods: periods(rating),
    startMs: first.atMs,
    endMs: samples.at(-1)?.atMs ?? first.atMs,
  };
}

const component = (type: string, price: number, stepSize = 1): object => ({
  type,
  price,
  vat: 19,
  step_size: stepSize,
});
const tariffOf = (...elements: object[]): object => ({
  country_code: "DE",
  party_id: "ABC",
  id: "T1",
  currency: "EUR",
  elements,
  last_updated: "2026-01-01T00:00:00Z",
});

const rich = tariffOf(
  { price_components: [component("FLAT", 0.5)] },
  { price_components: [component("ENERGY", 0.61)], restrictions: { start_time: "11:30", end_time: "12:15" } },
  { price_components: [component("ENERGY", 0.39), component("TIME", 1.2)], restrictions: { max_kwh: 5 } },
  { price_components: [component("ENERGY", 0.45)] },
  { price_components: [component("PARKING_TIME", 6)], restrictions: { min_duration: 1_800 } },
);
const byPower = tariffOf(
  { price_components: [component("ENERGY", 0.7)], restrictions: { min_power: 11 } },
  { price_components: [component("ENERGY", 0.4)] },
);

const activity = fc.constantFrom("charging" as const, "charging" as const, "parking" as const, "suspended" as const);
const scenario = fc.array(
  fc.record({ ms: fc.integer({ min: 1, max: 1_200_000 }), powerW: fc.integer({ min: 1_400, max: 22_000 }), activity }),
  { minLength: 1, maxLength: 30 },
);

function samplesOf(
  stretches: readonly { ms: number; powerW: number; activity: "charging" | "parking" | "suspended" }[],
): [Sample, ...Sample[]] {
  let atMs = startMs;
  let energyMilliWh = 7_654_321;
  const samples = stretches.map((stretch): Sample => {
    const powerW = stretch.activity === "charging" ? stretch.powerW : 0;
    const now: Sample = {
      atMs,
      energyMilliWh,
      powerW,
      currentMilliA: Math.round(powerW / 0.69),
      activity: stretch.activity,
    };
    atMs += stretch.ms;
    energyMilliWh += Math.floor((powerW * stretch.ms) / 3_600);
    return now;
  });
  const [first = { atMs, energyMilliWh, powerW: 0, activity: "parking" as const }, ...rest] = samples;
  return [first, ...rest, { atMs, energyMilliWh, powerW: 0, activity: "parking" }];
}

for (const [name, tariff] of [
  ["time of day, thresholds and parking", rich],
  ["power", byPower],
] as const)
  for (const version of ["2.2.1", "2.3.0"] as const)
    test(`by ${name}, as OCPI ${version}: nothing differs beyond what four decimals lose`, () => {
      fc.assert(
        fc.property(scenario, (stretches) => {
          const one = settled(tariff, samplesOf(stretches));
          assert.is(wireDifference(wireText(makeCdr(one, evidence, { version })), one), undefined);
        }),
        { seed: 11, numRuns: 100 },
      );
    });

test("a figure that was changed on the way is found", () => {
  const one = settled(rich, samplesOf([{ ms: 3_600_000, powerW: 11_000, activity: "charging" }]));
  const text = wireText(makeCdr(one, evidence, { version: "2.2.1" }));
  assert.match(
    wireDifference(text.replace(/"type":"ENERGY","volume":(\d)/, '"type":"ENERGY","volume":1$1'), one) ?? "",
    /says .* EUR without tax; priced again from its own numbers it is/,
  );
  assert.match(
    wireDifference(text.replaceAll('"tariff_id":"T1"', '"tariff_id":"T2"'), one) ?? "",
    /cannot be priced again: .*T2/,
  );
});

test("a wrong total is found", () => {
  const one = settled(rich, samplesOf([{ ms: 3_600_000, powerW: 11_000, activity: "charging" }]));
  const wrong = { ...one, price: { ...one.price, totalCost: { excl: "1", incl: "1.19" } } };
  assert.match(
    wireDifference(wireText(makeCdr(wrong, evidence, { version: "2.2.1" })), wrong) ?? "",
    /says 1 EUR without tax/,
  );
});

test("the periods of a tariff by power state the least and the most power", () => {
  const one = settled(
    byPower,
    samplesOf([
      { ms: 600_000, powerW: 7_400, activity: "charging" },
      { ms: 600_000, powerW: 11_000, activity: "charging" },
    ]),
  );
  const cdr = makeCdr(one, evidence, { version: "2.2.1" });
  const extremes = cdr.charging_periods.map(({ dimensions }) =>
    dimensions.filter(({ type }) => type.endsWith("POWER")).map(({ volume }) => volume),
  );
  assert.equal(extremes.slice(0, 2), [
    [7.4, 7.4],
    [11, 11],
  ]);
});

test("where a receiver cannot know the rule, nothing is asked", () => {
  const unsynced = {
    ...settled(rich, samplesOf([{ ms: 1_000, powerW: 7_400, activity: "charging" }])),
    timeTrust: "unsynced",
  } as const;
  assert.is(wireDifference("not even JSON", unsynced), undefined);
});

test.run();
