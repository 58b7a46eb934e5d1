// A session holds its beginning and not its end (OCPI restrictions: start inclusive, end exclusive). Amounts on paper.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { billOfCdr, priceCdr } from "../../../../agent/core/cdr/cdr-pricing.js";
import { livePrice } from "../../../../agent/core/rating/live-price.js";
import { advance, beginRating, type Rating } from "../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import { bill, periods } from "../../../../agent/core/rating/session-bill.js";
import { simulate } from "../../../../agent/core/rating/simulate.js";
import type { Opening } from "../../../../agent/core/session/opening.js";
import { addReading, ended, openSale } from "../../../../agent/core/session/sale.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { requiredDecimal } from "../../../../config/decimal.js";
import type { Reading } from "../../../../drivers/driver.js";

const test = suite("half-open sessions");
const startMs = Date.UTC(2026, 10, 24, 10);
const minute = 60_000;
const timeZone = "Europe/Berlin";

/** Energy at 0.50, and a fee of 5.00 under these restrictions. */
function tariffWithFee(restrictions: object): Tariff {
  const parsed = parseTariff({
    id: "F",
    currency: "EUR",
    elements: [
      { price_components: [{ type: "FLAT", price: 5, step_size: 1 }], restrictions },
      { price_components: [{ type: "ENERGY", price: 0.5, step_size: 1 }] },
    ],
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
}

const sample = (minutes: number, kwh: number, powerW = 11_000): Sample => ({
  atMs: startMs + minutes * minute,
  energyMilliWh: kwh * 1_000_000,
  powerW,
  activity: "charging",
});
const rate = (tariff: Tariff, [first, ...rest]: readonly [Sample, ...Sample[]]): Rating =>
  rest.reduce<Rating>(advance, beginRating(tariff, { timeZone, clockTrusted: true }, first));

test("a fee that begins to hold at the end was on the receipt (10.50) and not on the display (5.50)", () => {
  // 11 kWh x 0.50; the fee would begin after an hour, and the session is over by then.
  const tariff = tariffWithFee({ min_duration: 3600 });
  const rating = rate(tariff, [sample(0, 0), sample(60, 11)]);
  assert.is(bill(rating).due.gross, "5.50");
  assert.is(livePrice(rating).ifStoppedNow.incl, "5.5");
  assert.is(livePrice(rating).accrued.incl, "5.5");
  assert.equal(
    periods(rating).map((period) => period.endMs - period.startMs),
    [60 * minute],
  );
  const longer = rate(tariff, [sample(0, 0), sample(60, 11), sample(60 + 1 / 60, 11)]);
  assert.is(bill(longer).due.gross, "10.50");
});

test("a fee below 1 kW was charged for the 0 W of our own opened contactor", () => {
  const tariff = tariffWithFee({ max_power: 1, min_duration: 1800 });
  const rating = rate(tariff, [sample(0, 0), sample(60, 11, 0)]);
  assert.is(bill(rating).due.gross, "5.50");
  assert.is(livePrice(rating).ifStoppedNow.incl, "5.5");
});

test("a simulated session that ends at the boundary was charged what lies behind it", () => {
  const plan = (forMs: number) => ({ startMs, powerKw: requiredDecimal("11"), until: { forMs }, idleMs: 0, timeZone });
  const tariff = tariffWithFee({ min_duration: 3600 });
  assert.is(simulate(tariff, plan(60 * minute), "en").price.due.gross, "5.50");
  assert.is(simulate(tariff, plan(60 * minute + 1000), "en").price.due.gross, "10.50");
});

const reading = (seconds: number, kwh: number, powerW: number, currentMilliA?: number): Reading => ({
  moment: { at: startMs + seconds * 1000, monoMs: seconds * 1000, boot: "boot-1", trust: "synced" },
  energyMilliWh: kwh * 1_000_000,
  powerW,
  serial: "M1",
  ...(currentMilliA === undefined ? {} : { currentMilliA }),
});
function opening(tariff: Tariff): Opening {
  return {
    id: "S1",
    acceptance: {
      token: { uid: "04AABBCCDDEE80", type: "RFID", contractId: "C1", countryCode: "DE", partyId: "ABC" },
      authMethod: "WHITELIST",
    },
    meter: { vendor: "V", model: "M", serial: "M1" },
    tariff,
    timeZone,
    shown: { text: "", atMs: startMs },
    begin: reading(0, 100, 0, 0),
  };
}

test("at neither end of a session does the open contactor decide over a price", () => {
  for (const restrictions of [{ max_power: 1 }, { max_current: 2 }]) {
    const tariff = tariffWithFee(restrictions);
    const charging = addReading(openSale(opening(tariff)), reading(10, 100, 11_000, 16_000), "charging", false);
    const over = ended(charging, reading(3600, 0, 0).moment, reading(3600, 111, 0, 0));
    assert.is(bill(over.rating).due.gross, "5.50", JSON.stringify(restrictions));
  }
});

test("a session without a reading between begin and end is priced by the power that it drew on average", () => {
  // 11 kWh in an hour are 11 kW, which is at least 10 and not below 1.
  const end = reading(3600, 111, 0);
  for (const [restrictions, due] of [
    [{ max_power: 1 }, "5.50"],
    [{ min_power: 10 }, "10.50"],
  ] as const) {
    const over = ended(openSale(opening(tariffWithFee(restrictions))), end.moment, end);
    assert.is(bill(over.rating).due.gross, due, JSON.stringify(restrictions));
  }
});

test("a period of a CDR without length at the end bears no fee", () => {
  const time = (minutes: number): string => new Date(startMs + minutes * minute).toISOString();
  const result = priceCdr(
    [tariffWithFee({ min_duration: 3600 })],
    {
      start_date_time: time(0),
      end_date_time: time(60),
      charging_periods: [
        { start_date_time: time(0), tariff_id: "F", dimensions: [{ type: "ENERGY", volume: 11 }] },
        { start_date_time: time(60), tariff_id: "F", dimensions: [] },
      ],
    },
    timeZone,
  );
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  assert.is(billOfCdr(result.priced, "en").due.gross, "5.50");
});

test.run();
