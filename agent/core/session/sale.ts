// A session that has begun: what was fixed at its start, the samples that its price is made of, and the price so far.

import type { Moment, Reading } from "../../../drivers/driver.js";
import type { Interruption } from "../cdr/settlement.js";
import { advance, beginRating, type Rating } from "../rating/rating.js";
import { type Sample, stationRules } from "../rating/sample.js";
import type { Activity } from "../tariff/period.js";
import { beginLine, datedBy, isOnLine, onLine, type TimeLine } from "../time/time-line.js";
import type { BackendLimits } from "./limits.js";
import type { Opening } from "./opening.js";

/** A session that has begun: opening, the samples its price is made of, and the price so far. */
export type Sale = {
  readonly opening: Opening;
  readonly line: TimeLine;
  readonly last: Reading;
  readonly activity: Activity;
  readonly samples: SampleList;
  readonly boundaryReadings: readonly Reading[];
  readonly rating: Rating;
  readonly interruptions: readonly Interruption[];
  /** What backends have set while it ran, one entry each. */
  readonly backendLimits: readonly BackendLimits[];
};

/** Newest first, so that adding one costs the same at any age of the session. */
export type SampleList = { readonly sample: Sample; readonly before: SampleList | null };

/** The point of the time line that a reading makes, with what holds from there on. */
function sampleOf(line: TimeLine, reading: Reading, activity: Activity, notBeforeMs: number): Sample {
  return {
    atMs: onLine(line, reading.moment, notBeforeMs),
    energyMilliWh: reading.energyMilliWh,
    powerW: reading.powerW,
    activity,
    ...(reading.currentMilliA === undefined ? {} : { currentMilliA: reading.currentMilliA }),
  };
}

/** The sale that begins with its opening. */
export function openSale(opening: Opening): Sale {
  const line = beginLine(opening.begin.moment);
  return {
    opening,
    line,
    last: opening.begin,
    activity: "charging",
    boundaryReadings: [],
    interruptions: [],
    backendLimits: [],
    ...begunWith(opening, sampleOf(line, opening.begin, "charging", opening.begin.moment.at)),
  };
}

/** The samples and the price at the begin reading: with the reservation before it, where one is charged. */
function begunWith(opening: Opening, begin: Sample): Pick<Sale, "samples" | "rating"> {
  const { tariff, timeZone, reserved } = opening;
  const rules = stationRules(timeZone, opening.begin.moment.trust !== "unsynced");
  if (reserved === undefined)
    return { samples: { sample: begin, before: null }, rating: beginRating(tariff, rules, begin) };
  const { energyMilliWh } = begin;
  const atMs = Math.min(reserved.fromMs, begin.atMs);
  const first: Sample = { atMs, energyMilliWh, powerW: 0, currentMilliA: 0, activity: "reserved" };
  return {
    samples: { sample: begin, before: { sample: first, before: null } },
    rating: advance(beginRating(tariff, rules, first), begin),
  };
}

/** No reading has been added to the one that the session began with. */
const isAtBegin = ({ samples: { before } }: Sale): boolean => before === null || before.sample.activity === "reserved";

/** The sale after one more reading; also for one that is not kept (the live price is the price of such a sale). */
export function addReading(sale: Sale, reading: Reading, activity: Activity, atBoundary: boolean): Sale {
  const { powerW, currentMilliA } = reading;
  const begun = dated(withPowerAtBegin(sale, powerW, currentMilliA), reading.moment);
  const kept = atBoundary ? { ...begun, boundaryReadings: [...begun.boundaryReadings, reading] } : begun;
  return endAt(kept, reading, activity);
}

/**
 * The begin reading is taken while the contactor is open: its 0 W say nothing about what the car draws, and no price may
 * depend on them. What is known next holds from the begin on.
 */
function withPowerAtBegin(sale: Sale, powerW: number, currentMilliA: number | undefined): Sale {
  if (!isAtBegin(sale)) return sale;
  const { currentMilliA: _, ...begin } = sale.samples.sample;
  const sample: Sample = { ...begin, powerW, ...(currentMilliA === undefined ? {} : { currentMilliA }) };
  return { ...sale, ...begunWith(sale.opening, sample) };
}

