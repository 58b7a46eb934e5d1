// Our CDRs, priced again from their wire text by the engine that prices anybody's CDR.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeCdr, wireText } from "../../../../agent/core/cdr/cdr.js";
import { wireDifference } from "../../../../agent/core/cdr/cdr-check.js";
import { copyFor, creditCopies, makeCopies } from "../../../../agent/core/cdr/cdr-copies.js";
import { readCdr } from "../../../../agent/core/cdr/cdr-record.js";
import { cdrVolumes } from "../../../../agent/core/cdr/cdr-volumes.js";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import { JsonReader } from "../../../../agent/core/json/json-reader.js";
import { advance, beginRating } from "../../../../agent/core/rating/rating.js";
import { type Sample, stationRules } from "../../../../agent/core/rating/sample.js";
import { bill, lowerOf, periods } from "../../../../agent/core/rating/session-bill.js";
import { bothWays } from "../../../../agent/core/session/settle.js";
import type { ChargingPeriod } from "../../../../agent/core/tariff/period.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { settlement as sample, startMs } from "../../../support/sample-settlement.js";
import { anyTariffJson, zones } from "../rating/arbitrary-session.js";

const test = suite("a CDR priced again");
const evidence = { ocmf: "OCMF|{}|{}", publicKeySpkiHex: "30" };

