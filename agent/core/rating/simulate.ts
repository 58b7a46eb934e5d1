// A bill before anyone charges: a session at constant power, then idle, priced by the live engine itself.

import { type Decimal, digitsAt, tenTo } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { ceilDivide } from "../number/money.js";
import type { Tariff } from "../tariff/tariff.js";
import { isoText } from "../time/time.js";
import { livePrice, nextBoundary } from "./live-price.js";
import type { Price } from "./price.js";
import { advance, beginRating, type Rating } from "./rating.js";
import { type Sample, stationRules } from "./sample.js";
import { bill } from "./session-bill.js";

export type SimulatedSession = {
  readonly startMs: number;
  readonly powerKw: Decimal;
  /** How much is charged, or for how long. */
  readonly until: { readonly kwh: Decimal } | { readonly forMs: number };
  readonly idleMs: number;
  readonly timeZone: string;
};

/** Cost over time: what the bill would be if the session ended at each of these instants. */
export type CurvePoint = { readonly atMs: number; readonly incl: string; readonly activity: "charging" | "parking" };
export type Simulation = { readonly price: Price; readonly curve: readonly CurvePoint[]; readonly endMs: number };

const curvePoints = 60;
const longestMs = 31 * 86_400_000;

/** mWh after so many ms at a power, rounded down to a whole one: mWh = kW x ms / 3.6. */
function energyAfter(power: Decimal, ms: number): number {
  return Number((power.digits * BigInt(ms) * 10n) / (36n * tenTo(power.scale)));
}

/** How long a plan charges. Throws RangeError when it would be longer than a month. */
function chargingMs(plan: SimulatedSession): number {
  const { until, powerKw } = plan;
  if ("forMs" in until) return until.forMs;
  const scale = Math.max(powerKw.scale, until.kwh.scale);
  return Number(ceilDivide(digitsAt(until.kwh, scale) * 3_600_000n, digitsAt(powerKw, scale)));
}

/** Plays a plan through the live engine. Throws RangeError for a power of nothing, or a session longer than 31 days. */
export function simulate(tariff: Tariff, plan: SimulatedSession, language: Language): Simulation {
  if (plan.powerKw.digits <= 0n) throw new RangeError("the power must be more than 0 kW");
  const forMs = chargingMs(plan);
  if (forMs + plan.idleMs > longestMs) throw new RangeError("the session would last longer than 31 days");
  const totalMilliWh =
    "kwh" in plan.until
      ? Number(
          digitsAt(plan.until.kwh, Math.max(6, plan.until.kwh.scale)) / tenTo(Math.max(0, plan.until.kwh.scale - 6)),
        )
      : energyAfter(plan.powerKw, forMs);
  const powerW = (Number(plan.powerKw.digits) / 10 ** plan.powerKw.scale) * 1000;
  const sampleAt = (ms: number): Sample => ({
    atMs: plan.startMs + ms,
    energyMilliWh: ms >= forMs ? totalMilliWh : Math.min(totalMilliWh, energyAfter(plan.powerKw, ms)),
    powerW: ms >= forMs ? 0 : powerW,
    activity: ms >= forMs ? "parking" : "charging",
  });
  const wholeMs = forMs + plan.idleMs;
  const stops = new Set<number>([forMs, wholeMs]);
  for (let point = 1; point < curvePoints; point += 1) stops.add(Math.floor((wholeMs * point) / curvePoints));
  let rating: Rating = beginRating(tariff, stationRules(plan.timeZone, true), sampleAt(0));
  const curve: CurvePoint[] = [{ atMs: plan.startMs, incl: livePrice(rating).ifStoppedNow.incl, activity: "charging" }];
  for (const ms of [...stops].sort((a, b) => a - b)) {
    // Like a station, take a reading at every boundary that lies before the next stop.
    for (
      let boundary = nextBoundary(rating);
      boundary !== undefined && boundary < plan.startMs + ms;
      boundary = nextBoundary(rating)
    )
      rating = advance(rating, sampleAt(boundary - plan.startMs));
    rating = advance(rating, sampleAt(ms));
    curve.push({
      atMs: plan.startMs + ms,
      incl: livePrice(rating).ifStoppedNow.incl,
      activity: ms > forMs ? "parking" : "charging",
    });
  }
  const price = bill(rating, language);
  const warnings = [...price.warnings, ...validityWarnings(tariff, plan.startMs)];
  return { price: { ...price, warnings }, curve, endMs: plan.startMs + wholeMs };
}

function validityWarnings({ startMs, endMs }: Tariff, atMs: number): string[] {
  if (startMs !== undefined && atMs < startMs)
    return [`the tariff is not in force yet: it begins at ${isoText(startMs)}, and no session could start by it`];
  if (endMs !== undefined && atMs >= endMs)
    return [`the tariff is not in force any more: it ended at ${isoText(endMs)}, and no session could start by it`];
  return [];
}

const rows = 8;

/** The curve as text, one column per point: full blocks while charging, lighter ones while idle. */
export function chartOf(curve: readonly CurvePoint[]): string[] {
  const values = curve.map((point) => Number(point.incl));
  const most = Math.max(...values, 0);
  return Array.from({ length: rows }, (_, row) => {
    const level = ((rows - row - 0.5) * most) / rows;
    return curve
      .map((point, index) =>
        (values[index] ?? 0) > 0 && (values[index] ?? 0) >= level ? (point.activity === "charging" ? "█" : "▒") : " ",
      )
      .join("")
      .trimEnd();
  });
}
