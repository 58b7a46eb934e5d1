// The volumes of a CDR, per charging period and in all, at the four decimals that numbers on the wire carry.

import { wireNumber } from "../number/ocpi-number.js";
import type { ChargingPeriod } from "../tariff/period.js";
import type { CdrFacts } from "./settlement.js";

export type CdrDimension = {
  readonly type:
    | "ENERGY"
    | "TIME"
    | "PARKING_TIME"
    | "RESERVATION_TIME"
    | "MIN_POWER"
    | "MAX_POWER"
    | "MIN_CURRENT"
    | "MAX_CURRENT";
  readonly volume: number;
};

/** Units of 0.0001 kWh, rounded down: as much of them as is billed. */
const energyUnits = (milliWh: bigint): bigint => milliWh / 100n;

/**
 * Units of 0.0001 h: the nearest to the whole seconds, which are what is billed. They are 0.36 s apart, so that the
 * nearest second to them is the second that they were made of.
 */
const hourUnits = (ms: bigint): bigint => (2n * 25n * (ms / 1000n) + 9n) / (2n * 9n);

/** A quantity that only grows: a period is the difference of two units of the running total, so that periods add up. */
class Running {
  #total = 0n;
  #units = 0n;

  constructor(private readonly unitsOf: (total: bigint) => bigint) {}

  add(quantity: number): number {
    this.#total += BigInt(quantity);
    const units = this.unitsOf(this.#total);
    const grown = units - this.#units;
    this.#units = units;
    return wireNumber(grown);
  }

  get units(): bigint {
    return this.#units;
  }
}

/**
 * Volumes per period, and the totals: total_time leaves a reservation out, and sum(TIME) = total_time -
 * total_parking_time.
 */
export function cdrVolumes(periods: readonly ChargingPeriod[], settlement: Pick<CdrFacts, "sessionId" | "price">) {
  const energy = new Running(energyUnits);
  const charging = new Running(hourUnits);
  const parking = new Running(hourUnits);
  const reserved = new Running(hourUnits);
  const session = new Running(hourUnits);
  let milliWh = 0;
  let endedMs = periods[0]?.startMs;
  const dimensions = periods.map((period): CdrDimension[] => {
    const ms = period.endMs - period.startMs;
    if (period.startMs !== endedMs || ms < 0)
      throw new RangeError(`session ${settlement.sessionId}: its charging periods do not follow one another`);
    endedMs = period.endMs;
    // Energy that the meter counts before the session is not billed.
    if (period.activity === "reserved") return [{ type: "RESERVATION_TIME", volume: reserved.add(ms) }];
    milliWh += period.energyMilliWh;
    session.add(ms);
    const kwh: CdrDimension = { type: "ENERGY", volume: energy.add(period.energyMilliWh) };
    switch (period.activity) {
      case "charging":
        return [kwh, { type: "TIME", volume: charging.add(ms) }];
      case "parking":
        return [kwh, { type: "PARKING_TIME", volume: parking.add(ms) }];
      case "grace":
      case "suspended":
        // A pause has no time dimension: it is free.
        return [kwh];
      default:
        return period.activity satisfies never;
    }
  });
  if (milliWh !== settlement.price.energyMilliWh)
    throw new RangeError(
      `session ${settlement.sessionId}: its periods hold ${milliWh} mWh, its price ${settlement.price.energyMilliWh} mWh`,
    );
  return {
    dimensions,
    energy: wireNumber(energy.units),
    time: wireNumber(session.units),
    parking: wireNumber(session.units - charging.units),
  };
}

/**
 * The least and the most power (kW) and current (A) of a period, where the tariff asks for them: without these nobody
 * could price it again. Cut to four decimals downwards, so that no figure crosses a limit of the tariff.
 */
export function momentaryDimensions({ powerW, currentMilliA }: ChargingPeriod): CdrDimension[] {
  const figure = (value: number): number => wireNumber(BigInt(Math.floor(value * 10)));
  return [
    ...(powerW === undefined
      ? []
      : [
          { type: "MIN_POWER" as const, volume: figure(powerW.min) },
          { type: "MAX_POWER" as const, volume: figure(powerW.max) },
        ]),
    ...(currentMilliA === undefined
      ? []
      : [
          { type: "MIN_CURRENT" as const, volume: figure(currentMilliA.min) },
          { type: "MAX_CURRENT" as const, volume: figure(currentMilliA.max) },
        ]),
  ];
}
