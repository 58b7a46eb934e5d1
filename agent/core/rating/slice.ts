// A slice: a stretch of a session in which the same price components held, with the quantities that passed in it. A
// live session makes slices from samples, a CDR states them as its charging periods; from here on both are priced alike.

import { type Selection, sameSelection } from "../tariff/component-selection.js";
import { type Activity, isPause } from "../tariff/period.js";
import type { Tariff } from "../tariff/tariff.js";
import type { Sample } from "./sample.js";

/**
 * Quantities are whole numbers of 1/`per` of a kWh, an hour or a piece. 18 million is the least number in which both a
 * milliwatt-hour and a millisecond are whole; a CDR with more decimals counts in a finer unit (a power of ten more).
 */
export const unitsPer = 18_000_000n;
const unitsPerMilliWh = 18n;
const unitsPerMs = 5n;

export type Slice = {
  readonly tariff: Tariff;
  readonly fromMs: number;
  readonly toMs: number;
  readonly selection: Selection;
  readonly energy: bigint;
  readonly time: bigint;
  readonly parking: bigint;
  readonly reservation: bigint;
  /** True for a pause in which nothing but energy can be charged. */
  readonly pause: boolean;
};

type Range = { readonly min: number; readonly max: number };

/** A slice of a live session that has not ended: where it began and what holds in it. */
export type OpenSlice = {
  readonly fromMs: number;
  /** The register where it began. */
  readonly fromMilliWh: number;
  readonly activity: Activity;
  readonly selection: Selection;
  /** The lowest and highest momentary values in it, without `latest`. */
  readonly extremes: Extremes;
  /** The sample whose power and current hold now; they count once anything passes while they hold. */
  readonly latest: Sample;
};

/** Momentary values over a stretch; none where the tariff does not look at them. */
export type Extremes = { readonly powerW?: Range; readonly currentMilliA?: Range };

/** Whether power or current can change a price, so that each sample has to be looked at. */
export const looksAtMomentary = ({ asksPower, asksCurrent }: Tariff): boolean => asksPower || asksCurrent;

/** The slice that begins at a sample. */
export function openSlice(sample: Sample, selection: Selection): OpenSlice {
  const { atMs: fromMs, energyMilliWh: fromMilliWh, activity } = sample;
  return { fromMs, fromMilliWh, activity, selection, extremes: {}, latest: sample };
}

/** Whether a slice goes on where this holds. */
export function sliceGoesOn(open: OpenSlice, activity: Activity, selection: Selection): boolean {
  const isSame = open.activity === activity || (isPause(open.activity) && isPause(activity));
  return isSame && sameSelection(open.selection, selection);
}

/** The open slice from a sample on, whose power and current hold from there. */
export const continueSlice = (tariff: Tariff, open: OpenSlice, sample: Sample): OpenSlice => ({
  ...open,
  extremes: extremesUntil(tariff, open, sample),
  latest: sample,
});

/** The momentary values in a slice until a sample. */
export function extremesUntil(tariff: Tariff, { extremes, latest }: OpenSlice, at: Sample): Extremes {
  if (!looksAtMomentary(tariff) || (latest.atMs === at.atMs && latest.energyMilliWh === at.energyMilliWh))
    return extremes;
  const powerW = tariff.asksPower ? stretched(extremes.powerW, latest.powerW) : undefined;
  const currentMilliA = tariff.asksCurrent ? stretched(extremes.currentMilliA, latest.currentMilliA) : undefined;
  return { ...(powerW === undefined ? {} : { powerW }), ...(currentMilliA === undefined ? {} : { currentMilliA }) };
}

function stretched(range: Range | undefined, value: number | undefined): Range | undefined {
  if (value === undefined) return range;
  return range === undefined
    ? { min: value, max: value }
    : { min: Math.min(range.min, value), max: Math.max(range.max, value) };
}

/** What has passed in a session up to a sample. */
export type Passed = {
  readonly milliWh: number;
  readonly chargingMs: number;
  readonly parkingMs: number;
  readonly reservedMs: number;
};

export const nothingPassed: Passed = { milliWh: 0, chargingMs: 0, parkingMs: 0, reservedMs: 0 };

/** What has passed once the open slice goes until a sample; `passed` = before it. */
export function passedUntil(passed: Passed, { activity, fromMs, fromMilliWh }: OpenSlice, at: Sample): Passed {
  const ms = at.atMs - fromMs;
  // What the meter counts during a reservation is nobody's.
  if (activity === "reserved") return { ...passed, reservedMs: passed.reservedMs + ms };
  return {
    ...passed,
    milliWh: passed.milliWh + at.energyMilliWh - fromMilliWh,
    chargingMs: passed.chargingMs + (activity === "charging" ? ms : 0),
    parkingMs: passed.parkingMs + (activity === "parking" ? ms : 0),
  };
}

/**
 * Billed are whole seconds and whole tenths of a watt-hour, rounded down over the session so far: as much as a CDR can
 * say, whose numbers have four decimals. A receiver reads from it what we bill, and nobody pays for what was not used.
 */
const billedMs = 1000;
const billedMilliWh = 100;

const wholeGrowth = (before: number, after: number, unit: number): bigint =>
  BigInt((Math.floor(after / unit) - Math.floor(before / unit)) * unit);

/** The slice with what is billed of it until a sample; `passed` = before it. */
export function sliceUntil(tariff: Tariff, open: OpenSlice, passed: Passed, at: Sample): Slice {
  const { activity, selection, fromMs } = open;
  const after = passedUntil(passed, open, at);
  const time = (dimension: "chargingMs" | "parkingMs" | "reservedMs"): bigint =>
    wholeGrowth(passed[dimension], after[dimension], billedMs) * unitsPerMs;
  return {
    tariff,
    fromMs,
    toMs: at.atMs,
    selection,
    energy: wholeGrowth(passed.milliWh, after.milliWh, billedMilliWh) * unitsPerMilliWh,
    time: time("chargingMs"),
    parking: time("parkingMs"),
    reservation: time("reservedMs"),
    pause: isPause(activity),
  };
}

/**
 * A slice holds its beginning and not its end: what begins to hold where the session ends, a fee too, is not charged.
 * So a slice without length and energy does not count.
 */
export const isEmptySlice = ({ fromMs, fromMilliWh }: OpenSlice, { atMs, energyMilliWh }: Sample): boolean =>
  atMs === fromMs && energyMilliWh === fromMilliWh;
