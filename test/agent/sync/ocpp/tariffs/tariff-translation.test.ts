// A tariff of OCPP 2.1: what is taken prices every session as the OCPP rules do, worked out here second by second; all
// else is refused by name.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  add,
  compare,
  multiply,
  publishedText,
  type Ratio,
  ratioOf,
  zeroRatio,
} from "../../../../../agent/core/number/money.js";
import { advance, beginRating } from "../../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../../agent/core/rating/sample.js";
import { bill } from "../../../../../agent/core/rating/session-bill.js";
import {
  type TariffPlace,
  type TranslationResult,
  tariffFromOcpp,
} from "../../../../../agent/sync/ocpp/tariffs/tariff-translation.js";
import {
  type TariffConditions,
  type TariffType,
  type TaxRates,
  tariffType,
} from "../../../../../agent/sync/ocpp/tariffs/tariff-type.js";
import { decimalOf } from "../../../../../config/decimal.js";

const test = suite("a tariff of OCPP 2.1");
const place: TariffPlace = { countryCode: "DE", partyId: "ABC", kind: "AC", lastUpdated: "2026-11-22T12:00:00Z" };
const translated = (tariff: unknown, at: TariffPlace = place): TranslationResult =>
  tariffFromOcpp(tariffType.parse(tariff), at);
const basic = {
  tariffId: "T1",
  currency: "EUR",
  energy: { prices: [{ priceKwh: 0.25 }], taxRates: [{ type: "VAT", tax: 19 }] },
};

// ---- the OCPP rules, as plainly as they can be written

type Stretch = { readonly seconds: number; readonly powerW: number };
type Visit = { readonly startMs: number; readonly offsetMinutes: number; readonly stretches: readonly Stretch[] };
type State = { readonly localMs: number; readonly wh: number; readonly elapsed: number; readonly powerW: number };

const names = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

function hold(
  conditions: TariffConditions | undefined,
  kind: "AC" | "DC",
  { localMs, wh, elapsed, powerW }: State,
): boolean {
  if (conditions === undefined) return true;
  const iso = new Date(localMs).toISOString();
  const [date, time] = [iso.slice(0, 10), iso.slice(11, 16)];
  const { startTimeOfDay: start = "00:00", endTimeOfDay: end = "00:00" } = conditions;
  const until = end === "00:00" ? "24:00" : end;
  const inside = start < until ? time >= start && time < until : time >= start || time < until;
  const atLeast = (value: number, least: number | undefined): boolean => least === undefined || value >= least;
  const under = (value: number, most: number | undefined): boolean => most === undefined || value < most;
  return (
    inside &&
    (conditions.dayOfWeek === undefined ||
      conditions.dayOfWeek.some((day) => day === names[new Date(localMs).getUTCDay()])) &&
    (conditions.validFromDate === undefined || date >= conditions.validFromDate) &&
    (conditions.validToDate === undefined || date < conditions.validToDate) &&
    (conditions.evseKind === undefined || conditions.evseKind === kind) &&
    atLeast(wh, conditions.minEnergy) &&
    under(wh, conditions.maxEnergy) &&
    atLeast(powerW, conditions.minPower) &&
    under(powerW, conditions.maxPower) &&
    atLeast(elapsed, conditions.minTime) &&
    under(elapsed, conditions.maxTime)
  );
}

const exact = (value: number): Ratio => ratioOf(decimalOf(value) ?? { digits: 0n, scale: 0 });
const plus = (rates: TaxRates | undefined): Ratio =>
  add({ n: 1n, d: 1n }, multiply(exact(rates?.[0]?.tax ?? 0), { n: 1n, d: 100n }));

