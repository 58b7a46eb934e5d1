// What must hold for every tariff and every session, thousands of them at random; `npm run soak` draws many times as
// many, and others.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { priceLine } from "../../../../agent/commands/tariff-batch.js";
import { billOfCdr, priceCdr } from "../../../../agent/core/cdr/cdr-pricing.js";
import { compare, ratioOf } from "../../../../agent/core/number/money.js";
import { livePrice, nextBoundary } from "../../../../agent/core/rating/live-price.js";
import type { Price } from "../../../../agent/core/rating/price.js";
import { advance, beginRating, type Rating, sameComponents } from "../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import { bill, periods } from "../../../../agent/core/rating/session-bill.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { decimalOf } from "../../../../config/decimal.js";
import { anySession, anyTariff, samplesOf, zones } from "./arbitrary-session.js";

const test = suite("rating properties");
const seed = Number(process.env["CHARGETILL_SEED"] ?? 20_260_303);
console.log(`seed ${seed}`);
/** How many times the usual number of cases is drawn. */
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);

function rate(tariff: Tariff, timeZone: string, samples: readonly Sample[], clockTrusted = true): Rating {
  const [first, ...rest] = samples;
  return rest.reduce<Rating>(advance, beginRating(tariff, { timeZone, clockTrusted }, first as Sample));
}

function totals(price: Price): unknown {
  const {
    totalCost,
    totalFixedCost,
    totalEnergyCost,
    totalTimeCost,
    totalParkingCost,
    totalReservationCost,
    billed,
    due,
    taxes,
    taxShares,
    energyMilliWh,
    timeMs,
    parkingMs,
    adjustments,
  } = price;
  return {
    totalCost,
    totalFixedCost,
    totalEnergyCost,
    totalTimeCost,
    totalParkingCost,
    totalReservationCost,
    billed,
    due,
    taxes,
    taxShares,
    energyMilliWh,
    timeMs,
    parkingMs,
    adjustments,
  };
}

const cuts = fc.array(fc.integer({ min: 1, max: 80_000_000 }), { maxLength: 30 });

for (const clockTrusted of [true, false])
  test(`more samples never change the total, clock ${clockTrusted ? "trusted" : "not trusted"}`, () => {
    fc.assert(
      fc.property(anyTariff, zones, anySession([0, 1, 2, 3, 7, 10]), cuts, (tariff, zone, session, at) => {
        const coarse = rate(tariff, zone, samplesOf(session), clockTrusted);
        const fine = rate(tariff, zone, samplesOf(session, at), clockTrusted);
        assert.equal(totals(bill(fine)), totals(bill(coarse)));
        assert.equal(periods(fine), periods(coarse));
        assert.is(sameComponents(fine, coarse), true);
      }),
      { seed, numRuns: 600 * times },
    );
  });

test("the live figure is the bill at every sample", () => {
  fc.assert(
    fc.property(anyTariff, zones, anySession([0, 1, 3]), cuts, (tariff, zone, session, at) => {
      const [first, ...rest] = samplesOf(session, at);
      let rating = beginRating(tariff, { timeZone: zone, clockTrusted: true }, first as Sample);
      for (const sample of rest) {
        rating = advance(rating, sample);
        assert.equal(livePrice(rating).ifStoppedNow, bill(rating).totalCost);
      }
    }),
    { seed, numRuns: 200 * times },
  );
});

test("what is measured at the end, or begins there, changes no bill: the end is not part of the session", () => {
  fc.assert(
    fc.property(
      anyTariff,
      zones,
      anySession([0, 1, 3]),
      fc.constantFrom(0, 500, 4_000, 50_000),
      (tariff, zone, session, powerW) => {
        const samples = samplesOf(session);
        const last = samples.at(-1) as Sample;
        const activity = last.activity === "reserved" ? last.activity : "suspended";
        const ended = rate(tariff, zone, [
          ...samples.slice(0, -1),
          { ...last, powerW, currentMilliA: powerW, activity },
        ]);
        const rating = rate(tariff, zone, samples);
        assert.equal(bill(ended), bill(rating));
        assert.equal(livePrice(ended).ifStoppedNow, livePrice(rating).ifStoppedNow);
        assert.equal(periods(ended), periods(rating));
      },
    ),
    { seed, numRuns: 300 * times },
  );
});

