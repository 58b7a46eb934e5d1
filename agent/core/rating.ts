// The live engine: samples come in one by one, the price of the session so far comes out, and the last live figure is the bill.
// (Types first; the engine stands below them.)
import type { Activity, ChargingPeriod } from "./period.js";
import type { Price } from "./price.js";

/** A point on the session's time line; `activity`, `powerW` and `currentMilliA` hold from this instant until the next sample. */
export type Sample = {
  readonly atMs: number;
  /** The meter's register, not the session's consumption. */
  readonly energyMilliWh: number;
  readonly powerW: number;
  readonly currentMilliA?: number;
  readonly activity: Activity;
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

export type { Activity, ChargingPeriod, Price };
