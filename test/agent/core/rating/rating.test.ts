// The live engine on sessions worked out by hand.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { livePrice, nextBoundary } from "../../../../agent/core/rating/live-price.js";
import { advance, beginRating, type Rating } from "../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import { bill, periods } from "../../../../agent/core/rating/session-bill.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";

const test = suite("rating");
const at = (text: string): number => Date.parse(text);
const berlin = { timeZone: "Europe/Berlin", clockTrusted: true };

function tariffOf(json: unknown): Tariff {
  const parsed = parseTariff(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
}
/** The tariff that the demo and the example sell by: its prices include 19 % tax. */
const standard = tariffOf(
  JSON.parse(
    readFileSync(join(fileURLToPath(import.meta.url), "../../../../../../config/tariffs/standard.json"), "utf8"),
  ),
);
/** The same figures before tax, as OCPI 2.2.1 states them. */
const beforeTax = tariffOf({
  id: "before-tax",
  currency: "EUR",
  min_price: { excl_vat: 1, incl_vat: 1.19 },
  max_price: { excl_vat: 60, incl_vat: 71.4 },
  elements: [
    {
      price_components: [{ type: "ENERGY", price: 0.49, vat: 19, step_size: 1 }],
      restrictions: { start_time: "18:00", end_time: "22:00" },
    },
    {
      price_components: [
        { type: "ENERGY", price: 0.39, vat: 19, step_size: 1 },
        { type: "FLAT", price: 0.5, vat: 19, step_size: 1 },
        { type: "PARKING_TIME", price: 6, vat: 19, step_size: 60 },
      ],
    },
  ],
});

function sample(time: string, kwh: number, activity: Sample["activity"] = "charging", powerW = 11_000): Sample {
  return { atMs: at(time), energyMilliWh: Math.round(kwh * 1e6) + 5_000_000, powerW, activity };
}
function rate(tariff: Tariff, samples: readonly Sample[], options = berlin): Rating {
  const [first, ...rest] = samples;
  return rest.reduce(advance, beginRating(tariff, options, first as Sample));
}

test("energy before and after a price boundary is billed at each price, with fee, idle time and tax", () => {
  // Paper: 17:30-18:00 5 kWh x 0.39 = 1.95; 18:00-18:30 5 kWh x 0.49 = 2.45; fee 0.50; 22 min idle x 6.00/h = 2.20. Net
  // 7.10, gross 8.449.
  const rating = rate(beforeTax, [
    sample("2026-11-23T16:30:00Z", 0),
    sample("2026-11-23T17:00:00Z", 5),
    sample("2026-11-23T17:30:00Z", 10, "parking", 0),
    sample("2026-11-23T17:52:00Z", 10, "parking", 0),
  ]);
  const price = bill(rating);
  assert.equal(price.totalCost, { excl: "7.1", incl: "8.449" });
  assert.equal(price.totalEnergyCost, { excl: "4.4", incl: "5.236" });
  assert.equal(price.totalFixedCost, { excl: "0.5", incl: "0.595" });
  assert.equal(price.totalParkingCost, { excl: "2.2", incl: "2.618" });
  assert.equal(price.due, { net: "7.10", tax: "1.35", gross: "8.45" });
  assert.equal(price.billed, { energy: "10000", time: "0", parking: "1320", reservation: "0" });
  assert.equal(livePrice(rating).ifStoppedNow, price.totalCost);
  assert.is(periods(rating).length, 3);
});

test("prices that include tax are billed as they stand, and the tax is taken out of the sum", () => {
  // The same paper: 1.95 + 2.45 + 0.50 + 2.20 = 7.10, tax included; before it 7.10 / 1.19 = 5.96638..., tax 1.13.
  const rating = rate(standard, [
    sample("2026-11-23T16:30:00Z", 0),
    sample("2026-11-23T17:00:00Z", 5),
    sample("2026-11-23T17:30:00Z", 10, "parking", 0),
    sample("2026-11-23T17:52:00Z", 10, "parking", 0),
  ]);
  const price = bill(rating);
  assert.equal(price.totalCost, { excl: "5.966386554622", incl: "7.1" });
  assert.equal(
    [price.totalEnergyCost.incl, price.totalFixedCost.incl, price.totalParkingCost.incl],
    ["4.4", "0.5", "2.2"],
  );
  assert.equal(price.due, { net: "5.97", tax: "1.13", gross: "7.10" });
  // 0.49 / 1.19 = 0.411764705882...
  assert.equal(livePrice(rate(standard, [sample("2026-11-23T11:00:00Z", 0)])).nextChange?.unitPrices.perKwh, {
    excl: "0.411764705882",
    incl: "0.49",
  });
});

test("a boundary between two samples is cut at its instant, energy linear between them", () => {
  // 40 min, 8 kWh across 18:00: 20 min before, 20 min after, so 4 kWh each: 1.56 + 1.96 + 0.50 = 4.02.
  const rating = rate(beforeTax, [sample("2026-11-23T16:40:00Z", 0), sample("2026-11-23T17:20:00Z", 8)]);
  assert.is(bill(rating).totalCost.excl, "4.02");
});

test("the next boundary is where the price really changes", () => {
  const rating = rate(beforeTax, [sample("2026-11-23T11:00:00Z", 0)]);
  assert.is(nextBoundary(rating), at("2026-11-23T17:00:00Z"));
  assert.equal(livePrice(rating).nextChange?.unitPrices.perKwh, { excl: "0.49", incl: "0.5831" });
});

test("the minimum and the maximum hold the whole bill", () => {
  assert.is(
    bill(rate(beforeTax, [sample("2026-11-23T11:00:00Z", 0), sample("2026-11-23T11:01:00Z", 0.1)])).totalCost.excl,
    "1",
  );
  assert.is(
    bill(rate(beforeTax, [sample("2026-11-23T08:00:00Z", 0), sample("2026-11-23T15:00:00Z", 200)])).totalCost.incl,
    "71.4",
  );
});

test("a price that flickers with the power is billed exactly, in a handful of lines", () => {
  const byPower = tariffOf({
    id: "P",
    currency: "EUR",
    last_updated: "2026-01-01T00:00:00Z",
    elements: [
      { price_components: [{ type: "ENERGY", price: 0.6, step_size: 0 }], restrictions: { min_power: 20 } },
      { price_components: [{ type: "ENERGY", price: 0.3, step_size: 0 }] },
    ],
  });
  const start = at("2026-11-23T11:00:00Z");
  let register = 0;
  const samples: Sample[] = [];
  for (let second = 0; second <= 800; second += 1) {
    const high = second % 2 === 1;
    samples.push({
      atMs: start + second * 1000,
      energyMilliWh: register,
      powerW: high ? 30_000 : 10_000,
      activity: "charging",
    });
    register += high ? 8_333 : 2_778;
  }
  const price = bill(rate(byPower, samples));
  // 400 seconds at 10 kW and 400 at 30 kW, in turns: 400 x 2778 mWh x 0.30 + 400 x 8333 mWh x 0.60.
  assert.is(price.totalCost.excl, "2.33328");
  assert.is(price.lines.length, 2);
  assert.is(periods(rate(byPower, samples)).length, 800);
});

test("what is left under the cap shrinks with the cost, and is nothing at the cap", () => {
  const begin = sample("2026-11-23T08:00:00Z", 0);
  assert.is(livePrice(rate(beforeTax, [begin, sample("2026-11-23T10:00:00Z", 10)])).leftUnderCap, "66.164");
  assert.is(livePrice(rate(beforeTax, [begin, sample("2026-11-23T10:00:00Z", 500)])).leftUnderCap, "0");
});

test("accrued leaves out steps and the minimum, 'if stopped now' has them", () => {
  const now = livePrice(
    rate(beforeTax, [
      sample("2026-11-23T08:00:00Z", 0),
      sample("2026-11-23T08:01:00Z", 0.1, "parking", 0),
      sample("2026-11-23T08:01:30Z", 0.1, "parking", 0),
    ]),
  );
  // 0.039 + 0.50 + 30 s x 6.00/h = 0.05; the step makes it a minute: 0.10; the minimum is 1.00.
  assert.is(now.accrued.excl, "0.589");
  assert.is(now.ifStoppedNow.excl, "1");
});

test("samples that run backwards are a broken promise, not a price", () => {
  const rating = rate(beforeTax, [sample("2026-11-23T08:00:00Z", 1)]);
  assert.throws(() => advance(rating, sample("2026-11-23T07:59:59Z", 1)), /came after/);
  assert.throws(() => advance(rating, sample("2026-11-23T08:00:01Z", 0.5)), /register fell/);
  assert.throws(() => advance(rating, sample("2026-11-23T08:00:01Z", 1, "reserved")), /cannot follow the session/);
  assert.throws(() => advance(rating, { ...sample("2026-11-23T08:00:01Z", 1), powerW: Number.NaN }), /is not a number/);
});

test.run();
