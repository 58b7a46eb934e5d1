// What a price costs the machine: per live sample (young and old sessions), per CDR, and in memory per open session.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { priceLine } from "../../agent/commands/tariff-batch.js";
import { priceRecord } from "../../agent/core/cdr/cdr-pricing.js";
import { type CdrRecord, readCdr } from "../../agent/core/cdr/cdr-record.js";
import { JsonReader } from "../../agent/core/json/json-reader.js";
import { livePrice } from "../../agent/core/rating/live-price.js";
import { advance, beginRating, type Rating } from "../../agent/core/rating/rating.js";
import type { Sample } from "../../agent/core/rating/sample.js";
import type { Tariff } from "../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../agent/core/tariff/tariff-reader.js";

const root = join(fileURLToPath(import.meta.url), "../../../..");

function read(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}
function tariffOf(json: unknown): Tariff {
  const parsed = parseTariff(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
}

/**
 * The best of several rounds of the same work, in nanoseconds per unit: the round that nothing else on the machine
 * disturbed.
 */
function best(rounds: number, unitsPerRound: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const started = process.hrtime.bigint();
    work();
    least = Math.min(least, Number(process.hrtime.bigint() - started) / unitsPerRound);
  }
  return least;
}

const standard = tariffOf(read("config/tariffs/standard.json"));
const startMs = Date.parse("2026-11-23T09:00:00Z");
const sampleAt = (index: number): Sample => ({
  atMs: startMs + index * 1000,
  energyMilliWh: 1_000_000 + index * 3_000,
  powerW: 10_800 + (index % 7),
  activity: "charging",
});
function ratingAt(index: number): Rating {
  let rating = beginRating(standard, { timeZone: "Europe/Berlin", clockTrusted: true }, sampleAt(0));
  for (let at = 1; at <= index; at += 1) rating = advance(rating, sampleAt(at));
  return rating;
}

/** One round of samples from a given age on, in nanoseconds per sample. */
function roundFrom(from: number, each: (rating: Rating) => void): () => number {
  const start = ratingAt(from);
  const samples = Array.from({ length: 200 }, (_, index) => sampleAt(from + 1 + index));
  return () =>
    best(1, samples.length, () => {
      let rating = start;
      for (const sample of samples) {
        rating = advance(rating, sample);
        each(rating);
      }
    });
}

const sessions = 300;
const samplesEach = 2_000;
globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const open = Array.from({ length: sessions }, () => ratingAt(samplesEach));
globalThis.gc?.();
const bytes = (process.memoryUsage().heapUsed - before) / open.length;
console.log(
  `memory per open session after ${samplesEach} samples: ${bytes.toFixed(0)} bytes${globalThis.gc === undefined ? " (not collected first: run with --expose-gc)" : ""}`,
);

for (const [name, each] of [
  ["advance", () => undefined],
  ["advance + live figures", (rating: Rating) => void livePrice(rating)],
] as const) {
  const [youngRound, oldRound] = [roundFrom(100, each), roundFrom(100_000, each)];
  let [young, old] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // In turns, so that whatever else the machine does falls on both.
  for (let round = 0; round < 1500; round += 1) {
    young = Math.min(young, youngRound());
    old = Math.min(old, oldRound());
  }
  console.log(
    `live sample, ${name}: ${young.toFixed(0)} ns at sample 100, ${old.toFixed(0)} ns at sample 100 000; ratio ${(old / young).toFixed(2)} (aim: below 1.20)`,
  );
}

type Case = { tariffs: Tariff[]; cdr: CdrRecord; zone: string; line: string };
const folder = "test/cases/price";
const cases = readdirSync(join(root, folder), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }): Case[] => {
    const path = `${folder}/${name}`;
    const { timezone, error } = read(`${path}/expected.json`) as { timezone: string; error?: string };
    if (error !== undefined) return [];
    const json = existsSync(join(root, path, "tariffs.json"))
      ? (read(`${path}/tariffs.json`) as unknown[])
      : [read(`${path}/tariff.json`)];
    const cdr = read(`${path}/cdr.json`);
    const record = readCdr(new JsonReader(), cdr);
    if (record === undefined) throw new Error(`${name}: the CDR cannot be read`);
    return [
      {
        tariffs: json.map(tariffOf),
        cdr: record,
        zone: timezone,
        line: JSON.stringify({ name, timezone, tariffs: json, cdr }),
      },
    ];
  });

const priceAlone = (one: Case): void => {
  if (!priceRecord(one.tariffs, one.cdr, one.zone).ok) throw new Error("a case was refused");
};
const all = (one: Case): void => void JSON.stringify(priceLine(one.line).answer);

/** The mean over all cases of the best round of each, in microseconds. The cases take turns, as CDRs in a batch do. */
function perCdr(work: (one: Case) => void): number {
  const least = cases.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < 600; round += 1)
    for (const [index, one] of cases.entries())
      least[index] = Math.min(
        least[index] ?? Number.POSITIVE_INFINITY,
        best(1, 1, () => work(one)),
      );
  return least.reduce((sum, ns) => sum + ns, 0) / least.length / 1000;
}
console.log(
  `CDR, price alone (record and tariffs read before): ${perCdr(priceAlone).toFixed(1)} us over ${cases.length} cases (aim: 10 us or less)`,
);
console.log(`CDR, parse + price + serialise: ${perCdr(all).toFixed(1)} us (aim: 25 us or less)`);
