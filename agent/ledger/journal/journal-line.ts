// The lines of the journal: JSON that ends in its own check, each naming the check of the line before. Pure: bytes to
// meaning and back. A line whose check holds is what we wrote; a line that follows from the one before is where we
// wrote it.

import type { Moment } from "../../../drivers/driver.js";
import { storedJson } from "../../core/json/json-text.js";
import { sha256Hex } from "../store/digest.js";

/** One fact as it was written: `seq` counts from 1 without a gap for the life of the station. */
export type Entry<E> = { readonly seq: number; readonly moment: Moment; readonly event: E };

/** First line of a segment: what it continues from. */
export type HeaderLine = { readonly segment: number; readonly firstSeq: number; readonly prev: string };
/** `batch` is [first, last] seq of the events written at one stroke: they count together or not at all. */
export type EntryLine = {
  readonly seq: number;
  readonly batch: readonly [number, number];
  readonly moment: Moment;
  readonly prev: string;
  readonly event: unknown;
};

/** What the first line of all continues from. */
export const genesis = "0".repeat(64);

const checkStart = ',"check":"';
const checkEnd = '"}';
const tailLength = checkStart.length + 64 + checkEnd.length;

/** The line's bytes with its newline, and its check. Throws TypeError for what JSON cannot hold unchanged. */
export function writeLine(line: HeaderLine | EntryLine): { readonly text: string; readonly check: string } {
  const body = storedJson(line).slice(0, -1);
  const check = sha256Hex(body);
  return { text: `${body}${checkStart}${check}${checkEnd}\n`, check };
}

/**
 * The meaning and the check of a line (without its newline), or undefined when it is not, byte for byte, a line of
 * ours.
 */
export function readLine(bytes: Buffer): { readonly line: HeaderLine | EntryLine; readonly check: string } | undefined {
  const bodyLength = bytes.length - tailLength;
  if (bodyLength <= 0) return undefined;
  const tail = bytes.subarray(bodyLength).toString("latin1");
  const check = sha256Hex(bytes.subarray(0, bodyLength));
  if (tail !== checkStart + check + checkEnd) return undefined;
  // Whoever can make a check can make any JSON: the shape is ours because the check is.
  return { line: JSON.parse(bytes.toString("utf8")) as HeaderLine | EntryLine, check };
}

export const isHeader = (line: HeaderLine | EntryLine): line is HeaderLine => "segment" in line;

export const newline = 0x0a;

/** Bytes between two newlines; `end` is where the next line begins, `ended` says that its newline is there. */
export type RawLine = { readonly bytes: Buffer; readonly ended: boolean; readonly end: number };

/** The lines of a segment, of which the last may be cut off. */
export function splitLines(bytes: Buffer): RawLine[] {
  const lines: RawLine[] = [];
  for (let start = 0; start < bytes.length; ) {
    const at = bytes.indexOf(newline, start);
    const end = at === -1 ? bytes.length : at + 1;
    lines.push({ bytes: bytes.subarray(start, at === -1 ? end : at), ended: at !== -1, end });
    start = end;
  }
  return lines;
}
