// The running figures of a session: what it costs so far, what the bill would be now, the unit prices in force, and when
// time alone will change them.

import { decimalText } from "../../../config/decimal.js";
import { add, divide, multiply, publishedText, type Ratio, ratioOf, subtract } from "../number/money.js";
import { grossPrice, sameSelection, selectComponents } from "../tariff/component-selection.js";
import type { Conditions } from "../tariff/restrictions.js";
import type { PriceComponent, Tariff } from "../tariff/tariff.js";
import { dayMs } from "../time/time.js";
import { amountText } from "./bill.js";
import { isWithoutEnergy, type Rating, type RatingProgress, slicesOf, totalOf } from "./rating.js";
import { addSlice, noRunningTotal, type RunningFigures, runningFigures } from "./running-total.js";
import { boundaryAfter, conditionsAt, type Sample } from "./sample.js";
import { costingOf } from "./session-bill.js";
import { unitsPer } from "./slice.js";
import { noAmount, type TaxedAmount } from "./taxed.js";

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
  readonly nextChange?: PriceChange;
  /** What is left under max_price, incl. tax. */
  readonly leftUnderCap?: string;
};

type PriceChange = { readonly atMs: number; readonly unitPrices: UnitPrices };

/** How far ahead a change of price is looked for, and at how many boundaries at most. */
const lookAheadMs = 8 * dayMs;
const mostCandidates = 500;

/** The running figures at the last sample. */
export function livePrice(rating: Rating): LivePrice {
  const { progress } = rating;
  const { tariff } = progress;
  const { accrued, ifStopped } = figuresOf(rating);
  const left = leftUnderCap(tariff, accrued);
  const { unitPrices, next } = upcomingOf(rating);
  return {
    accrued: amountText(accrued),
    ifStoppedNow: amountText(ifStopped),
    currency: tariff.currency,
    unitPrices,
    ...(next === undefined ? {} : { nextChange: next }),
    ...(left === undefined ? {} : { leftUnderCap: publishedText(left) }),
  };
}

/** What the bill would come to incl. tax if the session ended at the last sample, exact: only what it comes to. */
export const grossIfStopped = (rating: Rating): Ratio => figuresOf(rating).ifStopped.incl;

function figuresOf(rating: Rating): RunningFigures {
  const { tariff, start } = rating.progress;
  return start === undefined || isWithoutEnergy(rating)
    ? figuresOfReservation(rating)
    : runningFigures(totalOf(rating), unitsPer, tariff);
}

/** The figures where no energy has flowed: of a reservation that was used up, or that nothing followed yet. */
function figuresOfReservation(rating: Rating): RunningFigures {
  const reserved = slicesOf(rating).filter(({ period }) => period.activity === "reserved");
  if (reserved.length === 0) return { accrued: noAmount, ifStopped: noAmount };
  const total = reserved.reduce((sum, { slice }) => addSlice(sum, slice, unitsPer), noRunningTotal);
  const { accrued } = runningFigures(total, unitsPer, rating.progress.tariff);
  return { accrued, ifStopped: costingOf(rating).limited.total };
}

/**
 * The next instant at which time alone (time of day, date, DST, duration) changes a component; undefined if none within
 * eight days.
 */
export function nextBoundary(rating: Rating): number | undefined {
  return upcomingOf(rating).next?.atMs;
}

/** What follows from the progress alone, so that it is worked out once per boundary and not once per sample. */
type Upcoming = { readonly unitPrices: UnitPrices; readonly next: PriceChange | undefined };
const upcomings = new WeakMap<RatingProgress, Upcoming>();

function upcomingOf({ progress, last }: Rating): Upcoming {
  const known = upcomings.get(progress);
  if (known !== undefined) return known;
  const upcoming = {
    unitPrices: unitPricesAt(progress.tariff, conditionsAt(progress, last)),
    next: nextChangeOf(progress, last),
  };
  upcomings.set(progress, upcoming);
  return upcoming;
}

function nextChangeOf(progress: RatingProgress, last: Sample): PriceChange | undefined {
  const { tariff, open, boundary } = progress;
  const untilMs = boundary.atMs + lookAheadMs;
  let { atMs } = boundary;
  for (let tries = 0; tries < mostCandidates && atMs < Number.POSITIVE_INFINITY && atMs <= untilMs; tries += 1) {
    const then: Sample = { ...last, atMs };
    const conditions = conditionsAt(progress, then);
    if (!sameSelection(selectComponents(tariff, open.activity, conditions), open.selection))
      return { atMs, unitPrices: unitPricesAt(tariff, conditions) };
    ({ atMs } = boundaryAfter(progress, then));
  }
  return undefined;
}

/** The unit prices of a tariff under given conditions: what charging costs, and what idling would. */
function unitPricesAt(tariff: Tariff, conditions: Conditions): UnitPrices {
  const charging = selectComponents(tariff, "charging", conditions);
  const perKwh = withTax(tariff, charging.ENERGY);
  const perHour = withTax(tariff, charging.TIME);
  const idlePerHour = withTax(tariff, selectComponents(tariff, "parking", conditions).PARKING_TIME);
  return { ...(perKwh && { perKwh }), ...(perHour && { perHour }), ...(idlePerHour && { idlePerHour }) };
}

function withTax(tariff: Tariff, component: PriceComponent | undefined): { excl: string; incl: string } | undefined {
  if (component === undefined) return undefined;
  const text = decimalText(component.price);
  if (component.vat === undefined || tariff.taxIncluded === "N/A") return { excl: text, incl: text };
  if (tariff.taxIncluded === "NO") return { excl: text, incl: publishedText(grossPrice(tariff, component)) };
  const hundred = { n: 100n, d: 1n };
  return {
    excl: publishedText(divide(multiply(ratioOf(component.price), hundred), add(hundred, ratioOf(component.vat)))),
    incl: text,
  };
}

/** What the gross may still grow by; where the tariff caps only the net, in proportion. */
function leftUnderCap(tariff: Tariff, accrued: TaxedAmount): Ratio | undefined {
  const cap = tariff.maxPrice;
  if (cap === undefined) return undefined;
  if (cap.incl !== undefined) return subtract(ratioOf(cap.incl), accrued.incl);
  const left = subtract(ratioOf(cap.excl), accrued.excl);
  return accrued.excl.n === 0n ? left : divide(multiply(left, accrued.incl), accrued.excl);
}
