// A session in which no energy flowed costs nothing: on the display, before a limit, and on the bill.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { livePrice } from "../../../../agent/core/rating/live-price.js";
import { advance, beginRating, type Rating } from "../../../../agent/core/rating/rating.js";
import { type RatingOptions, type Sample, stationRules } from "../../../../agent/core/rating/sample.js";
import { bill } from "../../../../agent/core/rating/session-bill.js";
import { limitReached } from "../../../../agent/core/session/limits.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";

const test = suite("a session without energy");
const startMs = Date.UTC(2026, 10, 24, 10);
const minute = 60_000;
const timeZone = "Europe/Berlin";

const parsed = parseTariff({
  id: "T",
  currency: "EUR",
  min_price: { excl_vat: 1, incl_vat: 1.19 },
  elements: [
    {
      price_components: [
        { type: "ENERGY", price: 0.39, vat: 19, step_size: 1 },
        { type: "FLAT", price: 0.5, vat: 19, step_size: 1 },
        { type: "PARKING_TIME", price: 6, vat: 19, step_size: 60 },
      ],
    },
  ],
});
if (!parsed.ok) throw new Error("the test's tariff cannot be read");
const { tariff } = parsed;

const sample = (minutes: number, kwh: number, activity: Sample["activity"]): Sample => ({
  atMs: startMs + minutes * minute,
  energyMilliWh: kwh * 1_000_000,
  powerW: 0,
  activity,
});
const rate = (kwh: number, options: RatingOptions = stationRules(timeZone, true)): Rating =>
  [sample(30, kwh, "parking"), sample(31, kwh, "parking")].reduce<Rating>(
    advance,
    beginRating(tariff, options, sample(0, 0, "parking")),
  );

test("it showed 4.165 and billed 0.00", () => {
  const rating = rate(0);
  assert.equal(livePrice(rating).accrued, { excl: "0", incl: "0" });
  assert.equal(livePrice(rating).ifStoppedNow, { excl: "0", incl: "0" });
  const { due, totalCost, adjustments } = bill(rating);
  assert.is(due.gross, "0.00");
  assert.equal(totalCost, { excl: "0", incl: "0" });
  // Paper: 0.50 + 31 min x 0.10 = 3.60, with tax 4.284.
  assert.equal(
    adjustments.map(({ kind, amount }) => [kind, amount.incl]),
    [["waived", "-4.284"]],
  );
});

test("a cost limit stopped it for money that was never charged", () => {
  const progress = { energyMilliWh: 0, elapsedMs: 31 * minute, price: livePrice(rate(0)) };
  assert.is(limitReached(progress, { cost: "2.00" }, [], 0), undefined);
  const some = { ...progress, energyMilliWh: 1_000_000, price: livePrice(rate(1)) };
  assert.is(limitReached(some, { cost: "2.00" }, [], 0)?.reason, "CostLimitReached");
});

test("with the first energy all that was used counts", () => {
  // Paper: 0.50 + 31 min x 0.10 + 1 kWh x 0.39 = 3.99, with tax 4.7481.
  const rating = rate(1);
  assert.is(bill(rating).totalCost.incl, "4.7481");
  assert.is(livePrice(rating).ifStoppedNow.incl, "4.7481");
});

test("the CDR of another station is priced as its tariff says", () => {
  assert.is(bill(rate(0, { timeZone, clockTrusted: true })).totalCost.incl, "4.284");
});

const reservable = parseTariff({
  id: "R",
  currency: "EUR",
  min_price: { excl_vat: 7, incl_vat: 8.33 },
  max_price: { excl_vat: 8, incl_vat: 9.52 },
  elements: [
    {
      price_components: [
        { type: "ENERGY", price: 0.39, vat: 19, step_size: 1 },
        { type: "FLAT", price: 0.5, vat: 19, step_size: 1 },
      ],
    },
    {
      price_components: [{ type: "TIME", price: 3, vat: 19, step_size: 60 }],
      restrictions: { reservation: "RESERVATION" },
    },
    {
      price_components: [{ type: "FLAT", price: 6, vat: 19, step_size: 1 }],
      restrictions: { reservation: "RESERVATION_EXPIRES" },
    },
  ],
});
if (!reservable.ok) throw new Error("the test's tariff cannot be read");

const rateReserved = (...samples: readonly Sample[]): Rating => {
  const [first, ...rest] = samples;
  return rest.reduce<Rating>(advance, beginRating(reservable.tariff, stationRules(timeZone, true), first as Sample));
};

test("with a reservation before it, only the reservation is charged", () => {
  const rating = rateReserved(sample(0, 7, "reserved"), sample(20, 7, "charging"), sample(50, 7, "charging"));
  // Paper: 20 min x 0.05 = 1.00, with tax 1.19. The fee of 0.50 and the minimum of 7.00 are of charging.
  const price = bill(rating);
  assert.equal(price.totalCost, { excl: "1", incl: "1.19" });
  assert.equal(price.totalReservationCost, { excl: "1", incl: "1.19" });
  assert.equal(price.totalFixedCost, { excl: "0", incl: "0" });
  assert.is(price.due.gross, "1.19");
  assert.equal(
    price.adjustments.map(({ kind, amount, sentence }) => [kind, amount.incl, sentence]),
    [
      ["min_price", "6.545", price.adjustments[0]?.sentence],
      ["waived", "-7.14", "no energy flowed: only the reservation is charged"],
    ],
  );
  assert.equal(livePrice(rating).accrued, price.totalCost);
  assert.equal(livePrice(rating).ifStoppedNow, price.totalCost);
});

test("with the first energy the reservation goes on counting, and the minimum too", () => {
  const rating = rateReserved(sample(0, 7, "reserved"), sample(20, 7, "charging"), sample(50, 8, "charging"));
  // Paper: 1.00 + 0.50 + 0.39 = 1.89, raised to 7.00.
  assert.equal(bill(rating).totalCost, { excl: "7", incl: "8.33" });
  assert.equal(livePrice(rating).ifStoppedNow, { excl: "7", incl: "8.33" });
  assert.is(livePrice(rating).accrued.excl, "1.89");
});

test("a reservation that expired costs its own prices up to the maximum, and no minimum of a charging session", () => {
  const short = bill(rateReserved(sample(0, 7, "reserved"), sample(10, 7, "reserved")));
  // Paper: 10 min x 0.05 + 6.00 = 6.50, with tax 7.735: 7.74.
  assert.equal(short.totalCost, { excl: "6.5", incl: "7.735" });
  assert.equal(short.adjustments, []);
  // Paper: 60 min x 0.05 + 6.00 = 9.00, capped at 8.00.
  const long = rateReserved(sample(0, 7, "reserved"), sample(60, 7, "reserved"));
  assert.equal(bill(long).totalCost, { excl: "8", incl: "9.52" });
  assert.equal(livePrice(long).ifStoppedNow, { excl: "8", incl: "9.52" });
});

test("under a clock that is not set a reservation costs its fee and no time", () => {
  const [first, last] = [sample(0, 7, "reserved"), sample(60, 7, "reserved")];
  const rating = advance(beginRating(reservable.tariff, stationRules(timeZone, false), first), last);
  assert.equal(bill(rating).totalCost, { excl: "6", incl: "7.14" });
});

test.run();
