// Random tariffs and sessions for property tests. Energy flows at whole mWh per ms within a stretch, so that any cut
// between two samples splits it exactly, and every boundary in time falls on a whole millisecond.
import fc from "fast-check";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";

const price = fc.integer({ min: 0, max: 90_000 }).map((digits) => digits / 10_000);
const vat = fc.constantFrom(undefined, 0, 7, 19, 21, 5.2);
const timeOfDay = fc
  .integer({ min: 0, max: 95 })
  .map(
    (quarter) => `${String(Math.floor(quarter / 4)).padStart(2, "0")}:${String((quarter % 4) * 15).padStart(2, "0")}`,
  );
const days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
const dates = [
  "2026-03-08",
  "2026-03-28",
  "2026-03-29",
  "2026-03-30",
  "2026-04-04",
  "2026-04-05",
  "2026-09-27",
  "2026-10-25",
  "2026-11-01",
];

function without(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

const step = fc.constantFrom(0, 1, 60, 300, 900, 1800, 500);
const component = (types: readonly string[]): fc.Arbitrary<unknown> =>
  fc.record({ type: fc.constantFrom(...types), price, vat, step_size: step }).map(without);
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });
const rarely = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const restrictions = fc
  .record({
    start_time: maybe(timeOfDay),
    end_time: maybe(timeOfDay),
    start_date: rarely(fc.constantFrom(...dates)),
    end_date: rarely(fc.constantFrom(...dates)),
    day_of_week: rarely(fc.subarray(days, { minLength: 1 })),
    min_kwh: rarely(fc.integer({ min: 0, max: 30 })),
    max_kwh: rarely(fc.integer({ min: 1, max: 40 })),
    min_power: rarely(fc.constantFrom(4, 11, 22)),
    max_power: rarely(fc.constantFrom(4, 11, 22)),
    min_duration: rarely(fc.integer({ min: 0, max: 600 }).map((minutes) => minutes * 60)),
    max_duration: rarely(fc.integer({ min: 1, max: 600 }).map((minutes) => minutes * 60)),
  })
  .map(without);

const element = fc.record({
  price_components: fc.array(component(["ENERGY", "TIME", "PARKING_TIME", "FLAT"]), { minLength: 1, maxLength: 3 }),
  restrictions,
});
const reservation = fc.record({
  price_components: fc.array(component(["TIME", "FLAT"]), { minLength: 1, maxLength: 2 }),
  restrictions: fc
    .record({ reservation: fc.constantFrom("RESERVATION", "RESERVATION_EXPIRES"), start_time: rarely(timeOfDay) })
    .map(without),
});

function read(json: unknown): Tariff {
  const parsed = parseTariff(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
}

/** Any tariff of either version, as JSON: elements, limits and reservations as they come. */
export const anyTariffJson: fc.Arbitrary<object> = fc
  .record({
    version: fc.constantFrom("2.2.1", "YES", "NO", "N/A"),
    elements: fc.array(fc.oneof({ weight: 5, arbitrary: element }, { weight: 1, arbitrary: reservation }), {
      minLength: 1,
      maxLength: 5,
    }),
    min: rarely(fc.integer({ min: 0, max: 500 })),
    max: rarely(fc.integer({ min: 500, max: 5000 })),
    gross: fc.boolean(),
  })
  .map(({ version, elements, min, max, gross }) => {
    const limit = (cents: number): unknown => {
      const incl = gross ? { [version === "2.2.1" ? "incl_vat" : "after_taxes"]: (cents * 12) / 1000 } : {};
      return { [version === "2.2.1" ? "excl_vat" : "before_taxes"]: cents / 100, ...incl };
    };
    return {
      id: "T",
      currency: "EUR",
      elements,
      last_updated: "2026-01-01T00:00:00Z",
      ...(version === "2.2.1" ? {} : { tax_included: version }),
      ...(min === undefined ? {} : { min_price: limit(min) }),
      ...(max === undefined ? {} : { max_price: limit(max) }),
    };
  });

/** The same, read. */
export const anyTariff: fc.Arbitrary<Tariff> = anyTariffJson.map(read);

export const zones = fc.constantFrom(
  "Europe/Berlin",
  "Australia/Adelaide",
  "America/New_York",
  "Asia/Kolkata",
  "Asia/Tokyo",
  "Pacific/Chatham",
);

export type Stretch = {
  readonly activity: Sample["activity"];
  readonly seconds: number;
  readonly milliWhPerMs: number;
  readonly powerW: number;
};

// Changes of the clock in 2026, both ways, in the zones above that have them.
const changes = [
  "2026-03-29T01:00:00Z",
  "2026-10-25T01:00:00Z",
  "2026-03-08T07:00:00Z",
  "2026-11-01T06:00:00Z",
  "2026-04-04T16:30:00Z",
  "2026-10-03T16:30:00Z",
  "2026-04-04T14:00:00Z",
  "2026-09-26T14:00:00Z",
].map((text) => Date.parse(text));

/**
 * Stretches of a session within a day and a half of a change of the clocks, on whole seconds. `rates` are mWh per ms.
 */
export function anySession(rates: readonly number[]): fc.Arbitrary<{ startMs: number; stretches: readonly Stretch[] }> {
  const stretch = fc
    .record({
      activity: fc.constantFrom<Sample["activity"]>("charging", "charging", "parking", "grace", "suspended"),
      seconds: fc.integer({ min: 1, max: 20_000 }),
      milliWhPerMs: fc.constantFrom(...rates),
      powerW: fc.constantFrom(3_700, 4_000, 11_000, 22_000),
    })
    .map((one) => (one.activity === "charging" ? one : { ...one, milliWhPerMs: 0, powerW: 0 }));
  const booked = fc.record({
    activity: fc.constant("reserved" as const),
    seconds: fc.integer({ min: 1, max: 4000 }),
    milliWhPerMs: fc.constant(0),
    powerW: fc.constant(0),
  });
  return fc
    .record({
      startMs: fc
        .tuple(fc.constantFrom(...changes), fc.integer({ min: -130_000, max: 50_000 }))
        .map(([changeMs, seconds]) => changeMs + seconds * 1000),
      before: fc.array(booked, { maxLength: 1 }),
      after: fc.array(stretch, { minLength: 0, maxLength: 6 }),
    })
    .map(({ startMs, before, after }) => ({
      startMs,
      stretches:
        before.length + after.length === 0
          ? [{ activity: "charging" as const, seconds: 60, milliWhPerMs: 1, powerW: 3_700 }]
          : [...before, ...after],
    }));
}

/**
 * The samples of a session: one where each stretch begins, one at the end, and more at `cuts` (ms from the start), on
 * the same line.
 */
export function samplesOf(
  session: { startMs: number; stretches: readonly Stretch[] },
  cuts: readonly number[] = [],
): Sample[] {
  const samples: Sample[] = [];
  const sorted = [...new Set(cuts)].sort((a, b) => a - b);
  let at = 0;
  let register = 7_000_000;
  for (const { activity, seconds, milliWhPerMs, powerW } of session.stretches) {
    const point = (ms: number): Sample => ({
      atMs: session.startMs + ms,
      energyMilliWh: register + (ms - at) * milliWhPerMs,
      powerW,
      activity,
    });
    samples.push(point(at), ...sorted.filter((cut) => cut > at && cut < at + seconds * 1000).map(point));
    register += seconds * 1000 * milliWhPerMs;
    at += seconds * 1000;
  }
  const last = samples.at(-1) as Sample;
  return [...samples, { ...last, atMs: session.startMs + at, energyMilliWh: register }];
}
