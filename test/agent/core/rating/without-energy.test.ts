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
  assert.is(limitReached(progress, { cost: "2.00" }, undefined, 0), undefined);
  const some = { ...progress, energyMilliWh: 1_000_000, price: livePrice(rate(1)) };
  assert.is(limitReached(some, { cost: "2.00" }, undefined, 0)?.reason, "CostLimitReached");
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

test.run();
