// Words by what holds, not by the type of a component: a fee that comes later, durations with two ends, bounds of nothing.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { explainTariff } from "../../../../agent/core/explain/explain-tariff.js";
import { priceBeforeStart } from "../../../../agent/core/explain/price-before-start.js";
import { receiptSheet } from "../../../../agent/core/print/receipt-sheet.js";
import { receiptText } from "../../../../agent/core/print/receipt-text.js";
import { advance, beginRating, type Rating } from "../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import { bill, periods } from "../../../../agent/core/rating/session-bill.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { type Language, languages } from "../../../../config/languages.js";
import { chainOf, littleBook, settlement, signer, timeZone } from "../../../support/sample-receipt.js";

const test = suite("words by condition");
const atMs = Date.parse("2026-11-23T09:00:00Z");

type Json = Record<string, unknown>;
const element = (type: string, price: number, restrictions?: Json): Json => ({
  price_components: [{ type, price, step_size: 1 }],
  ...(restrictions && { restrictions }),
});
function tariff(elements: readonly Json[], more: Json = {}): Tariff {
  const parsed = parseTariff({ id: "T", currency: "EUR", elements, last_updated: "2026-01-01T00:00:00Z", ...more });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
}
const energy = element("ENERGY", 0.5);
const explained = (of: Tariff, language: Language = "en"): string[] =>
  explainTariff(of, timeZone, language).map(({ text }) => text);
const before = (of: Tariff): string[] => priceBeforeStart(of, atMs, timeZone, "en").map(({ text }) => text);

test("a fee that comes after an hour is no start fee, in any language", () => {
  const late = tariff([element("FLAT", 5, { min_duration: 3600 }), energy]);
  assert.is(explained(late)[1], "Flat fee: 5.00 EUR per session (no tax) after 1 h");
  assert.is(before(late)[1], "Flat fee: 5.00 EUR per session (no tax) after 1 h");
  assert.equal(
    languages.map((language) => explained(late, language)[1]?.split(/ ?:/)[0]),
    [
      ...["Flat fee", "Pauschale", "Forfait", "Cargo fijo", "Vast bedrag"],
      ...["Quota fissa", "Opłata ryczałtowa", "Paušální poplatek", "Fast avgift"],
    ],
  );
  for (const restrictions of [{ min_kwh: 10 }, { max_power: 1 }, { min_current: 6 }, { start_time: "18:00" }])
    assert.match(explained(tariff([element("FLAT", 5, restrictions), energy]))[1] ?? "", /^Flat fee/);
});

test("a fee that holds whenever a session begins is a start fee", () => {
  for (const of of [
    tariff([element("FLAT", 1), energy]),
    tariff([element("FLAT", 2, { start_time: "18:00" }), element("FLAT", 1), energy]),
    tariff([element("FLAT", 1, { max_duration: 3600 }), energy]),
  ])
    assert.match(explained(of)[1] ?? "", /^Start fee/);
});

test("before the start a fee by the hour is the start fee while it holds, and no later fee is told beside it", () => {
  const daily = tariff([
    element("FLAT", 2, { start_time: "08:00", end_time: "20:00" }),
    element("FLAT", 5, { min_duration: 3600 }),
    energy,
  ]);
  assert.is(before(daily)[1], "Start fee: 2.00 EUR per session (no tax)");
  const nightly = tariff([element("FLAT", 2, { start_time: "20:00" }), energy]);
  assert.ok(before(nightly).includes("Next change: 20:00 Flat fee 2.00 EUR per session"));
});

