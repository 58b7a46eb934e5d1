// Reads one segment of the journal: proves every line and tells a torn tail (a batch that a power cut left unfinished,
// never acted on) from damage. When in doubt it is damage: a line that was acted on is never cut in silence.
import type { Entry, EntryLine, HeaderLine, RawLine } from "./journal-line.js";
import { isHeader, newline, readLine, splitLines } from "./journal-line.js";

/** Where the journal stands between two lines. */
export type SegmentPlace = { readonly seq: number; readonly check: string };

export type Segment = {
  readonly entries: readonly Entry<unknown>[];
  /** Length of the part that holds whole batches. */
  readonly wholeBytes: number;
  readonly end: SegmentPlace;
  /** What is wrong behind the whole part: nothing, an unfinished write, or damage at a line. */
  readonly tail:
    | { readonly kind: "none" }
    | { readonly kind: "torn" }
    | { readonly kind: "damaged"; readonly line: number; readonly why: string };
};

/** Proves the bytes of segment `number`, which must continue from `from`. Never throws for their content. */
export function readSegment(bytes: Buffer, number: number, from: SegmentPlace): Segment {
  const lines = splitLines(bytes);
  const damaged = (line: number, why: string, whole: Pick<Segment, "entries" | "wholeBytes" | "end">): Segment => ({
    ...whole,
    tail: { kind: "damaged", line, why },
  });
  const nothing = { entries: [], wholeBytes: 0, end: from };

  // A segment gets its name only when its header lasts, so a bad header is never a torn write.
  const first = lines[0];
  const header = first?.ended ? readLine(first.bytes) : undefined;
  if (!header || !isHeader(header.line)) return damaged(1, "the header does not match its check", nothing);
  const { segment, firstSeq, prev } = header.line;
  if (segment !== number) return damaged(1, `the header belongs to segment ${segment}`, nothing);
  if (prev !== from.check || firstSeq !== from.seq + 1)
    return damaged(1, "it does not continue from the segment before", nothing);

  const entries: Entry<unknown>[] = [];
  let whole = { entries: 0, bytes: first?.end ?? 0, end: { seq: from.seq, check: header.check } };
  let here: SegmentPlace = whole.end;
  let stop: { readonly index: number; readonly why: string } | undefined;
  for (const [index, raw] of lines.entries()) {
    if (index === 0) continue;
    const read = raw.ended ? readLine(raw.bytes) : undefined;
    const why = read ? misplaced(read.line, here, whole.end) : "the line does not match its check";
    if (!read || isHeader(read.line) || why !== undefined) {
      stop = { index, why: why ?? "" };
      break;
    }
    const { seq, batch, moment, event } = read.line;
    entries.push({ seq, moment, event });
    here = { seq, check: read.check };
    if (seq === batch[1]) whole = { entries: entries.length, bytes: raw.end, end: here };
  }

  const good = { entries: entries.slice(0, whole.entries), wholeBytes: whole.bytes, end: whole.end };
  if (whole.bytes === bytes.length) return { ...good, tail: { kind: "none" } };
  const line = (stop?.index ?? lines.length) + 1;
  // The chain held and the batch is unfinished: a write that came to its end only in part.
  if (!stop) return { ...good, tail: { kind: "torn" } };
  const rest = lines.slice(stop.index);
  if (rest.some((raw) => belongsToAnother(raw, whole.end))) return damaged(line, stop.why, good);
  return looksTorn(bytes.subarray(whole.bytes)) ? { ...good, tail: { kind: "torn" } } : damaged(line, stop.why, good);
}

function misplaced(line: HeaderLine | EntryLine, here: SegmentPlace, wholeEnd: SegmentPlace): string | undefined {
  if (isHeader(line)) return "a header where an entry should be";
  if (line.seq !== here.seq + 1) return `entry ${line.seq} stands where ${here.seq + 1} should`;
  if (line.prev !== here.check) return "it does not continue from the line before";
  const [first, last] = line.batch;
  if (first !== wholeEnd.seq + 1 || last < line.seq) return "it does not belong to its batch";
  return undefined;
}

/** A line behind the bad one that is whole and of a later batch: it was written after the bad one had been acted on. */
function belongsToAnother(raw: RawLine, wholeEnd: SegmentPlace): boolean {
  // Where the newline before it was zeroed too, the line stands behind the zeros.
  const read = raw.ended ? readLine(raw.bytes.subarray(raw.bytes.lastIndexOf(0) + 1)) : undefined;
  return read !== undefined && (isHeader(read.line) || read.line.batch[0] !== wholeEnd.seq + 1);
}

/**
 * A power cut leaves a prefix, or a length with holes (zeros) in it. A tail without either has all its bytes: something
 * changed them, and they may have been acted on. A whole line whose newline alone is wrong is such a change.
 */
function looksTorn(tail: Buffer): boolean {
  if (tail.includes(Buffer.alloc(2)) || tail.at(-1) === 0) return true;
  if (tail.at(-1) === newline) return false;
  const lastLine = tail.subarray(tail.lastIndexOf(newline) + 1);
  return readLine(lastLine.subarray(0, -1)) === undefined;
}
