// Local time from an instant and an IANA zone. Only this direction exists here: the other one (02:30 on the day the clocks
// change) has two answers or none, and libraries disagree on which.

export const dayMs = 86_400_000;
export const minuteMs = 60_000;

/** The wall clock at an instant: days since 1970-01-01 by the local calendar, milliseconds since local midnight, Monday = 0. */
export type LocalTime = { readonly day: number; readonly msOfDay: number; readonly weekday: number };

/** A stretch of time in which a zone's offset from UTC does not change: `fromMs` <= t < `toMs`. */
export type OffsetSpan = { readonly fromMs: number; readonly toMs: number; readonly offsetMs: number };

// Offsets are looked up in buckets; no zone has ever changed its offset twice within one of them in the years that matter here
// (the shortest known pairs are the four weeks around Ramadan).
const bucketMs = 16 * dayMs;
const mostSpans = 4096;

type Zone = { readonly format: Intl.DateTimeFormat; readonly buckets: Map<number, readonly OffsetSpan[]> };
const zones = new Map<string, Zone>();

function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: name, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23",
    year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", era: "short",
  });
  const zone = { format, buckets: new Map<number, readonly OffsetSpan[]>() };
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
  for (const part of zone.format.formatToParts(atMs)) if (part.type !== "literal" && part.type !== "era") field[part.type] = Number(part.value);
  const wall = Date.UTC(field["year"] ?? Number.NaN, (field["month"] ?? Number.NaN) - 1, field["day"], field["hour"], field["minute"], field["second"]);
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
    spans = [{ fromMs, toMs: high, offsetMs: before }, { fromMs: high, toMs, offsetMs: after }];
  }
  if (zone.buckets.size >= mostSpans) zone.buckets.clear();
  zone.buckets.set(bucket, spans);
  return spans;
}

/** The span around an instant in which the zone's offset is known not to change (it may go on after it). Throws RangeError for an unknown zone. */
export function offsetSpan(timeZone: string, atMs: number): OffsetSpan {
  const spans = spansOf(zoneOf(timeZone), Math.floor(atMs / bucketMs));
  const first = spans[0] as OffsetSpan;
  return atMs < first.toMs ? first : (spans[1] as OffsetSpan);
}

export function localTimeAt(atMs: number, offsetMs: number): LocalTime {
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
  const minutes = Math.floor(localTime(timeZone, atMs).msOfDay / minuteMs);
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** `YYYY-MM-DD` of a local day number. */
export function dateText(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

/** Days since 1970-01-01 of a `YYYY-MM-DD` that is in the calendar. */
export function dayOfDate(text: string): number | undefined {
  if (!/^[12]\d{3}-\d\d-\d\d$/.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || dateText(ms / dayMs) !== text ? undefined : ms / dayMs;
}

/**
 * An OCPI DateTime (RFC 3339, types 12.1): UTC with or without Z. An offset is taken too, because it has only one meaning.
 * Fractions of a millisecond are cut. Undefined for a text that is no time.
 */
export function instantOf(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/.exec(text);
  if (match === null) return undefined;
  const [, date = "", hour, minute, second, fraction = "", offset = "Z"] = match;
  const day = dayOfDate(date);
  if (day === undefined) return undefined;
  const shift = offset === "Z" ? 0 : (offset.startsWith("-") ? -1 : 1) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4))) * minuteMs;
  return day * dayMs + Number(hour) * 3_600_000 + Number(minute) * minuteMs + Number(second) * 1000 + Number(fraction.padEnd(3, "0").slice(0, 3)) - shift;
}
