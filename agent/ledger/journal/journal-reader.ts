// Reads what the journal's files hold, line by line: segments in use, packed away as evidence, or set aside by a repair.
// A line counts by its own check alone; that the lines follow from each other is proven where the journal is opened
// (segment.ts). Nothing is written, and one file is in memory at a time: all evidence of a large station is larger.
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Failure } from "../../core/failure.js";
import type { Disk } from "../store/disk.js";
import type { Entry, EntryLine, HeaderLine } from "./journal-line.js";
import { isHeader, readLine, splitLines } from "./journal-line.js";
import { closedSegmentsFolder, packedNumbers, segmentFile, segmentNumbers } from "./journal-manifest.js";

/** A segment never unfolds to more than this: it ends at the first batch past 256 KiB. */
const largestSegment = 64 * 1024 * 1024;

/** An entry, the file that it stands in, its line as it was written and the check of the line before. */
export type FoundEntry = {
  readonly path: string;
  readonly text: string;
  readonly prev: string;
  readonly entry: Entry<unknown>;
};

/** What to do about a segment that cannot be read: remember it, or throw it on. */
export type OnDamage = (failure: Failure) => void;

/** For who takes what is left: the rest may still hold what is looked for. */
export const ignoreDamage: OnDamage = () => undefined;

/**
 * The bytes of a segment's file, unpacked where it was packed away; undefined where there is no such file. Throws
 * journal/damaged for a package that is cut off or changed, disk/failed.
 */
export function segmentBytes(disk: Disk, path: string): Buffer | undefined {
  const bytes = disk.read(path);
  if (bytes === undefined || !/\.gz(?:\.\d+)?$/.test(path)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: largestSegment });
  } catch (cause) {
    throw new Failure(
      "journal/damaged",
      `${path}: this packed segment of the journal is cut off or changed and cannot be unpacked ` +
        `(${cause instanceof Error ? cause.message : String(cause)}); "chargetill repair" sets it aside, ` +
        "the receipts themselves stand in the book",
      { cause },
    );
  }
}

/** The lines of a segment that are ours, byte for byte; others are passed over. */
export function segmentLines(bytes: Buffer): { readonly line: HeaderLine | EntryLine; readonly text: string }[] {
  return splitLines(bytes).flatMap((raw) => {
    const read = readLine(raw.bytes);
    return read === undefined ? [] : [{ line: read.line, text: raw.bytes.toString("utf8") }];
  });
}

/** The entries of one segment's file, in the order of their writing. */
export function* entriesAt(disk: Disk, path: string, onDamage: OnDamage): Generator<FoundEntry> {
  let bytes: Buffer | undefined;
  try {
    bytes = segmentBytes(disk, path);
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.code !== "journal/damaged") throw cause;
    onDamage(cause);
  }
  if (bytes === undefined) return;
  for (const { line, text } of segmentLines(bytes)) {
    if (isHeader(line)) continue;
    const { seq, moment, event, prev } = line;
    yield { path, text, prev, entry: { seq, moment, event } };
  }
}

/**
 * The entries of the journal in `folder`, packed segments and those in use, oldest first. Safe while an agent writes: a
 * segment that is packed away meanwhile is read where it then lies.
 */
export function* entriesOf(disk: Disk, folder: string, onDamage: OnDamage): Generator<FoundEntry> {
  const numbers = new Set([...packedNumbers(disk, folder), ...segmentNumbers(disk, folder)]);
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const inUse = join(folder, segmentFile(number));
    const isPacked = disk.size(inUse) === undefined;
    yield* entriesAt(
      disk,
      isPacked ? join(closedSegmentsFolder(folder), `${segmentFile(number)}.gz`) : inUse,
      onDamage,
    );
  }
}

/** Every segment's file in a folder, those that a repair set aside and numbered too. */
export const segmentFilesIn = (disk: Disk, folder: string): string[] =>
  disk
    .list(folder)
    .filter((name) => name.startsWith("segment-"))
    .map((name) => join(folder, name));
