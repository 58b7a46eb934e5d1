// Tariffs of hundreds of elements in words: a table by the hour in place of a paragraph.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { explainTariff } from "../../../../agent/core/explain/explain-tariff.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { type Language, languages } from "../../../../config/languages.js";
import { dayAhead } from "../../../support/day-ahead.js";

const test = suite("long tariffs in words");

type Json = Record<string, unknown>;
function explained(json: Json, language: Language = "en"): string[] {
  const parsed = parseTariff(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return explainTariff(parsed.tariff, "Europe/Berlin", language).map(({ text }) => text);
}
/** From 0.20 in the first quarter of a day to 0.67 in its last half hour. */
const spot = (days: number): Json => dayAhead("2026-11-24", days, (slot) => (20 + Math.floor((slot % 96) / 2)) / 100);

test("192 slots are told in at most 30 lines, with their bounds and a table by the hour", () => {
  const lines = explained({ ...spot(2), max_price: { excl_vat: 50 }, end_date_time: "2026-11-26T00:00:00Z" });
  assert.ok(lines.length <= 30, `${lines.length} lines`);
  assert.equal(lines.slice(0, 4), [
    "Energy: 0.238 EUR per kWh to 0.7973 EUR per kWh (incl. 19 % VAT), by the time of day; 0.595 EUR per kWh (incl. " +
      "19 % VAT) otherwise",
    "               2026-11-24                   2026-11-25",
    "  00:00-01:00  0.2380 0.2380 0.2499 0.2499  0.2380 0.2380 0.2499 0.2499",
    "  01:00-02:00  0.2618 0.2618 0.2737 0.2737  0.2618 0.2618 0.2737 0.2737",
  ]);
  assert.ok(lines.slice(1).every((line) => line.length <= 80));
});

test("a week tells the least and the most of each hour, in every language", () => {
  for (const language of languages) {
    const lines = explained(spot(7), language);
    assert.ok(lines.length <= 30, `${lines.length} lines`);
    const cell = language === "en" ? "0.2380-0.2499" : "0,2380-0,2499";
    assert.is(lines[2]?.split(cell).length, 8, lines[2]);
  }
});

test("hours alike share a row, an hour without a slot says so, and hours of every day need no date", () => {
  const hour = (from: number, price: number): Json => ({
    price_components: [{ type: "TIME", price, step_size: 60 }],
    restrictions: {
      start_time: `${String(from).padStart(2, "0")}:00`,
      end_time: `${String(from + 1).padStart(2, "0")}:00`,
    },
  });
  const elements = Array.from({ length: 14 }, (_, index) => hour(index + 6, index < 10 ? 6 : 12));
  assert.equal(explained({ ...spot(0), elements }).slice(1, 4), [
    "Charging time: 0.10 EUR per minute to 0.20 EUR per minute (no tax), by the time of day, billed in steps of 1 min",
    "  06:00-16:00  0.10",
    "  16:00-20:00  0.20",
  ]);
});

test("of more than two weeks the later days are only counted", () => {
  const date = (day: number): string => new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10);
  const elements = Array.from({ length: 300 }, (_, day) => ({
    price_components: [{ type: "ENERGY", price: (20 + (day % 5)) / 100, vat: 19, step_size: 1 }],
    restrictions: { start_date: date(day), end_date: date(day + 1), start_time: "18:00", end_time: "20:00" },
  }));
  const lines = explained({ ...spot(0), elements });
  assert.equal([lines.length, lines[5]], [7, "  and 286 more prices"]);
});

test("a few windows are told one by one, as ever", () => {
  const few = spot(2);
  const elements = (few["elements"] as Json[]).slice(0, 5);
  assert.match(
    explained({ ...few, elements })[0] ?? "",
    /^Energy: 0\.238 EUR per kWh \(incl\. 19 % VAT\) from 00:00 to 00:15, on 2026-11-24; /,
  );
});

test("hundreds of prices that are no slots are told up to a bound, and counted", () => {
  const elements = Array.from({ length: 500 }, (_, index) => ({
    price_components: [{ type: "ENERGY", price: 0.5, step_size: 1 }],
    restrictions: { min_kwh: 500 - index },
  }));
  const [line = ""] = explained({ ...spot(0), elements });
  assert.ok(line.endsWith("; and 476 more prices"), line.slice(-60));
  assert.ok(line.length < 2000, `${line.length}`);
});

test.run();
