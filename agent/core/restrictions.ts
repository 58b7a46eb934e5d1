// When a tariff element holds (OCPI TariffRestrictions): the type, its reader and the one test that every price goes through.
// All restrictions of an element must hold at the instant in question; they switch it on and off during a session.
import type { Checked } from "./checked.js";
import { dayMs, dayOfDate, minuteMs, type LocalTime } from "./time.js";

export const weekdays = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"] as const;

/** Each bound is absent where the tariff does not state it. Lower bounds include their value, upper bounds exclude it. */
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

const fields = [
  "start_time", "end_time", "start_date", "end_date", "min_kwh", "max_kwh", "min_current", "max_current", "min_power", "max_power",
  "min_duration", "max_duration", "day_of_week", "reservation",
] as const;

function timeOfDay(checked: Checked, value: unknown, path: string): number | undefined {
  const match = typeof value === "string" ? /^([01]\d|2[0-3]):([0-5]\d)$/.exec(value) : null;
  if (match === null) return checked.fault(path, `expected a time of day such as 07:30, found ${typeof value === "string" ? `"${value.slice(0, 40)}"` : typeof value}`);
  return (Number(match[1]) * 60 + Number(match[2])) * minuteMs;
}

function date(checked: Checked, value: unknown, path: string): number | undefined {
  const day = typeof value === "string" ? dayOfDate(value) : undefined;
  return day ?? checked.fault(path, `expected a date such as 2026-12-24, found ${typeof value === "string" ? `"${value.slice(0, 40)}"` : typeof value}`);
}

/** Reads `restrictions` of an element. Undefined where there is none or where faults were noted. */
export function readRestrictions(checked: Checked, value: unknown, path: string): Restrictions | undefined {
  const object = checked.object(value, path, fields);
  if (object === undefined) return undefined;
  const result: { -readonly [Key in keyof Restrictions]: Restrictions[Key] } = {};
  const read = <Value>(name: (typeof fields)[number], reader: (value: unknown, path: string) => Value | undefined): Value | undefined => {
    const given = object[name];
    return given === undefined || given === null ? undefined : reader(given, `${path}.${name}`);
  };
  const times = (given: unknown, at: string): number | undefined => timeOfDay(checked, given, at);
  const dates = (given: unknown, at: string): number | undefined => date(checked, given, at);
  const amount = (places: number) => (given: unknown, at: string): number | undefined =>
    checked.decimal(given, at, { places, most: 1_000_000 }) === undefined ? undefined : (given as number);
  const milliWh = (given: unknown, at: string): number | undefined => {
    const kwh = checked.decimal(given, at, { places: 6, most: 1_000_000 });
    return kwh === undefined ? undefined : Number(kwh.digits * 10n ** BigInt(6 - kwh.scale));
  };
  const seconds = (given: unknown, at: string): number | undefined => {
    const whole = checked.whole(given, at, 100_000_000);
    return whole === undefined ? undefined : whole * 1000;
  };
  const start = read("start_time", times);
  const end = read("end_time", times);
  // The same start and end, and an end of 00:00 without a start, mean the whole day; an end of 00:00 is the end of the day.
  const endOfDay = end === 0 ? dayMs : end;
  if (!(start !== undefined && start === end) && !((start ?? 0) === 0 && (endOfDay ?? dayMs) === dayMs)) {
    if (start !== undefined) result.startMsOfDay = start;
    if (endOfDay !== undefined) result.endMsOfDay = endOfDay;
  }
  const put = <Key extends keyof Restrictions>(key: Key, given: Restrictions[Key] | undefined): void => {
    if (given !== undefined) result[key] = given;
  };
  put("startDay", read("start_date", dates));
  put("endDay", read("end_date", dates));
  put("minMilliWh", read("min_kwh", milliWh));
  put("maxMilliWh", read("max_kwh", milliWh));
  put("minCurrentA", read("min_current", amount(6)));
  put("maxCurrentA", read("max_current", amount(6)));
  put("minPowerKw", read("min_power", amount(6)));
  put("maxPowerKw", read("max_power", amount(6)));
  put("minDurationMs", read("min_duration", seconds));
  put("maxDurationMs", read("max_duration", seconds));
  put("weekdays", read("day_of_week", (given, at) => {
    const days = checked.list(given, at, 7);
    // An empty list restricts nothing: OCPI's cardinality * means "none given".
    if (days === undefined || days.length === 0) return undefined;
    return days.reduce((bits: number, day, index) => {
      const word = checked.oneOf(day, `${at}[${index}]`, weekdays);
      return word === undefined ? bits : bits | (1 << weekdays.indexOf(word));
    }, 0);
  }));
  put("reservation", read("reservation", (given, at) => checked.oneOf(given, at, ["RESERVATION", "RESERVATION_EXPIRES"] as const)));
  return result;
}

/** True when the wall clock decides over these restrictions. */
export function asksTheClock(restrictions: Restrictions): boolean {
  return restrictions.startMsOfDay !== undefined || restrictions.endMsOfDay !== undefined || restrictions.startDay !== undefined
    || restrictions.endDay !== undefined || restrictions.weekdays !== undefined;
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
function between(min: number | undefined, max: number | undefined, low: number | undefined, high: number | undefined): boolean {
  return (min === undefined || (low !== undefined && low >= min)) && (max === undefined || (high !== undefined && high < max));
}

/** Everything but the clock, and durations where they are known. */
export function holdsOtherwise(restrictions: Restrictions, conditions: Conditions): boolean {
  const { energyMilliWh, durationMs } = conditions;
  return between(restrictions.minMilliWh, restrictions.maxMilliWh, energyMilliWh, energyMilliWh)
    && (durationMs === undefined || between(restrictions.minDurationMs, restrictions.maxDurationMs, durationMs, durationMs))
    && between(restrictions.minPowerKw, restrictions.maxPowerKw, conditions.lowPowerKw, conditions.highPowerKw)
    && between(restrictions.minCurrentA, restrictions.maxCurrentA, conditions.lowCurrentA, conditions.highCurrentA);
}
