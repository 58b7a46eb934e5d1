// Every folder under test/cases/price: the CDR is priced, and where the record allows it the live engine must come to
// the same figure.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { billOfCdr, priceCdr } from "../../../../agent/core/cdr/cdr-pricing.js";
import { pricedJson } from "../../../../agent/core/cdr/priced-json.js";
import { isObject } from "../../../../agent/core/json/json-reader.js";
import { livePrice } from "../../../../agent/core/rating/live-price.js";
import { advance, beginRating, type Rating } from "../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import { bill } from "../../../../agent/core/rating/session-bill.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";

const folder = join(fileURLToPath(import.meta.url), "../../../../../../test/cases/price");
const test = suite("price cases");

type Json = { readonly [key: string]: unknown };
const read = (...path: string[]): unknown => JSON.parse(readFileSync(join(folder, ...path), "utf8"));

function tariffsOf(name: string): Tariff[] {
  const several = existsSync(join(folder, name, "tariffs.json"));
  const list = several ? (read(name, "tariffs.json") as unknown[]) : [read(name, "tariff.json")];
  return list.map((json) => {
    const parsed = parseTariff(json);
    if (!parsed.ok) throw new Error(`${name}: ${JSON.stringify(parsed.faults)}`);
    return parsed.tariff;
  });
}

const saysPower = (cdr: Json): boolean =>
  (cdr["charging_periods"] as { dimensions: { type: string }[] }[]).every(({ dimensions }) =>
    dimensions.some(({ type }) => /POWER/.test(type)),
  );

/**
 * Samples that tell the same scenario as the CDR's periods; undefined where a live session could not have been like that.
 */
function samplesOf(cdr: Json): Sample[] | undefined {
  const periods = cdr["charging_periods"] as {
    start_date_time: string;
    tariff_id?: string;
    dimensions: { type: string; volume: number }[];
  }[];
  let register = 1_000_000;
  const samples: Sample[] = [];
  for (const period of [...periods].sort((a, b) => a.start_date_time.localeCompare(b.start_date_time))) {
    const volume = (type: string): number | undefined => period.dimensions.find((one) => one.type === type)?.volume;
    const activity =
      volume("RESERVATION_TIME") !== undefined
        ? "reserved"
        : volume("PARKING_TIME") !== undefined
          ? "parking"
          : volume("TIME") !== undefined
            ? "charging"
            : "suspended";
    const powerKw = volume("POWER") ?? volume("MAX_POWER") ?? 0;
    const current = volume("MAX_CURRENT") ?? volume("MIN_CURRENT");
    samples.push({
      atMs: Date.parse(period.start_date_time),
      energyMilliWh: register,
      activity,
      powerW: powerKw * 1000,
      ...(current === undefined ? {} : { currentMilliA: current * 1000 }),
    });
    const milliWh = (volume("ENERGY") ?? 0) * 1e6;
    if (Math.abs(milliWh - Math.round(milliWh)) > 1e-6) return undefined;
    register += Math.round(milliWh);
  }
  const last = samples.at(-1);
  if (last === undefined) return undefined;
  samples.push({ ...last, atMs: Date.parse(String(cdr["end_date_time"])), energyMilliWh: register });
  return samples;
}

for (const name of readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort()) {
  const { source, timezone, error, warnings, ...expected } = read(name, "expected.json") as Json;
  test(`${name}: ${String(source)}`, () => {
    const tariffs = tariffsOf(name);
    const cdr = read(name, "cdr.json") as Json;
    const result = priceCdr(tariffs, cdr, String(timezone));
    if (typeof error === "string") {
      assert.ok(!result.ok, "the CDR should have been refused");
      assert.ok(
        result.faults.some((fault) => fault.message.includes(error)),
        JSON.stringify(result.faults),
      );
      return;
    }
    if (!result.ok) throw new Error(JSON.stringify(result.faults));
    const json = pricedJson(result.priced);
    assert.ok(isObject(json));
    for (const [field, value] of Object.entries(expected)) assert.equal((json as Json)[field], value, field);
    assert.is(json.warnings.length, warnings ?? 0, json.warnings.join("; "));
  });
  test(`${name}, live`, () => {
    const tariffs = tariffsOf(name);
    const cdr = read(name, "cdr.json") as Json;
    const result = priceCdr(tariffs, cdr, String(timezone));
    const [tariff] = tariffs;
    // A live session always knows its power; what a CDR leaves unsaid is priced by an average that no sample had.
    const samples = tariff?.asksPower === true && !saysPower(cdr) ? undefined : samplesOf(cdr);
    if (
      !result.ok ||
      tariff === undefined ||
      samples === undefined ||
      tariffs.length > 1 ||
      /not-snapped|cdr-example|period-without-tariff/.test(name)
    )
      return;
    const [first, ...rest] = samples;
    const rating = rest.reduce<Rating>(
      advance,
      beginRating(tariff, { timeZone: String(timezone), clockTrusted: true }, first as Sample),
    );
    const price = bill(rating);
    assert.equal(price.totalCost, billOfCdr(result.priced, "en").totalCost);
    assert.equal(price.totalReservationCost, billOfCdr(result.priced, "en").totalReservationCost);
    assert.equal(price.billed, billOfCdr(result.priced, "en").billed);
    assert.equal(livePrice(rating).ifStoppedNow, price.totalCost);
  });
}

test.run();
