// The course of a session up to its last border, and the slice that is open since: which components hold, and where to look again.
// A course is replaced at borders alone; closed slices form a list that grows at its head and is shared, never copied.
import { nextTimeBorder, type Borders } from "../tariff/tariff-boundaries.js";
import type { Activity } from "../tariff/period.js";
import type { Conditions } from "../tariff/restrictions.js";
import { sameSelection, select, type Selection } from "../tariff/component-selection.js";
import { addSlice, type Standing } from "./costing.js";
import type { Tariff } from "../tariff/tariff.js";
import { localTime } from "../time/time.js";
import { unitsPer, unitsPerMilliWh, unitsPerMs, type Slice } from "../tariff/component-usage.js";

/** A point on the session's time line; `activity`, `powerW` and `currentMilliA` hold from this instant until the next sample. */
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

export type Closed = {
  readonly slice: Slice;
  readonly activity: Activity;
  readonly energyMilliWh: number;
  /** The lowest and highest momentary values, where the tariff asks for them. */
  readonly power: Range | undefined;
  readonly current: Range | undefined;
  readonly before: Closed | undefined;
};
type Range = { readonly min: number; readonly max: number };

/** The session up to the last border, and the slice that is open since. It is replaced at borders alone. */
export type Course = {
  readonly tariff: Tariff;
  readonly options: RatingOptions;
  readonly borders: Borders;
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
  readonly closed: Closed | undefined;
  /** How the session stands after the closed slices. */
  readonly standing: Standing;
  readonly timeMs: number;
  readonly parkingMs: number;
};

export function conditionsAt({ options, began }: Course, sample: Sample, atMs: number, register: number): Conditions {
  const powerKw = sample.powerW / 1000;
  const currentA = sample.currentMilliA === undefined ? undefined : sample.currentMilliA / 1000;
  return {
    local: options.clockTrusted ? localTime(options.timeZone, atMs) : undefined,
    energyMilliWh: began === undefined ? 0 : register - began.energyMilliWh,
    durationMs: options.durationsKnown === false ? undefined : began === undefined ? 0 : atMs - began.atMs,
    lowCurrentA: currentA, highCurrentA: currentA, lowPowerKw: powerKw, highPowerKw: powerKw,
  };
}

function stretched(range: Range | undefined, value: number | undefined): Range | undefined {
  if (value === undefined) return range;
  return range === undefined ? { min: value, max: value } : { min: Math.min(range.min, value), max: Math.max(range.max, value) };
}

/** Looks at the tariff afresh at a point: the components that hold from it on, and the next borders. */
export function lookAgain(course: Course, sample: Sample, atMs: number, register: number): Course {
  const conditions = conditionsAt(course, sample, atMs, register);
  const selection = select(course.tariff, sample.activity, conditions);
  const { began, borders } = course;
  const timeBorderMs = nextTimeBorder(borders, course.options, began?.atMs, atMs);
  const threshold = began === undefined ? undefined : borders.energy.find((one) => one > conditions.energyMilliWh);
  const energyBorderMilliWh = began === undefined || threshold === undefined ? Infinity : began.energyMilliWh + threshold;
  const goesOn = sample.activity === course.activity && sameSelection(selection, course.selection);
  const base = goesOn ? course : close(course, atMs, register);
  const before = goesOn ? course : undefined;
  return {
    ...base, activity: sample.activity, selection, timeBorderMs, energyBorderMilliWh,
    openMs: goesOn ? course.openMs : atMs, openMilliWh: goesOn ? course.openMilliWh : register,
    power: borders.momentary ? stretched(before?.power, sample.powerW) : undefined,
    current: borders.momentary ? stretched(before?.current, sample.currentMilliA) : undefined,
  };
}

export function openSlice(course: Course, toMs: number, register: number): Slice {
  const { activity } = course;
  const time = BigInt(toMs - course.openMs) * unitsPerMs;
  return {
    tariff: course.tariff, fromMs: course.openMs, toMs, selection: course.selection,
    energy: activity === "reserved" ? 0n : BigInt(register - course.openMilliWh) * unitsPerMilliWh,
    time: activity === "charging" ? time : 0n,
    parking: activity === "parking" ? time : 0n,
    reservation: activity === "reserved" ? time : 0n,
    pause: activity === "suspended",
  };
}

/** Puts the open slice away. A slice in which nothing passed is none, unless a fee fell due in it. */
export function close(course: Course, toMs: number, register: number): Course {
  const { activity, selection } = course;
  const fees = selection.FLAT !== undefined || selection.RESERVATION_FLAT !== undefined || selection.EXPIRY_FLAT !== undefined;
  if (toMs === course.openMs && register === course.openMilliWh && !fees) return course;
  const slice = openSlice(course, toMs, register);
  const length = toMs - course.openMs;
  return {
    ...course,
    closed: { slice, activity, energyMilliWh: register - course.openMilliWh, power: course.power, current: course.current, before: course.closed },
    standing: addSlice(course.standing, slice, unitsPer),
    timeMs: course.timeMs + (activity === "reserved" ? 0 : length),
    parkingMs: course.parkingMs + (activity === "parking" || activity === "suspended" ? length : 0),
  };
}

/** `amount` x `part` / `whole`, rounded down, exact where doubles would not be. */
function share(amount: number, part: number, whole: number): number {
  return Number((BigInt(amount) * BigInt(part)) / BigInt(whole));
}

/** Cuts the way from the last sample to the next at every border that lies between them; energy between samples is taken as linear. */
export function cutBorders(course: Course, last: Sample, next: Sample): Course {
  const spanMs = next.atMs - last.atMs;
  const span = next.energyMilliWh - last.energyMilliWh;
  for (let state = course; ; ) {
    const crossing = state.energyBorderMilliWh;
    const crossingMs = crossing < next.energyMilliWh ? last.atMs + share(spanMs, crossing - last.energyMilliWh, span) : Infinity;
    const timeMs = state.timeBorderMs < next.atMs ? state.timeBorderMs : Infinity;
    if (crossingMs === Infinity && timeMs === Infinity) return state;
    state = crossingMs <= timeMs ? lookAgain(state, last, crossingMs, crossing) : lookAgain(state, last, timeMs, last.energyMilliWh + share(span, timeMs - last.atMs, spanMs));
  }
}
