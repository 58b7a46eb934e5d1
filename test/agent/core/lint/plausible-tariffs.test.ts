// Tariffs that OCPI allows and that nobody means: what `tariff check` says of them.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { lintTariff } from "../../../../agent/core/lint/lint.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";

const test = suite("plausible tariffs");

type Json = Record<string, unknown>;
const component = (type: string, price: number, more: Json = {}): Json => ({
  type,
  price,
  vat: 19,
  step_size: 1,
  ...more,
});

/** What the lint says of the elements, by the rules that judge figures. */
function saidOf(elements: readonly Json[], more: Json = {}, country?: string): string[] {
  const parsed = parseTariff({ id: "T", currency: "EUR", elements, last_updated: "2026-01-01T00:00:00Z", ...more });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const options = { timeZone: "Europe/Berlin", nowMs: Date.parse("2026-11-23T09:00:00Z") };
  return lintTariff(parsed.tariff, country === undefined ? options : { ...options, country })
    .filter(({ rule }) => ["plausible", "tax", "flat-power", "flat-cap", "float-noise", "unknown-field"].includes(rule))
    .map(({ rule, path, message }) => `${rule} ${path}: ${message}`);
}
const priced = (...components: readonly Json[]): Json => ({ price_components: components });
const first = "elements[0].price_components[0]";

test("a share written as vat is told, with the percentage that was meant", () => {
  assert.equal(saidOf([priced(component("ENERGY", 0.49, { vat: 0.19 }))]), [
    `plausible ${first}.vat: is 0.19 %: OCPI states vat in percent; was 19 meant?`,
  ]);
  assert.equal(saidOf([priced(component("ENERGY", 0.49, { vat: 0 }))]), []);
  assert.equal(saidOf([priced(component("ENERGY", 0.49, { vat: 1 }))]), []);
});

test("cents where the currency belongs are told, by the worth of the currency", () => {
  assert.equal(saidOf([priced(component("ENERGY", 49))]), [
    `plausible ${first}.price: 49 EUR per kWh is very high: was 0.49 meant?`,
  ]);
  assert.equal(saidOf([priced(component("ENERGY", 4.9))], { currency: "SEK" }), []);
  assert.equal(saidOf([priced(component("ENERGY", 490))], { currency: "SEK" }).length, 1);
  assert.equal(saidOf([priced(component("ENERGY", 80))], { currency: "JPY" }), []);
  // Of a currency that nobody listed nothing is said.
  assert.equal(saidOf([priced(component("ENERGY", 4900))], { currency: "XXX" }), []);
});

test("a price per minute where one per hour belongs is told", () => {
  assert.equal(saidOf([priced(component("PARKING_TIME", 0.1))]), [
    `plausible ${first}.price: 0.1 EUR per hour is very low: OCPI prices times per hour; was 6 (the price per ` +
      "minute times 60) meant?",
  ]);
  assert.equal(saidOf([priced(component("TIME", 6), component("PARKING_TIME", 0))]), []);
});

test("restrictions in a unit a thousand times smaller are told", () => {
  const bound = (restrictions: Json): string[] => saidOf([{ ...priced(component("ENERGY", 0.5)), restrictions }]);
  assert.equal(bound({ min_power: 32_000 }), [
    "plausible elements[0].restrictions.min_power: is 32000 kW: was 32 kW meant?",
  ]);
  assert.equal(bound({ max_current: 16_000 }).length, 1);
  assert.equal(bound({ min_kwh: 20_000 }).length, 1);
  assert.equal(bound({ min_duration: 3_600_000 }).length, 1);
  assert.equal(bound({ min_power: 350, max_current: 500, max_kwh: 100, max_duration: 86_400 }), []);
});

test("vat that was left out is told once, or where others state it", () => {
  const silent = component("ENERGY", 0.5, { vat: undefined });
  assert.equal(saidOf([priced(silent), priced(component("TIME", 6, { vat: null }))]), [
    "tax elements: no component states vat: no tax is charged, and the prices are paid as they stand",
  ]);
  assert.equal(saidOf([priced(component("ENERGY", 0.5), component("FLAT", 1, { vat: null }))]), [
    "tax elements[0].price_components[1]: states no vat, as others do: no tax is charged on it",
  ]);
  assert.equal(saidOf([priced(silent)], { tax_included: "N/A" }), []);
  assert.match(saidOf([priced(silent)], { tax_included: "NO" })[0] ?? "", /what a driver pays cannot be told/);
  // There the rules of the country speak of it, component by component.
  assert.equal(saidOf([priced(silent)], {}, "DE"), []);
});

test("a fee that depends on power is told, since a moment is enough", () => {
  assert.equal(
    saidOf([{ ...priced(component("FLAT", 5)), restrictions: { max_power: 1, min_duration: 1800 } }]).map(
      (said) => said.split(":")[0],
    ),
    [`flat-power ${first}`],
  );
});

test("a fee where the price of time stops is no cap, and told", () => {
  const said = saidOf([
    { ...priced(component("FLAT", 30)), restrictions: { min_duration: 32_400 } },
    { ...priced(component("TIME", 6)), restrictions: { max_duration: 32_400 } },
  ]);
  assert.equal(said, [
    `flat-cap ${first}: is charged on top of what was used before 9 h, and limits nothing: a cap is max_price`,
  ]);
  assert.equal(saidOf([{ ...priced(component("FLAT", 30)), restrictions: { min_duration: 32_400 } }]), []);
});

test("what the reader rounded off or passed over is told too", () => {
  assert.equal(saidOf([{ ...priced(component("ENERGY", 0.1 + 0.2)), id: "x" }]), [
    "unknown-field elements[0].id: is not a field of OCPI: it is passed over, and changes no price",
    `float-noise ${first}.price: 0.30000000000000004 is read as 0.3: write it so, without a float's noise`,
  ]);
});

test.run();
