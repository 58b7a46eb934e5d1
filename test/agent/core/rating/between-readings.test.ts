// What lies between two readings of the meter: the tariff is looked at wherever it may change, and the energy is shared
// out by time. Amounts on paper.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { advance, beginRating } from "../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import { bill } from "../../../../agent/core/rating/session-bill.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";

const test = suite("between two readings");
const hourMs = 3_600_000;

/** The bill of a session with few readings, by elements of restrictions and components. */
function billed(elements: readonly object[], samples: readonly Sample[]) {
  const parsed = parseTariff({
    country_code: "DE",
    party_id: "ABC",
    id: "T",
    currency: "EUR",
    last_updated: "2026-01-01T00:00:00Z",
    elements,
  });
  const [first, ...rest] = samples;
  if (!parsed.ok || first === undefined) throw new Error("the test's tariff cannot be read");
  const begun = beginRating(parsed.tariff, { timeZone: "Europe/Berlin", clockTrusted: true }, first);
  return bill(rest.reduce(advance, begun));
}
const energy = (price: number, restrictions?: object): object => ({
  price_components: [{ type: "ENERGY", price, step_size: 1 }],
  ...(restrictions === undefined ? {} : { restrictions }),
});
const sample = (atMs: number, kwh: number, activity: Sample["activity"] = "charging"): Sample => ({
  atMs,
  energyMilliWh: kwh * 1_000_000,
  powerW: 1_000,
  activity,
});

test("a tier of energy ends within a stretch that no reading divides", () => {
  const start = Date.UTC(2026, 5, 1, 10);
  const { due, lines } = billed(
    [energy(0.3, { max_kwh: 10 }), energy(0.6)],
    [sample(start, 0), sample(start + hourMs, 20)],
  );
  // 10 x 0.30 + 10 x 0.60
  assert.is(due.gross, "9.00");
  assert.equal(
    lines.map(({ quantity }) => quantity),
    ["10", "10"],
  );
});

test("energy that no element prices gets a line too: the lines add up to what the meter counted", () => {
  const start = Date.UTC(2026, 5, 1, 10);
  const { due, lines } = billed([energy(0.5, { min_kwh: 5 })], [sample(start, 0), sample(start + hourMs, 8)]);
  // 5 kWh free, 3 x 0.50
  assert.is(due.gross, "1.50");
  assert.equal(
    lines.map(({ quantity, unitPrice, element, sentence }) => [quantity, unitPrice, element, sentence]),
    [
      ["5", "0", null, "5 kWh, free"],
      ["3", "0.5", 0, "3 kWh, 0.50 EUR/kWh"],
    ],
  );
});

test("free energy before and after a priced stretch does not part the line of its price", () => {
  const start = Date.UTC(2026, 5, 1, 15);
  const dear = energy(0.6, { start_time: "18:00", end_time: "19:00" });
  const again = energy(0.6, { start_time: "20:00", end_time: "21:00" });
  const { due, lines } = billed([dear, again], [sample(start, 0), sample(start + 6 * hourMs, 12)]);
  // 17:00 to 23:00 in Berlin, 2 kWh an hour: 2 x 0.60 twice, 8 kWh free.
  assert.is(due.gross, "2.40");
  assert.equal(
    lines.map(({ quantity, element }) => [quantity, element]),
    [
      ["8", null],
      ["2", 0],
      ["2", 1],
    ],
  );
});

test("a price that changes by the clock shares the energy out by time", () => {
  // 16:00 to 20:00 in Berlin; the price changes at 18:00 and at 19:00.
  const start = Date.UTC(2026, 5, 1, 14);
  const dear = energy(0.6, { start_time: "18:00", end_time: "19:00" });
  const { due, lines } = billed([dear, energy(0.3)], [sample(start, 0), sample(start + 4 * hourMs, 8)]);
  // 4 x 0.30 + 2 x 0.60 + 2 x 0.30
  assert.is(due.gross, "3.00");
  assert.equal(
    lines.map(({ quantity }) => quantity),
    ["4", "2", "2"],
  );
});

test("in the night that has no hour from two to three, a price that begins at four begins at four", () => {
  // 29 March 2026, 01:00 winter time to 05:00 summer time: three hours, of which two lie before four o'clock.
  const start = Date.UTC(2026, 2, 29, 0);
  const dear = energy(0.6, { start_time: "04:00", end_time: "23:00" });
  const { due } = billed([dear, energy(0.3)], [sample(start, 0), sample(start + 3 * hourMs, 3)]);
  // 2 x 0.30 + 1 x 0.60
  assert.is(due.gross, "1.20");
});

test("in the night that has the hour from two to three twice, it does too", () => {
  // 25 October 2026, 01:00 summer time to 05:00 winter time: five hours, of which four lie before four o'clock.
  const start = Date.UTC(2026, 9, 24, 23);
  const dear = energy(0.6, { start_time: "04:00", end_time: "23:00" });
  const { due } = billed([dear, energy(0.3)], [sample(start, 0), sample(start + 5 * hourMs, 5)]);
  // 4 x 0.30 + 1 x 0.60
  assert.is(due.gross, "1.80");
});

test("idle time is billed as parking time, charging time as time, and a pause as neither", () => {
  const start = Date.UTC(2026, 5, 1, 10);
  const components = [
    { type: "TIME", price: 6, step_size: 1 },
    { type: "PARKING_TIME", price: 3, step_size: 1 },
  ];
  const { totalTimeCost, totalParkingCost, due } = billed(
    [{ price_components: components }],
    [
      sample(start, 0),
      sample(start + hourMs, 5, "suspended"),
      sample(start + 2 * hourMs, 5, "parking"),
      sample(start + 4 * hourMs, 5),
    ],
  );
  assert.equal([totalTimeCost.excl, totalParkingCost.excl, due.gross], ["6", "6", "12.00"]);
});

test.run();