function settled(
  tariff: unknown,
  samples: readonly [Sample, ...Sample[]],
  timeZone = "Europe/Berlin",
  clockTrusted = true,
): Settlement {
  const parsed = parseTariff(tariff);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const [first, ...rest] = samples;
  const rating = rest.reduce(advance, beginRating(parsed.tariff, stationRules(timeZone, clockTrusted), first));
  return {
    ...sample,
    tariff,
    timeZone,
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
    test(`by ${name}, as OCPI ${version}: nothing differs`, () => {
      fc.assert(
        fc.property(scenario, (stretches) => {
          const one = settled(tariff, samplesOf(stretches));
          assert.is(wireDifference(wireText(makeCdr(one, evidence, { version })), one, version), undefined);
        }),
        { seed: 11, numRuns: 200 },
      );
    });

test("whatever the tariff and the session, a receiver that prices the text of the CDR comes to the receipt", () => {
  fc.assert(
    fc.property(
      anyTariffJson,
      zones,
      scenario,
      fc.constantFrom("2.2.1", "2.3.0"),
      (tariff, zone, stretches, version) => {
        const one = settled(tariff, samplesOf(stretches), zone);
        assert.is(wireDifference(wireText(makeCdr(one, evidence, { version })), one, version), undefined);
      },
    ),
    { seed: 11, numRuns: 400 * Number(process.env["CHARGETILL_TIMES"] ?? 1) },
  );
});

test("5.6 % of the sessions of whole seconds at 6 EUR/h were priced again to another cent: every second of 48 h is exact", () => {
  // One session of every length, and one price for all: hours on the wire, and the seconds that are read from them.
  const tariff = parseTariff(tariffOf({ price_components: [component("TIME", 6, 300)] }));
  if (!tariff.ok) throw new Error("the test's tariff cannot be read");
  for (let seconds = 1; seconds <= 48 * 3_600; seconds += 1) {
    const period = { startMs, endMs: startMs + seconds * 1000, activity: "charging", tariffId: "T1", energyMilliWh: 0 };
    const { dimensions } = cdrVolumes([period as ChargingPeriod], {
      ...sample,
      price: { ...sample.price, energyMilliWh: 0 },
    });
    const hours = dimensions[0]?.find(({ type }) => type === "TIME")?.volume ?? Number.NaN;
    const read = readCdr(new JsonReader(), {
      start_date_time: "2026-01-01T00:00:00Z",
      end_date_time: "2026-01-03T00:00:00Z",
      charging_periods: [{ start_date_time: "2026-01-01T00:00:00Z", dimensions: [{ type: "TIME", volume: hours }] }],
    });
    if (read?.periods[0]?.time !== BigInt(seconds)) assert.unreachable(`${seconds} s are ${hours} h on the wire`);
  }
});

test("a period that no price is for takes no second from one that has one", () => {
  const tariff = tariffOf(
    { price_components: [component("TIME", 36, 1)], restrictions: { max_duration: 600 } },
    { price_components: [component("TIME", 36, 1)], restrictions: { min_duration: 602 } },
  );
  const at = (ms: number): Sample => ({ atMs: startMs + ms, energyMilliWh: ms, powerW: 3_600, activity: "charging" });
  const one = settled(tariff, [at(0), at(701_800)]);
  assert.is(wireDifference(wireText(makeCdr(one, evidence, { version: "2.2.1" })), one, "2.2.1"), undefined);
  // 600 s until the first price ends, 2 s without one, 99 of the 99.8 s that are left: 699 x 0.01.
  assert.is(one.price.totalCost.excl, "6.99");
});

// Over an outage whose length no clock knows the time line stands still: what flowed in it took no time.
test("energy below what is billed, in no time: a fee that fell due in it stood on the receipt, and on no CDR", () => {
  const fee = tariffOf({ price_components: [component("FLAT", 5), component("ENERGY", 0.5)] });
  const at = (milliWh: number): Sample => ({ atMs: startMs, energyMilliWh: milliWh, powerW: 0, activity: "suspended" });
  const one = settled(fee, [at(0), at(99)]);
  assert.is(one.price.totalCost.excl, "0");
  assert.is(wireDifference(wireText(makeCdr(one, evidence, { version: "2.2.1" })), one, "2.2.1"), undefined);
  // 0.1 Wh is billed, so that the fee is: 0.001 kWh after its step x 0.50, and 5.00.
  assert.is(settled(fee, [at(0), at(100)]).price.totalCost.excl, "5.0005");
});

test("energy that flowed in no time flowed at the power before it, and not at that of the end", () => {
  const at = (milliWh: number, powerW: number): Sample => ({
    atMs: startMs,
    energyMilliWh: milliWh,
    powerW,
    activity: "suspended",
  });
  const one = settled(byPower, [at(0, 11_000), at(1_000_000, 0)]);
  // 1 kWh at 11 kW: 0.70.
  assert.is(one.price.totalCost.excl, "0.7");
  const cdr = makeCdr(one, evidence, { version: "2.3.0" });
  assert.equal(cdr.charging_periods[0]?.dimensions.slice(1), [
    { type: "MIN_POWER", volume: 11 },
    { type: "MAX_POWER", volume: 11 },
  ]);
  assert.is(wireDifference(wireText(cdr), one, "2.3.0"), undefined);
});

test("who came after the reservation and left at once was priced again as one that never came", () => {
  const tariff = tariffOf(
    { price_components: [component("FLAT", 2)], restrictions: { reservation: "RESERVATION" } },
    { price_components: [component("FLAT", 9)], restrictions: { reservation: "RESERVATION_EXPIRES" } },
  );
  const at = (ms: number, activity: Sample["activity"]): Sample => ({
    atMs: startMs + ms,
    energyMilliWh: 0,
    powerW: 0,
    activity,
  });
  const one = settled(tariff, [at(-60_000, "reserved"), at(0, "charging"), at(0, "charging")]);
  const came = { ...one, startMs };
  assert.is(came.price.totalCost.excl, "2");
  const cdr = makeCdr(came, evidence, { version: "2.2.1" });
  assert.equal(
    cdr.charging_periods.map(({ dimensions }) => dimensions.map(({ type }) => type)),
    [["RESERVATION_TIME"], ["ENERGY"]],
  );
  assert.is(wireDifference(wireText(cdr), came, "2.2.1"), undefined);
});

test("a figure that was changed on the way is found", () => {
  const one = settled(rich, samplesOf([{ ms: 3_600_000, powerW: 11_000, activity: "charging" }]));
  const text = wireText(makeCdr(one, evidence, { version: "2.2.1" }));
  assert.match(
    wireDifference(text.replace(/"type":"ENERGY","volume":(\d)/, '"type":"ENERGY","volume":1$1'), one, "2.2.1") ?? "",
    /says .* EUR without tax .*; priced again from the CDR's own text it is/,
  );
  assert.match(
    wireDifference(text.replaceAll('"tariff_id":"T1"', '"tariff_id":"T2"'), one, "2.2.1") ?? "",
    /cannot be priced again: .*T2/,
  );
});

test("a wrong total is found", () => {
  const one = settled(rich, samplesOf([{ ms: 3_600_000, powerW: 11_000, activity: "charging" }]));
  const wrong = { ...one, price: { ...one.price, totalCost: { excl: "1", incl: "1.19" } } };
  assert.match(
    wireDifference(wireText(makeCdr(wrong, evidence, { version: "2.2.1" })), wrong, "2.2.1") ?? "",
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

test("a session under an unset clock is priced again by the rule that its receipt names", () => {
  const samples = samplesOf([{ ms: 3_600_000, powerW: 11_000, activity: "charging" }]);
  const one = settled(rich, samples, "Europe/Berlin", false);
  // Time costs nothing, and of the prices per kWh that may hold the lowest does: 5 x 0.39 + 6 x 0.45 + 0.50.
  assert.is(one.price.totalCost.excl, "5.15");
  const unsynced = { ...one, startTrust: "unsynced", endTrust: "unsynced", issuedTrust: "unsynced" } as const;
  const text = wireText(makeCdr(unsynced, evidence, { version: "2.3.0" }));
  assert.is(wireDifference(text, unsynced, "2.3.0"), undefined);
  // A receiver that prices by the tariff alone comes to more, and is told why.
  const { remark } = JSON.parse(text) as { readonly remark: string };
  assert.match(
    remark,
    /^The date is not known, the durations are\. Price by the rule "clock not trusted: time is free, /,
  );
  assert.match(wireDifference(text.replace('"volume":6}', '"volume":7}'), unsynced, "2.3.0") ?? "", /5.15 EUR/);
});

test("of a clock that was set in between the periods are those of the lower price, and not of the other one", () => {
  const json = tariffOf(
    { price_components: [component("ENERGY", 0.5)], restrictions: { start_time: "08:00", end_time: "20:00" } },
    { price_components: [component("ENERGY", 0.3)], restrictions: { min_kwh: 5 } },
  );
  const tariff = parseTariff(json);
  if (!tariff.ok) throw new Error("the test's tariff cannot be read");
  const samples = samplesOf([{ ms: 3_600_000, powerW: 10_000, activity: "charging" }]);
  const { full, reduced } = bothWays(tariff.tariff, "Europe/Berlin", samples);
  const one = { ...settled(json, samples), ...lowerOf(full, reduced) };
  // Until 5 kWh the price by the hour may not hold, which is free; then 0.30 may: 5 x 0.30, and not 10 x 0.50.
  assert.is(one.price.totalCost.excl, "1.5");
  assert.equal(
    one.periods.map(({ energyMilliWh }) => energyMilliWh),
    [5_000_000, 5_000_000],
  );
  assert.is(wireDifference(wireText(makeCdr(one, evidence, { version: "2.2.1" })), one, "2.2.1"), undefined);
});

test("a text that cannot be read is a difference", () => {
  const one = settled(rich, samplesOf([{ ms: 3_600_000, powerW: 11_000, activity: "charging" }]));
  assert.match(wireDifference("not even JSON", one, "2.2.1") ?? "", /cannot be priced again/);
});

test('a tariff "N/A" of 2.3.0 that names a rate, sent as 2.2.1, once turned 5.00 into 5.95 unseen', () => {
  const untaxed = { ...tariffOf({ price_components: [component("FLAT", 5)] }), tax_included: "N/A" };
  const one = settled(untaxed, samplesOf([{ ms: 3_600_000, powerW: 11_000, activity: "charging" }]));
  assert.is(one.price.totalCost.incl, "5");
  const text = wireText(makeCdr(one, evidence, { version: "2.2.1" }));
  assert.is(wireDifference(text, one, "2.2.1"), undefined);
  const cdr = JSON.parse(text) as { tariffs: { elements: { price_components: object[] }[] }[] };
  assert.equal(cdr.tariffs[0]?.elements[0]?.price_components, [{ type: "FLAT", price: 5, step_size: 1 }]);
  // As it was sent then: what stands in the text is what a receiver prices by.
  const rate = text.replace('"type":"FLAT","price":5', '"type":"FLAT","price":5,"vat":19');
  assert.match(
    wireDifference(rate, one, "2.2.1") ?? "",
    /says 5 EUR with tax \(totalCost\); priced again from the CDR's own text it is 5\.95/,
  );
});

test("prices that include tax have no place in 2.2.1: the CDR goes without the tariff and is checked by the one that is kept", () => {
  const gross = { ...tariffOf({ price_components: [component("ENERGY", 0.595)] }), tax_included: "YES" };
  const one = settled(gross, samplesOf([{ ms: 3_600_000, powerW: 11_000, activity: "charging" }]));
  const text = wireText(makeCdr(one, evidence, { version: "2.2.1" }));
  assert.is((JSON.parse(text) as { tariffs?: unknown }).tariffs, undefined);
  assert.is(wireDifference(text, one, "2.2.1"), undefined);
  const wrong = { ...one, price: { ...one.price, totalEnergyCost: { excl: "5.5", incl: "6.55" } } };
  assert.match(wireDifference(text, wrong, "2.2.1") ?? "", /6\.55 EUR with tax \(totalEnergyCost\)/);
});

test("a CDR that prices differently from its receipt is kept back, and so is its credit: the agent once noticed and sent it", () => {
  const one = settled(rich, samplesOf([{ ms: 3_600_000, powerW: 11_000, activity: "charging" }]));
  const wrong = { ...one, price: { ...one.price, totalCost: { excl: "1", incl: "1.19" } } };
  const copies = makeCopies(wrong, evidence, ["2.3.0"]);
  const uplink = { version: "2.3.0", acceptUnknownTime: true } as const;
  assert.match(copyFor(copies, uplink)?.wrong ?? "", /says 1 EUR without tax/);
  assert.match(copyFor(creditCopies(copies, "C-1", undefined), uplink)?.wrong ?? "", /says 1 EUR/);
  assert.is(makeCopies(one, evidence, ["2.2.1", "2.3.0"]).wrong, undefined);
});

test.run();
