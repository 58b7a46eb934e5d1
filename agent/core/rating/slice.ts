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
  /** The lowest and highest momentary values in it, where the tariff looks at them. */
  readonly powerW: Range | undefined;
  readonly currentMilliA: Range | undefined;
};

/** Whether power or current can change a price, so that each sample has to be looked at. */
export const looksAtMomentary = ({ asksPower, asksCurrent }: Tariff): boolean => asksPower || asksCurrent;

/** The slice that begins at a sample. */
export function openSlice(tariff: Tariff, sample: Sample, selection: Selection): OpenSlice {
  const empty: OpenSlice = {
    fromMs: sample.atMs,
    fromMilliWh: sample.energyMilliWh,
    activity: sample.activity,
    selection,
    powerW: undefined,
    currentMilliA: undefined,
  };
  return widenSlice(tariff, empty, sample);
}

/** Whether a slice goes on where this holds. */
export function sliceGoesOn(open: OpenSlice, activity: Activity, selection: Selection): boolean {
  const isSame = open.activity === activity || (isPause(open.activity) && isPause(activity));
  return isSame && sameSelection(open.selection, selection);
}

/** The open slice with the momentary values of one more sample in it. */
export function widenSlice(tariff: Tariff, open: OpenSlice, sample: Sample): OpenSlice {
  if (!looksAtMomentary(tariff)) return open;
  return {
    ...open,
    powerW: stretched(open.powerW, sample.powerW),
    currentMilliA: stretched(open.currentMilliA, sample.currentMilliA),
  };
}

function stretched(range: Range | undefined, value: number | undefined): Range | undefined {
  if (value === undefined) return range;
  return range === undefined
    ? { min: value, max: value }
    : { min: Math.min(range.min, value), max: Math.max(range.max, value) };
}

/** The slice with what has passed in it until a sample. */
export function sliceUntil(tariff: Tariff, open: OpenSlice, { atMs, energyMilliWh }: Sample): Slice {
  const { activity, selection, fromMs } = open;
  const time = BigInt(atMs - fromMs) * unitsPerMs;
  return {
    tariff,
    fromMs,
    toMs: atMs,
    selection,
    energy: activity === "reserved" ? 0n : BigInt(energyMilliWh - open.fromMilliWh) * unitsPerMilliWh,
    time: activity === "charging" ? time : 0n,
    parking: activity === "parking" ? time : 0n,
    reservation: activity === "reserved" ? time : 0n,
    pause: isPause(activity),
  };
}

/** A slice in which nothing passed does not count, unless a fee fell due in it. */
export function isEmptySlice({ fromMs, fromMilliWh, selection }: OpenSlice, { atMs, energyMilliWh }: Sample): boolean {
  const fees =
    selection.FLAT !== undefined || selection.RESERVATION_FLAT !== undefined || selection.EXPIRY_FLAT !== undefined;
  return atMs === fromMs && energyMilliWh === fromMilliWh && !fees;
}
