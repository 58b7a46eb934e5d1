// When a tariff element holds (OCPI TariffRestrictions): the type, its reader and the one test that every price goes
// through. All restrictions of an element must hold at the instant in question; they switch it on and off during a
// session.

import { decimalText, digitsAt } from "../../../config/decimal.js";
import type { JsonReader } from "../json/json-reader.js";
import { dayMs, dayOfDate, type LocalTime, minuteMs } from "../time/time.js";

const weekdays = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"] as const;

/**
 * Each bound is absent where the tariff does not state it. Lower bounds include their value, upper bounds exclude it.
 */
export type Restrictions = {
  /** The daily window by the wall clock; absent = all day. Where it ends before it starts it wraps past midnight. */
  readonly startMsOfDay?: number;
  readonly endMsOfDay?: number;
  /** Local days since 1970-01-01. */
  readonly startDay?: number;
  readonly endDay?: number;
  /** A bit per weekday, Monday = 1. */
  readonly weekdays?: number;
  readonly minMilliWh?: number;
  readonly maxMilliWh?: number;
  /** Ampere, summed over the phases. */
  readonly minCurrentA?: number;
  readonly maxCurrentA?: number;
  readonly minPowerKw?: number;
  readonly maxPowerKw?: number;
  /** Since the start of the session. */
  readonly minDurationMs?: number;
  readonly maxDurationMs?: number;
  readonly reservation?: "RESERVATION" | "RESERVATION_EXPIRES";
};

/** What the restrictions are held against: the state of a session at one instant. `unknown` = cannot be said. */
export type Conditions = {
  readonly local: LocalTime | undefined;
  /** Session energy so far. */
  readonly energyMilliWh: number;
  readonly durationMs: number | undefined;
  /** The momentary values: what lower and what upper bounds are compared with. */
  readonly lowCurrentA: number | undefined;
  readonly highCurrentA: number | undefined;
  readonly lowPowerKw: number | undefined;
  readonly highPowerKw: number | undefined;
};

export const restrictionFields = [
  "start_time",
  "end_time",
  "start_date",
  "end_date",
  "min_kwh",
  "max_kwh",
  "min_current",
  "max_current",
  "min_power",
  "max_power",
  "min_duration",
  "max_duration",
  "day_of_week",
  "reservation",
] as const;

function timeOfDay(checked: JsonReader, value: unknown, path: string): number | undefined {
  const match = typeof value === "string" ? /^([01]\d|2[0-3]):([0-5]\d)$/.exec(value) : null;
  if (match === null)
    return checked.fault(
      path,
      `expected a time of day such as 07:30, found ${typeof value === "string" ? `"${value.slice(0, 40)}"` : typeof value}`,
    );
  return (Number(match[1]) * 60 + Number(match[2])) * minuteMs;
}

function date(checked: JsonReader, value: unknown, path: string): number | undefined {
  const day = typeof value === "string" ? dayOfDate(value) : undefined;
  return (
    day ??
    checked.fault(
      path,
      `expected a date such as 2026-12-24, found ${typeof value === "string" ? `"${value.slice(0, 40)}"` : typeof value}`,
    )
  );
}

/** More than any session has of kWh, A or kW; and of seconds. */
const most = 1_000_000;
const mostSeconds = 100_000_000;

function milliWh(checked: JsonReader, value: unknown, path: string): number | undefined {
  const kwh = checked.decimal(value, path, { places: 6, most });
  return kwh === undefined ? undefined : Number(digitsAt(kwh, 6));
}

/** Only ever compared with a measured value, so a JSON number will do. */
function momentary(checked: JsonReader, value: unknown, path: string): number | undefined {
  const decimal = checked.decimal(value, path, { places: 6, most });
  return decimal === undefined ? undefined : Number(decimalText(decimal));
}

function seconds(checked: JsonReader, value: unknown, path: string): number | undefined {
  const whole = checked.whole(value, () => path, "", mostSeconds);
  return whole === undefined ? undefined : whole * 1000;
}

function weekdayBits(checked: JsonReader, value: unknown, path: string): number | undefined {
  const days = checked.list(value, path, 7);
  // An empty list restricts nothing: OCPI's cardinality * means "none given".
  if (days === undefined || days.length === 0) return undefined;
  return days.reduce((bits: number, day, index) => {
    const word = checked.oneOf(day, `${path}[${index}]`, weekdays);
    return word === undefined ? bits : bits | (1 << weekdays.indexOf(word));
  }, 0);
}

