// The part of a long tariff that a session could meet: it prices every session as the whole does.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import { livePrice } from "../../../../agent/core/rating/live-price.js";
import { advance, beginRating, type Rating } from "../../../../agent/core/rating/rating.js";
import type { RatingOptions, Sample } from "../../../../agent/core/rating/sample.js";
import { bill, periods } from "../../../../agent/core/rating/session-bill.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { cutTariff } from "../../../../agent/core/tariff/tariff-cut.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { dayAhead, quarterText } from "../../../support/day-ahead.js";
import { anySession, anyTariffJson, samplesOf, zones } from "../rating/arbitrary-session.js";

const test = suite("cutting a tariff");
const seed = Number(process.env["CHARGETILL_SEED"] ?? 20_261_130);
console.log(`seed ${seed}`);
/** How many times the usual number of cases is drawn. */
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);

function read(json: unknown): Tariff {
  const parsed = parseTariff(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
}

const berlin = "Europe/Berlin";
const spot = read(dayAhead("2026-11-24", 2, (slot) => (2000 + ((slot * 37) % 991)) / 10_000));
const span = (from: string, to: string) => ({ fromMs: Date.parse(from), toMs: Date.parse(to) });

test("eight hours on quarter-hour prices keep their 32 slots and the price for other times", () => {
  const part = cutTariff(spot, berlin, span("2026-11-24T08:00:00Z", "2026-11-24T16:00:00Z"), false);
  assert.is(part.elements.length, 33);
  assert.is(part.elements[0]?.restrictions.startMsOfDay, 9 * 3_600_000);
  assert.ok(
    canonicalText(part.source).length - canonicalText(read(dayAhead("2026-11-24", 0, () => 0)).source).length <=
      6 * 1024,
  );
});

test("what the session begins in and passes is kept; what begins where it ends is not", () => {
  const slots = (from: string, to: string): number =>
    cutTariff(spot, berlin, span(from, to), false).elements.length - 1;
  assert.is(slots("2026-11-24T08:14:59.999Z", "2026-11-24T08:15:00Z"), 1);
  assert.is(slots("2026-11-24T08:14:59.999Z", "2026-11-24T08:15:00.001Z"), 2);
  assert.is(slots("2026-11-24T08:15:00Z", "2026-11-24T08:15:00Z"), 1);
  // Over the end of the last slot, and beyond all of them.
  assert.is(slots("2026-11-25T22:50:00Z", "2026-11-26T08:00:00Z"), 1);
  assert.is(slots("2026-11-27T22:50:00Z", "2026-11-27T23:00:00Z"), 0);
});

test("while the end is not known all is kept that is not over", () => {
  const open = { fromMs: Date.parse("2026-11-24T17:00:00Z"), toMs: Number.POSITIVE_INFINITY };
  assert.is(cutTariff(spot, berlin, open, false).elements.length, 6 * 4 + 96 + 1);
  // An hour of each day comes again.
  const daily = read({
    ...dayAhead("2026-11-24", 0, () => 0),
    elements: [
      ...["08:00", "18:00"].map((start_time) => ({
        price_components: [{ type: "ENERGY", price: 1, step_size: 1 }],
        restrictions: { start_time },
      })),
    ],
  });
  assert.is(cutTariff(daily, berlin, open, false), daily);
});

test("a part cut when the session began, cut again at its end, is the part of the whole", () => {
  const open = { fromMs: Date.parse("2026-11-24T17:07:00Z"), toMs: Number.POSITIVE_INFINITY };
  const ended = { ...open, toMs: Date.parse("2026-11-25T02:00:00Z") };
  for (const withLowest of [true, false])
    assert.equal(
      cutTariff(cutTariff(spot, berlin, open, true), berlin, ended, withLowest).source,
      cutTariff(spot, berlin, ended, withLowest).source,
    );
});

test("an hour that the clocks repeat keeps its slots, and one that they skip has none", () => {
  const autumn = read(dayAhead("2026-10-25", 1, (slot) => slot / 100));
  // 02:30 summer time to 02:15 winter time: the quarters of 02:30 and 02:45, then those of 02:00 again.
  const part = cutTariff(autumn, berlin, span("2026-10-25T00:30:00Z", "2026-10-25T01:15:00Z"), false);
  assert.equal(
    part.elements.slice(0, -1).map(({ restrictions }) => (restrictions.startMsOfDay ?? 0) / 60_000),
    [120, 150, 165],
  );
  const spring = read(dayAhead("2026-03-29", 1, (slot) => slot / 100));
  const skipped = cutTariff(spring, berlin, span("2026-03-29T00:45:00Z", "2026-03-29T01:15:00Z"), false);
  assert.equal(
    skipped.elements.slice(0, -1).map(({ restrictions }) => (restrictions.startMsOfDay ?? 0) / 60_000),
    [105, 180],
  );
});

test("what is no part of the price stays as it stands", () => {
  const noted = read({ ...dayAhead("2026-11-24", 1, () => 0.3), tariff_alt_url: "https://e.example", note: "x" });
  const part = cutTariff(noted, berlin, span("2026-11-24T08:00:00Z", "2026-11-24T08:10:00Z"), false);
  const { elements: _, ...facts } = part.source;
  const { elements: __, ...wanted } = noted.source;
  assert.equal(facts, wanted);
  assert.equal(Object.keys(part.source), Object.keys(noted.source));
});

/** What a session comes to, without the places of the elements in the tariff. */
function outcome(tariff: Tariff, options: RatingOptions, [first, ...rest]: readonly Sample[]): unknown {
  const rating = rest.reduce<Rating>(advance, beginRating(tariff, options, first as Sample));
  const price = bill(rating);
  const { accrued, ifStoppedNow } = livePrice(rating);
  return {
    ...price,
    lines: price.lines.map(({ element: _, component: __, ...line }) => line),
    periods: periods(rating).map(({ powerW: _, currentMilliA: __, ...period }) => period),
    accrued,
    ifStoppedNow,
  };
}

/** Any tariff with some of its elements bound to single days or quarters of an hour around the changes of the clock. */
const slots = fc.array(
  fc.record({
    day: fc.constantFrom("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25", "2026-11-01", "2026-04-05"),
    quarter: fc.integer({ min: 0, max: 95 }),
    price: fc.integer({ min: -500, max: 9000 }).map((digits) => digits / 10_000),
    min_kwh: fc.constantFrom(undefined, undefined, 1, 5),
    type: fc.constantFrom("ENERGY", "ENERGY", "TIME", "FLAT"),
  }),
  { maxLength: 40 },
);

test("any session costs the same under the part and under the whole, with a good clock and without one", () => {
  let cut = 0;
  fc.assert(
    fc.property(
      anyTariffJson,
      slots,
      zones,
      anySession([0, 1, 3, 7, 10]),
      fc.constantFrom<Omit<RatingOptions, "timeZone">>(
        { clockTrusted: true },
        { clockTrusted: false },
        { clockTrusted: false, durationsKnown: false },
      ),
      fc.boolean(),
      (json, more, timeZone, session, rules, openFirst) => {
        const own = (json as { elements: unknown[] }).elements;
        const dated = more.map(({ day, quarter, price, min_kwh, type }) => ({
          price_components: [{ type, price, step_size: 1 }],
          restrictions: {
            start_date: day,
            end_date: new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10),
            start_time: quarterText(quarter),
            end_time: quarterText(quarter + 1),
            ...(min_kwh === undefined ? {} : { min_kwh }),
          },
        }));
        const whole = read({ ...json, elements: [...dated.slice(0, 20), ...own, ...dated.slice(20)] });
        const samples = samplesOf(session);
        const first = samples.find(({ activity }) => activity !== "reserved") ?? (samples[0] as Sample);
        const began = openFirst
          ? cutTariff(whole, timeZone, { fromMs: first.atMs, toMs: Number.POSITIVE_INFINITY }, true)
          : whole;
        const last = samples.at(-1) as Sample;
        const part = cutTariff(began, timeZone, { fromMs: first.atMs, toMs: last.atMs }, !rules.clockTrusted);
        if (part !== whole) cut += 1;
        const options: RatingOptions = { timeZone, ...rules };
        assert.equal(outcome(part, options, samples), outcome(whole, options, samples));
        if (openFirst) assert.equal(outcome(began, options, samples), outcome(whole, options, samples));
      },
    ),
    { seed, numRuns: 2000 * times },
  );
  assert.ok(cut > 1000 * times, `${cut} tariffs were cut`);
});

test.run();
