// Repairs a damaged journal: every line whose own check holds is carried over into a new segment, in order; what cannot
// be read is left out and said. Leaving out one bad line is safer than leaving out all that followed: a session whose
// end was forgotten would be billed again.
import { join } from "node:path";
import { Journal, type JournalOptions } from "../journal/journal.js";
import { type EntryLine, genesis, type HeaderLine, isHeader, writeLine } from "../journal/journal-line.js";
import {
  closedSegmentsFolder,
  type JournalManifest,
  manifestFile,
  packedNumbers,
  segmentFile,
  segmentNumbers,
} from "../journal/journal-manifest.js";
import {
  entriesAt,
  type FoundEntry,
  ignoreDamage,
  segmentBytes,
  segmentFilesIn,
  segmentLines,
} from "../journal/journal-reader.js";
import { readSegment, type SegmentPlace } from "../journal/segment.js";
import type { Disk } from "../store/disk.js";
import { complaintOf, type RepairFinding, setAside } from "./repair.js";

type Salvage = {
  readonly lines: readonly EntryLine[];
  readonly from: SegmentPlace;
  readonly numbers: readonly number[];
};

/** Looks at the journal in `folder`; writes nothing. Throws disk/failed. */
export function inspectJournal(disk: Disk, folder: string, options: JournalOptions = {}): RepairFinding[] {
  const problem = complaintOf(() => void Journal.view(disk, folder, (value) => value, options));
  if (problem === undefined) return [];
  const { lines, from, numbers } = salvage(disk, folder);
  const missing = gaps(lines, from);
  const remedy =
    numbers.length === 0
      ? "begins a new journal, empty: a session that was open when it was lost gets no receipt"
      : `sets the segments aside in ${join(folder, "damaged")} and carries ${lines.length} entries over into a new one; ` +
        (missing === ""
          ? "no entry between them is missing, the newest may be"
          : `entries ${missing} cannot be read and are left out`);
  return [{ path: folder, problem, remedy, repair: () => rebuild(disk, folder, salvage(disk, folder)) }];
}

/** Looks at what was packed away, each segment by itself; writes nothing. Throws disk/failed. */
export function inspectEvidence(disk: Disk, folder: string): RepairFinding[] {
  return packedNumbers(disk, folder).flatMap((number) => {
    const path = join(closedSegmentsFolder(folder), `${segmentFile(number)}.gz`);
    if (isWholePackage(disk, path, number)) return [];
    return [
      {
        path,
        problem: "the evidence of settled sessions that is packed here is not what was packed",
        remedy: `sets the file aside in ${join(closedSegmentsFolder(folder), "damaged")}; the receipts themselves stand in the book`,
        repair: () => {
          setAside(disk, path);
          disk.remove(path);
        },
      },
    ];
  });
}

function isWholePackage(disk: Disk, path: string, number: number): boolean {
  let isWhole = true;
  const problem = complaintOf(() => {
    const bytes = segmentBytes(disk, path);
    // Maintenance may have removed it since.
    if (bytes === undefined) return;
    const header = headerOf(segmentLines(bytes));
    const from = header && { seq: header.firstSeq - 1, check: header.prev };
    isWhole = from !== undefined && readSegment(bytes, number, from).tail.kind === "none";
  });
  return problem === undefined && isWhole;
}

const headerOf = (lines: ReturnType<typeof segmentLines>): HeaderLine | undefined =>
  lines.map(({ line }) => line).find(isHeader);

/**
 * Every entry of which anything is left, in the journal, packed away or set aside, oldest first and each once: what
 * receipts can be rebuilt from. Events are unparsed; after a repair a seq may stand for another entry than before, so
 * nothing is told apart by it.
 */
export function* everyEntry(disk: Disk, folder: string): Generator<FoundEntry> {
  const closed = closedSegmentsFolder(folder);
  const seen = new Set<string>();
  for (const each of [closed, join(closed, "damaged"), join(folder, "damaged"), folder])
    for (const path of segmentFilesIn(disk, each))
      for (const found of entriesAt(disk, path, ignoreDamage)) {
        if (seen.has(found.prev)) continue;
        seen.add(found.prev);
        yield found;
      }
}