type Reader<Value> = (checked: JsonReader, value: unknown, path: string) => Value | undefined;
const readers: {
  readonly [Field in (typeof restrictionFields)[number]]?: readonly [keyof Restrictions, Reader<number>];
} = {
  start_time: ["startMsOfDay", timeOfDay],
  end_time: ["endMsOfDay", timeOfDay],
  start_date: ["startDay", date],
  end_date: ["endDay", date],
  min_kwh: ["minMilliWh", milliWh],
  max_kwh: ["maxMilliWh", milliWh],
  min_current: ["minCurrentA", momentary],
  max_current: ["maxCurrentA", momentary],
  min_power: ["minPowerKw", momentary],
  max_power: ["maxPowerKw", momentary],
  min_duration: ["minDurationMs", seconds],
  max_duration: ["maxDurationMs", seconds],
  day_of_week: ["weekdays", weekdayBits],
};

/** Reads `restrictions` of an element. Undefined where they are no object; faults are noted in `checked`. */
export function readRestrictions(checked: JsonReader, value: unknown, path: string): Restrictions | undefined {
  const object = checked.object(value, path, restrictionFields);
  if (object === undefined) return undefined;
  const result: { -readonly [Key in keyof Restrictions]: Restrictions[Key] } = {};
  for (const field of restrictionFields) {
    const given = object[field];
    if (given === undefined || given === null) continue;
    const reader = readers[field];
    if (reader === undefined) {
      const reservation = checked.oneOf(given, `${path}.${field}`, ["RESERVATION", "RESERVATION_EXPIRES"] as const);
      if (reservation !== undefined) result.reservation = reservation;
      continue;
    }
    const read = reader[1](checked, given, `${path}.${field}`);
    if (read !== undefined) (result as Record<string, number>)[reader[0]] = read;
  }
  return wholeDays(result);
}

/**
 * An end of 00:00 is the end of the day. The same start and end, or both at midnight, are the whole day: no window at
 * all.
 */
function wholeDays(restrictions: Restrictions): Restrictions {
  const { startMsOfDay: start, endMsOfDay: end, ...others } = restrictions;
  if (start === undefined && end === undefined) return restrictions;
  const until = end === 0 || end === undefined ? dayMs : end;
  if (start === end || ((start ?? 0) === 0 && until === dayMs)) return others;
  return {
    ...others,
    ...(start === undefined ? {} : { startMsOfDay: start }),
    ...(end === undefined ? {} : { endMsOfDay: until }),
  };
}

/** True when the wall clock decides over these restrictions. */
export function asksTheClock(restrictions: Restrictions): boolean {
  return (
    restrictions.startMsOfDay !== undefined ||
    restrictions.endMsOfDay !== undefined ||
    restrictions.startDay !== undefined ||
    restrictions.endDay !== undefined ||
    restrictions.weekdays !== undefined
  );
}

function inWindow(restrictions: Restrictions, msOfDay: number): boolean {
  const { startMsOfDay: start = 0, endMsOfDay: end = dayMs } = restrictions;
  return start < end ? msOfDay >= start && msOfDay < end : msOfDay >= start || msOfDay < end;
}

/** Time of day, date and weekday only. */
export function holdsAt(restrictions: Restrictions, local: LocalTime): boolean {
  if (restrictions.startDay !== undefined && local.day < restrictions.startDay) return false;
  if (restrictions.endDay !== undefined && local.day >= restrictions.endDay) return false;
  if (restrictions.weekdays !== undefined && (restrictions.weekdays & (1 << local.weekday)) === 0) return false;
  return inWindow(restrictions, local.msOfDay);
}

/** A bound on a value that was not measured does not hold; an unknown duration is for the caller to treat. */
function between(
  min: number | undefined,
  max: number | undefined,
  low: number | undefined,
  high: number | undefined,
): boolean {
  return (
    (min === undefined || (low !== undefined && low >= min)) &&
    (max === undefined || (high !== undefined && high < max))
  );
}

/** Everything but the clock, and durations where they are known. */
export function holdsOtherwise(restrictions: Restrictions, conditions: Conditions): boolean {
  const { energyMilliWh, durationMs } = conditions;
  return (
    between(restrictions.minMilliWh, restrictions.maxMilliWh, energyMilliWh, energyMilliWh) &&
    (durationMs === undefined ||
      between(restrictions.minDurationMs, restrictions.maxDurationMs, durationMs, durationMs)) &&
    between(restrictions.minPowerKw, restrictions.maxPowerKw, conditions.lowPowerKw, conditions.highPowerKw) &&
    between(restrictions.minCurrentA, restrictions.maxCurrentA, conditions.lowCurrentA, conditions.highCurrentA)
  );
}
