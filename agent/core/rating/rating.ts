// The price of a session in the making. A sample comes in, and passes once, from top to bottom:
//
//   1. the boundaries of the tariff between the last sample and this one are listed (sample.ts, tariff-boundaries.ts)
//   2. at each, and at the sample itself, the components that hold are selected (component-selection.ts)
//   3. where they changed, a slice ends and is added to the running total (slice.ts, running-total.ts)
//
// What it costs so far is read from there by live-price.ts, the bill by session-bill.ts. A rating is an immutable value:
// the last sample, and the progress up to the last boundary. A sample between two boundaries replaces the first and keeps
// the second, so that it costs the same however old the session is.

import { selectComponents } from "../tariff/component-selection.js";
import type { ChargingPeriod } from "../tariff/period.js";
import type { Tariff } from "../tariff/tariff.js";
import { addSlice, noRunningTotal, type RunningTotal } from "./running-total.js";
import {
  type Boundary,
  boundaryAfter,
  checkFollows,
  checkSample,
  conditionsAt,
  type RatedSession,
  type RatingOptions,
  type Sample,
  type SessionStart,
  samplesAtBoundaries,
} from "./sample.js";
import {
  continueSlice,
  extremesUntil,
  isEmptySlice,
  looksAtMomentary,
  nothingPassed,
  type OpenSlice,
  openSlice,
  type Passed,
  passedUntil,
  type Slice,
  sliceGoesOn,
  sliceUntil,
  unitsPer,
} from "./slice.js";

/** The session up to the last boundary. It is replaced at boundaries alone. */
export type RatingProgress = RatedSession & {
  /** The slice that is open since. */
  readonly open: OpenSlice;
  /** Where to look at the tariff again. */
  readonly boundary: Boundary;
  readonly ended: EndedSlices | undefined;
  /** What has passed in the ended slices, and what they come to. */
  readonly passed: Passed;
  readonly total: RunningTotal;
};

export type EndedSlice = { readonly slice: Slice; readonly period: ChargingPeriod };

/** The slices before the open one: a list that grows at its head and is shared, never copied. */
type EndedSlices = { readonly newest: EndedSlice; readonly before: EndedSlices | undefined };

export type Rating = { readonly progress: RatingProgress; readonly last: Sample };

/** The first sample of a session, or of its reservation. Throws RangeError for an unknown zone. */
export function beginRating(tariff: Tariff, options: RatingOptions, first: Sample): Rating {
  checkSample(first);
  const session: RatedSession = { tariff, options, start: startAt(first) };
  const selection = selectComponents(tariff, first.activity, conditionsAt(session, first));
  const progress: RatingProgress = {
    ...session,
    open: openSlice(first, selection),
    boundary: boundaryAfter(session, first),
    ended: undefined,
    passed: nothingPassed,
    total: noRunningTotal,
  };
  return { progress, last: first };
}

function startAt({ activity, atMs, energyMilliWh }: Sample): SessionStart | undefined {
  return activity === "reserved" ? undefined : { atMs, energyMilliWh };
}

/** The rating of a whole session, or of its reservation. Throws as `beginRating` and `advance` do, and without a sample. */
export function ratingOf(tariff: Tariff, options: RatingOptions, [first, ...rest]: readonly Sample[]): Rating {
  if (first === undefined) throw new Error("a sale has at least its first sample");
  return rest.reduce<Rating>(advance, beginRating(tariff, options, first));
}

/** The rating after one more sample. Throws when time or energy run backwards. */
export function advance(rating: Rating, sample: Sample): Rating {
  checkSample(sample);
  const { progress, last } = rating;
  checkFollows(last, sample);
  if (nothingCanChange(progress, last, sample)) return { progress, last: sample };
  const samples = samplesAtBoundaries(progress, last, sample);
  return { progress: [...samples, sample].reduce(lookAgain, progress), last: sample };
}

/** Between two boundaries nothing but the activity, and power and current where the tariff looks at them, matters. */
function nothingCanChange({ tariff, boundary }: RatingProgress, last: Sample, sample: Sample): boolean {
  return (
    sample.activity === last.activity &&
    sample.atMs < boundary.atMs &&
    sample.energyMilliWh < boundary.energyMilliWh &&
    (!looksAtMomentary(tariff) || (sample.powerW === last.powerW && sample.currentMilliA === last.currentMilliA))
  );
}

/** Looks at the tariff afresh at a sample: the components that hold from it on, and the next boundary. */
function lookAgain(progress: RatingProgress, sample: Sample): RatingProgress {
  const { tariff, options, open } = progress;
  // Durations and energy count from the end of the reservation.
  const session: RatedSession = { tariff, options, start: progress.start ?? startAt(sample) };
  const selection = selectComponents(tariff, sample.activity, conditionsAt(session, sample));
  const boundary = boundaryAfter(session, sample);
  if (sliceGoesOn(open, sample.activity, selection))
    return { ...progress, boundary, open: continueSlice(tariff, open, sample) };
  return { ...endSlice(progress, sample), ...session, boundary, open: openSlice(sample, selection) };
}

/** Puts the open slice away, ended at a sample, and adds it up. */
function endSlice(progress: RatingProgress, at: Sample): RatingProgress {
  const newest = endedAt(progress, at);
  if (newest === undefined) return progress;
  const { ended: before, total } = progress;
  return {
    ...progress,
    ended: { newest, before },
    passed: passedUntil(progress.passed, progress.open, at),
    total: addSlice(total, newest.slice, unitsPer),
  };
}

/** The open slice as it is when it ends at a sample; undefined where nothing passed in it. */
function endedAt({ tariff, open, passed }: RatingProgress, at: Sample): EndedSlice | undefined {
  if (isEmptySlice(open, at)) return undefined;
  return { slice: sliceUntil(tariff, open, passed, at), period: periodUntil(tariff, open, at) };
}

function periodUntil(tariff: Tariff, open: OpenSlice, at: Sample): ChargingPeriod {
  return {
    startMs: open.fromMs,
    endMs: at.atMs,
    activity: open.activity,
    tariffId: tariff.id,
    energyMilliWh: at.energyMilliWh - open.fromMilliWh,
    ...extremesUntil(tariff, open, at),
  };
}

/** What the session comes to, the open slice ended at the last sample. */
export function totalOf({ progress, last }: Rating): RunningTotal {
  return endSlice(progress, last).total;
}

/** Every slice of the session so far, the open one ended at the last sample. */
export function slicesOf({ progress, last }: Rating): readonly EndedSlice[] {
  const open = endedAt(progress, last);
  const newestFirst = open === undefined ? [] : [open];
  for (let at = progress.ended; at !== undefined; at = at.before) newestFirst.push(at.newest);
  return newestFirst.reverse();
}

/** Whether only a reservation is charged at the last sample, because no energy flowed in the session. */
export const isWithoutEnergy = ({ progress: { options, start }, last }: Rating): boolean =>
  options.freeWithoutEnergy === true && start !== undefined && last.energyMilliWh === start.energyMilliWh;

/** Whether the same components hold now in both; where not, the station writes the sample down. */
export function sameComponents(a: Rating, b: Rating): boolean {
  return sliceGoesOn(a.progress.open, b.progress.open.activity, b.progress.open.selection);
}
