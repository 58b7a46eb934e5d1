// Local time from an instant and an IANA zone. Only this direction exists here: the other one (02:30 on the day the
// clocks change) has two answers or none, and libraries disagree on which.

export const dayMs = 86_400_000;
export const minuteMs = 60_000;

/**
 * The wall clock at an instant: days since 1970-01-01 by the local calendar, milliseconds since local midnight, Monday
 * = 0.
 */
export type LocalTime = { readonly day: number; readonly msOfDay: number; readonly weekday: number };

/** A stretch of time in which a zone's offset from UTC does not change: `fromMs` <= t < `toMs`. */
export type OffsetSpan = { readonly fromMs: number; readonly toMs: number; readonly offsetMs: number };

// Offsets are looked up in buckets; no zone has ever changed its offset twice within one of them in the years that
// matter here (the shortest known pairs are the four weeks around Ramadan).
const bucketMs = 16 * dayMs;
const mostSpans = 4096;
const mostZones = 1000;

type Zone = { readonly format: Intl.DateTimeFormat; readonly buckets: Map<number, readonly OffsetSpan[]> };
const zones = new Map<string, Zone>();

function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: name,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    era: "short",
  });
  const zone = { format, buckets: new Map<number, readonly OffsetSpan[]>() };
  if (zones.size >= mostZones) zones.clear();
  zones.set(name, zone);
  return zone;
}

/** True when this machine knows the IANA zone. */
export function isZone(name: string): boolean {
  try {
    return zoneOf(name) !== undefined;
  } catch {
    return false;
  }
}

function offsetByIntl(zone: Zone, atMs: number): number {
  const field: Record<string, number> = {};
  for (const part of zone.format.formatToParts(atMs))
    if (part.type !== "literal" && part.type !== "era") field[part.type] = Number(part.value);
  const wall = Date.UTC(
    field["year"] ?? Number.NaN,
    (field["month"] ?? Number.NaN) - 1,
    field["day"],
    field["hour"],
    field["minute"],
    field["second"],
  );
  return wall - Math.floor(atMs / 1000) * 1000;
}

function spansOf(zone: Zone, bucket: number): readonly OffsetSpan[] {
  const known = zone.buckets.get(bucket);
  if (known !== undefined) return known;
  const fromMs = bucket * bucketMs;
  const toMs = fromMs + bucketMs;
  const before = offsetByIntl(zone, fromMs);
  const after = offsetByIntl(zone, toMs);
  let spans: readonly OffsetSpan[] = [{ fromMs, toMs, offsetMs: before }];
  if (before !== after) {
    let low = fromMs;
    let high = toMs;
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (offsetByIntl(zone, middle) === before) low = middle;
      else high = middle;
    }
    spans = [
      { fromMs, toMs: high, offsetMs: before },
      { fromMs: high, toMs, offsetMs: after },
    ];
  }
  if (zone.buckets.size >= mostSpans) zone.buckets.clear();
  zone.buckets.set(bucket, spans);
  return spans;
}

/**
 * The span around an instant in which the zone's offset is known not to change (it may go on after it). Throws
 * RangeError for an unknown zone.
 */
export function offsetSpan(timeZone: string, atMs: number): OffsetSpan {
  const spans = spansOf(zoneOf(timeZone), Math.floor(atMs / bucketMs));
  const first = spans[0] as OffsetSpan;
  return atMs < first.toMs ? first : (spans[1] as OffsetSpan);
}

function localTimeAt(atMs: number, offsetMs: number): LocalTime {
  const wall = atMs + offsetMs;
  const day = Math.floor(wall / dayMs);
  // 1970-01-01 was a Thursday.
  return { day, msOfDay: wall - day * dayMs, weekday: (((day + 3) % 7) + 7) % 7 };
}

/** The wall clock at an instant. */
export function localTime(timeZone: string, atMs: number): LocalTime {
  return localTimeAt(atMs, offsetSpan(timeZone, atMs).offsetMs);
}

/** `HH:MM` of the wall clock. */
export function clockText(timeZone: string, atMs: number): string {
  return timeOfDayText(localTime(timeZone, atMs).msOfDay);
}

/** `HH:MM` of a time of day; 24:00 is the end of the day. */
export function timeOfDayText(msOfDay: number): string {
  const minutes = Math.floor(msOfDay / minuteMs);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** `YYYY-MM-DD` of a local day number. */
export function dateText(day: number): string {
  return isoText(day * dayMs).slice(0, 10);
}

const twoDigits: readonly string[] = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));
let lastDate = { day: 0, text: "1970-01-01" };

/** An instant as RFC 3339 in UTC with milliseconds. */
export function isoText(atMs: number): string {
  const day = Math.floor(atMs / dayMs);
  const ms = atMs - day * dayMs;
  // Instants come in flocks of one day; the calendar is asked once for each.
  if (lastDate.day !== day) lastDate = { day, text: new Date(day * dayMs).toISOString().slice(0, 10) };
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const time = `${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}:${twoDigits[seconds % 60]}`;
  return `${lastDate.text}T${time}.${String(ms % 1000).padStart(3, "0")}Z`;
}

const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days since 1970-01-01 of a date that is in the Gregorian calendar. */
function dayOf(year: number, month: number, day: number): number | undefined {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (
    year < 1000 ||
    month < 1 ||
    month > 12 ||
    day < 1 ||
    day > (daysOfMonth[month - 1] ?? 0) + (leap && month === 2 ? 1 : 0)
  )
    return undefined;
  const before = year - 1;
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  return before * 365 + leaps - 719_162 + (daysBefore[month - 1] ?? 0) + (leap && month > 2 ? 1 : 0) + day - 1;
}

/** The two-digit number at a place of a text; NaN where there is none. */
function pair(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Days since 1970-01-01 of a `YYYY-MM-DD` that is in the calendar. */
export function dayOfDate(text: string): number | undefined {
  return text.length === 10 ? leadingDate(text) : undefined;
}

function leadingDate(text: string): number | undefined {
  if (text[4] !== "-" || text[7] !== "-") return undefined;
  const year = pair(text, 0) * 100 + pair(text, 2);
  const month = pair(text, 5);
  const day = pair(text, 8);
  return year + month + day > 0 ? dayOf(year, month, day) : undefined;
}

/**
 * An OCPI DateTime (RFC 3339, types 12.1): UTC with or without Z. An offset is taken too, because it has only one
 * meaning. Fractions of a millisecond are cut. Undefined for a text that is no time.
 */
export function parseInstant(text: string): number | undefined {
  const day = leadingDate(text);
  if (day === undefined || text[10] !== "T" || text[13] !== ":" || text[16] !== ":") return undefined;
  const hour = pair(text, 11);
  const minute = pair(text, 14);
  const second = pair(text, 17);
  if (!(hour < 24 && minute < 60 && second < 60)) return undefined;
  const ms = day * dayMs + hour * 3_600_000 + minute * minuteMs + second * 1000;
  if (text.length === 19 || (text.length === 20 && text[19] === "Z")) return ms;
  const match = /^(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))?$/.exec(text.slice(19));
  if (match === null) return undefined;
  const [, fraction = "", sign, hours = "0", minutes = "0"] = match;
  const offset = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * minuteMs;
  return ms + Number(fraction.padEnd(3, "0").slice(0, 3)) - offset;
}
