// A point on the session's time line: a reading of the meter, with what holds from it until the next. Between two of
// them lie the points at which the tariff has to be looked at again.

import type { Activity } from "../tariff/period.js";
import type { Conditions } from "../tariff/restrictions.js";
import type { Tariff } from "../tariff/tariff.js";
import { boundariesOf, nextTimeBoundary } from "../tariff/tariff-boundaries.js";
import { localTime } from "../time/time.js";

/** `activity`, `powerW` and `currentMilliA` hold from this instant until the next sample. */
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
  /** True: where no energy flowed only the reservation is charged, whatever fee or minimum the tariff names. Default false. */
  readonly freeWithoutEnergy?: boolean;
};

/** How this station prices its own sessions: what is displayed, what limits are held against, and what is billed. */
export const stationRules = (timeZone: string, clockTrusted: boolean): RatingOptions => ({
  timeZone,
  clockTrusted,
  freeWithoutEnergy: true,
});

/** Where durations and energy count from: the start of the session, after its reservation if there was one. */
export type SessionStart = { readonly atMs: number; readonly energyMilliWh: number };

/** A session that is priced: its tariff, the rules of its clock, and its start; undefined while it is a reservation. */
export type RatedSession = {
  readonly tariff: Tariff;
  readonly options: RatingOptions;
  readonly start: SessionStart | undefined;
};

/** A broken promise of ours: we stop rather than bill. */
function broken(message: string): never {
  throw new Error(`rating: ${message}`);
}

/** Throws where a figure is not one that can be priced. */
export function checkSample({ atMs, energyMilliWh, powerW, currentMilliA }: Sample): void {
  if (!Number.isSafeInteger(atMs)) broken(`a sample at ${atMs} ms is not at a whole millisecond`);
  if (!Number.isSafeInteger(energyMilliWh)) broken(`a register of ${energyMilliWh} mWh is not whole`);
  if (!Number.isFinite(powerW)) broken(`a power of ${powerW} W is not a number`);
  if (currentMilliA !== undefined && !Number.isFinite(currentMilliA))
    broken(`a current of ${currentMilliA} mA is not a number`);
}

/** Throws where time or energy run backwards: no price can make that right. */
export function checkFollows(last: Sample, sample: Sample): void {
  if (sample.atMs < last.atMs) broken(`a sample at ${sample.atMs} came after one at ${last.atMs}`);
  if (sample.energyMilliWh < last.energyMilliWh)
    broken(`the register fell from ${last.energyMilliWh} to ${sample.energyMilliWh} mWh`);
  if (sample.activity === "reserved" && last.activity !== "reserved") broken("a reservation cannot follow the session");
}

/** What the restrictions of the tariff are held against at a sample. */
export function conditionsAt({ options, start }: RatedSession, sample: Sample): Conditions {
  const powerKw = sample.powerW / 1000;
  const currentA = sample.currentMilliA === undefined ? undefined : sample.currentMilliA / 1000;
  return {
    local: options.clockTrusted ? localTime(options.timeZone, sample.atMs) : undefined,
    energyMilliWh: start === undefined ? 0 : sample.energyMilliWh - start.energyMilliWh,
    durationMs: options.durationsKnown === false ? undefined : start === undefined ? 0 : sample.atMs - start.atMs,
    lowCurrentA: currentA,
    highCurrentA: currentA,
    lowPowerKw: powerKw,
    highPowerKw: powerKw,
  };
}

/** The first instant and the first register after a sample at which a restriction may flip; Infinity = none. */
export type Boundary = { readonly atMs: number; readonly energyMilliWh: number };

export function boundaryAfter({ tariff, options, start }: RatedSession, sample: Sample): Boundary {
  const boundaries = boundariesOf(tariff);
  const used = start === undefined ? Number.POSITIVE_INFINITY : sample.energyMilliWh - start.energyMilliWh;
  const threshold = boundaries.energy.find((milliWh) => milliWh > used);
  return {
    atMs: nextTimeBoundary(boundaries, options, start?.atMs, sample.atMs),
    energyMilliWh:
      start === undefined || threshold === undefined ? Number.POSITIVE_INFINITY : start.energyMilliWh + threshold,
  };
}

/**
 * The samples that would have been taken at each boundary between two others, in order. What held at the earlier one
 * still holds in them, and energy is taken as linear in time.
 */
export function samplesAtBoundaries(session: RatedSession, last: Sample, next: Sample): Sample[] {
  const spanMs = next.atMs - last.atMs;
  const span = next.energyMilliWh - last.energyMilliWh;
  const samples: Sample[] = [];
  let at = last;
  for (;;) {
    const boundary = boundaryAfter(session, at);
    const crossed = boundary.energyMilliWh < next.energyMilliWh;
    const passed = boundary.atMs < next.atMs;
    if (!crossed && !passed) return samples;
    const crossedMs = crossed
      ? last.atMs + share(spanMs, boundary.energyMilliWh - last.energyMilliWh, span)
      : Number.POSITIVE_INFINITY;
    at =
      crossedMs <= boundary.atMs
        ? { ...last, atMs: crossedMs, energyMilliWh: boundary.energyMilliWh }
        : {
            ...last,
            atMs: boundary.atMs,
            energyMilliWh: last.energyMilliWh + share(span, boundary.atMs - last.atMs, spanMs),
          };
    samples.push(at);
  }
}

/** `amount` x `part` / `whole`, rounded down, exact where doubles would not be. */
function share(amount: number, part: number, whole: number): number {
  return Number((BigInt(amount) * BigInt(part)) / BigInt(whole));
}
