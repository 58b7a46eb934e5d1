// The live engine: samples come in one by one, the price of the session so far comes out, and the last live figure is
// the bill. A rating is an immutable value in two parts: the last sample, and the course of the session up to the last
// border. A sample between two borders replaces the first and keeps the second, so that it costs the same however old
// the session is.

import { decimalText } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { add, compare, divide, multiply, published, type Ratio, ratioOf, subtract } from "../number/money.js";
import { grossPrice, sameSelection, select } from "../tariff/component-selection.js";
import { componentUsages, unitsPer } from "../tariff/component-usage.js";
import type { Activity, ChargingPeriod } from "../tariff/period.js";
import type { Conditions } from "../tariff/restrictions.js";
import type { PriceComponent, Tariff } from "../tariff/tariff.js";
import { boundariesOf, nextTimeBoundary } from "../tariff/tariff-boundaries.js";
import { dayMs } from "../time/time.js";
import { amountText, billOf, localTimeRule, taxWarnings } from "./bill.js";
import {
  conditionsAt,
  type EndedSlice,
  endSlice,
  openSlice,
  type RatingOptions,
  reselectComponents,
  type Sample,
  type SliceProgress,
  splitAtBoundaries,
} from "./charging-slices.js";
import { addSlice, noRunningTotal, runningTotals, type Working, work } from "./costing.js";
import type { Price } from "./price.js";
import type { Taxed } from "./taxed.js";

/** The unit prices in force, as the tariff states them and incl. tax; absent = that dimension is free now. */
export type UnitPrices = {
  readonly perKwh?: { readonly excl: string; readonly incl: string };
  readonly perHour?: { readonly excl: string; readonly incl: string };
  readonly idlePerHour?: { readonly excl: string; readonly incl: string };
};

export type LivePrice = {
  /** Cost of what was used, without step rounding or minimum. */
  readonly accrued: { readonly excl: string; readonly incl: string };
  /** What the bill would be if the session ended at this sample. */
  readonly ifStoppedNow: { readonly excl: string; readonly incl: string };
  readonly currency: string;
  readonly unitPrices: UnitPrices;
  /** The next instant at which time alone changes a price, with the prices from then on. */
  readonly nextChange?: { readonly atMs: number; readonly unitPrices: UnitPrices };
  /** What is left under max_price, incl. tax. */
  readonly leftUnderCap?: string;
};

export const untrustedTimeRule = "clock not trusted: time is free, the lowest price that may hold is charged";
export const lowerOfBothRule = "clock set during the session: the lower of the full and the reduced price";

/** A session's price in the making. Opaque: read it by the functions of this file. */
export type Rating = { readonly progress: SliceProgress; readonly last: Sample };

/** A broken promise of ours: we stop rather than bill. */
function broken(message: string): never {
  throw new Error(`rating: ${message}`);
}

function checkSample({ atMs, energyMilliWh, powerW, currentMilliA }: Sample): void {
  if (!Number.isSafeInteger(atMs)) broken(`a sample at ${atMs} ms is no whole millisecond`);
  if (!Number.isSafeInteger(energyMilliWh)) broken(`a register of ${energyMilliWh} mWh is not whole`);
  if (!Number.isFinite(powerW)) broken(`a power of ${powerW} W is no number`);
  if (currentMilliA !== undefined && !Number.isFinite(currentMilliA))
    broken(`a current of ${currentMilliA} mA is no number`);
}

/** The first sample of a session, or of its reservation. Throws RangeError for an unknown zone. */
export function beginRating(tariff: Tariff, options: RatingOptions, first: Sample): Rating {
  checkSample(first);
  const blank: SliceProgress = {
    tariff,
    options,
    boundaries: boundariesOf(tariff),
    began: first.activity === "reserved" ? undefined : { atMs: first.atMs, energyMilliWh: first.energyMilliWh },
    openMs: first.atMs,
    openMilliWh: first.energyMilliWh,
    activity: first.activity,
    selection: {},
    power: undefined,
    current: undefined,
    timeBorderMs: 0,
    energyBorderMilliWh: 0,
    closed: undefined,
    runningTotal: noRunningTotal,
    timeMs: 0,
    parkingMs: 0,
  };
  return { progress: reselectComponents(blank, first, first.atMs, first.energyMilliWh), last: first };
}

