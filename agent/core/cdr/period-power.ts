// The power and the current that held in a charging period of a CDR, as far as it says.

import type { Conditions } from "../tariff/restrictions.js";
import type { Tariff } from "../tariff/tariff.js";
import { type CdrPeriod, type PeriodUnits, unitsOfMs } from "./cdr-record.js";

/** What lower and upper bounds are compared with. */
export type MomentaryConditions = Pick<Conditions, "lowPowerKw" | "highPowerKw" | "lowCurrentA" | "highCurrentA">;

const unknown = { low: undefined, high: undefined };
const none = { low: 0, high: 0 };
const notAsked: MomentaryConditions = {
  lowPowerKw: undefined,
  highPowerKw: undefined,
  lowCurrentA: undefined,
  highCurrentA: undefined,
};

/** What restrictions on power and current are held against in a period; what is missing is warned of. */
export function momentaryOf(
  period: CdrPeriod,
  units: PeriodUnits,
  per: bigint,
  tariff: Tariff,
  warnings: string[],
): MomentaryConditions {
  if (!tariff.asksPower && !tariff.asksCurrent) return notAsked;
  const { extremes } = period;
  // Charging that states no energy is not idle: what flowed in it is unknown.
  const isIdle = units.energy === 0n && (period.energy !== undefined || units.time === 0n);
  const power = !tariff.asksPower
    ? unknown
    : (stated(extremes.POWER, extremes.MIN_POWER, extremes.MAX_POWER) ??
      (isIdle ? none : averagePower(period, units, per, warnings)));
  const current = !tariff.asksCurrent
    ? unknown
    : (stated(extremes.CURRENT, extremes.MIN_CURRENT, extremes.MAX_CURRENT) ?? (isIdle ? none : undefined));
  if (current === undefined)
    warnings.push(`period ${period.index} states no current: elements that are restricted by current were left out`);
  return {
    lowPowerKw: power.low,
    highPowerKw: power.high,
    lowCurrentA: current?.low,
    highCurrentA: current?.high,
  };
}

type Extent = { readonly low: number | undefined; readonly high: number | undefined };

/** The value, or the lowest and highest one, that a period states; where only one of them stands, it is both. */
function stated(value: number | undefined, min: number | undefined, max: number | undefined): Extent | undefined {
  const low = value ?? min ?? max;
  return low === undefined ? undefined : { low, high: value ?? max ?? min };
}

/** The average over a period that states no power: the best that can be said of it. */
function averagePower(period: CdrPeriod, units: PeriodUnits, per: bigint, warnings: string[]): Extent {
  const length = units.time > 0n ? units.time : unitsOfMs(period.endMs - period.startMs, per);
  if (units.energy === 0n || length === 0n) {
    warnings.push(`period ${period.index} states no power: elements that are restricted by power were left out`);
    return unknown;
  }
  warnings.push(`period ${period.index} states no power: its average was held against the restrictions`);
  const kilowatts = Number((units.energy * 1_000_000n) / length) / 1_000_000;
  return { low: kilowatts, high: kilowatts };
}
