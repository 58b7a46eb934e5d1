// The live engine: samples come in one by one, the price of the session so far comes out, and the last live figure is the bill.
// A rating is an immutable value. A sample only moves its end; the list of closed slices grows at borders alone, and is shared, never copied.
import { amountText, billOf, localTimeRule, runningTotals, usesOf, unitsPer } from "./bill.js";
import type { Language } from "./explain.js";
import { decimalText, published, ratioOf, type Decimal } from "./money.js";
import type { Activity, ChargingPeriod } from "./period.js";
import type { Price } from "./price.js";
import type { Conditions } from "./restrictions.js";
import { sameSelection, select, type Selection } from "./selection.js";
import { mergeByComponent, unitsPerMilliWh, unitsPerMs, type Slice, type Use } from "./tally.js";
import type { PriceComponent, Tariff } from "./tariff.js";
import { localTime } from "./time.js";
import { bordersOf, nextTimeBorder, type Borders } from "./borders.js";

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

type Closed = { readonly slice: Slice; readonly activity: Activity; readonly energyMilliWh: number; readonly before: Closed | undefined };

/** A session's price in the making. Opaque: read it by the functions of this file. */
export type Rating = {
  readonly tariff: Tariff;
  readonly options: RatingOptions;
  readonly borders: Borders;
  readonly first: Sample;
  readonly last: Sample;
  /** When the reservation was over, and the register then; undefined while there is only a reservation. */
  readonly began: { readonly atMs: number; readonly energyMilliWh: number } | undefined;
  /** Where the open slice began. */
  readonly openMs: number;
  readonly openMilliWh: number;
  readonly selection: Selection;
  /** The next instant at which a restriction on time may flip, and the next session energy at which one on energy does. */
  readonly timeBorderMs: number;
  readonly energyBorder: number;
  readonly closed: Closed | undefined;
  /** What the closed slices used, one entry per component, the last used last. */
  readonly sums: readonly Use[];
  readonly timeMs: number;
  readonly parkingMs: number;
};

function assert(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(`rating: ${message}`);
}

function conditionsAt(rating: Pick<Rating, "options" | "began">, sample: Sample, atMs: number, register: number): Conditions {
  const { began, options } = rating;
  const powerKw = sample.powerW / 1000;
  const currentA = sample.currentMilliA === undefined ? undefined : sample.currentMilliA / 1000;
  return {
    local: options.clockTrusted ? localTime(options.timeZone, atMs) : undefined,
    energyMilliWh: began === undefined ? 0 : register - began.energyMilliWh,
    durationMs: options.durationsKnown === false ? undefined : began === undefined ? 0 : atMs - began.atMs,
    lowCurrentA: currentA, highCurrentA: currentA, lowPowerKw: powerKw, highPowerKw: powerKw,
  };
}

/** Looks at the tariff afresh at a point: the components that hold from it on, and the next borders. */
function open(rating: Rating, sample: Sample, atMs: number, register: number): Rating {
  const conditions = conditionsAt(rating, sample, atMs, register);
  const selection = select(rating.tariff, sample.activity, conditions);
  const timeBorderMs = nextTimeBorder(rating.borders, rating.options, rating.began?.atMs, atMs);
  const energyBorder = rating.borders.energy.find((threshold) => threshold > conditions.energyMilliWh) ?? Infinity;
  const goesOn = sample.activity === rating.last.activity && sameSelection(selection, rating.selection);
  if (goesOn) return { ...rating, timeBorderMs, energyBorder };
  return { ...close(rating, atMs, register), openMs: atMs, openMilliWh: register, selection, timeBorderMs, energyBorder };
}

function openSlice(rating: Rating, toMs: number, register: number): Slice {
  const time = BigInt(toMs - rating.openMs) * unitsPerMs;
  const { activity } = rating.last;
  return {
    tariff: rating.tariff, fromMs: rating.openMs, toMs, selection: rating.selection,
    energy: activity === "reserved" ? 0n : BigInt(register - rating.openMilliWh) * unitsPerMilliWh,
    time: activity === "charging" ? time : 0n,
    parking: activity === "parking" ? time : 0n,
    reservation: activity === "reserved" ? time : 0n,
    pause: activity === "suspended",
  };
}

/** Puts the open slice away. A slice in which nothing passed is not one. */
function close(rating: Rating, toMs: number, register: number): Rating {
  const { activity } = rating.last;
  if (toMs === rating.openMs && register === rating.openMilliWh && rating.selection.FLAT === undefined) return rating;
  const slice = openSlice(rating, toMs, register);
  const length = toMs - rating.openMs;
  return {
    ...rating,
    closed: { slice, activity, energyMilliWh: register - rating.openMilliWh, before: rating.closed },
    sums: addSums(rating.sums, slice),
    timeMs: rating.timeMs + (activity === "reserved" ? 0 : length),
    parkingMs: rating.parkingMs + (activity === "parking" || activity === "suspended" ? length : 0),
  };
}

