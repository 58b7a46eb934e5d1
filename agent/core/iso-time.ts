// Instants as the texts that stand on receipts and in OCMF: local time with its offset, to the millisecond.
// Only instant -> local is ever computed; the offset makes the text an instant again without any zone rules.

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  let known = formatters.get(timeZone);
  if (known === undefined) {
    known = new Intl.DateTimeFormat("en-US", {
      timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", era: "short",
    });
    formatters.set(timeZone, known);
  }
  return known;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** Minutes that local time is ahead of UTC at an instant (all zones since 1972 keep whole minutes). */
export function offsetMinutes(atMs: number, timeZone: string): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatter(timeZone).formatToParts(atMs)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  return Math.round((local - (atMs - (((atMs % 1000) + 1000) % 1000))) / 60_000);
}

/** Local date and time of day without an offset, `2026-11-22T16:05:09.120`, and the offset in minutes. */
function localParts(atMs: number, timeZone: string): { readonly local: string; readonly offset: number } {
  const offset = offsetMinutes(atMs, timeZone);
  return { local: new Date(atMs + offset * 60_000).toISOString().slice(0, -1), offset };
}

const sign = (offset: number): string => (offset < 0 ? "-" : "+");
const hoursOf = (offset: number): string => two(Math.floor(Math.abs(offset) / 60));
const minutesOf = (offset: number): string => two(Math.abs(offset) % 60);

/** `2026-11-22T16:05:09.120+01:00`: ISO 8601 with the zone's offset at that instant. */
export function isoLocal(atMs: number, timeZone: string): string {
  const { local, offset } = localParts(atMs, timeZone);
  return `${local}${sign(offset)}${hoursOf(offset)}:${minutesOf(offset)}`;
}

/** `2026-11-22T16:05:09,120+0100`: the time of an OCMF reading (OCMF 1.0, TM), without its clock mark. */
export function ocmfLocal(atMs: number, timeZone: string): string {
  const { local, offset } = localParts(atMs, timeZone);
  return `${local.replace(".", ",")}${sign(offset)}${hoursOf(offset)}${minutesOf(offset)}`;
}

/** Milliseconds since the epoch of a text that `isoLocal` wrote, or undefined where it is none. */
export function instantOf(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/.test(text)) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}

/** Milliseconds since the epoch of an OCMF time, with or without its clock mark, or undefined where it is none. */
export function ocmfInstant(text: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d),(\d{3})([+-]\d\d)(\d\d)(?: [UISR])?$/.exec(text);
  return parts === null ? undefined : instantOf(`${parts[1]}.${parts[2]}${parts[3]}:${parts[4]}`);
}
