// Which segments the journal has: their names, and the mark beside the folder that says which of them must be there.
// With the mark a lost segment is noticed, the newest one too; without it nobody could tell it from one that was never
// made.
import { join } from "node:path";
import { Failure } from "../../core/failure.js";
import { CheckedFile } from "../store/checked-file.js";
import type { Disk } from "../store/disk.js";
import { genesis, writeLine } from "./journal-line.js";
import type { SegmentPlace } from "./segment.js";

/**
 * The segments from `oldest` to `newest` must be there, and `from` is what the oldest continues from. A segment newer
 * than `newest` may be there too: it was made just before a cut.
 */
export type JournalManifest = { readonly oldest: number; readonly from: SegmentPlace; readonly newest: number };

function parseKept(value: unknown): JournalManifest {
  const kept = value as Partial<JournalManifest> | null;
  const whole = [kept?.oldest, kept?.newest, kept?.from?.seq].every(Number.isSafeInteger);
  if (whole && typeof kept?.from?.check === "string") return kept as JournalManifest;
  throw new TypeError("it does not name the segments that are kept");
}

/** The mark beside the folder: it also says that the journal was made once. */
export const manifestFile = (disk: Disk, folder: string): CheckedFile<JournalManifest> =>
  new CheckedFile(disk, `${folder}.made`, parseKept, "journal/damaged");

/** Where segments that were let go are packed away as evidence. */
export const closedSegmentsFolder = (folder: string): string => join(folder, "closed");

const segmentName = /^segment-(\d{8})\.jsonl$/;
const packageName = /^segment-(\d{8})\.jsonl\.gz$/;
export const segmentFile = (segment: number): string => `segment-${String(segment).padStart(8, "0")}.jsonl`;

/** The segments in the folder, oldest first. */
export const segmentNumbers = (disk: Disk, folder: string): number[] => numbersOf(disk.list(folder), segmentName);
/** Those that were packed away, oldest first. */
export const packedNumbers = (disk: Disk, folder: string): number[] =>
  numbersOf(disk.list(closedSegmentsFolder(folder)), packageName);

function numbersOf(names: readonly string[], pattern: RegExp): number[] {
  return names.flatMap((name) => {
    const number = pattern.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

export type SegmentsPresent = {
  readonly kept: JournalManifest;
  readonly isMarked: boolean;
  readonly isFirstRun: boolean;
};

/**
 * What must be there, by the mark. Without one it is a first run, or one that was cut short before its mark; segments
 * from the first on can be read without it too. Anything else was lost, and is no first run: a new first segment would
 * be packed over the first one's evidence.
 */
export function segmentsPresent(
  disk: Disk,
  folder: string,
  { wasMade = false }: { readonly wasMade?: boolean },
): SegmentsPresent {
  const file = manifestFile(disk, folder);
  if (disk.read(file.path)) return { kept: file.read(), isMarked: true, isFirstRun: false };
  const [oldest] = segmentNumbers(disk, folder);
  if (oldest === undefined && (wasMade || packedNumbers(disk, folder).length > 0))
    throw journalDamage(folder, 1, 1, "the whole journal is missing, and it was made once");
  if (oldest !== undefined && oldest > 1) file.read();
  return {
    kept: { oldest: 1, from: { seq: 0, check: genesis }, newest: 1 },
    isMarked: false,
    isFirstRun: oldest === undefined,
  };
}

/**
 * Makes a segment that holds its header; its name lasts only with the header in it. Throws disk/failed or disk/full.
 */
export function makeSegment(
  disk: Disk,
  folder: string,
  segment: number,
  from: SegmentPlace,
): { readonly bytes: number; readonly check: string } {
  const header = writeLine({ segment, firstSeq: from.seq + 1, prev: from.check });
  disk.replace(join(folder, segmentFile(segment)), Buffer.from(header.text));
  return { bytes: header.text.length, check: header.check };
}

/** The complaint about a line: where, what, and what to do. */
export function journalDamage(folder: string, segment: number, line: number, why: string, cause?: unknown): Failure {
  const where = `${join(folder, segmentFile(segment))}, line ${line}`;
  return new Failure(
    "journal/damaged",
    `${where}: ${why}; no session can start until it is repaired: "chargetill repair" shows what can be saved`,
    { cause },
  );
}
