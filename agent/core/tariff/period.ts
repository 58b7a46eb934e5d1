// A charging period: a stretch of a session in which no active price component changed (OCPI 2.2.1, mod_cdrs 1.4.6).

/**
 * What the car and the station did in a stretch: `grace` = the vehicle asked for no power, and the operator does not
 * charge for that yet; `parking` = it asked for none, and that is charged; `suspended` = the station gave none.
 */
export type Activity = "charging" | "grace" | "parking" | "suspended" | "reserved";

/** A stretch in which no time is charged, whoever caused it. */
export const isPause = (activity: Activity): boolean => activity === "grace" || activity === "suspended";

export type ChargingPeriod = {
  readonly startMs: number;
  readonly endMs: number;
  readonly activity: Activity;
  readonly tariffId: string;
  readonly energyMilliWh: number;
  /**
   * The lowest and highest momentary values in it, where the tariff looks at them: a CDR states them as MIN_ and MAX_
   * dimensions.
   */
  readonly powerW?: { readonly min: number; readonly max: number };
  readonly currentMilliA?: { readonly min: number; readonly max: number };
};