/** The same of the journal alone, without what was packed away or set aside. */
export function* entriesLeft(disk: Disk, folder: string): Generator<FoundEntry> {
  for (const path of segmentFilesIn(disk, folder)) yield* entriesAt(disk, path, ignoreDamage);
}

/** Every line that is ours, byte for byte, of the segments that belong together, each entry once. */
function salvage(disk: Disk, folder: string): Salvage {
  const kept = readKept(disk, folder);
  const numbers = segmentNumbers(disk, folder);
  const found = new Map<number, EntryLine>();
  let from = kept?.from;
  for (const number of numbers) {
    if (kept && number < kept.oldest) continue;
    const lines = segmentLines(disk.read(join(folder, segmentFile(number))) ?? Buffer.alloc(0));
    const header = headerOf(lines);
    // A repair that was cut short leaves its new segment behind: what it holds stands in the older ones too.
    if (from && header && number !== kept?.oldest && header.prev === from.check && header.firstSeq === from.seq + 1)
      continue;
    if (header) from ??= { seq: header.firstSeq - 1, check: header.prev };
    for (const { line } of lines) if (!isHeader(line) && !found.has(line.seq)) found.set(line.seq, line);
  }
  const lines = withoutTornBatch([...found.values()].sort((a, b) => a.seq - b.seq));
  const [first] = lines;
  return {
    lines,
    numbers,
    from: from ?? (first ? { seq: first.seq - 1, check: first.prev } : { seq: 0, check: genesis }),
  };
}

/** The last batch counts only as a whole: without its end it was never acted on. */
function withoutTornBatch(lines: readonly EntryLine[]): readonly EntryLine[] {
  const last = lines.at(-1);
  if (!last || last.seq === last.batch[1]) return lines;
  return lines.filter((line) => line.batch[0] !== last.batch[0]);
}

/** "7, 12 to 15": the seqs between the first needed and the last found that were not found. */
function gaps(lines: readonly EntryLine[], from: SegmentPlace): string {
  const missing: string[] = [];
  let expected = from.seq + 1;
  for (const { seq } of lines) {
    if (seq === expected + 1) missing.push(String(expected));
    if (seq > expected + 1) missing.push(`${expected} to ${seq - 1}`);
    expected = seq + 1;
  }
  return missing.join(", ");
}

function readKept(disk: Disk, folder: string): JournalManifest | undefined {
  let kept: JournalManifest | undefined;
  complaintOf(() => (kept = manifestFile(disk, folder).read()));
  return kept;
}

/**
 * Sets all aside, writes the new segment whole, then the mark that makes it the only one: a cut in between is a journal
 * still to be repaired.
 */
function rebuild(disk: Disk, folder: string, { lines, from, numbers }: Salvage): void {
  const marked = readKept(disk, folder);
  // A folder that is gone as a whole is made as well.
  disk.makeFolder(folder);
  for (const number of numbers) setAside(disk, join(folder, segmentFile(number)));
  setAside(disk, manifestFile(disk, folder).path);
  // Above all that were packed away, too: a number that comes again would be packed over the evidence that bears it.
  const segment = Math.max(0, marked?.newest ?? 0, ...numbers, ...packedNumbers(disk, folder)) + 1;
  const header = writeLine({ segment, firstSeq: from.seq + 1, prev: from.check });
  let text = header.text;
  let prev = header.check;
  for (const [index, { event, moment }] of lines.entries()) {
    const seq = from.seq + 1 + index;
    const line = writeLine({ seq, batch: [seq, seq], moment, prev, event });
    text += line.text;
    prev = line.check;
  }
  disk.replace(join(folder, segmentFile(segment)), Buffer.from(text));
  manifestFile(disk, folder).write({ oldest: segment, from, newest: segment });
  for (const number of numbers) disk.remove(join(folder, segmentFile(number)));
}