/** The reservation is over: durations and energy count from here. */
function beginSession(progress: SliceProgress, { atMs, energyMilliWh }: Sample): SliceProgress {
  return {
    ...endSlice(progress, atMs, energyMilliWh),
    began: { atMs, energyMilliWh },
    openMs: atMs,
    openMilliWh: energyMilliWh,
    selection: {},
  };
}

/** The rating after one more sample. Throws when time or energy run backwards: no price can make that right. */
export function advance(rating: Rating, sample: Sample): Rating {
  checkSample(sample);
  const { last, progress } = rating;
  if (sample.atMs < last.atMs) broken(`a sample at ${sample.atMs} came after one at ${last.atMs}`);
  if (sample.energyMilliWh < last.energyMilliWh)
    broken(`the register fell from ${last.energyMilliWh} to ${sample.energyMilliWh} mWh`);
  const goesOn =
    sample.activity === last.activity &&
    sample.atMs < progress.timeBorderMs &&
    sample.energyMilliWh < progress.energyBorderMilliWh &&
    (!progress.boundaries.momentary || (sample.powerW === last.powerW && sample.currentMilliA === last.currentMilliA));
  if (goesOn) return { progress, last: sample };
  if (sample.activity === "reserved" && last.activity !== "reserved") broken("a reservation cannot follow the session");
  let cut = splitAtBoundaries(progress, last, sample);
  if (cut.began === undefined && sample.activity !== "reserved") cut = beginSession(cut, sample);
  return { progress: reselectComponents(cut, sample, sample.atMs, sample.energyMilliWh), last: sample };
}

type Change = { readonly atMs: number; readonly unitPrices: UnitPrices };
/** What follows from a course alone, so that it is worked out once per border and not once per sample. */
type Outlook = { readonly unitPrices: UnitPrices; readonly next: Change | undefined };
const outlooks = new WeakMap<SliceProgress, Outlook>();
const lookAheadMs = 8 * dayMs;
const mostCandidates = 500;

function outlookOf({ progress, last }: Rating): Outlook {
  const known = outlooks.get(progress);
  if (known !== undefined) return known;
  const outlook = {
    unitPrices: unitPricesAt(progress.tariff, conditionsAt(progress, last, last.atMs, last.energyMilliWh)),
    next: nextChangeOf(progress, last),
  };
  outlooks.set(progress, outlook);
  return outlook;
}

function nextChangeOf(progress: SliceProgress, last: Sample): Change | undefined {
  const untilMs = progress.timeBorderMs + lookAheadMs;
  let atMs = progress.timeBorderMs;
  for (let tries = 0; tries < mostCandidates && atMs < Number.POSITIVE_INFINITY && atMs <= untilMs; tries += 1) {
    const conditions = conditionsAt(progress, last, atMs, last.energyMilliWh);
    if (!sameSelection(select(progress.tariff, progress.activity, conditions), progress.selection))
      return { atMs, unitPrices: unitPricesAt(progress.tariff, conditions) };
    atMs = nextTimeBoundary(progress.boundaries, progress.options, progress.began?.atMs, atMs);
  }
  return undefined;
}

/**
 * The next instant at which time alone (time of day, date, DST, duration) changes a component; undefined if none within
 * eight days.
 */
export function nextBoundary(rating: Rating): number | undefined {
  return outlookOf(rating).next?.atMs;
}

function sliceList({ progress, last }: Rating): EndedSlice[] {
  const list: EndedSlice[] = [];
  for (let at = endSlice(progress, last.atMs, last.energyMilliWh).closed; at !== undefined; at = at.before)
    list.push(at);
  return list.reverse();
}

function withTax(tariff: Tariff, component: PriceComponent | undefined): { excl: string; incl: string } | undefined {
  if (component === undefined) return undefined;
  const text = decimalText(component.price);
  if (component.vat === undefined || tariff.taxIncluded === "N/A") return { excl: text, incl: text };
  if (tariff.taxIncluded === "NO") return { excl: text, incl: published(grossPrice(tariff, component)) };
  const hundred = { n: 100n, d: 1n };
  return {
    excl: published(divide(multiply(ratioOf(component.price), hundred), add(hundred, ratioOf(component.vat)))),
    incl: text,
  };
}

