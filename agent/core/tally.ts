// From what was used to what it costs: step sizes, tax and limits over exact quantities. The live engine and the pricing of CDRs both end
// here, so that a display and a bill cannot differ. Quantities are gathered whole and multiplied by the price once.
import { add, compare, digitsAt, divide, multiply, ratioOf, subtract, tenTo, zero, type Decimal, type Ratio } from "./money.js";
import type { Selection } from "./selection.js";
import type { Charge, PriceComponent, PriceLimit, Tariff } from "./tariff.js";

/**
 * Quantities are whole numbers of 1/`per` of a kWh, an hour or a piece. 18 million is the least number in which both a milliwatt-hour
 * and a millisecond are whole; a CDR with more decimals counts in a finer unit (a power of ten more).
 */
export const unitsPer = 18_000_000n;
export const unitsPerMilliWh = 18n;
export const unitsPerMs = 5n;

/** A stretch of a session in which the same components held. */
export type Slice = {
  readonly tariff: Tariff;
  readonly fromMs: number;
  readonly toMs: number;
  readonly selection: Selection;
  readonly energy: bigint;
  readonly time: bigint;
  readonly parking: bigint;
  readonly reservation: bigint;
  /** True for a pause in which nothing but energy can be charged. */
  readonly pause: boolean;
};

/** What was used of one component. */
export type Use = {
  readonly charge: Charge;
  readonly tariff: Tariff;
  readonly component: PriceComponent;
  readonly fromMs: number;
  readonly toMs: number;
  readonly quantity: bigint;
  /** How long the car stood free of charge right before an idle stretch. */
  readonly graceMs: number;
};

/** The published totals that a charge counts into. */
export type Group = "energy" | "time" | "parking" | "fixed" | "reservation";
const groupOf: Record<Charge, Group> = {
  ENERGY: "energy", TIME: "time", PARKING_TIME: "parking", FLAT: "fixed",
  RESERVATION_TIME: "reservation", RESERVATION_FLAT: "reservation", EXPIRY_TIME: "reservation", EXPIRY_FLAT: "reservation",
};

/** Tax of one rate; `rate` absent = the tariff states none. */
export type TaxPart = { readonly rate: Decimal | undefined; readonly net: Ratio; readonly tax: Ratio };
export type Taxed = { readonly excl: Ratio; readonly incl: Ratio; readonly parts: readonly TaxPart[] };

/** More stretches than this of one charge are merged by component: a receipt must stay a receipt. */
const mostStretches = 48;

/** Gathers what slices used, in order; neighbouring stretches of one component are one use. */
class Uses {
  readonly list: Use[] = [];
  readonly #last: { [Key in Charge]?: number } = {};
  readonly #counts: { [Key in Charge]?: number } = {};
  #pauseFromMs: number | undefined;

  constructor(private readonly per: bigint, private readonly expired: boolean) {}

  add(slice: Slice): void {
    const { selection } = slice;
    this.#metered("ENERGY", selection.ENERGY, slice.energy, slice, true);
    this.#metered("TIME", selection.TIME, slice.time, slice, false);
    this.#metered("PARKING_TIME", selection.PARKING_TIME, slice.parking, slice, false);
    this.#once("FLAT", selection.FLAT, slice);
    if (selection.RESERVATION_TIME !== undefined || selection.EXPIRY_TIME !== undefined) {
      // Where both have TIME, the expired reservation is priced by the element for expiry (OCPI ReservationRestrictionType).
      const expiry = this.expired ? selection.EXPIRY_TIME : undefined;
      this.#metered(expiry === undefined ? "RESERVATION_TIME" : "EXPIRY_TIME", expiry ?? selection.RESERVATION_TIME, slice.reservation, slice, false);
    }
    this.#once("RESERVATION_FLAT", selection.RESERVATION_FLAT, slice);
    if (this.expired) this.#once("EXPIRY_FLAT", selection.EXPIRY_FLAT, slice);
    if (!slice.pause) this.#pauseFromMs = undefined;
    else this.#pauseFromMs ??= slice.fromMs;
  }

  #metered(charge: Charge, component: PriceComponent | undefined, quantity: bigint, slice: Slice, merge: boolean): void {
    // A component through which nothing went was not used, and has no say in the rounding.
    if (component === undefined || quantity === 0n) return;
    const lastIndex = this.#last[charge];
    const last = lastIndex === undefined ? undefined : this.list[lastIndex];
    if (last !== undefined && lastIndex !== undefined && last.component === component && (merge || last.toMs === slice.fromMs)) {
      this.list[lastIndex] = { ...last, toMs: slice.toMs, quantity: last.quantity + quantity };
      return;
    }
    const graceMs = charge === "PARKING_TIME" && this.#pauseFromMs !== undefined ? slice.fromMs - this.#pauseFromMs : 0;
    this.#push({ charge, tariff: slice.tariff, component, fromMs: slice.fromMs, toMs: slice.toMs, quantity, graceMs });
  }

  #once(charge: Charge, component: PriceComponent | undefined, slice: Slice): void {
    if (component === undefined || this.#last[charge] !== undefined) return;
    this.#push({ charge, tariff: slice.tariff, component, fromMs: slice.fromMs, toMs: slice.fromMs, quantity: this.per, graceMs: 0 });
  }

  #push(use: Use): void {
    this.#last[use.charge] = this.list.length;
    this.#counts[use.charge] = (this.#counts[use.charge] ?? 0) + 1;
    this.list.push(use);
  }

  /** The uses in their order, merged by component where there are too many to print. */
  finish(): Use[] {
    const crowded = (charge: Charge): boolean => (this.#counts[charge] ?? 0) > mostStretches;
    if (!this.list.some((use) => crowded(use.charge))) return this.list;
    return mergeByComponent(this.list, crowded);
  }
}

