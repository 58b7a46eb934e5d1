// Instants as the texts that stand on receipts and in OCMF: local time with its offset, to the millisecond.
// Only instant -> local is ever computed; the offset makes the text an instant again without any zone rules.
import { minuteMs, offsetSpan } from "./time.js";

const two = (value: number): string => String(value).padStart(2, "0");

/** Minutes that local time is ahead of UTC at an instant (all zones since 1972 keep whole minutes). */
const offsetMinutes = (atMs: number, timeZone: string): number =>
  Math.round(offsetSpan(timeZone, atMs).offsetMs / minuteMs);

/** Local date and time of day without an offset, `2026-11-22T16:05:09.120`, and the offset in minutes. */
function localParts(atMs: number, timeZone: string): { readonly local: string; readonly offset: number } {
  const offset = offsetMinutes(atMs, timeZone);
  return { local: new Date(atMs + offset * minuteMs).toISOString().slice(0, -1), offset };
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
export function parseIsoLocal(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/.test(text)) return undefined;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}

/** Milliseconds since the epoch of an OCMF time, with or without its clock mark, or undefined where it is none. */
export function parseOcmfTime(text: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d),(\d{3})([+-]\d\d)(\d\d)(?: [UISR])?$/.exec(text);
  return parts === null ? undefined : parseIsoLocal(`${parts[1]}.${parts[2]}${parts[3]}:${parts[4]}`);
}
