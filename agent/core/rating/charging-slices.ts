// The course of a session up to its last border, and the slice that is open since: which components hold, and where to
// look again. A course is replaced at borders alone; closed slices form a list that grows at its head and is shared,
// never copied.

import { type Selection, sameSelection, select } from "../tariff/component-selection.js";
import { type Slice, unitsPer, unitsPerMilliWh, unitsPerMs } from "../tariff/component-usage.js";
import type { Activity } from "../tariff/period.js";
import type { Conditions } from "../tariff/restrictions.js";
import type { Tariff } from "../tariff/tariff.js";
import { nextTimeBoundary, type TariffBoundaries } from "../tariff/tariff-boundaries.js";
import { localTime } from "../time/time.js";
import { addSlice, type RunningTotal } from "./costing.js";

/**
 * A point on the session's time line; `activity`, `powerW` and `currentMilliA` hold from this instant until the next
 * sample.
 */
export type Sample = {
  readonly atMs: number;
  /** The meter's register, not the session's consumption. */
  readonly energyMilliWh: number;
  readonly powerW: number;
  readonly currentMilliA?: number;
  readonly activity: Activity;
};

export type RatingOptions = {
  readonly timeZone: string;
  /** False: the wall clock is not approved; time costs nothing, and the lowest price that may hold is charged. */
  readonly clockTrusted: boolean;
  /** False after a reboot without a trusted clock: durations are unknown too. Default true. */
  readonly durationsKnown?: boolean;
};

export type EndedSlice = {
  readonly slice: Slice;
  readonly activity: Activity;
  readonly energyMilliWh: number;
  /** The lowest and highest momentary values, where the tariff asks for them. */
  readonly power: Range | undefined;
  readonly current: Range | undefined;
  readonly before: EndedSlice | undefined;
};
type Range = { readonly min: number; readonly max: number };

/** The session up to the last border, and the slice that is open since. It is replaced at borders alone. */
export type SliceProgress = {
  readonly tariff: Tariff;
  readonly options: RatingOptions;
  readonly boundaries: TariffBoundaries;
  /** When the session itself began, and the register then; undefined while there is only a reservation. */
  readonly began: { readonly atMs: number; readonly energyMilliWh: number } | undefined;
  /** The open slice: where it began, what goes on in it and which components hold. */
  readonly openMs: number;
  readonly openMilliWh: number;
  readonly activity: Activity;
  readonly selection: Selection;
  readonly power: Range | undefined;
  readonly current: Range | undefined;
  /** The next instant at which a restriction on time may flip, and the next register at which one on energy may. */
  readonly timeBorderMs: number;
  readonly energyBorderMilliWh: number;
  readonly closed: EndedSlice | undefined;
  /** How the session stands after the closed slices. */
  readonly runningTotal: RunningTotal;
  readonly timeMs: number;
  readonly parkingMs: number;
};

export function conditionsAt(
  { options, began }: SliceProgress,
  sample: Sample,
  atMs: number,
  register: number,
): Conditions {
  const powerKw = sample.powerW / 1000;
  const currentA = sample.currentMilliA === undefined ? undefined : sample.currentMilliA / 1000;
  return {
    local: options.clockTrusted ? localTime(options.timeZone, atMs) : undefined,
    energyMilliWh: began === undefined ? 0 : register - began.energyMilliWh,
    durationMs: options.durationsKnown === false ? undefined : began === undefined ? 0 : atMs - began.atMs,
    lowCurrentA: currentA,
    highCurrentA: currentA,
    lowPowerKw: powerKw,
    highPowerKw: powerKw,
  };
}

function stretched(range: Range | undefined, value: number | undefined): Range | undefined {
  if (value === undefined) return range;
  return range === undefined
    ? { min: value, max: value }
    : { min: Math.min(range.min, value), max: Math.max(range.max, value) };
}

