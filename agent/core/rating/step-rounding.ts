// What is billed of the energy and the time of a session after step_size (OCPI mod_cdrs): once per session for energy,
// and once for time: for parking where there was any, else for charging.

import type { Charge } from "../tariff/charge.js";
import type { ComponentUsage } from "./component-usage.js";

/** What is metered, and rounded by steps; fees are neither. */
export type Metered = "energy" | "time" | "parking" | "reservation";
export const meteredKinds: readonly Metered[] = ["energy", "time", "parking", "reservation"];

export const meteredOf: { readonly [Key in Charge]?: Metered } = {
  ENERGY: "energy",
  TIME: "time",
  PARKING_TIME: "parking",
  RESERVATION_TIME: "reservation",
  EXPIRY_TIME: "reservation",
};

/** The session total and the last usage of each metered kind: all that step sizes ask for. */
export type MeteredUsage = {
  readonly totals: Readonly<Record<Metered, bigint>>;
  readonly last: Readonly<Record<Metered, ComponentUsage | undefined>>;
};

export const noUsage: MeteredUsage = {
  totals: { energy: 0n, time: 0n, parking: 0n, reservation: 0n },
  last: { energy: undefined, time: undefined, parking: undefined, reservation: undefined },
};

/** The totals with one more usage. */
export function countUsage(metered: MeteredUsage, usage: ComponentUsage): MeteredUsage {
  const kind = meteredOf[usage.charge];
  // What is free is not billed, and has no say in the rounding.
  if (kind === undefined || usage.component === undefined) return metered;
  const totals = { ...metered.totals };
  const last = { ...metered.last };
  totals[kind] += usage.quantity;
  last[kind] = usage;
  return { totals, last };
}

/** What is billed of each metered kind, in units of 1/`per`, after steps. Times come in whole seconds. */
export function billedOf({ totals, last }: MeteredUsage, per: bigint): Record<Metered, bigint> {
  const wattHour = per / 1000n;
  const second = per / 3600n;
  // Where parking was used, charging time is not rounded up, because another time-based stretch came with it.
  return {
    energy: roundedUp(totals.energy, wattHour, last.energy),
    time: last.parking === undefined ? roundedUp(totals.time, second, last.time) : totals.time,
    parking: roundedUp(totals.parking, second, last.parking),
    reservation: roundedUp(totals.reservation, second, last.reservation),
  };
}

function roundedUp(total: bigint, unit: bigint, last: ComponentUsage | undefined): bigint {
  const stepSize = last?.component?.stepSize ?? 0;
  if (stepSize === 0) return total;
  const step = unit * BigInt(stepSize);
  const over = total % step;
  return over === 0n ? total : total + step - over;
}
