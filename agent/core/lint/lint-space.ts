// Every situation a tariff can tell apart: one point for each combination of what its restrictions ask about. Between
// two points of the grid no restriction flips, so what holds at all of them holds always.
//
// What holds at a point of one axis is worked out once, as a row of bits, and a situation is the intersection of one row
// of each axis: with N elements, S situations and k elements that hold at once a walk takes O(S x (N / 32 + k)) steps,
// and what is done with the k costs extra. 672 slots of a week are some 2 000 situations. A grid of more steps than the
// budget is visited evenly spread, until the budget is used up.

import { type Conditions, holdsAt, holdsOtherwise, type Restrictions } from "../tariff/restrictions.js";
import type { Tariff } from "../tariff/tariff.js";
import { dayMs } from "../time/time.js";

/** Steps of a walk; a fraction of a second on a desktop, a few seconds on a small board. */
const mostSteps = 4_000_000;

/** One thing that restrictions ask about: its points, and as bits which elements hold at each of them. */
type Axis = { readonly points: readonly number[]; readonly rows: readonly Uint32Array[] };

/** How much of the situations was seen. */
type SituationsSeen = { readonly situations: number; readonly visited: number };

/** Called with the indices of the elements that hold, in order, and the situation; answers the steps that it took. */
type Visit = (holding: readonly number[], conditions: () => Conditions) => number;

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

const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7;

const nothing: Conditions = {
  local: { day: 0, msOfDay: 0, weekday: 0 },
  energyMilliWh: 0,
  durationMs: 0,
  lowPowerKw: 0,
  highPowerKw: 0,
  lowCurrentA: 0,
  highCurrentA: 0,
};

/** The axes, in the order in which a walk counts them: the last one fastest. */
function axesOf(all: readonly Restrictions[], today: number): Axis[] {
  const axis = (
    at: readonly number[],
    part: (one: Restrictions) => Restrictions,
    holds: (one: Restrictions, point: number) => boolean,
  ): Axis => {
    const parts = all.map(part);
    return { points: at, rows: at.map((point) => holdingBits(parts.map((one) => holds(one, point)))) };
  };
  const some = <Key extends keyof Restrictions>(one: Restrictions, ...keys: Key[]): Restrictions =>
    Object.fromEntries(keys.filter((key) => one[key] !== undefined).map((key) => [key, one[key]]));
  const bounds = (min: keyof Restrictions, max: keyof Restrictions): number[] =>
    points(
      all.flatMap((one) => [one[min] as number | undefined, one[max] as number | undefined]),
      0,
    );
  const measured = (
    min: keyof Restrictions,
    max: keyof Restrictions,
    conditions: (point: number) => Partial<Conditions>,
  ): Axis =>
    axis(
      bounds(min, max),
      (one) => some(one, min, max),
      (one, point) => holdsOtherwise(one, { ...nothing, ...conditions(point) }),
    );
  return [
    axis(
      days(all, today),
      (one) => some(one, "startDay", "endDay", "weekdays"),
      (one, day) => holdsAt(one, { day, msOfDay: 0, weekday: weekdayOf(day) }),
    ),
    axis(
      points(
        all.flatMap((one) => [one.startMsOfDay, one.endMsOfDay === dayMs ? undefined : one.endMsOfDay]),
        0,
      ),
      (one) => some(one, "startMsOfDay", "endMsOfDay"),
      (one, msOfDay) => holdsAt(one, { day: 0, msOfDay, weekday: 0 }),
    ),
    measured("minMilliWh", "maxMilliWh", (energyMilliWh) => ({ energyMilliWh })),
    measured("minDurationMs", "maxDurationMs", (durationMs) => ({ durationMs })),
    measured("minPowerKw", "maxPowerKw", (power) => ({ lowPowerKw: power, highPowerKw: power })),
    measured("minCurrentA", "maxCurrentA", (current) => ({ lowCurrentA: current, highCurrentA: current })),
  ];
}

function holdingBits(flags: readonly boolean[]): Uint32Array {
  const bits = new Uint32Array(Math.ceil(flags.length / 32));
  for (const [index, flag] of flags.entries())
    if (flag) bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
  return bits;
}

function indicesIn(bits: Uint32Array): number[] {
  const indices: number[] = [];
  for (const [word, value] of bits.entries())
    for (let left = value; left !== 0; left &= left - 1) indices.push(word * 32 + 31 - Math.clz32(left & -left));
  return indices;
}

/** Visits every situation, in order; or of too many as many as the budget allows, evenly spread. */
export function walkSituations(tariff: Tariff, today: number, visit: Visit): SituationsSeen {
  const axes = axesOf(
    tariff.elements.map((element) => element.restrictions),
    today,
  );
  const situations = axes.reduce((product, axis) => product * axis.points.length, 1);
  const words = Math.ceil(tariff.elements.length / 32);
  const least = axes.length * words + 1;
  const isWhole = situations * least <= mostSteps;
  const held = new Uint32Array(words);
  let steps = 0;
  let visited = 0;
  for (; visited < situations && steps < mostSteps; visited += 1) {
    const places = placesOf(isWhole ? visited : spread(visited, situations), axes);
    held.fill(0xffff_ffff);
    for (const [index, axis] of axes.entries()) {
      const row = axis.rows[places[index] ?? 0];
      if (row !== undefined)
        for (let word = 0; word < words; word += 1) held[word] = (held[word] ?? 0) & (row[word] ?? 0);
    }
    steps +=
      least +
      visit(indicesIn(held), () => conditionsOf(axes.map((axis, index) => axis.points[places[index] ?? 0] ?? 0)));
  }
  return { situations, visited };
}

/** The n-th of `count` numbers below it, far from those before: multiples of the golden section. */
const spread = (n: number, count: number): number => Math.floor(((n * 0.618_033_988_749_895) % 1) * count);

/** Which point of each axis a situation is. */
function placesOf(situation: number, axes: readonly Axis[]): number[] {
  const places: number[] = [];
  let left = situation;
  for (const { points: on } of [...axes].reverse()) {
    places.push(left % on.length);
    left = Math.floor(left / on.length);
  }
  return places.reverse();
}

function conditionsOf([
  day = 0,
  msOfDay = 0,
  energyMilliWh = 0,
  durationMs = 0,
  power = 0,
  current = 0,
]: number[]): Conditions {
  return {
    local: { day, msOfDay, weekday: weekdayOf(day) },
    energyMilliWh,
    durationMs,
    lowPowerKw: power,
    highPowerKw: power,
    lowCurrentA: current,
    highCurrentA: current,
  };
}
