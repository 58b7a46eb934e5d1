// What drivers read: bills in sentences, tariffs in words, the price before the start; and what a technician is warned
// of.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { explainTariff } from "../../../../agent/core/explain/explain-tariff.js";
import { priceBeforeStart } from "../../../../agent/core/explain/price-before-start.js";
import { lintTariff } from "../../../../agent/core/lint/lint.js";
import { advance, beginRating, type Rating } from "../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import { bill } from "../../../../agent/core/rating/session-bill.js";
import { chartOf, simulate } from "../../../../agent/core/rating/simulate.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { decimalOf } from "../../../../config/decimal.js";
import { languages } from "../../../../config/languages.js";

const words = suite("prices in words");
const folder = join(fileURLToPath(import.meta.url), "../../../../../../config/tariffs");

function read(json: unknown): Tariff {
  const parsed = parseTariff(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
}
const standard = read(JSON.parse(readFileSync(join(folder, "standard.json"), "utf8")));

type Json = Record<string, unknown>;
const component = (type: string, price: number, more: Json = {}): Json => ({ type, price, step_size: 1, ...more });
const element = (components: Json[], restrictions?: Json): Json => ({
  price_components: components,
  ...(restrictions && { restrictions }),
});
const tariff = (elements: Json[], more: Json = {}): Tariff =>
  read({
    country_code: "DE",
    party_id: "ABC",
    id: "T",
    currency: "EUR",
    elements,
    last_updated: "2026-01-01T00:00:00Z",
    ...more,
  });

const startMs = Date.parse("2026-11-23T09:00:00Z");
const sample = (minutes: number, kwh: number, activity: Sample["activity"]): Sample => ({
  atMs: startMs + minutes * 60_000,
  energyMilliWh: kwh * 1e6,
  powerW: 0,
  activity,
});
const rate = (of: Tariff, first: Sample, ...rest: Sample[]): Rating =>
  rest.reduce<Rating>(advance, beginRating(of, { timeZone: "Europe/Berlin", clockTrusted: true }, first));

words("an idle fee names the grace that went before it", () => {
  const idle = tariff([element([component("ENERGY", 0.39), component("PARKING_TIME", 6)])]);
  const price = bill(
    rate(
      idle,
      sample(0, 0, "charging"),
      sample(60, 10, "suspended"),
      sample(70, 10, "parking"),
      sample(92, 10, "parking"),
    ),
  );
  assert.equal(
    price.lines.map((line) => line.sentence),
    ["10 kWh, 0.39 EUR/kWh", "22 min idle after 10 min grace, 0.10 EUR/min"],
  );
  assert.equal(
    bill(rate(idle, sample(0, 0, "charging"), sample(60, 10, "parking"), sample(82, 10, "parking")), "de").lines.map(
      (line) => line.sentence,
    ),
    ["10 kWh, 0,39 EUR/kWh", "22 min Standzeit, 0,10 EUR/min"],
  );
});

words("a line says what the step added, which element it came from and why", () => {
  const price = bill(
    rate(
      tariff([
        element([component("TIME", 6, { step_size: 900, vat: 19 })], { start_time: "08:00", end_time: "20:00" }),
      ]),
      sample(0, 0, "charging"),
      sample(35, 1, "charging"),
    ),
  );
  const [energy, line] = price.lines;
  assert.equal(
    [energy?.sentence, energy?.element, energy?.why],
    ["1 kWh, free", null, "no element has a price per kWh then"],
  );
  assert.is(line?.sentence, "45 min charging, 0.10 EUR/min plus 19 % VAT (10 min of it by the step)");
  assert.equal(
    [line?.element, line?.component, line?.why, line?.quantity, line?.unit],
    [0, 0, "from 08:00 to 20:00", "0.75", "h"],
  );
  assert.equal(line?.taxes, [{ name: "VAT", ratePercent: "19", amount: "0.855" }]);
});

words("a limit that took effect is a line of its own", () => {
  const price = bill(rate(standard, sample(0, 0, "charging"), sample(1, 0.1, "charging")));
  // With tax: 0.1 x 0.39 + 0.50 = 0.539, raised by 0.461 to 1.00; before it: 0.539 / 1.19 = 0.452941..., raised to 0.84.
  assert.equal(price.adjustments, [
    {
      kind: "min_price",
      amount: { excl: "0.387058823529", incl: "0.461" },
      sentence: "raised to the minimum of 1.00 EUR incl. tax",
    },
  ]);
});

words("before the start a driver reads kWh, minute, session, other, limits and the next change, in this order", () => {
  const lines = priceBeforeStart(standard, Date.parse("2026-11-23T12:00:00Z"), "Europe/Berlin", "en");
  assert.equal(
    lines.map((line) => line.kind),
    ["kwh", "session", "idle", "limit", "limit", "change", "text"],
  );
  assert.is(lines[0]?.text, "Energy: 0.39 EUR per kWh (incl. 19 % VAT)");
  assert.is(lines[1]?.text, "Start fee: 0.50 EUR per session (incl. 19 % VAT)");
  assert.is(
    lines[2]?.text,
    "Idle fee (the car asks for no power): 0.10 EUR per minute (incl. 19 % VAT), billed in steps of 1 min",
  );
  assert.is(lines[5]?.text, "Next change: 18:00 Energy 0.49 EUR per kWh");
});

words("the limits at which a session ends stand with the price, in every language", () => {
  const terms = {
    idleGraceMs: 0,
    limits: { energyKwh: "80", cost: "50.00", time: 14_400_000 },
    noEnergyMs: 1_800_000,
  };
  const told = languages.map(
    (language) => priceBeforeStart(standard, startMs, "Europe/Berlin", language, terms).at(-3)?.text,
  );
  assert.equal(told, [
    "Ends by itself: at 80 kWh, at 50.00 EUR, after 4 h, after 30 min without any energy",
    "Endet von selbst: bei 80 kWh, bei 50,00 EUR, nach 4 h, nach 30 min ganz ohne Energie",
    "S'arrête de lui-même : à 80 kWh, à 50,00 EUR, après 4 h, après 30 min sans aucune énergie",
    "Termina por sí solo: a los 80 kWh, a los 50,00 EUR, después de 4 h, después de 30 min sin ninguna energía",
    "Stopt vanzelf: bij 80 kWh, bij 50,00 EUR, na 4 h, na 30 min zonder enige energie",
    "Termina da sola: a 80 kWh, a 50,00 EUR, dopo 4 h, dopo 30 min senza energia",
    "Kończy się samo: przy 80 kWh, przy 50,00 EUR, po 4 h, po 30 min bez energii",
    "Skončí samo: při 80 kWh, při 50,00 EUR, po 4 h, po 30 min bez energie",
    "Slutar av sig självt: vid 80 kWh, vid 50,00 EUR, efter 4 h, efter 30 min utan energi",
  ]);
});

words("a price that comes later in a session is told before the start", () => {
  const later = tariff([
    element([component("PARKING_TIME", 6)], { min_duration: 14_400 }),
    element([component("ENERGY", 0.5)]),
  ]);
  assert.is(
    priceBeforeStart(later, startMs, "Europe/Berlin", "en")[1]?.text,
    "Idle fee (the car asks for no power): free; 0.10 EUR per minute (no tax) after 4 h",
  );
});

words("every tariff of ours is explained in five languages, kWh first", () => {
  for (const name of ["standard", "simple", "fast", "car-park"])
    for (const language of languages) {
      const lines = explainTariff(
        read(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"))),
        "Europe/Berlin",
        language,
      );
      assert.is(lines[0]?.kind, "kwh");
      assert.ok(lines.every((line) => !/undefined|NaN/.test(line.text)));
    }
  assert.is(
    explainTariff(standard, "Europe/Berlin", "de")[0]?.text,
    "Energie: 0,49 EUR pro kWh (inkl. 19 % MwSt.) von 18:00 bis 22:00 Uhr; 0,39 EUR pro kWh (inkl. 19 % MwSt.) sonst",
  );
});

words("the order is AFIR's: kWh, minute, session, other", () => {
  const all = tariff([
    element([component("PARKING_TIME", 6), component("FLAT", 1), component("TIME", 3), component("ENERGY", 0.5)]),
  ]);
  assert.equal(
    explainTariff(all, "UTC", "en").map((line) => line.kind),
    ["kwh", "minute", "session", "idle", "rounding"],
  );
});

words.run();

const lint = suite("tariff lint");
const rules = (of: Tariff, country?: string, timeZone = "Europe/Berlin"): string[] =>
  lintTariff(of, { timeZone, nowMs: startMs, ...(country === undefined ? {} : { country }) }).map(
    (finding) => `${finding.rule} ${finding.path}`,
  );
const energy = component("ENERGY", 0.5, { vat: 19 });

lint("a sound tariff has no findings", () => {
  assert.equal(rules(standard, "DE"), []);
});

lint("an element behind one without restrictions is never reached", () => {
  assert.equal(rules(tariff([element([energy]), element([energy], { start_time: "08:00", end_time: "12:00" })])), [
    "unreachable elements[1]",
  ]);
});

lint("an element whose restrictions contradict each other is never reached", () => {
  assert.equal(rules(tariff([element([energy], { min_kwh: 10, max_kwh: 5 }), element([energy])])), [
    "unreachable elements[0]",
  ]);
});

lint("the second component of one dimension is never charged", () => {
  assert.equal(rules(tariff([element([energy, component("ENERGY", 0.1, { vat: 19 })])])), [
    "never-charged elements[0].price_components[1]",
  ]);
});

lint("hours without a price are a gap", () => {
  assert.equal(rules(tariff([element([energy], { start_time: "06:00", end_time: "22:00" })])), ["gap elements"]);
});

lint("windows that share an hour overlap, a fall-back does not", () => {
  const found = rules(
    tariff([
      element([energy], { start_time: "06:00", end_time: "18:00" }),
      element([energy], { start_time: "16:00", end_time: "23:00" }),
      element([energy]),
    ]),
  );
  assert.equal(found, ["overlap elements[1].price_components[0]"]);
});

lint("a weekday with a window past midnight is not the night that follows", () => {
  const found = rules(
    tariff([element([energy], { day_of_week: ["FRIDAY"], start_time: "22:00", end_time: "01:00" }), element([energy])]),
  );
  assert.equal(found, ["wrapped-days elements[0].restrictions"]);
});

lint("a window in the hour that is lost or doubled is named with both days", () => {
  const night = tariff([element([energy], { start_time: "02:00", end_time: "02:30" }), element([energy])]);
  const messages = lintTariff(night, { timeZone: "Europe/Berlin", nowMs: startMs }).map((finding) => finding.message);
  assert.equal(messages.length, 2);
  assert.ok(messages[0]?.startsWith("30 min of the window are lost when the clocks change on 2027-03-28"));
  assert.ok(messages[1]?.startsWith("30 min of the window are doubled when the clocks change on 2027-10-31"));
  assert.equal(rules(night, undefined, "Asia/Tokyo"), []);
});

lint("a country's rules: price per kWh, tax that can be told", () => {
  const hourly = tariff([element([component("TIME", 6)])]);
  assert.equal(rules(hourly, "DE"), ["country elements", "country elements[0].price_components[0]"]);
  assert.equal(rules(hourly, "GB"), [
    "country elements",
    "country elements",
    "country elements[0].price_components[0]",
  ]);
  assert.equal(rules(hourly, "US"), []);
});

lint("a price per hour that is no short price per minute is named", () => {
  assert.equal(rules(tariff([element([component("TIME", 1, { vat: 19 })])])), [
    "per-minute elements[0].price_components[0]",
  ]);
});

lint("a tariff of very many restrictions is not walked for ever", () => {
  const many = Array.from({ length: 90 }, (_, index) =>
    element([energy], { min_kwh: index, min_power: index, min_duration: index * 60, start_time: "08:00" }),
  );
  assert.ok(rules(tariff(many)).some((rule) => rule.startsWith("size")));
});

lint.run();

const simulation = suite("tariff simulation");
const decimal = (text: string): { digits: bigint; scale: number } => decimalOf(text) ?? { digits: 0n, scale: 0 };

simulation("a session that has not happened costs what the paper says", () => {
  // 17:30-18:00 5.5 kWh x 0.39, 18:00-19:30 16.5 kWh x 0.49, fee 0.50, 22 min x 0.10: 2.145 + 8.085 + 0.5 + 2.2 =
  // 12.93, tax included.
  const { price, curve } = simulate(
    standard,
    {
      startMs: Date.parse("2026-11-23T16:30:00Z"),
      powerKw: decimal("11"),
      until: { forMs: 7_200_000 },
      idleMs: 1_320_000,
      timeZone: "Europe/Berlin",
    },
    "en",
  );
  assert.is(price.totalCost.incl, "12.93");
  assert.is(curve.at(-1)?.incl, price.totalCost.incl);
  assert.is(chartOf(curve).length, 8);
});

simulation("a wished energy is reached exactly", () => {
  assert.is(
    simulate(
      standard,
      { startMs, powerKw: decimal("7.4"), until: { kwh: decimal("10") }, idleMs: 0, timeZone: "Europe/Berlin" },
      "en",
    ).price.energyMilliWh,
    10_000_000,
  );
});

simulation("no power, and a session without an end, are refused", () => {
  const plan = { startMs, powerKw: decimal("0"), until: { kwh: decimal("10") }, idleMs: 0, timeZone: "Europe/Berlin" };
  assert.throws(() => simulate(standard, plan, "en"), /more than 0 kW/);
  assert.throws(() => simulate(standard, { ...plan, powerKw: decimal("0.001") }, "en"), /longer than 31 days/);
});

simulation.run();
