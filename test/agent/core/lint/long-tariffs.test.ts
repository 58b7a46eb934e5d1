// Tariffs of hundreds of elements: looked through whole where that is possible at all, and told in few lines.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lintTariff } from "../../../../agent/core/lint/lint.js";
import type { LintWarning } from "../../../../agent/core/lint/lint-warning.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { dayAhead } from "../../../support/day-ahead.js";

const test = suite("lint of long tariffs");

type Json = Record<string, unknown>;
const nowMs = Date.parse("2026-11-24T13:00:00Z");

function found(json: Json, atMs = nowMs): readonly LintWarning[] {
  const parsed = parseTariff(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return lintTariff(parsed.tariff, { timeZone: "Europe/Berlin", nowMs: atMs });
}
const rules = (warnings: readonly LintWarning[]): string[] => warnings.map(({ rule, path }) => `${rule} ${path}`);
const slot = (restrictions: Json): Json => ({
  price_components: [{ type: "ENERGY", price: 0.4, vat: 19, step_size: 1 }],
  restrictions,
});
/** A week of quarter hours, some elements changed. */
function week(changed: (elements: Json[]) => Json[]): Json {
  const json = dayAhead("2026-11-24", 7, (index) => (20 + (index % 50)) / 100);
  return { ...json, elements: changed(json["elements"] as Json[]) };
}

test("a week of quarter hours and a price for other times has nothing odd", () => {
  assert.equal(found(week((elements) => elements)), []);
});

test("one slot that was left out is found, where nothing prices other times", () => {
  const gaps = found(week((elements) => elements.slice(0, -1).filter((_, index) => index !== 300)));
  assert.equal(rules(gaps), ["gap elements"]);
});

test("a slot that another covers, and one that overlaps with its neighbour, are found among 672", () => {
  const day = { start_date: "2026-11-25", end_date: "2026-11-26" };
  const warnings = found(
    week((elements) => [
      ...elements.slice(0, -1),
      slot({ ...day, start_time: "08:00", end_time: "08:15" }),
      slot({ start_date: "2026-11-30", end_date: "2026-12-02", start_time: "23:50", end_time: "00:10" }),
      ...elements.slice(-1),
    ]),
  );
  assert.equal(
    rules(warnings).filter((rule) => !rule.startsWith("wrapped")),
    [
      "unreachable elements[672]",
      "overlap elements[673].price_components[0]",
      "overlap elements[673].price_components[0]",
    ],
  );
});

test("slots that are over are told once, with how many there are", () => {
  const [first, ...more] = found(
    week((elements) => elements),
    Date.parse("2027-01-10T12:00:00Z"),
  );
  assert.equal(more, []);
  assert.equal(
    [first?.path, first?.message],
    ["elements[0]", "is over: its end_date has passed (and 671 more, to elements[671])"],
  );
});

test("where there are too many situations, as many as the budget allows are looked at, and it says so", () => {
  const many = Array.from({ length: 90 }, (_, index) =>
    slot({ min_kwh: index, min_power: index, min_duration: index * 60, start_time: "08:00" }),
  );
  const warnings = found({
    ...dayAhead("2026-11-24", 0, () => 0),
    elements: [...many, slot({ min_kwh: 9, max_kwh: 3 })],
  });
  assert.equal(
    warnings.map(({ rule, path }) => `${rule} ${path}`).filter((rule) => !rule.startsWith("overlap")),
    ["unreachable elements[90]", "gap elements", "size elements"],
  );
  const [, situations = "0", visited = "0"] =
    /tells (\d+) situations apart, of which (\d+) were looked at/.exec(warnings.at(-1)?.message ?? "") ?? [];
  assert.ok(Number(visited) > 1000 && Number(visited) < Number(situations), `${visited} of ${situations}`);
});

test("more than twenty warnings by one rule are only counted", () => {
  const warnings = found({
    ...dayAhead("2026-11-24", 0, () => 0),
    elements: Array.from({ length: 50 }, (_, index) => slot({ min_power: 1001 + index })),
  }).filter(({ rule }) => rule === "plausible");
  assert.is(warnings.length, 21);
  assert.is(warnings.at(-1)?.message, "there are 30 more warnings by this rule");
});

test.run();
