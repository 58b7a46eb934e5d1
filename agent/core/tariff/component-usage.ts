// What a session used of each price component: slices of time in, uses in their order out. Quantities are exact and
// have no price yet.
import type { Selection } from "./component-selection.js";
import type { Charge, PriceComponent, Tariff } from "./tariff.js";

/**
 * Quantities are whole numbers of 1/`per` of a kWh, an hour or a piece. 18 million is the least number in which both a
 * milliwatt-hour and a millisecond are whole; a CDR with more decimals counts in a finer unit (a power of ten more).
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
export type ComponentUsage = {
  readonly charge: Charge;
  readonly tariff: Tariff;
  readonly component: PriceComponent;
  readonly fromMs: number;
  readonly toMs: number;
  readonly quantity: bigint;
  /** How long the car stood free of charge right before an idle stretch. */
  readonly graceMs: number;
};

/** More stretches than this of one charge are merged by component: a receipt must stay a receipt. */
const mostStretches = 48;

/** Gathers what slices used, in order; neighbouring stretches of one component are one use. */
class Uses {
  readonly list: ComponentUsage[] = [];
  readonly #last: { [Key in Charge]?: number } = {};
  readonly #counts: { [Key in Charge]?: number } = {};
  #pauseFromMs: number | undefined;

  constructor(
    private readonly per: bigint,
    private readonly expired: boolean,
  ) {}

  add(slice: Slice): void {
    const { selection } = slice;
    this.#metered("ENERGY", selection.ENERGY, slice.energy, slice, true);
    this.#metered("TIME", selection.TIME, slice.time, slice, false);
    this.#metered("PARKING_TIME", selection.PARKING_TIME, slice.parking, slice, false);
    this.#once("FLAT", selection.FLAT, slice);
    if (selection.RESERVATION_TIME !== undefined || selection.EXPIRY_TIME !== undefined) {
      // Where both have TIME, the expired reservation is priced by the element for expiry (OCPI
      // ReservationRestrictionType).
      const expiry = this.expired ? selection.EXPIRY_TIME : undefined;
      this.#metered(
        expiry === undefined ? "RESERVATION_TIME" : "EXPIRY_TIME",
        expiry ?? selection.RESERVATION_TIME,
        slice.reservation,
        slice,
        false,
      );
    }
    this.#once("RESERVATION_FLAT", selection.RESERVATION_FLAT, slice);
    if (this.expired) this.#once("EXPIRY_FLAT", selection.EXPIRY_FLAT, slice);
    if (!slice.pause) this.#pauseFromMs = undefined;
    else this.#pauseFromMs ??= slice.fromMs;
  }

  #metered(
    charge: Charge,
    component: PriceComponent | undefined,
    quantity: bigint,
    slice: Slice,
    merge: boolean,
  ): void {
    // A component through which nothing went was not used, and has no say in the rounding.
    if (component === undefined || quantity === 0n) return;
    const lastIndex = this.#last[charge];
    const last = lastIndex === undefined ? undefined : this.list[lastIndex];
    if (
      last !== undefined &&
      lastIndex !== undefined &&
      last.component === component &&
      (merge || last.toMs === slice.fromMs)
    ) {
      this.list[lastIndex] = { ...last, toMs: slice.toMs, quantity: last.quantity + quantity };
      return;
    }
    const graceMs = charge === "PARKING_TIME" && this.#pauseFromMs !== undefined ? slice.fromMs - this.#pauseFromMs : 0;
    this.#push({ charge, tariff: slice.tariff, component, fromMs: slice.fromMs, toMs: slice.toMs, quantity, graceMs });
  }

  #once(charge: Charge, component: PriceComponent | undefined, slice: Slice): void {
    if (component === undefined || this.#last[charge] !== undefined) return;
    this.#push({
      charge,
      tariff: slice.tariff,
      component,
      fromMs: slice.fromMs,
      toMs: slice.fromMs,
      quantity: this.per,
      graceMs: 0,
    });
  }

  #push(use: ComponentUsage): void {
    this.#last[use.charge] = this.list.length;
    this.#counts[use.charge] = (this.#counts[use.charge] ?? 0) + 1;
    this.list.push(use);
  }

  /** The uses in their order, merged by component where there are too many to print. */
  finish(): ComponentUsage[] {
    const crowded = (charge: Charge): boolean => (this.#counts[charge] ?? 0) > mostStretches;
    if (!this.list.some((use) => crowded(use.charge))) return this.list;
    return mergeByComponent(this.list, crowded);
  }
}

/** One use per component, each at the place of its last stretch: the last component of a charge stays the last. */
function mergeByComponent(uses: readonly ComponentUsage[], which: (charge: Charge) => boolean): ComponentUsage[] {
  const merged: ComponentUsage[] = [];
  for (const use of uses) {
    const at = which(use.charge)
      ? merged.findIndex((one) => one.charge === use.charge && one.component === use.component)
      : -1;
    const before = merged[at];
    if (before === undefined) merged.push(use);
    else {
      merged.splice(at, 1);
      merged.push({ ...use, fromMs: before.fromMs, quantity: before.quantity + use.quantity, graceMs: 0 });
    }
  }
  return merged;
}

/** The uses of a session, chronological, before step sizes. `expired` = a reservation that no session came for. */
export function componentUsages(slices: readonly Slice[], per: bigint, expired: boolean): ComponentUsage[] {
  const uses = new Uses(per, expired);
  for (const slice of slices) uses.add(slice);
  return uses.finish();
}