function addSums(sums: readonly Use[], slice: Slice): readonly Use[] {
  const fresh = usesOf([slice], unitsPer, false).filter((use) => !isOnce(use) || !sums.some((one) => one.charge === use.charge));
  return fresh.length === 0 ? sums : mergeByComponent([...sums, ...fresh]);
}

function isOnce(use: Use): boolean {
  return use.charge === "FLAT" || use.charge === "RESERVATION_FLAT";
}

/** The first sample of a session, or of its reservation. Throws RangeError for an unknown zone. */
export function beginRating(tariff: Tariff, options: RatingOptions, first: Sample): Rating {
  checkSample(first);
  const began = first.activity === "reserved" ? undefined : { atMs: first.atMs, energyMilliWh: first.energyMilliWh };
  const blank: Rating = {
    tariff, options, borders: bordersOf(tariff), first, last: first, began,
    openMs: first.atMs, openMilliWh: first.energyMilliWh, selection: {}, timeBorderMs: 0, energyBorder: 0,
    closed: undefined, sums: [], timeMs: 0, parkingMs: 0,
  };
  return open(blank, first, first.atMs, first.energyMilliWh);
}

function checkSample(sample: Sample): void {
  assert(Number.isSafeInteger(sample.atMs), `a sample at ${sample.atMs} ms is no whole millisecond`);
  assert(Number.isSafeInteger(sample.energyMilliWh), `a register of ${sample.energyMilliWh} mWh is not whole`);
  assert(Number.isFinite(sample.powerW), `a power of ${sample.powerW} W is no number`);
}

/** `part` of `whole`-ths of `amount`, rounded down; exact where doubles are not. */
function share(amount: number, part: number, whole: number): number {
  return Number((BigInt(amount) * BigInt(part)) / BigInt(whole));
}

/** Cuts the way from the last sample to `sample` at every border that lies between them; energy between samples is taken as linear. */
function cutBorders(rating: Rating, sample: Sample): Rating {
  let state = rating;
  const { last } = rating;
  const spanMs = sample.atMs - last.atMs;
  const span = sample.energyMilliWh - last.energyMilliWh;
  for (;;) {
    const crossing = state.began === undefined ? Infinity : state.began.energyMilliWh + state.energyBorder;
    const crossingMs = crossing < sample.energyMilliWh && span > 0 ? last.atMs + share(spanMs, crossing - last.energyMilliWh, span) : Infinity;
    const timeMs = state.timeBorderMs < sample.atMs ? state.timeBorderMs : Infinity;
    if (crossingMs === Infinity && timeMs === Infinity) return state;
    state = crossingMs <= timeMs
      ? open(state, last, crossingMs, crossing)
      : open(state, last, timeMs, last.energyMilliWh + share(span, timeMs - last.atMs, spanMs));
  }
}

/** The rating after one more sample. Throws when time or energy run backwards: that is never a matter of price. */
export function advance(rating: Rating, sample: Sample): Rating {
  checkSample(sample);
  const { last } = rating;
  assert(sample.atMs >= last.atMs, `a sample at ${sample.atMs} came after one at ${last.atMs}`);
  assert(sample.energyMilliWh >= last.energyMilliWh, `the register fell from ${last.energyMilliWh} to ${sample.energyMilliWh} mWh`);
  assert(sample.activity !== "reserved" || last.activity === "reserved", "a reservation cannot follow the session");
  const borderPassed = sample.atMs > rating.timeBorderMs || (rating.began !== undefined && sample.energyMilliWh - rating.began.energyMilliWh > rating.energyBorder);
  let state = borderPassed ? cutBorders(rating, sample) : rating;
  const begins = state.began === undefined && sample.activity !== "reserved";
  const same = !begins && sample.activity === last.activity && sample.atMs < state.timeBorderMs
    && (state.began === undefined || sample.energyMilliWh - state.began.energyMilliWh < state.energyBorder)
    && (!state.borders.momentary || (sample.powerW === last.powerW && sample.currentMilliA === last.currentMilliA));
  if (same) return { ...state, last: sample };
  if (begins) {
    const closed = close(state, sample.atMs, sample.energyMilliWh);
    state = { ...closed, began: { atMs: sample.atMs, energyMilliWh: sample.energyMilliWh }, openMs: sample.atMs, openMilliWh: sample.energyMilliWh, selection: {} };
  }
  return { ...open(state, sample, sample.atMs, sample.energyMilliWh), last: sample };
}

/** The next instant at which time alone (time of day, date, DST, duration) changes a component; undefined within the coming eight days. */
export function nextBorder(rating: Rating): number | undefined {
  return nextChangeOf(rating)?.atMs;
}