test("durations with two ends are counted from the start, in every language", () => {
  const tiers = tariff([element("TIME", 6, { min_duration: 3600, max_duration: 10_800 }), energy]);
  const told = languages.map((language) => explained(tiers, language)[1] ?? "");
  assert.match(told[languages.indexOf("en")] ?? "", "from 1 h to 3 h after the start");
  assert.match(told[languages.indexOf("de")] ?? "", "von 1 h bis 3 h nach dem Start");
  assert.match(told[languages.indexOf("fr")] ?? "", "de 1 h à 3 h après le début");
  assert.match(told[languages.indexOf("es")] ?? "", "de 1 h a 3 h después del inicio");
  assert.match(told[languages.indexOf("nl")] ?? "", "van 1 h tot 3 h na het begin");
  assert.match(told[languages.indexOf("it")] ?? "", "da 1 h a 3 h dopo l’inizio");
  assert.match(told[languages.indexOf("pl")] ?? "", "od 1 h do 3 h po rozpoczęciu");
  assert.match(told[languages.indexOf("cs")] ?? "", "od 1 h do 3 h po začátku");
  assert.match(told[languages.indexOf("sv")] ?? "", "från 1 h till 3 h efter starten");
});

test("a bound of nothing is not told", () => {
  const nothing = { min_duration: 0, min_kwh: 0, min_power: 0, min_current: 0 };
  const free = tariff([element("ENERGY", 0, nothing)], { min_price: { excl_vat: 0 } });
  assert.equal(explained(free).slice(0, 2), [
    "Energy: free",
    "Whole seconds and whole tenths of a watt-hour are billed, rounded down",
  ]);
  for (const language of languages)
    for (const text of explained(free, language)) assert.not.match(text, /\b0 s|\b0 kWh|0[.,]00/);
  // Where a price is negative, a minimum of nothing says that nobody is paid.
  const paid = tariff([element("ENERGY", -0.1)], { min_price: { excl_vat: 0 } });
  assert.ok(explained(paid).includes("At least 0.00 EUR"));
});

test("a window of one date is of that day", () => {
  const daily = tariff([element("ENERGY", 1, { start_date: "2026-11-24", end_date: "2026-11-25" }), energy]);
  assert.is(
    explained(daily)[0],
    "Energy: 1.00 EUR per kWh (no tax) on 2026-11-24; 0.50 EUR per kWh (no tax) otherwise",
  );
});

test("a grace of less than half a second is not told", () => {
  const terms = { idleGraceMs: 400, limits: {}, noEnergyMs: 0 };
  const text = priceBeforeStart(tariff([energy, element("PARKING_TIME", 6)]), atMs, timeZone, "en", terms)
    .map((line) => line.text)
    .join();
  assert.not.match(text, "0 s");
});

test("a bill and its receipt name a fee by when it was charged", () => {
  const at = (minutes: number, kwh: number): Sample => ({
    atMs: settlement(2).startMs + minutes * 60_000,
    energyMilliWh: settlement(2).begin.energyMilliWh + kwh * 1_000_000,
    powerW: 8_000,
    activity: "charging",
  });
  const sold = (of: Tariff) => {
    const samples = [at(0, 0), at(90, 12.345)];
    const rating = samples
      .slice(1)
      .reduce<Rating>(advance, beginRating(of, { timeZone, clockTrusted: true }, samples[0] as Sample));
    const price = bill(rating);
    const made = { ...settlement(2), samples, tariff: of.source, price, periods: periods(rating) };
    const { jws } = issueReceipt(made, chainOf(littleBook(0)), signer, sha256);
    const sentence = price.lines.find(({ dimension }) => dimension === "FLAT")?.sentence;
    return { sentence, print: receiptText(receiptSheet(jws, sha256, { language: "de" }), 80) };
  };
  const late = sold(tariff([element("FLAT", 5, { min_duration: 3600 }), energy]));
  assert.is(late.sentence, "Flat fee, 5.00 EUR");
  assert.match(late.print, "Pauschale");
  assert.not.match(late.print, "Startgebühr");
  const first = sold(tariff([element("FLAT", 5), energy]));
  assert.is(first.sentence, "Start fee, 5.00 EUR");
  assert.match(first.print, "Startgebühr");
});

test.run();
