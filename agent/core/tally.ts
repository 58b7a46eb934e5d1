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
function mergeByComponent(uses: readonly Use[], which: (charge: Charge) => boolean): Use[] {
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

/** The session total and the last use of each metered kind: all that step sizes ask for. */
type Meters = { readonly totals: Readonly<Record<Metered, bigint>>; readonly last: Readonly<Record<Metered, Use | undefined>> };

const noMeters: Meters = { totals: { energy: 0n, time: 0n, parking: 0n, reservation: 0n }, last: { energy: undefined, time: undefined, parking: undefined, reservation: undefined } };

function addToMeters(meters: Meters, use: Use): Meters {
  const kind = meteredOf[use.charge];
  if (kind === undefined) return meters;
  return { totals: { ...meters.totals, [kind]: meters.totals[kind] + use.quantity }, last: { ...meters.last, [kind]: use } };
}

/** What is billed after steps (OCPI mod_cdrs, step_size): once per session for energy, once for time and parking together. */
function billedOf({ totals, last }: Meters, per: bigint): Billed {
  const wattHour = per / 1000n;
  const second = per / 3600n;
  // Time is floored to whole seconds; where parking was used, charging time is not rounded up, because another time-based stretch came with it.
  return {
    energy: roundedUp(totals.energy, wattHour, last.energy),
    time: last.parking === undefined ? roundedUp(floored(totals.time, second), second, last.time) : floored(totals.time, second),
    parking: roundedUp(floored(totals.parking, second), second, last.parking),
    reservation: roundedUp(floored(totals.reservation, second), second, last.reservation),
  };
}

function floored(total: bigint, unit: bigint): bigint {
  return total - (total % unit);
}

function roundedUp(total: bigint, unit: bigint, last: Use | undefined): bigint {
  if (last === undefined || last.component.stepSize === 0) return total;
  const step = unit * BigInt(last.component.stepSize);
  const over = total % step;
  return over === 0n ? total : total + step - over;
}

const meteredKinds: readonly Metered[] = ["energy", "time", "parking", "reservation"];

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
  if (total.excl.n === 0n || (tax.n === 0n && newTax.n !== 0n)) {
    // Nothing to stretch: the new tax is of the rate that explains it, or of none that is stated (never 1.00 of "0 %").
    const explains = ({ rate }: TaxPart): boolean => rate !== undefined && compare(multiply(excl, ratioOf(rate)), multiply(newTax, { n: 100n, d: 1n })) === 0;
    return { excl, incl, parts: [{ rate: total.parts.find(explains)?.rate, net: excl, tax: newTax }] };
  }
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

/** Prices uses: steps, tax, limits of `tariff`. What a step adds goes to the last use of its kind, at that one's price. */
export function work(used: readonly Use[], per: bigint, tariff: Tariff): Working {
  const meters = used.reduce(addToMeters, noMeters);
  const billed = billedOf(meters, per);
  const surplus = new Map(meteredKinds.map((kind) => [meters.last[kind], billed[kind] - meters.totals[kind]]));
  const steppedBy = used.map((use) => surplus.get(use) ?? 0n);
  const uses = used.map((use, index) => (steppedBy[index] === 0n ? use : { ...use, quantity: use.quantity + (steppedBy[index] ?? 0n) }));
  const totals = totalsOf(uses, per);
  return { per, tariff, uses, steppedBy, billed, totals, limited: applyLimits(totals.sum, tariff, { min: true }) };
}

/** How a session stands after some slices, in a size that does not depend on their number: what a running figure needs. */
export type Standing = { readonly sum: Taxed; readonly meters: Meters; readonly feeCharged: boolean; readonly reservationFeeCharged: boolean };

export const noStanding: Standing = { sum: nothing, meters: noMeters, feeCharged: false, reservationFeeCharged: false };

/** The standing after one more slice. A reservation counts as used: whether it expired is known only at its end. */
export function addSlice(standing: Standing, slice: Slice, per: bigint): Standing {
  let { sum, meters, feeCharged, reservationFeeCharged } = standing;
  for (const use of usesOf([slice], per, false)) {
    if (use.charge === "FLAT" ? feeCharged : use.charge === "RESERVATION_FLAT" && reservationFeeCharged) continue;
    feeCharged ||= use.charge === "FLAT";
    reservationFeeCharged ||= use.charge === "RESERVATION_FLAT";
    sum = addTaxed(sum, amountOf(use, per));
    meters = addToMeters(meters, use);
  }
  return { sum, meters, feeCharged, reservationFeeCharged };
}

/** The running figures: what was used so far, under the maximum; and the bill if the session ended now. */
export function runningTotals(standing: Standing, per: bigint, tariff: Tariff): { accrued: Taxed; ifStopped: Taxed } {
  const { sum, meters } = standing;
  const billed = billedOf(meters, per);
  let stepped = sum;
  for (const kind of meteredKinds) {
    const last = meters.last[kind];
    const surplus = billed[kind] - meters.totals[kind];
    if (last !== undefined && surplus !== 0n) stepped = addTaxed(stepped, amountOf({ ...last, quantity: surplus }, per));
  }
  return { accrued: applyLimits(sum, tariff, { min: false }).total, ifStopped: applyLimits(stepped, tariff, { min: true }).total };
}