test("the lines of energy add up to what the meter counted, and what steps add", () => {
  fc.assert(
    fc.property(anyTariff, zones, anySession([0, 1, 3]), (tariff, zone, session) => {
      const price = bill(rate(tariff, zone, samplesOf(session)));
      const energy = price.lines.filter((line) => line.dimension === "ENERGY");
      const counted = energy.reduce((milliWh, { units }) => milliWh + units, 0);
      const largestStep = Math.max(0, ...tariff.offers.ENERGY.map(({ component }) => component.stepSize)) * 1000;
      assert.ok(counted >= price.energyMilliWh && counted <= price.energyMilliWh + largestStep);
      if (largestStep === 0) assert.is(counted, price.energyMilliWh);
    }),
    { seed, numRuns: 300 * times },
  );
});

test("a pause costs the same and makes the same periods, whoever caused it", () => {
  fc.assert(
    fc.property(anyTariff, zones, anySession([0, 1, 3]), cuts, (tariff, zone, session, at) => {
      const samples = samplesOf(session, at);
      const ofStation = samples.map((sample) =>
        sample.activity === "grace" ? { ...sample, activity: "suspended" as const } : sample,
      );
      const [mixed, one] = [rate(tariff, zone, samples), rate(tariff, zone, ofStation)];
      assert.equal(bill(mixed), bill(one));
      assert.equal(
        periods(mixed).map(({ activity: _, ...period }) => period),
        periods(one).map(({ activity: _, ...period }) => period),
      );
    }),
    { seed, numRuns: 200 * times },
  );
});

test("what is accrued never falls, and never passes the maximum", () => {
  fc.assert(
    fc.property(anyTariff, zones, anySession([0, 1, 3]), cuts, (tariff, zone, session, at) => {
      const [first, ...rest] = samplesOf(session, at).filter((sample) => sample.activity !== "reserved");
      if (first === undefined) return;
      let rating = beginRating(tariff, { timeZone: zone, clockTrusted: true }, first);
      let before = "0";
      for (const sample of rest) {
        rating = advance(rating, sample);
        const now = livePrice(rating).accrued.excl;
        const amount = (text: string): { n: bigint; d: bigint } => ratioOf(decimalOf(text) ?? { digits: 0n, scale: 0 });
        assert.ok(compare(amount(now), amount(before)) >= 0, `${now} after ${before}`);
        if (tariff.maxPrice !== undefined) assert.ok(compare(amount(now), ratioOf(tariff.maxPrice.excl)) <= 0);
        before = now;
      }
    }),
    { seed, numRuns: 200 * times },
  );
});

type Piece = { startMs: number; endMs: number; activity: Sample["activity"]; milliWh: number; powerKw: number };

function cdrOf(pieces: readonly Piece[], startMs: number, endMs: number): unknown {
  return {
    start_date_time: new Date(startMs).toISOString(),
    end_date_time: new Date(endMs).toISOString(),
    currency: "EUR",
    charging_periods: pieces.map((piece) => {
      const hours = (piece.endMs - piece.startMs) / 3_600_000;
      const time = {
        charging: "TIME",
        parking: "PARKING_TIME",
        reserved: "RESERVATION_TIME",
        grace: undefined,
        suspended: undefined,
      }[piece.activity];
      return {
        start_date_time: new Date(piece.startMs).toISOString(),
        tariff_id: "T",
        dimensions: [
          { type: "ENERGY", volume: piece.milliWh / 1e6 },
          { type: "POWER", volume: piece.powerKw },
          ...(time === undefined ? [] : [{ type: time, volume: hours }]),
        ],
      };
    }),
  };
}