/** The unit prices of a tariff under given conditions: what charging costs, and what standing idle would. */
export function unitPricesAt(tariff: Tariff, conditions: Conditions): UnitPrices {
  const charging = select(tariff, "charging", conditions);
  const perKwh = withTax(tariff, charging.ENERGY);
  const perHour = withTax(tariff, charging.TIME);
  const idlePerHour = withTax(tariff, select(tariff, "parking", conditions).PARKING_TIME);
  return { ...(perKwh && { perKwh }), ...(perHour && { perHour }), ...(idlePerHour && { idlePerHour }) };
}

/** What the gross may still grow by; where the tariff caps only the net, in proportion. */
function leftUnderCap(tariff: Tariff, accrued: Taxed): Ratio | undefined {
  const cap = tariff.maxPrice;
  if (cap === undefined) return undefined;
  if (cap.incl !== undefined) return subtract(ratioOf(cap.incl), accrued.incl);
  const left = subtract(ratioOf(cap.excl), accrued.excl);
  return accrued.excl.n === 0n ? left : divide(multiply(left, accrued.incl), accrued.excl);
}

/** The whole session at the last sample, worked out slice by slice. */
function workingOf(rating: Rating): Working {
  const { tariff, began } = rating.progress;
  // A reservation that no session came for has expired.
  return work(
    componentUsages(
      sliceList(rating).map((one) => one.slice),
      unitsPer,
      began === undefined,
    ),
    unitsPer,
    tariff,
  );
}

/** The running figures at the last sample. */
export function live(rating: Rating): LivePrice {
  const { progress, last } = rating;
  const { tariff } = progress;
  const { accrued, ifStopped } = runningTotals(
    addSlice(progress.runningTotal, openSlice(progress, last.atMs, last.energyMilliWh), unitsPer),
    unitsPer,
    tariff,
  );
  const left = leftUnderCap(tariff, accrued);
  const { unitPrices, next } = outlookOf(rating);
  return {
    accrued: amountText(accrued),
    ifStoppedNow: amountText(progress.began === undefined ? workingOf(rating).limited.total : ifStopped),
    currency: tariff.currency,
    unitPrices,
    ...(next === undefined ? {} : { nextChange: next }),
    ...(left === undefined ? {} : { leftUnderCap: published(left) }),
  };
}

/** The bill of a session that ends at the last sample, with its working. */
export function bill(rating: Rating, language: Language = "en"): Price {
  const { progress, last } = rating;
  const ended = endSlice(progress, last.atMs, last.energyMilliWh);
  const working = workingOf(rating);
  return billOf(working, {
    timeRule: progress.options.clockTrusted ? localTimeRule : untrustedTimeRule,
    warnings: taxWarnings(working),
    energyMilliWh: progress.began === undefined ? 0 : last.energyMilliWh - progress.began.energyMilliWh,
    timeMs: ended.timeMs,
    parkingMs: ended.parkingMs,
    language,
  });
}

/**
 * The bill of a session whose clock became good before it ended: the lower of the full price, over the time line
 * rebuilt from the monotonic clock, and the reduced one. Both ratings are of the same samples.
 */
export function lowerBill(full: Rating, reduced: Rating, language: Language = "en"): Price {
  const gross = (rating: Rating): Ratio => workingOf(rating).limited.total.incl;
  const lower = compare(gross(reduced), gross(full)) < 0 ? reduced : full;
  return { ...bill(lower, language), timeRule: lowerOfBothRule };
}

/** The charging periods so far: a new one begins wherever a component or the activity changed. */
export function periods(rating: Rating): readonly ChargingPeriod[] {
  const tariffId = rating.progress.tariff.id;
  const list = sliceList(rating).map(
    ({ slice, activity, energyMilliWh, power, current }): ChargingPeriod => ({
      startMs: slice.fromMs,
      endMs: slice.toMs,
      activity,
      tariffId,
      energyMilliWh,
      ...(power === undefined ? {} : { powerW: power }),
      ...(current === undefined ? {} : { currentMilliA: current }),
    }),
  );
  const lasting = list.filter((period) => period.endMs > period.startMs || period.energyMilliWh > 0);
  return lasting.length > 0 ? lasting : list;
}

/** Whether the same components hold now in both; where not, the station writes the sample down. */
export function sameComponents(a: Rating, b: Rating): boolean {
  return a.progress.activity === b.progress.activity && sameSelection(a.progress.selection, b.progress.selection);
}

export type { Activity, ChargingPeriod, Price, RatingOptions, Sample };