function costByOcpp(tariff: TariffType, { startMs, offsetMinutes, stretches }: Visit): { excl: Ratio; incl: Ratio } {
  const used = {
    energy: new Map<number, number>(),
    chargingTime: new Map<number, number>(),
    idleTime: new Map<number, number>(),
  };
  let [wh, elapsed] = [0, 0];
  const state = (powerW: number): State => ({
    localMs: startMs + offsetMinutes * 60_000 + elapsed * 1000,
    wh,
    elapsed,
    powerW,
  });
  const count = (name: keyof typeof used, powerW: number, amount: number): void => {
    const index = tariff[name]?.prices.findIndex(({ conditions }) => hold(conditions, "AC", state(powerW))) ?? -1;
    if (index >= 0) used[name].set(index, (used[name].get(index) ?? 0) + amount);
  };
  const fee = tariff.fixedFee?.prices.find(({ conditions }) =>
    hold(conditions, "AC", state(stretches[0]?.powerW ?? 0)),
  );
  for (const { seconds, powerW } of stretches)
    for (let second = 0; second < seconds; second += 1) {
      count("energy", powerW, powerW / 3600);
      count(powerW > 0 ? "chargingTime" : "idleTime", powerW, 1);
      wh += powerW / 3600;
      elapsed += 1;
    }
  let [excl, incl] = [zeroRatio, zeroRatio];
  const charge = (amount: Ratio, rates: TaxRates | undefined): void => {
    excl = add(excl, amount);
    incl = add(incl, multiply(amount, plus(rates)));
  };
  for (const [index, amount] of used.energy)
    charge(
      multiply(exact(tariff.energy?.prices[index]?.priceKwh ?? Number.NaN), { n: BigInt(amount), d: 1000n }),
      tariff.energy?.taxRates,
    );
  for (const name of ["chargingTime", "idleTime"] as const)
    for (const [index, amount] of used[name])
      charge(
        multiply(exact(tariff[name]?.prices[index]?.priceMinute ?? Number.NaN), { n: BigInt(amount), d: 60n }),
        tariff[name]?.taxRates,
      );
  if (fee !== undefined) charge(exact(fee.priceFixed), tariff.fixedFee?.taxRates);
  for (const [limit, beyond] of [
    [tariff.minCost, -1],
    [tariff.maxCost, 1],
  ] as const) {
    if (limit === undefined) continue;
    const rate = plus(
      tariff.energy?.taxRates ??
        tariff.chargingTime?.taxRates ??
        tariff.idleTime?.taxRates ??
        tariff.fixedFee?.taxRates,
    );
    const net =
      limit.exclTax === undefined
        ? { n: exact(limit.inclTax ?? 0).n * rate.d, d: exact(limit.inclTax ?? 0).d * rate.n }
        : exact(limit.exclTax);
    if (compare(excl, net) * beyond > 0) [excl, incl] = [net, multiply(net, rate)];
  }
  return { excl, incl };
}

// ---- what the station makes of it

function costHere(
  tariff: TariffType,
  { startMs, offsetMinutes, stretches }: Visit,
): { excl: string; incl: string } | undefined {
  const answer = tariffFromOcpp(tariff, place);
  if (!answer.ok) return undefined;
  const samples: Sample[] = [];
  let [atMs, energyMilliWh] = [startMs, 5_000_000];
  for (const { seconds, powerW } of stretches) {
    samples.push({ atMs, energyMilliWh, powerW, activity: powerW > 0 ? "charging" : "parking" });
    atMs += seconds * 1000;
    energyMilliWh += (powerW / 3600) * 1000 * seconds;
  }
  const last = samples.at(-1) as Sample;
  const timeZone = offsetMinutes === 0 ? "UTC" : "Asia/Kolkata";
  const [first, ...rest] = [...samples, { ...last, atMs, energyMilliWh }];
  const price = bill(
    rest.reduce(advance, beginRating(answer.tariff, { timeZone, clockTrusted: true }, first as Sample)),
  );
  return price.totalCost;
}

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const clean = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const timeOfDay = fc
  .integer({ min: 0, max: 47 })
  .map((half) => `${String(Math.floor(half / 2)).padStart(2, "0")}:${half % 2 === 0 ? "00" : "30"}`);