const lookAheadMs = 8 * 86_400_000;
const mostCandidates = 500;

function nextChangeOf(rating: Rating): { atMs: number; conditions: Conditions } | undefined {
  const { last } = rating;
  let atMs = rating.timeBorderMs;
  for (let tries = 0; tries < mostCandidates && atMs <= last.atMs + lookAheadMs; tries += 1) {
    const conditions = conditionsAt(rating, last, atMs, last.energyMilliWh);
    if (!sameSelection(select(rating.tariff, last.activity, conditions), rating.selection)) return { atMs, conditions };
    atMs = nextTimeBorder(rating.borders, rating.options, rating.began?.atMs, atMs);
  }
  return undefined;
}

function sliceList(rating: Rating): Closed[] {
  const list: Closed[] = [];
  const ended = close(rating, rating.last.atMs, rating.last.energyMilliWh);
  for (let at = ended.closed; at !== undefined; at = at.before) list.push(at);
  return list.reverse();
}

function liveUses(rating: Rating): readonly Use[] {
  // A reservation that nobody came for is priced as expired: which elements that takes is known only now.
  if (rating.began === undefined) return usesOf(sliceList(rating).map((one) => one.slice), unitsPer, true);
  return addSums(rating.sums, openSlice(rating, rating.last.atMs, rating.last.energyMilliWh));
}

function withTax(tariff: Tariff, component: PriceComponent | undefined): { excl: string; incl: string } | undefined {
  if (component === undefined) return undefined;
  const price = ratioOf(component.price);
  const text = decimalText(component.price);
  if (component.vat === undefined || tariff.taxIncluded === "N/A") return { excl: text, incl: text };
  const factor = ratioOf({ digits: component.vat.digits + 100n * 10n ** BigInt(component.vat.scale), scale: component.vat.scale + 2 } satisfies Decimal);
  return tariff.taxIncluded === "YES"
    ? { excl: published({ n: price.n * factor.d, d: price.d * factor.n }), incl: text }
    : { excl: text, incl: published({ n: price.n * factor.n, d: price.d * factor.d }) };
}

/** The unit prices of a tariff under given conditions: what charging costs, and what standing idle would. */
export function unitPricesAt(tariff: Tariff, conditions: Conditions): UnitPrices {
  const charging = select(tariff, "charging", conditions);
  const perKwh = withTax(tariff, charging.ENERGY);
  const perHour = withTax(tariff, charging.TIME);
  const idlePerHour = withTax(tariff, select(tariff, "parking", conditions).PARKING_TIME);
  return { ...(perKwh && { perKwh }), ...(perHour && { perHour }), ...(idlePerHour && { idlePerHour }) };
}

/** The running figures at the last sample. */
export function live(rating: Rating): LivePrice {
  const { tariff, last } = rating;
  const { accrued, ifStopped, leftUnderCap } = runningTotals(liveUses(rating), tariff, unitsPer);
  const next = nextChangeOf(rating);
  return {
    accrued: amountText(accrued),
    ifStoppedNow: amountText(ifStopped),
    currency: tariff.currency,
    unitPrices: unitPricesAt(tariff, conditionsAt(rating, last, last.atMs, last.energyMilliWh)),
    ...(next === undefined ? {} : { nextChange: { atMs: next.atMs, unitPrices: unitPricesAt(tariff, next.conditions) } }),
    ...(leftUnderCap === undefined ? {} : { leftUnderCap: published(leftUnderCap) }),
  };
}

/** The bill of a session that ends at the last sample, with its working. */
export function bill(rating: Rating, language: Language = "en"): Price {
  const ended = close(rating, rating.last.atMs, rating.last.energyMilliWh);
  return billOf({
    slices: sliceList(rating).map((one) => one.slice),
    per: unitsPer,
    tariff: rating.tariff,
    expired: rating.began === undefined,
    timeZone: rating.options.timeZone,
    timeRule: rating.options.clockTrusted ? localTimeRule : untrustedTimeRule,
    warnings: [],
    energyMilliWh: rating.began === undefined ? 0 : rating.last.energyMilliWh - rating.began.energyMilliWh,
    timeMs: ended.timeMs,
    parkingMs: ended.parkingMs,
    language,
  });
}

/** The charging periods so far: a new one begins wherever a component or the activity changed. */
export function periods(rating: Rating): readonly ChargingPeriod[] {
  return sliceList(rating).map(({ slice, activity, energyMilliWh }) => ({
    startMs: slice.fromMs, endMs: slice.toMs, activity, tariffId: rating.tariff.id, energyMilliWh,
  }));
}

/** Whether the same components hold now in both; where not, the station writes the sample down. */
export function sameComponents(a: Rating, b: Rating): boolean {
  return a.last.activity === b.last.activity && sameSelection(a.selection, b.selection);
}

export type { Activity, ChargingPeriod, Price };
