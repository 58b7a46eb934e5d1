// Pricing with a clock that nobody vouches for: no time is sold, and where a price hangs on the hour the lowest that
// may hold is charged.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { livePrice, nextBoundary } from "../../../../agent/core/rating/live-price.js";
import { lowerOfBothRule, untrustedTimeRule } from "../../../../agent/core/rating/price.js";
import { advance, beginRating, type Rating } from "../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import { bill, lowerOf } from "../../../../agent/core/rating/session-bill.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";

const test = suite("untrusted clock");
const untrusted = { timeZone: "Europe/Berlin", clockTrusted: false };

type Json = Record<string, unknown>;
const component = (type: string, price: number, more: Json = {}): Json => ({ type, price, step_size: 1, ...more });
const element = (components: Json[], restrictions?: Json): Json => ({
  price_components: components,
  ...(restrictions && { restrictions }),
});
function tariff(elements: Json[], more: Json = {}): Tariff {
  const parsed = parseTariff({ id: "T", currency: "EUR", elements, last_updated: "2026-01-01T00:00:00Z", ...more });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
}
const evening = { start_time: "18:00", end_time: "22:00" };

/** 19:00 local: 1 h of charging, 10 kWh, then 30 min idle. */
function session(of: Tariff, options: { timeZone: string; clockTrusted: boolean; durationsKnown?: boolean }): Rating {
  const at = Date.parse("2026-11-23T18:00:00Z");
  const sample = (minutes: number, kwh: number, activity: Sample["activity"]): Sample => ({
    atMs: at + minutes * 60_000,
    energyMilliWh: kwh * 1e6,
    powerW: 10_000,
    activity,
  });
  return [sample(60, 10, "parking"), sample(90, 10, "parking")].reduce<Rating>(
    advance,
    beginRating(of, options, sample(0, 0, "charging")),
  );
}
const excl = (of: Tariff, options: Parameters<typeof session>[1] = untrusted): string =>
  bill(session(of, options)).totalCost.excl;

test("of the evening price and the fall-back the lower is charged", () => {
  assert.is(excl(tariff([element([component("ENERGY", 0.49)], evening), element([component("ENERGY", 0.39)])])), "3.9");
  assert.is(excl(tariff([element([component("ENERGY", 0.2)], evening), element([component("ENERGY", 0.39)])])), "2");
});

test("an element behind the first certain one is no candidate", () => {
  assert.is(
    excl(
      tariff([
        element([component("ENERGY", 0.49)], evening),
        element([component("ENERGY", 0.39)]),
        element([component("ENERGY", 0.1)]),
      ]),
    ),
    "3.9",
  );
});

test("where no element certainly holds, free is a candidate too", () => {
  assert.is(
    excl(
      tariff([
        element([component("ENERGY", 0.49)], evening),
        element([component("ENERGY", 0.39)], { day_of_week: ["MONDAY"] }),
      ]),
    ),
    "0",
  );
});

test("lower means what the driver pays, tax included", () => {
  // 0.40 without tax is less than 0.38 with 19 %: 0.4522.
  assert.equal(
    bill(
      session(
        tariff([element([component("ENERGY", 0.38, { vat: 19 })], evening), element([component("ENERGY", 0.4)])]),
        untrusted,
      ),
    ).totalCost,
    { excl: "4", incl: "4" },
  );
});

test("minutes are not charged, neither charging nor idle, but the totals still say how long it took", () => {
  const price = bill(
    session(
      tariff([element([component("TIME", 6), component("PARKING_TIME", 12), component("ENERGY", 0.3)])]),
      untrusted,
    ),
  );
  assert.is(price.totalCost.excl, "3");
  assert.equal([price.timeMs, price.parkingMs], [5_400_000, 1_800_000]);
  assert.is(price.timeRule, untrustedTimeRule);
});

test("energy tiers are known and apply", () => {
  // 4 kWh x 0.20 + 6 kWh x 0.40 = 3.20
  assert.is(
    excl(tariff([element([component("ENERGY", 0.2)], { max_kwh: 4 }), element([component("ENERGY", 0.4)])])),
    "3.2",
  );
});

test("durations are known by the monotonic clock, and unknown after a restart of the machine", () => {
  // The first 30 min free: 5 kWh free, 5 kWh x 0.30.
  const halfHourFree = tariff([
    element([component("ENERGY", 0)], { max_duration: 1800 }),
    element([component("ENERGY", 0.3)]),
  ]);
  assert.is(excl(halfHourFree), "1.5");
  assert.is(excl(halfHourFree, { ...untrusted, durationsKnown: false }), "0");
});

test("a fee that hangs on the day is charged at the lowest that may hold, and free where none must", () => {
  assert.is(
    excl(tariff([element([component("FLAT", 2)], { day_of_week: ["SATURDAY"] }), element([component("FLAT", 1)])])),
    "1",
  );
  assert.is(excl(tariff([element([component("FLAT", 2)], { day_of_week: ["SATURDAY"] })])), "0");
});

test("minimum and maximum hold as always", () => {
  const plain = [element([component("ENERGY", 0.3)])];
  assert.is(excl(tariff(plain, { max_price: { excl_vat: 2.5 } })), "2.5");
  assert.is(excl(tariff(plain, { min_price: { excl_vat: 4 } })), "4");
});

test("no boundary comes by the wall clock", () => {
  const rating = session(
    tariff([element([component("ENERGY", 0.49)], evening), element([component("ENERGY", 0.39)])]),
    untrusted,
  );
  assert.is(nextBoundary(rating), undefined);
  assert.is(livePrice(rating).nextChange, undefined);
});

test("when the clock becomes good, the lower of the full and the reduced price is charged", () => {
  const idle = tariff([element([component("ENERGY", 0.3), component("PARKING_TIME", 6)])]);
  const { price: lower } = lowerOf(session(idle, { ...untrusted, clockTrusted: true }), session(idle, untrusted));
  assert.is(lower.totalCost.excl, "3");
  assert.is(lower.timeRule, lowerOfBothRule);
  // The evening is free, but the reduced rule cannot know that it is evening: 19:00 is, so the full price is lower.
  const freeEvening = tariff([element([component("ENERGY", 0.1)], evening), element([component("ENERGY", 0.3)])]);
  assert.is(
    lowerOf(session(freeEvening, { ...untrusted, clockTrusted: true }), session(freeEvening, untrusted)).price.totalCost
      .excl,
    "1",
  );
});

test.run();