const dates = fc.constantFrom("2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23");
const clockConditions = {
  startTimeOfDay: maybe(timeOfDay),
  endTimeOfDay: maybe(timeOfDay),
  validFromDate: maybe(dates),
  validToDate: maybe(dates),
  dayOfWeek: maybe(fc.subarray(["Saturday", "Sunday", "Monday"], { minLength: 1 })),
  evseKind: maybe(fc.constantFrom("AC", "DC")),
};
const conditions = fc.record({
  ...clockConditions,
  minEnergy: maybe(fc.integer({ min: 0, max: 400 }).map((six) => six * 6)),
  maxEnergy: maybe(fc.integer({ min: 0, max: 600 }).map((six) => six * 6)),
  minPower: maybe(fc.constantFrom(0, 3600, 7000)),
  maxPower: maybe(fc.constantFrom(3601, 7200, 10_800)),
  minTime: maybe(fc.integer({ min: 0, max: 3000 })),
  maxTime: maybe(fc.integer({ min: 0, max: 4000 })),
  minIdleTime: fc.oneof({ weight: 30, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constant(60) }),
});
const amount = fc.integer({ min: 0, max: 90_000 }).map((digits) => digits / 10_000);
const list = (name: string, under: fc.Arbitrary<unknown>) =>
  fc
    .array(fc.record({ [name]: amount, conditions: fc.option(under, { nil: undefined, freq: 4 }) }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((prices) => ({ prices }));
const anyTariff = fc
  .record({
    rate: fc.constantFrom(undefined, 0, 7, 19, 5.5),
    mixed: fc.constantFrom(false, false, false, true),
    energy: maybe(list("priceKwh", conditions)),
    chargingTime: maybe(list("priceMinute", conditions)),
    idleTime: maybe(list("priceMinute", conditions)),
    fixedFee: maybe(list("priceFixed", fc.record(clockConditions))),
    plain: amount,
    minCost: maybe(fc.record({ exclTax: fc.integer({ min: 0, max: 40 }).map((tens) => tens / 10) })),
    maxCost: maybe(fc.record({ exclTax: fc.integer({ min: 40, max: 200 }).map((tens) => tens / 10) })),
  })
  .map(({ rate, mixed, plain, ...parts }) => {
    const energy = parts.energy ?? { prices: [{ priceKwh: plain }] };
    const tariff: Record<string, unknown> = { tariffId: "T", currency: "EUR", ...parts, energy };
    if (rate !== undefined)
      for (const name of ["energy", "chargingTime", "idleTime", "fixedFee"])
        if (tariff[name] !== undefined)
          tariff[name] = {
            ...(tariff[name] as object),
            taxRates: [{ type: "VAT", tax: mixed && name === "energy" ? 21 : rate }],
          };
    return tariffType.parse(clean(tariff));
  });
const visit: fc.Arbitrary<Visit> = fc.record({
  startMs: fc.integer({ min: 0, max: 2880 }).map((minute) => Date.UTC(2026, 10, 21) + minute * 60_000),
  offsetMinutes: fc.constantFrom(0, 330),
  stretches: fc.array(
    fc.record({
      seconds: fc.integer({ min: 1, max: 200 }).map((six) => six * 6),
      powerW: fc.constantFrom(0, 3600, 7200, 10_800),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

test("what is taken costs what the OCPP rules say, to the last decimal", () => {
  const tally = { taken: 0, refused: 0 };
  fc.assert(
    fc.property(anyTariff, visit, (tariff, one) => {
      const here = costHere(tariff, one);
      if (here === undefined) {
        tally.refused += 1;
        return;
      }
      tally.taken += 1;
      const there = costByOcpp(tariff, one);
      assert.equal(here, { excl: publishedText(there.excl), incl: publishedText(there.incl) });
    }),
    { numRuns: 300 },
  );
  assert.ok(tally.taken > 150, `only ${tally.taken} of 300 tariffs were taken`);
});

test("prices per minute become prices per hour, Wh become kWh, W become kW", () => {
  const answer = translated({
    ...basic,
    chargingTime: {
      prices: [
        {
          priceMinute: 0.005,
          conditions: {
            minPower: 11_000,
            maxEnergy: 1500,
            minTime: 60,
            dayOfWeek: ["Monday"],
            startTimeOfDay: "22:00",
            endTimeOfDay: "06:00",
            validFromDate: "2026-11-01",
            maxCurrent: 16.5,
          },
        },
      ],
    },
    description: [
      { format: "UTF8", language: "de-DE", content: "Nachttarif" },
      { format: "HTML", content: "<b>no</b>" },
      { format: "UTF8", content: "\u001b@" },
    ],
    validFrom: "2026-11-22T00:00:00+01:00",
  });
  assert.ok(answer.ok);
  assert.equal(answer.tariff.source["elements"], [
    { price_components: [{ type: "ENERGY", price: 0.25, vat: 19, step_size: 0 }] },
    {
      price_components: [{ type: "TIME", price: 0.3, step_size: 0 }],
      restrictions: {
        start_time: "22:00",
        end_time: "06:00",
        start_date: "2026-11-01",
        day_of_week: ["MONDAY"],
        max_kwh: 1.5,
        max_current: 16.5,
        min_power: 11,
        min_duration: 60,
      },
    },
  ]);
  assert.equal(answer.tariff.source["tariff_alt_text"], [{ language: "de", text: "Nachttarif" }]);
  assert.is(answer.tariff.startMs, Date.UTC(2026, 10, 21, 23));
  assert.is(answer.tariff.version, "2.2.1");
});

test("a fee that does not apply at the start never falls due later", () => {
  const answer = translated({
    ...basic,
    fixedFee: { prices: [{ priceFixed: 1, conditions: { startTimeOfDay: "18:00" } }] },
  });
  assert.ok(answer.ok);
  assert.equal(
    answer.tariff.offers.FLAT.map(({ component }) => Number(component.price.digits)),
    [1, 0],
  );
});

test("limits are written with their tax, and refused where no decimal holds them", () => {
  const limited = (maxCost: object, taxRates: object[] = [{ type: "VAT", tax: 19 }]): TranslationResult =>
    translated({ ...basic, energy: { prices: [{ priceKwh: 0.25 }], taxRates }, maxCost });
  const read = (answer: TranslationResult): unknown => (answer.ok ? answer.tariff.source["max_price"] : answer.status);
  assert.equal(read(limited({ exclTax: 50 })), { excl_vat: 50, incl_vat: 59.5 });
  assert.equal(read(limited({ inclTax: 59.5 })), { excl_vat: 50, incl_vat: 59.5 });
  assert.equal(read(limited({ exclTax: 50, inclTax: 59.5 })), { excl_vat: 50, incl_vat: 59.5 });
  assert.is(read(limited({ exclTax: 50, inclTax: 60 })), "Rejected");
  assert.is(read(limited({ inclTax: 50 })), "Rejected");
  assert.is(read(limited({})), "Rejected");
});

for (const [why, tariff, status] of [
  ["an id that OCPI has no room for", { tariffId: "x".repeat(37) }, "Rejected"],
  ["an id that a printer might take for an order", { tariffId: "A\u001b@" }, "Rejected"],
  [
    "stacked taxes",
    {
      energy: {
        prices: [{ priceKwh: 1 }],
        taxRates: [
          { type: "VAT", tax: 5 },
          { type: "VAT", tax: 7, stack: 1 },
        ],
      },
    },
    "Rejected",
  ],
  [
    "a tax that is no value added tax",
    { energy: { prices: [{ priceKwh: 1 }], taxRates: [{ type: "Federal", tax: 5 }] } },
    "Rejected",
  ],
  [
    "a clock of the idle time alone",
    { idleTime: { prices: [{ priceMinute: 0.1, conditions: { minIdleTime: 600 } }] } },
    "ConditionNotSupported",
  ],
  [
    "a clock of the charging time alone",
    { chargingTime: { prices: [{ priceMinute: 0.1, conditions: { maxChargingTime: 600 } }] } },
    "ConditionNotSupported",
  ],
  [
    "a payment brand",
    { fixedFee: { prices: [{ priceFixed: 1, conditions: { paymentBrand: "VISA" } }] } },
    "ConditionNotSupported",
  ],
  [
    "energy that flows to the grid",
    { energy: { prices: [{ priceKwh: 1, conditions: { minEnergy: -5 } }] } },
    "ConditionNotSupported",
  ],
  [
    "a window that ends when it starts",
    { energy: { prices: [{ priceKwh: 1, conditions: { startTimeOfDay: "10:00", endTimeOfDay: "10:00" } }] } },
    "ConditionNotSupported",
  ],
  ["a reservation that costs something", { reservationTime: { prices: [{ priceMinute: 0.1 }] } }, "Rejected"],
  ["a fee for a reservation", { reservationFixed: { prices: [{ priceFixed: 1 }] } }, "Rejected"],
  [
    "more prices than are taken",
    { energy: { prices: Array.from({ length: 101 }, () => ({ priceKwh: 1 })) } },
    "TooManyElements",
  ],
  ["no price at all", { energy: undefined }, "Rejected"],
  [
    "prices for the other kind of current alone",
    { energy: { prices: [{ priceKwh: 1, conditions: { evseKind: "DC" } }] } },
    "Rejected",
  ],
  ["a currency that is none", { currency: "eur" }, "Rejected"],
  [
    "a date that no calendar has",
    { energy: { prices: [{ priceKwh: 1, conditions: { validFromDate: "2026-02-30" } }] } },
    "Rejected",
  ],
  [
    "a maximum over prices of two tax rates",
    { chargingTime: { prices: [{ priceMinute: 1 }] }, maxCost: { exclTax: 5 } },
    "Rejected",
  ],
  [
    "a price with more digits than a number keeps",
    { energy: { prices: [{ priceKwh: 0.123456789012345 }] } },
    "Rejected",
  ],
] as const)
  test(`refused: ${why}`, () => {
    const answer = translated({ ...basic, ...tariff });
    assert.is(answer.ok ? "taken" : answer.status, status);
    assert.ok(!answer.ok && answer.why.length > 10);
  });

test("a condition on the kind of current is refused where the connectors are of both", () => {
  const answer = translated(
    { ...basic, energy: { prices: [{ priceKwh: 1, conditions: { evseKind: "DC" } }, { priceKwh: 2 }] } },
    { ...place, kind: "mixed" },
  );
  assert.is(answer.ok ? "taken" : answer.status, "ConditionNotSupported");
});

test("a price for reservations is taken where they are charged, used or not", () => {
  const asked = {
    ...basic,
    reservationTime: { prices: [{ priceMinute: 0.05 }], taxRates: [{ type: "VAT", tax: 19 }] },
    reservationFixed: {
      prices: [{ priceFixed: 1, conditions: { startTimeOfDay: "08:00", endTimeOfDay: "18:00" } }],
      taxRates: [{ type: "VAT", tax: 19 }],
    },
  };
  const answer = translated(asked, { ...place, chargeReservations: true });
  if (!answer.ok) throw new Error(answer.why);
  const costOf = (hour: number, then?: Partial<Sample>): string => {
    const atMs = Date.UTC(2026, 10, 23, hour);
    const reserved: Sample = { atMs, energyMilliWh: 0, powerW: 0, activity: "reserved" };
    const last = { ...reserved, atMs: atMs + 20 * 60_000, ...then };
    const options = { timeZone: "UTC", clockTrusted: true };
    return bill(advance(beginRating(answer.tariff, options, reserved), last)).totalReservationCost.excl;
  };
  // Paper: 20 min x 0.05, and 1.00 where the reservation begins from 8 to 18 o'clock.
  assert.equal([costOf(10), costOf(10, { activity: "charging" }), costOf(7), costOf(18)], ["2", "2", "1", "1"]);
  const strange = { ...basic, reservationTime: { prices: [{ priceMinute: 0.05, conditions: { minEnergy: 1 } }] } };
  const refused = translated(strange, { ...place, chargeReservations: true });
  assert.is(refused.ok ? "" : refused.status, "ConditionNotSupported");
});

test.run();
