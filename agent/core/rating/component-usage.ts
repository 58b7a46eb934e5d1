// What a session used of each price component: slices of time in, usages in their order out. Quantities are exact and
// have no price yet.

import { type Charge, isFee } from "../tariff/charge.js";
import type { PriceComponent, Tariff } from "../tariff/tariff.js";
import type { Slice } from "./slice.js";

/** What was used of one component, or of energy that none prices. */
export type ComponentUsage = {
  readonly charge: Charge;
  readonly tariff: Tariff;
  /** Undefined = free energy. */
  readonly component: PriceComponent | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly quantity: bigint;
  /** How long the car stood free of charge right before an idle stretch. */
  readonly graceMs: number;
};

/** More stretches than this of one charge are merged by component: a receipt must stay a receipt. */
const mostStretches = 48;

/**
 * What one slice used, in the order in which a bill lists it. `expired` = of a reservation that no session came for.
 * A component through which nothing went was not used, and has no say in the rounding.
 */
export function usagesOfSlice(slice: Slice, per: bigint, expired: boolean): ComponentUsage[] {
  const { tariff, selection, fromMs, toMs } = slice;
  const usages: ComponentUsage[] = [];
  // Energy below what is billed, in no time: a CDR cannot say it, so no fee can fall due in it.
  if (fromMs === toMs && slice.energy + slice.time + slice.parking + slice.reservation === 0n) return usages;
  const metered = (charge: Charge, component: PriceComponent | undefined, quantity: bigint): void => {
    if (component !== undefined && quantity !== 0n)
      usages.push({ charge, tariff, component, fromMs, toMs, quantity, graceMs: 0 });
  };
  const fee = (charge: Charge, component: PriceComponent | undefined): void => {
    if (component !== undefined)
      usages.push({ charge, tariff, component, fromMs, toMs: fromMs, quantity: per, graceMs: 0 });
  };
  metered("ENERGY", selection.ENERGY, slice.energy);
  // Energy that costs nothing gets a line too, so that the lines add up to what the meter counted.
  if (selection.ENERGY === undefined && slice.energy > 0n)
    usages.push({ charge: "ENERGY", tariff, component: undefined, fromMs, toMs, quantity: slice.energy, graceMs: 0 });
  metered("TIME", selection.TIME, slice.time);
  metered("PARKING_TIME", selection.PARKING_TIME, slice.parking);
  fee("FLAT", selection.FLAT);
  // Where both have TIME, the expired reservation is priced by the element for expiry (OCPI ReservationRestrictionType).
  if (expired && selection.EXPIRY_TIME !== undefined) metered("EXPIRY_TIME", selection.EXPIRY_TIME, slice.reservation);
  else metered("RESERVATION_TIME", selection.RESERVATION_TIME, slice.reservation);
  fee("RESERVATION_FLAT", selection.RESERVATION_FLAT);
  if (expired) fee("EXPIRY_FLAT", selection.EXPIRY_FLAT);
  return usages;
}

/**
 * The usages of a session, chronological, before step sizes: neighbouring stretches of one component are one usage, and
 * a fee is charged once.
 */
export function componentUsages(slices: readonly Slice[], per: bigint, expired: boolean): ComponentUsage[] {
  const usages: ComponentUsage[] = [];
  const lastOf: { [Key in Charge | "free"]?: number } = {};
  const stretches: { [Key in Charge]?: number } = {};
  let crowded = false;
  let pauseFromMs: number | undefined;
  for (const slice of slices) {
    for (const usage of usagesOfSlice(slice, per, expired)) {
      const { charge } = usage;
      const kind = usage.component === undefined ? "free" : charge;
      const index = lastOf[kind];
      const last = index === undefined ? undefined : usages[index];
      if (last !== undefined && isFee(charge)) continue;
      if (index !== undefined && last !== undefined && isOneWith(last, usage)) {
        usages[index] = { ...last, toMs: usage.toMs, quantity: last.quantity + usage.quantity };
        continue;
      }
      lastOf[kind] = usages.length;
      const count = (stretches[charge] ?? 0) + 1;
      stretches[charge] = count;
      crowded ||= count > mostStretches;
      if (charge === "PARKING_TIME" && pauseFromMs !== undefined)
        usages.push({ ...usage, graceMs: usage.fromMs - pauseFromMs });
      else usages.push(usage);
    }
    pauseFromMs = slice.pause ? (pauseFromMs ?? slice.fromMs) : undefined;
  }
  return crowded ? mergedByComponent(usages, (charge) => (stretches[charge] ?? 0) > mostStretches) : usages;
}

/** Time has to follow without a gap; energy of one component is one line wherever it flowed in between. */
function isOneWith(last: ComponentUsage, usage: ComponentUsage): boolean {
  return last.component === usage.component && (usage.charge === "ENERGY" || last.toMs === usage.fromMs);
}

/** One usage per component, each at the place of its last stretch: the last component of a charge stays the last. */
function mergedByComponent(
  usages: readonly ComponentUsage[],
  isCrowded: (charge: Charge) => boolean,
): ComponentUsage[] {
  const merged: ComponentUsage[] = [];
  for (const usage of usages) {
    const index = isCrowded(usage.charge)
      ? merged.findIndex(({ charge, component }) => charge === usage.charge && component === usage.component)
      : -1;
    const before = merged[index];
    if (before === undefined) merged.push(usage);
    else {
      merged.splice(index, 1);
      merged.push({ ...usage, fromMs: before.fromMs, quantity: before.quantity + usage.quantity, graceMs: 0 });
    }
  }
  return merged;
}
