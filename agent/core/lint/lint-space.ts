// Every situation a tariff can tell apart: one point for each combination of what its restrictions ask about. Between
// two points of the grid no restriction flips, so what holds at all of them holds always.

import type { Conditions, Restrictions } from "../tariff/restrictions.js";
import type { Tariff } from "../tariff/tariff.js";
import { dayMs } from "../time/time.js";

/** More situations than this are not walked through. */
export const mostSituations = 200_000;

function points(boundaries: readonly (number | undefined)[], floor: number): number[] {
  return [...new Set([floor, ...boundaries.filter((boundary) => boundary !== undefined)])].sort((a, b) => a - b);
}

/**
 * Local days that stand for all days: a week from each boundary of the dates, or less where the next boundary comes sooner.
 */
function days(all: readonly Restrictions[], today: number): number[] {
  const asked = all.some((one) => one.startDay !== undefined || one.endDay !== undefined || one.weekdays !== undefined);
  if (!asked) return [today];
  const boundaries = points(
    all.flatMap((one) => [one.startDay, one.endDay]),
    today - 7,
  ).filter((day) => day >= today - 7);
  return boundaries.flatMap((day, index) =>
    Array.from(
      { length: Math.min(7, (boundaries[index + 1] ?? Number.POSITIVE_INFINITY) - day) },
      (_, offset) => day + offset,
    ),
  );
}

/** How many situations there are, and a walk over all of them. */
export function situationsOf(
  tariff: Tariff,
  today: number,
): { readonly count: number; walk(visit: (conditions: Conditions) => void): void } {
  const all = tariff.elements.map((element) => element.restrictions);
  const times = points(
    all.flatMap((one) => [one.startMsOfDay, one.endMsOfDay === dayMs ? undefined : one.endMsOfDay]),
    0,
  );
  const energies = points(
    all.flatMap((one) => [one.minMilliWh, one.maxMilliWh]),
    0,
  );
  const durations = points(
    all.flatMap((one) => [one.minDurationMs, one.maxDurationMs]),
    0,
  );
  const powers = points(
    all.flatMap((one) => [one.minPowerKw, one.maxPowerKw]),
    0,
  );
  const currents = points(
    all.flatMap((one) => [one.minCurrentA, one.maxCurrentA]),
    0,
  );
  const dayList = days(all, today);
  const count = dayList.length * times.length * energies.length * durations.length * powers.length * currents.length;
  return {
    count,
    walk(visit) {
      for (const day of dayList)
        for (const msOfDay of times) {
          const local = { day, msOfDay, weekday: (((day + 3) % 7) + 7) % 7 };
          for (const energyMilliWh of energies)
            for (const durationMs of durations)
              for (const power of powers)
                for (const current of currents)
                  visit({
                    local,
                    energyMilliWh,
                    durationMs,
                    lowPowerKw: power,
                    highPowerKw: power,
                    lowCurrentA: current,
                    highCurrentA: current,
                  });
        }
    },
  };
}