function addSample(sale: Sale, sample: Sample): Sale {
  return {
    ...sale,
    activity: sample.activity,
    samples: { sample, before: sale.samples },
    rating: advance(sale.rating, sample),
  };
}

const newest = (sale: Sale): Sample => sale.samples.sample;

/** A restart of the agent: the last moment known before it, and the first one after. */
export type Restart = {
  readonly cause: "PowerLoss" | "Reboot";
  readonly downSince: Moment;
  readonly moment: Moment;
};

/** From the last thing known until the next reading no time is billed: the station gave no power, or nobody knows. */
export function interrupted(running: Sale, restart: Restart): Sale {
  const sale = dated(running, restart.downSince);
  const { line } = sale;
  const why = restart.cause === "PowerLoss" ? "power was lost" : "the agent was restarted";
  const fromMs = onLine(line, restart.downSince, newest(sale).atMs);
  const interruption: Interruption = {
    fromMs,
    // Over a reboot only the wall clock tells how long it was. Where that is not set nobody knows: it lasted to the end.
    toMs: isOnLine(line, restart.moment) ? onLine(line, restart.moment, fromMs) : null,
    why,
  };
  return {
    ...suspended(sale),
    interruptions: [...sale.interruptions, interruption],
  };
}

/** The sale, its time line dated where the moment can. */
export function dated(sale: Sale, moment: Moment): Sale {
  const line = datedBy(sale.line, moment);
  return line === sale.line ? sale : { ...sale, line };
}

/** The sale under the limits that a backend has set, which take the place of those that it set before. */
export function limitedBy(sale: Sale, { by, limits }: BackendLimits): Sale {
  return { ...sale, backendLimits: [...sale.backendLimits.filter((one) => one.by !== by), { by, limits }] };
}

/** From the newest reading on no time is billed: what keeps the car from charging is the station's own fault. */
export function suspended(sale: Sale): Sale {
  return addSample(sale, { ...newest(sale), activity: "suspended" });
}

/**
 * The sale with its end reading. What flowed unseen flowed right after the last reading, at the power that it saw, and
 * before the stop: it keeps the price of that time, not that of hours later. From then on the station gives no power,
 * so no time is billed while the end is waited for.
 */
export function ended(begun: Sale, stopped: Moment, end: Reading): Sale {
  const sale = withAverageAtBegin(dated(begun, end.moment), stopped, end);
  const last = newest(sale);
  const endMs = onLine(sale.line, end.moment, last.atMs);
  const stoppedMs =
    sale.interruptions.length > 0 ? last.atMs : Math.max(last.atMs, onLine(sale.line, stopped, last.atMs));
  const flowedMilliWh = end.energyMilliWh - last.energyMilliWh;
  if (flowedMilliWh > 0 && last.powerW <= 0) return endAt(sale, end, sale.activity);
  const neededMs = flowedMilliWh > 0 ? Math.ceil((flowedMilliWh * 3_600) / last.powerW) : 0;
  const flowedMs = Math.max(stoppedMs, last.atMs + neededMs);
  if (endMs <= flowedMs) return endAt(sale, end, sale.activity);
  return endAt(
    addSample(sale, { ...last, atMs: flowedMs, energyMilliWh: end.energyMilliWh, activity: "suspended" }),
    end,
    "suspended",
  );
}

function endAt(sale: Sale, end: Reading, activity: Activity): Sale {
  return addSample({ ...sale, last: end }, sampleOf(sale.line, end, activity, newest(sale).atMs));
}

/** A session without a reading between begin and end, whose power nobody saw, drew what it drew on average. */
function withAverageAtBegin(sale: Sale, stopped: Moment, end: Reading): Sale {
  if (!isAtBegin(sale)) return sale;
  const begin = newest(sale);
  const ms = onLine(sale.line, stopped, begin.atMs) - begin.atMs;
  const powerW = ms <= 0 ? 0 : Math.round(((end.energyMilliWh - begin.energyMilliWh) * 3_600) / ms);
  return powerW <= 0 ? sale : withPowerAtBegin(sale, powerW, undefined);
}