/** Looks at the tariff afresh at a point: the components that hold from it on, and the next borders. */
export function reselectComponents(
  progress: SliceProgress,
  sample: Sample,
  atMs: number,
  register: number,
): SliceProgress {
  const conditions = conditionsAt(progress, sample, atMs, register);
  const selection = select(progress.tariff, sample.activity, conditions);
  const { began, boundaries } = progress;
  const timeBorderMs = nextTimeBoundary(boundaries, progress.options, began?.atMs, atMs);
  const threshold = began === undefined ? undefined : boundaries.energy.find((one) => one > conditions.energyMilliWh);
  const energyBorderMilliWh =
    began === undefined || threshold === undefined ? Number.POSITIVE_INFINITY : began.energyMilliWh + threshold;
  const goesOn = sample.activity === progress.activity && sameSelection(selection, progress.selection);
  const base = goesOn ? progress : endSlice(progress, atMs, register);
  const before = goesOn ? progress : undefined;
  return {
    ...base,
    activity: sample.activity,
    selection,
    timeBorderMs,
    energyBorderMilliWh,
    openMs: goesOn ? progress.openMs : atMs,
    openMilliWh: goesOn ? progress.openMilliWh : register,
    power: boundaries.momentary ? stretched(before?.power, sample.powerW) : undefined,
    current: boundaries.momentary ? stretched(before?.current, sample.currentMilliA) : undefined,
  };
}

export function openSlice(progress: SliceProgress, toMs: number, register: number): Slice {
  const { activity } = progress;
  const time = BigInt(toMs - progress.openMs) * unitsPerMs;
  return {
    tariff: progress.tariff,
    fromMs: progress.openMs,
    toMs,
    selection: progress.selection,
    energy: activity === "reserved" ? 0n : BigInt(register - progress.openMilliWh) * unitsPerMilliWh,
    time: activity === "charging" ? time : 0n,
    parking: activity === "parking" ? time : 0n,
    reservation: activity === "reserved" ? time : 0n,
    pause: activity === "suspended",
  };
}

/** Puts the open slice away. A slice in which nothing passed is none, unless a fee fell due in it. */
export function endSlice(progress: SliceProgress, toMs: number, register: number): SliceProgress {
  const { activity, selection } = progress;
  const fees =
    selection.FLAT !== undefined || selection.RESERVATION_FLAT !== undefined || selection.EXPIRY_FLAT !== undefined;
  if (toMs === progress.openMs && register === progress.openMilliWh && !fees) return progress;
  const slice = openSlice(progress, toMs, register);
  const length = toMs - progress.openMs;
  return {
    ...progress,
    closed: {
      slice,
      activity,
      energyMilliWh: register - progress.openMilliWh,
      power: progress.power,
      current: progress.current,
      before: progress.closed,
    },
    runningTotal: addSlice(progress.runningTotal, slice, unitsPer),
    timeMs: progress.timeMs + (activity === "reserved" ? 0 : length),
    parkingMs: progress.parkingMs + (activity === "parking" || activity === "suspended" ? length : 0),
  };
}

/** `amount` x `part` / `whole`, rounded down, exact where doubles would not be. */
function share(amount: number, part: number, whole: number): number {
  return Number((BigInt(amount) * BigInt(part)) / BigInt(whole));
}

/**
 * Cuts the way from the last sample to the next at every border that lies between them; energy between samples is taken
 * as linear.
 */
export function splitAtBoundaries(progress: SliceProgress, last: Sample, next: Sample): SliceProgress {
  const spanMs = next.atMs - last.atMs;
  const span = next.energyMilliWh - last.energyMilliWh;
  for (let state = progress; ; ) {
    const crossing = state.energyBorderMilliWh;
    const crossingMs =
      crossing < next.energyMilliWh
        ? last.atMs + share(spanMs, crossing - last.energyMilliWh, span)
        : Number.POSITIVE_INFINITY;
    const timeMs = state.timeBorderMs < next.atMs ? state.timeBorderMs : Number.POSITIVE_INFINITY;
    if (crossingMs === Number.POSITIVE_INFINITY && timeMs === Number.POSITIVE_INFINITY) return state;
    state =
      crossingMs <= timeMs
        ? reselectComponents(state, last, crossingMs, crossing)
        : reselectComponents(state, last, timeMs, last.energyMilliWh + share(span, timeMs - last.atMs, spanMs));
  }
}