/** One use per component, each at the place of its last stretch: the last component of a charge stays the last. */
export function mergeByComponent(uses: readonly Use[], which: (charge: Charge) => boolean = () => true): Use[] {
  const merged: Use[] = [];
  for (const use of uses) {
    const at = which(use.charge) ? merged.findIndex((one) => one.charge === use.charge && one.component === use.component) : -1;
    const before = merged[at];
    if (before === undefined) merged.push(use);
    else {
      merged.splice(at, 1);
      merged.push({ ...use, fromMs: before.fromMs, quantity: before.quantity + use.quantity, graceMs: 0 });
    }
  }
  return merged;
}

/** What is billed of each metered charge, in units, after steps. */
export type Billed = { readonly energy: bigint; readonly time: bigint; readonly parking: bigint; readonly reservation: bigint };

type Metered = keyof Billed;
const meteredOf: { readonly [Key in Charge]?: Metered } = {
  ENERGY: "energy", TIME: "time", PARKING_TIME: "parking", RESERVATION_TIME: "reservation", EXPIRY_TIME: "reservation",
};

/** Applies step sizes (OCPI mod_cdrs, step_size): once per session for energy, once for time and parking together. Changes `uses`. */
export function applySteps(uses: Use[], per: bigint): Billed {
  const totals = { energy: 0n, time: 0n, parking: 0n, reservation: 0n };
  const last = { energy: -1, time: -1, parking: -1, reservation: -1 };
  for (let index = 0; index < uses.length; index += 1) {
    const use = uses[index] as Use;
    const kind = meteredOf[use.charge];
    if (kind === undefined) continue;
    totals[kind] += use.quantity;
    last[kind] = index;
  }
  // Where parking was used, charging time is not rounded: another time-based stretch came with it.
  return {
    energy: applyStep(uses, last.energy, totals.energy, 0n, per / 1000n, true),
    time: applyStep(uses, last.time, totals.time, per / 3600n, per / 3600n, last.parking < 0),
    parking: applyStep(uses, last.parking, totals.parking, per / 3600n, per / 3600n, true),
    reservation: applyStep(uses, last.reservation, totals.reservation, per / 3600n, per / 3600n, true),
  };
}

/** Floors a total to whole `floor`s, rounds it up to the step of its last component, and gives that one the difference at its price. */
function applyStep(uses: Use[], lastIndex: number, total: bigint, floor: bigint, unit: bigint, round: boolean): bigint {
  const last = uses[lastIndex];
  if (last === undefined) return 0n;
  let billed = floor === 0n ? total : total - (total % floor);
  if (round && last.component.stepSize > 0) {
    const step = unit * BigInt(last.component.stepSize);
    const over = billed % step;
    if (over !== 0n) billed += step - over;
  }
  if (billed !== total) uses[lastIndex] = { ...last, quantity: last.quantity + billed - total };
  return billed;
}

const nothing: Taxed = { excl: zero, incl: zero, parts: [] };

function sameRate(a: Decimal | undefined, b: Decimal | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.digits === b.digits && a.scale === b.scale);
}

/** The amount of one use, with its tax. */
export function amountOf(use: Use, per: bigint): Taxed {
  const { tariff, component } = use;
  const scale = tenTo(tariff.priceScale);
  const base = use.quantity * digitsAt(component.price, tariff.priceScale);
  const rate = tariff.taxIncluded === "N/A" ? undefined : component.vat;
  const hundred = 100n * tenTo(tariff.vatScale);
  const d = per * scale * hundred;
  if (rate === undefined) {
    const amount = { n: base * hundred, d };
    return { excl: amount, incl: amount, parts: [{ rate, net: amount, tax: zero }] };
  }
  const percent = digitsAt(rate, tariff.vatScale);
  if (tariff.taxIncluded === "NO") {
    const net = { n: base * hundred, d };
    const tax = { n: base * percent, d };
    return { excl: net, incl: { n: base * (hundred + percent), d }, parts: [{ rate, net, tax }] };
  }
  const gross = { n: base * hundred, d };
  const net = { n: base * hundred, d: per * scale * (hundred + percent) };
  return { excl: net, incl: gross, parts: [{ rate, net, tax: { n: base * percent, d: net.d } }] };
}

