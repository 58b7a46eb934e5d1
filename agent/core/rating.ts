// The live engine: samples come in one by one, the price of the session so far comes out, and the last live figure is the bill.
// A rating is an immutable value in two parts: the last sample, and the course of the session up to the last border. A sample between two
// borders replaces the first and keeps the second, so that it costs the same however old the session is.
import { amountText, billOf, localTimeRule } from "./bill.js";
import { bordersOf, nextTimeBorder, type Borders } from "./borders.js";
import type { Language } from "./explain.js";
import { compare, decimalText, divide, multiply, published, ratioOf, subtract, zero, type Ratio } from "./money.js";
import type { Activity, ChargingPeriod } from "./period.js";
import type { Price } from "./price.js";
import type { Conditions } from "./restrictions.js";
import { grossPrice, sameSelection, select, type Selection } from "./selection.js";
import {
  applyLimits, mergeByComponent, totalsOf, unitsPer, unitsPerMilliWh, unitsPerMs, usesOf, work, type Slice, type Taxed, type Use,
} from "./tally.js";
import type { PriceComponent, Tariff } from "./tariff.js";
import { dayMs, localTime } from "./time.js";

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

type Closed = {
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
type Course = {
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
  /** What the closed slices used, one entry per component, the last used last. */
  readonly sums: readonly Use[];
  readonly timeMs: number;
  readonly parkingMs: number;
};

/** A session's price in the making. Opaque: read it by the functions of this file. */
export type Rating = { readonly course: Course; readonly last: Sample };

/** A broken promise of ours: we stop rather than bill. */
function broken(message: string): never {
  throw new Error(`rating: ${message}`);
}

function checkSample({ atMs, energyMilliWh, powerW, currentMilliA }: Sample): void {
  if (!Number.isSafeInteger(atMs)) broken(`a sample at ${atMs} ms is no whole millisecond`);
  if (!Number.isSafeInteger(energyMilliWh)) broken(`a register of ${energyMilliWh} mWh is not whole`);
  if (!Number.isFinite(powerW)) broken(`a power of ${powerW} W is no number`);
  if (currentMilliA !== undefined && !Number.isFinite(currentMilliA)) broken(`a current of ${currentMilliA} mA is no number`);
}

function conditionsAt({ options, began }: Course, sample: Sample, atMs: number, register: number): Conditions {
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
function lookAgain(course: Course, sample: Sample, atMs: number, register: number): Course {
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

function openSlice(course: Course, toMs: number, register: number): Slice {
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
function close(course: Course, toMs: number, register: number): Course {
  const { activity, selection } = course;
  const fees = selection.FLAT !== undefined || selection.RESERVATION_FLAT !== undefined || selection.EXPIRY_FLAT !== undefined;
  if (toMs === course.openMs && register === course.openMilliWh && !fees) return course;
  const slice = openSlice(course, toMs, register);
  const length = toMs - course.openMs;
  return {
    ...course,
    closed: { slice, activity, energyMilliWh: register - course.openMilliWh, power: course.power, current: course.current, before: course.closed },
    sums: addSums(course.sums, slice),
    timeMs: course.timeMs + (activity === "reserved" ? 0 : length),
    parkingMs: course.parkingMs + (activity === "parking" || activity === "suspended" ? length : 0),
  };
}

function addSums(sums: readonly Use[], slice: Slice): readonly Use[] {
  const fresh = usesOf([slice], unitsPer, false).filter((use) => !(use.charge.endsWith("FLAT") && sums.some((one) => one.charge === use.charge)));
  return fresh.length === 0 ? sums : mergeByComponent([...sums, ...fresh]);
}

/** The first sample of a session, or of its reservation. Throws RangeError for an unknown zone. */
export function beginRating(tariff: Tariff, options: RatingOptions, first: Sample): Rating {
  checkSample(first);
  const blank: Course = {
    tariff, options, borders: bordersOf(tariff),
    began: first.activity === "reserved" ? undefined : { atMs: first.atMs, energyMilliWh: first.energyMilliWh },
    openMs: first.atMs, openMilliWh: first.energyMilliWh, activity: first.activity, selection: {}, power: undefined, current: undefined,
    timeBorderMs: 0, energyBorderMilliWh: 0, closed: undefined, sums: [], timeMs: 0, parkingMs: 0,
  };
  return { course: lookAgain(blank, first, first.atMs, first.energyMilliWh), last: first };
}

/** `amount` x `part` / `whole`, rounded down, exact where doubles would not be. */
function share(amount: number, part: number, whole: number): number {
  return Number((BigInt(amount) * BigInt(part)) / BigInt(whole));
}

/** Cuts the way from the last sample to the next at every border that lies between them; energy between samples is taken as linear. */
function cutBorders(course: Course, last: Sample, next: Sample): Course {
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

/** The rating after one more sample. Throws when time or energy run backwards: no price can make that right. */
export function advance(rating: Rating, sample: Sample): Rating {
  checkSample(sample);
  const { last, course } = rating;
  if (sample.atMs < last.atMs) broken(`a sample at ${sample.atMs} came after one at ${last.atMs}`);
  if (sample.energyMilliWh < last.energyMilliWh) broken(`the register fell from ${last.energyMilliWh} to ${sample.energyMilliWh} mWh`);
  const goesOn = sample.activity === last.activity && sample.atMs < course.timeBorderMs && sample.energyMilliWh < course.energyBorderMilliWh
    && (!course.borders.momentary || (sample.powerW === last.powerW && sample.currentMilliA === last.currentMilliA));
  if (goesOn) return { course, last: sample };
  if (sample.activity === "reserved" && last.activity !== "reserved") broken("a reservation cannot follow the session");
  let cut = cutBorders(course, last, sample);
  if (cut.began === undefined && sample.activity !== "reserved")
    cut = { ...close(cut, sample.atMs, sample.energyMilliWh), began: { atMs: sample.atMs, energyMilliWh: sample.energyMilliWh }, openMs: sample.atMs, openMilliWh: sample.energyMilliWh, selection: {} };
  return { course: lookAgain(cut, sample, sample.atMs, sample.energyMilliWh), last: sample };
}

type Change = { readonly atMs: number; readonly unitPrices: UnitPrices };
/** What follows from a course alone, so that it is worked out once per border and not once per sample. */
type Outlook = { readonly unitPrices: UnitPrices; readonly next: Change | undefined };
const outlooks = new WeakMap<Course, Outlook>();
const lookAheadMs = 8 * dayMs;
const mostCandidates = 500;

function outlookOf({ course, last }: Rating): Outlook {
  const known = outlooks.get(course);
  if (known !== undefined) return known;
  const outlook = { unitPrices: unitPricesAt(course.tariff, conditionsAt(course, last, last.atMs, last.energyMilliWh)), next: nextChangeOf(course, last) };
  outlooks.set(course, outlook);
  return outlook;
}

function nextChangeOf(course: Course, last: Sample): Change | undefined {
  const untilMs = course.timeBorderMs + lookAheadMs;
  let atMs = course.timeBorderMs;
  for (let tries = 0; tries < mostCandidates && atMs < Infinity && atMs <= untilMs; tries += 1) {
    const conditions = conditionsAt(course, last, atMs, last.energyMilliWh);
    if (!sameSelection(select(course.tariff, course.activity, conditions), course.selection)) return { atMs, unitPrices: unitPricesAt(course.tariff, conditions) };
    atMs = nextTimeBorder(course.borders, course.options, course.began?.atMs, atMs);
  }
  return undefined;
}

/** The next instant at which time alone (time of day, date, DST, duration) changes a component; undefined if none within eight days. */
export function nextBorder(rating: Rating): number | undefined {
  return outlookOf(rating).next?.atMs;
}

function sliceList({ course, last }: Rating): Closed[] {
  const list: Closed[] = [];
  for (let at = close(course, last.atMs, last.energyMilliWh).closed; at !== undefined; at = at.before) list.push(at);
  return list.reverse();
}

function withTax(tariff: Tariff, component: PriceComponent | undefined): { excl: string; incl: string } | undefined {
  if (component === undefined) return undefined;
  const text = decimalText(component.price);
  if (component.vat === undefined || tariff.taxIncluded === "N/A") return { excl: text, incl: text };
  if (tariff.taxIncluded === "NO") return { excl: text, incl: published(grossPrice(tariff, component)) };
  const hundred = { n: 100n, d: 1n };
  return { excl: published(divide(multiply(ratioOf(component.price), hundred), subtract(hundred, subtract(zero, ratioOf(component.vat))))), incl: text };
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

/** The running figures at the last sample. */
export function live(rating: Rating): LivePrice {
  const { course, last } = rating;
  const { tariff } = course;
  // A reservation that nobody came for is priced as expired: which elements that takes is known only at its end.
  const uses = course.began === undefined
    ? usesOf(sliceList(rating).map((one) => one.slice), unitsPer, true)
    : addSums(course.sums, openSlice(course, last.atMs, last.energyMilliWh));
  const accrued = applyLimits(totalsOf(uses, unitsPer).sum, tariff, { min: false }).total;
  const left = leftUnderCap(tariff, accrued);
  const { unitPrices, next } = outlookOf(rating);
  return {
    accrued: amountText(accrued),
    ifStoppedNow: amountText(work(uses, unitsPer, tariff).limited.total),
    currency: tariff.currency,
    unitPrices,
    ...(next === undefined ? {} : { nextChange: next }),
    ...(left === undefined ? {} : { leftUnderCap: published(left) }),
  };
}

/** The bill of a session that ends at the last sample, with its working. */
export function bill(rating: Rating, language: Language = "en"): Price {
  const { course, last } = rating;
  const ended = close(course, last.atMs, last.energyMilliWh);
  const uses = usesOf(sliceList(rating).map((one) => one.slice), unitsPer, course.began === undefined);
  return billOf(work(uses, unitsPer, course.tariff), {
    timeRule: course.options.clockTrusted ? localTimeRule : untrustedTimeRule,
    warnings: [],
    energyMilliWh: course.began === undefined ? 0 : last.energyMilliWh - course.began.energyMilliWh,
    timeMs: ended.timeMs,
    parkingMs: ended.parkingMs,
    language,
  });
}

/**
 * The bill of a session whose clock became good before it ended: the lower of the full price, over the time line rebuilt from the monotonic
 * clock, and the reduced one. Both ratings are of the same samples.
 */
export function lowerBill(full: Rating, reduced: Rating, language: Language = "en"): Price {
  const gross = (rating: Rating): Ratio => work(usesOf(sliceList(rating).map((one) => one.slice), unitsPer, rating.course.began === undefined), unitsPer, rating.course.tariff).limited.total.incl;
  const lower = compare(gross(reduced), gross(full)) < 0 ? reduced : full;
  return { ...bill(lower, language), timeRule: lowerOfBothRule };
}

/** The charging periods so far: a new one begins wherever a component or the activity changed. */
export function periods(rating: Rating): readonly ChargingPeriod[] {
  const tariffId = rating.course.tariff.id;
  const list = sliceList(rating).map(({ slice, activity, energyMilliWh, power, current }): ChargingPeriod => ({
    startMs: slice.fromMs, endMs: slice.toMs, activity, tariffId, energyMilliWh,
    ...(power === undefined ? {} : { powerW: power }),
    ...(current === undefined ? {} : { currentMilliA: current }),
  }));
  const lasting = list.filter((period) => period.endMs > period.startMs || period.energyMilliWh > 0);
  return lasting.length > 0 ? lasting : list;
}

/** Whether the same components hold now in both; where not, the station writes the sample down. */
export function sameComponents(a: Rating, b: Rating): boolean {
  return a.course.activity === b.course.activity && sameSelection(a.course.selection, b.course.selection);
}

export type { Activity, ChargingPeriod, Price };
