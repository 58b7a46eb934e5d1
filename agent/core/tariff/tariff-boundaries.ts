// The instants and amounts at which a tariff's restrictions may flip: where the live engine has to look again.
// Between two boundaries nothing but power and current can change a price, so a sample costs the same however old the
// session is.

import { dayMs, offsetSpan } from "../time/time.js";
import type { Tariff } from "./tariff.js";

export type TariffBoundaries = {
  /** Milliseconds since local midnight, ascending; 0 where dates or weekdays matter. */
  readonly timesOfDay: readonly number[];
  readonly durationsMs: readonly number[];
  /** Session energy in mWh, ascending. */
  readonly energy: readonly number[];
  /** True when an element looks at power or current. */
  readonly momentary: boolean;
};

const known = new WeakMap<Tariff, TariffBoundaries>();

function ascending(values: readonly (number | undefined)[]): number[] {
  return [...new Set(values.filter((value) => value !== undefined))].sort((a, b) => a - b);
}

export function boundariesOf(tariff: Tariff): TariffBoundaries {
  const before = known.get(tariff);
  if (before !== undefined) return before;
  const all = tariff.elements.map((element) => element.restrictions);
  const boundaries: TariffBoundaries = {
    timesOfDay: ascending(
      all.flatMap((one) => [
        one.startMsOfDay,
        one.endMsOfDay === dayMs ? 0 : one.endMsOfDay,
        // A window without a start begins at midnight, one without an end stops there.
        one.startDay !== undefined ||
        one.endDay !== undefined ||
        one.weekdays !== undefined ||
        one.startMsOfDay !== undefined ||
        one.endMsOfDay !== undefined
          ? 0
          : undefined,
      ]),
    ),
    durationsMs: ascending(all.flatMap((one) => [one.minDurationMs, one.maxDurationMs])),
    energy: ascending(all.flatMap((one) => [one.minMilliWh, one.maxMilliWh])),
    momentary: tariff.asksPower || tariff.asksCurrent,
  };
  known.set(tariff, boundaries);
  return boundaries;
}

/** Without any dates or times: it is in force always, whatever the clock says. */
export const isTimeless = (tariff: Tariff): boolean =>
  tariff.startMs === undefined && tariff.endMs === undefined && boundariesOf(tariff).timesOfDay.length === 0;

/**
 * The first instant after `atMs` at which a restriction on time of day, date, weekday or duration may flip; Infinity
 * where there is none.
 */
export function nextTimeBoundary(
  boundaries: TariffBoundaries,
  options: { readonly timeZone: string; readonly clockTrusted: boolean; readonly durationsKnown?: boolean },
  beganMs: number | undefined,
  atMs: number,
): number {
  let next = Number.POSITIVE_INFINITY;
  if (beganMs !== undefined && options.durationsKnown !== false)
    for (const duration of boundaries.durationsMs)
      if (beganMs + duration > atMs) {
        next = beganMs + duration;
        break;
      }
  if (!options.clockTrusted || boundaries.timesOfDay.length === 0) return next;
  const span = offsetSpan(options.timeZone, atMs);
  // Where the offset changes, the wall clock jumps: look again there.
  next = Math.min(next, span.toMs);
  const wall = atMs + span.offsetMs;
  const midnight = Math.floor(wall / dayMs) * dayMs;
  const later = boundaries.timesOfDay.find((time) => midnight + time > wall);
  const first = boundaries.timesOfDay[0] ?? 0;
  return Math.min(next, (later === undefined ? midnight + dayMs + first : midnight + later) - span.offsetMs);
}