export function addTaxed(a: Taxed, b: Taxed): Taxed {
  if (a.parts.length === 0) return b;
  if (b.parts.length === 0) return a;
  const parts = [...a.parts];
  for (const part of b.parts) {
    const at = parts.findIndex((one) => sameRate(one.rate, part.rate));
    const before = parts[at];
    if (before === undefined) parts.push(part);
    else parts[at] = { rate: part.rate, net: add(before.net, part.net), tax: add(before.tax, part.tax) };
  }
  return { excl: add(a.excl, b.excl), incl: add(a.incl, b.incl), parts };
}

export type Totals = { readonly amounts: readonly Taxed[]; readonly groups: Readonly<Record<Group, Taxed>>; readonly sum: Taxed };

/** Amounts per use, per published total, and in all. */
export function totalsOf(uses: readonly Use[], per: bigint): Totals {
  const byGroup: Record<Group, Taxed> = { energy: nothing, time: nothing, parking: nothing, fixed: nothing, reservation: nothing };
  const amounts: Taxed[] = [];
  let sum = nothing;
  for (const use of uses) {
    const group = groupOf[use.charge];
    const amount = amountOf(use, per);
    amounts.push(amount);
    byGroup[group] = addTaxed(byGroup[group], amount);
    sum = addTaxed(sum, amount);
  }
  return { amounts, groups: byGroup, sum };
}

export type Adjusted = { readonly kind: "min_price" | "max_price"; readonly excl: Ratio; readonly incl: Ratio };
export type Limited = { readonly total: Taxed; readonly adjustments: readonly Adjusted[] };

/** Net and tax of every rate, stretched to new totals in proportion. */
function stretchTo(total: Taxed, excl: Ratio, incl: Ratio): Taxed {
  const tax = subtract(total.incl, total.excl);
  const newTax = subtract(incl, excl);
  if (total.excl.n === 0n || (tax.n === 0n && newTax.n !== 0n)) return { excl, incl, parts: [{ rate: total.parts[0]?.rate, net: excl, tax: newTax }] };
  const net = divide(excl, total.excl);
  const share = tax.n === 0n ? zero : divide(newTax, tax);
  return { excl, incl, parts: total.parts.map((part) => ({ rate: part.rate, net: multiply(part.net, net), tax: multiply(part.tax, share) })) };
}

function limit(total: Taxed, bound: PriceLimit, beyond: (a: Ratio, b: Ratio) => boolean): Taxed {
  const exclBound = ratioOf(bound.excl);
  const clampExcl = beyond(total.excl, exclBound);
  if (bound.incl === undefined) {
    if (!clampExcl) return total;
    // Only the net figure is limited: the gross follows in proportion.
    return stretchTo(total, exclBound, total.excl.n === 0n ? exclBound : divide(multiply(total.incl, exclBound), total.excl));
  }
  const inclBound = ratioOf(bound.incl);
  const clampIncl = beyond(total.incl, inclBound);
  if (!clampExcl && !clampIncl) return total;
  return stretchTo(total, clampExcl ? exclBound : total.excl, clampIncl ? inclBound : total.incl);
}

/** Net and gross are held within min_price and max_price, each by its own figure (OCPI mod_tariffs, notes on min_price and max_price). */
export function applyLimits(sum: Taxed, tariff: Tariff, which: { readonly min: boolean }): Limited {
  let total = sum;
  const adjustments: Adjusted[] = [];
  const step = (kind: Adjusted["kind"], bound: PriceLimit | undefined, beyond: (a: Ratio, b: Ratio) => boolean): void => {
    if (bound === undefined) return;
    const after = limit(total, bound, beyond);
    if (after !== total) adjustments.push({ kind, excl: subtract(after.excl, total.excl), incl: subtract(after.incl, total.incl) });
    total = after;
  };
  if (which.min) step("min_price", tariff.minPrice, (a, b) => compare(a, b) < 0);
  step("max_price", tariff.maxPrice, (a, b) => compare(a, b) > 0);
  return { total, adjustments };
}

/** A session priced: what was used, what it costs, and how the totals came about. */
export type Working = {
  readonly per: bigint;
  readonly tariff: Tariff;
  /** After steps; `steppedBy` is what step_size added to each. */
  readonly uses: readonly Use[];
  readonly steppedBy: readonly bigint[];
  readonly billed: Billed;
  readonly totals: Totals;
  readonly limited: Limited;
};

/** The uses of a session, chronological, before step sizes. `expired` = a reservation that no session came for. */
export function usesOf(slices: readonly Slice[], per: bigint, expired: boolean): Use[] {
  const uses = new Uses(per, expired);
  for (const slice of slices) uses.add(slice);
  return uses.finish();
}

/** Prices uses: steps, tax, limits of `tariff`. */
export function work(used: readonly Use[], per: bigint, tariff: Tariff): Working {
  const uses = used.slice();
  const billed = applySteps(uses, per);
  const totals = totalsOf(uses, per);
  const steppedBy = uses.map((use, index) => use.quantity - (used[index] as Use).quantity);
  return { per, tariff, uses, steppedBy, billed, totals, limited: applyLimits(totals.sum, tariff, { min: true }) };
}
