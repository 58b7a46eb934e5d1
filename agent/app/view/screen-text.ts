// Text for a terminal: its looks, and lines of a width. Escape sequences take no room.
import { clockText, localTime } from "../../core/time/time.js";

export const bold = (text: string): string => `\x1b[1m${text}\x1b[22m`;
export const dim = (text: string): string => `\x1b[2m${text}\x1b[22m`;
export const tint = (code: number, text: string): string => `\x1b[${code}m${text}\x1b[39m`;

/**
 * Parts beside each other while they fit, else on a line of their own, set in by two: what a driver must read is never
 * cut away.
 */
export function sideBySide(parts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(part);
    else if (visibleWidth(last) + 3 + visibleWidth(part) <= columns) lines[lines.length - 1] = `${last}   ${part}`;
    else lines.push(`  ${part}`);
  }
  return lines;
}

/** Visible characters: escape sequences take no room. */
const visibleWidth = (text: string): number => [...text.replace(/\x1b\[[0-9;]*m/g, "")].length;

/**
 * A text in lines of at most `columns` characters, broken between words; the lines after the first leave room to be set
 * in by two.
 */
export function wrappedText(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns - 2) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** `18:02:31`, in the station's own time. */
export function screenTime(timeZone: string, at: number): string {
  const { msOfDay } = localTime(timeZone, at);
  return `${clockText(timeZone, at)}:${String(Math.floor(msOfDay / 1000) % 60).padStart(2, "0")}`;
}

/** `1:02:03` or `02:03`. */
export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${rest}` : rest;
}

/** Cuts (and, to fill, pads) to `columns` visible characters; escape sequences take no room. */
export function fit(text: string, columns: number, fill = false): string {
  let visible = 0;
  let out = "";
  for (const part of text.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith("\x1b[")) {
      out += part;
      continue;
    }
    const chars = [...part];
    const room = columns - visible;
    out += chars.length > room ? `${chars.slice(0, Math.max(0, room - 1)).join("")}${room > 0 ? "…" : ""}` : part;
    visible += Math.min(chars.length, room);
  }
  return `${out}\x1b[22m\x1b[39m${fill ? " ".repeat(Math.max(0, columns - visible)) : ""}`;
}

/** Parts one after the other, parted by dots, on as few lines as they need; the lines after the first are set in by two. */
export function flowed(parts: readonly string[], columns: number): string[] {
  const words = parts.flatMap((part, index) => [...(index === 0 ? [] : ["·"]), ...part.trim().split(" ")]);
  const lines: string[] = [];
  for (const word of words.filter((one) => one !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && visibleWidth(last) + 1 + visibleWidth(word) <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `  ${word}`);
  }
  return lines;
}