test("our own periods, cut as finely as one likes and priced as a CDR, come to the same bill", () => {
  // At 1 mWh per ms every boundary, energy's too, falls on a whole second. A CDR's periods are judged one by one at their
  // start and know no boundaries.
  fc.assert(
    fc.property(
      anyTariff,
      zones,
      anySession([0, 1]),
      fc.integer({ min: 60, max: 4000 }),
      (tariff, zone, session, everySeconds) => {
        const samples = samplesOf(session);
        const rating = rate(tariff, zone, samples);
        const powerAt = (ms: number): number => (samples.findLast((sample) => sample.atMs <= ms)?.powerW ?? 0) / 1000;
        const cut: Piece[] = periods(rating).flatMap(({ startMs, endMs, activity, energyMilliWh }) => {
          const inner = samples.map((sample) => sample.atMs).filter((ms) => ms > startMs && ms < endMs);
          for (let ms = startMs + everySeconds * 1000; ms < endMs; ms += everySeconds * 1000) inner.push(ms);
          const points = [startMs, ...[...new Set(inner)].sort((a, b) => a - b), endMs];
          const registerAt = (ms: number): number => {
            const index = samples.findLastIndex((sample) => sample.atMs <= ms);
            const [from, to] = [samples[index], samples[index + 1]];
            return from === undefined
              ? 0
              : to === undefined || to.atMs === from.atMs
                ? from.energyMilliWh
                : from.energyMilliWh +
                  ((ms - from.atMs) * (to.energyMilliWh - from.energyMilliWh)) / (to.atMs - from.atMs);
          };
          assert.is(registerAt(endMs) - registerAt(startMs), energyMilliWh);
          return points.slice(1).map((to, index) => {
            const from = points[index] as number;
            return {
              startMs: from,
              endMs: to,
              activity,
              milliWh: registerAt(to) - registerAt(from),
              powerKw: powerAt(from),
            };
          });
        });
        const result = priceCdr([tariff], cdrOf(cut, samples[0]?.atMs ?? 0, samples.at(-1)?.atMs ?? 0), zone);
        if (!result.ok) throw new Error(JSON.stringify(result.faults));
        assert.equal(totals(billOfCdr(result.priced, "en")), totals(bill(rating)));
      },
    ),
    { seed, numRuns: 800 * times },
  );
});

test("the next boundary is the first instant at which a component changes while nothing but time moves", () => {
  fc.assert(
    fc.property(anyTariff, zones, anySession([1]), (tariff, zone, session) => {
      const [first] = samplesOf(session);
      const rating = beginRating(tariff, { timeZone: zone, clockTrusted: true }, first as Sample);
      const boundary = nextBoundary(rating);
      const still = (atMs: number): Rating => advance(rating, { ...(first as Sample), atMs });
      if (boundary === undefined) return;
      assert.is(sameComponents(rating, still(boundary - 1)), true);
      assert.is(sameComponents(rating, still(boundary)), false);
    }),
    { seed, numRuns: 500 * times },
  );
});

const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.double(),
    fc.constant(null),
    fc.constantFrom("ENERGY", "TIME", "2026-03-28T00:00:00Z"),
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        "start_date_time",
        "end_date_time",
        "charging_periods",
        "dimensions",
        "type",
        "volume",
        "tariff_id",
        "currency",
      ),
      tie("tree"),
      { maxKeys: 5 },
    ),
  ),
}));

test("whatever comes in as a CDR, the answer is a price or a list of faults", () => {
  fc.assert(
    fc.property(anyTariff, tree, fc.double(), fc.string(), (tariff, json, volume, zone) => {
      const timed = { start_date_time: "2026-03-28T00:00:00Z", end_date_time: "2026-03-28T10:00:00Z" };
      const period = {
        start_date_time: "2026-03-28T00:00:00Z",
        tariff_id: "T",
        dimensions: [
          { type: "TIME", volume },
          { type: "ENERGY", volume: 1 },
        ],
      };
      for (const cdr of [json, { ...timed, charging_periods: json }, { ...timed, charging_periods: [period] }])
        for (const timeZone of ["Europe/Berlin", zone]) {
          const result = priceCdr([tariff], cdr, timeZone);
          if (!result.ok) assert.ok(result.faults.length > 0);
          else assert.match(billOfCdr(result.priced, "en").totalCost.incl, /^-?\d+(\.\d{1,12})?$/);
        }
    }),
    { seed, numRuns: 500 * times },
  );
});

test("whatever stands in a line of a batch, it is answered", () => {
  const lines = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({
        name: fc.anything(),
        timezone: fc.oneof(fc.string(), fc.constant("Europe/Berlin")),
        tariffs: tree,
        cdr: tree,
      })
      .map((line) => JSON.stringify(line)),
  );
  fc.assert(
    fc.property(lines, (line) => assert.is(typeof JSON.stringify(priceLine(line).answer), "string")),
    { seed, numRuns: 500 * times },
  );
});

test.run();
