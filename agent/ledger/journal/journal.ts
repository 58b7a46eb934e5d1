// The truth about open sessions: an append-only, hash-chained log in segments of JSON Lines. What `append` returned has
// happened for ever. A torn last batch is cut (nobody acted on it); any other damage is named, and nothing is sold
// until it is repaired.
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Moment } from "../../../drivers/driver.js";
import { Failure } from "../../core/failure.js";
import type { Appender, Disk } from "../store/disk.js";
import { type Entry, writeLine } from "./journal-line.js";
import {
  closedSegmentsFolder,
  type JournalManifest,
  journalDamage,
  makeSegment,
  manifestFile,
  segmentFile,
  segmentNumbers,
  segmentsPresent,
} from "./journal-manifest.js";
import { readSegment, type Segment, type SegmentPlace } from "./segment.js";

export type OpenedJournal<E> = {
  readonly journal: Journal<E>;
  /** Every entry of the segments that are kept, oldest first. */
  readonly entries: readonly Entry<E>[];
  /** Bytes of an unfinished write that were cut off. */
  readonly cutBytes: number;
};

export type JournalOptions = {
  readonly segmentBytes?: number;
  /** Something beside the journal says that it was made once: a folder and a mark that are both gone were lost. */
  readonly wasMade?: boolean;
};

/** Segments end at the first batch past this size. At each start the newest one is written anew: it must stay small. */
const defaultSegmentBytes = 256 * 1024;

export class Journal<E> {
  /** Segments that are kept, oldest first, and what each continues from. */
  readonly #continues: Map<number, SegmentPlace>;
  #appender: Appender;
  #segment: number;
  #segmentBytes: number;
  #end: SegmentPlace;

  private constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    private readonly segmentBytes: number,
    at: {
      readonly segment: number;
      readonly bytes: number;
      readonly end: SegmentPlace;
      readonly continues: Map<number, SegmentPlace>;
    },
  ) {
    this.#segment = at.segment;
    this.#segmentBytes = at.bytes;
    this.#end = at.end;
    this.#continues = at.continues;
    this.#appender = disk.appender(join(folder, segmentFile(at.segment)));
  }

  /**
   * Opens the journal in `folder` (made on the very first run), proves the chain and cuts a torn tail. `parse` names
   * the shape of an event and throws where it does not fit. Throws journal/damaged with file and line, disk/failed,
   * disk/full.
   */
  static open<E>(
    disk: Disk,
    folder: string,
    parse: (value: unknown) => E,
    options: JournalOptions = {},
  ): OpenedJournal<E> {
    const entries: Entry<E>[] = [];
    return { ...Journal.replay(disk, folder, parse, (entry) => entries.push(entry), options), entries };
  }

  /**
   * As `open`, but hands over the entries one by one, oldest first: while one car stands for days, all others fill the
   * journal, and a start must not need memory for it. What was handed over before a throw counts for nothing.
   */
  static replay<E>(
    disk: Disk,
    folder: string,
    parse: (value: unknown) => E,
    each: (entry: Entry<E>) => void,
    options: JournalOptions = {},
  ): Omit<OpenedJournal<E>, "entries"> {
    const kept = prepare(disk, folder, options);
    const { last, lastNumber, continues } = readAll(disk, folder, kept, parse, each);
    // The newest segment is written anew, without its torn tail. A run whose fdatasync failed leaves bytes that can be
    // read but are not on the disk, and no later fsync would bring them there: what is about to be relied on is made to
    // last first.
    const whole = last.bytes.subarray(0, last.segment.wholeBytes);
    disk.replace(join(folder, segmentFile(lastNumber)), whole);
    if (lastNumber !== kept.newest) manifestFile(disk, folder).write({ ...kept, newest: lastNumber });
    const at = { segment: lastNumber, bytes: whole.length, end: last.segment.end, continues };
    const journal = new Journal<E>(disk, folder, options.segmentBytes ?? defaultSegmentBytes, at);
    return { journal, cutBytes: last.bytes.length - whole.length };
  }

  /**
   * A look without a hand, safe while an agent writes: the entries that stand now; none before the first run. Throws
   * journal/damaged, disk/failed.
   */
  static view<E>(
    disk: Disk,
    folder: string,
    parse: (value: unknown) => E,
    options: JournalOptions = {},
  ): readonly Entry<E>[] {
    const kept = segmentsPresent(disk, folder, options);
    return kept.isFirstRun ? [] : viewTrying(disk, folder, parse, 3);
  }

  /** The seq of the newest entry; 0 before the first. */
  get lastSeq(): number {
    return this.#end.seq;
  }

  /**
   * Writes the events at one stroke: one write, one fdatasync. When it returns all of them last; when it throws
   * (disk/failed, disk/full) all or none of them will be there at the next start, and this journal takes nothing more.
   * Throws TypeError for what JSON cannot hold.
   */
  append(events: readonly E[], moment: Moment): readonly Entry<E>[] {
    if (events.length === 0) return [];
    if (this.#segmentBytes >= this.segmentBytes) this.#rotate();
    const batch = [this.#end.seq + 1, this.#end.seq + events.length] as const;
    const entries: Entry<E>[] = [];
    let text = "";
    let { seq, check: prev } = this.#end;
    for (const event of events) {
      seq += 1;
      const line = writeLine({ seq, batch, moment, prev, event });
      text += line.text;
      prev = line.check;
      entries.push({ seq, moment, event });
    }
    const bytes = Buffer.from(text);
    this.#appender.append(bytes);
    this.#segmentBytes += bytes.length;
    this.#end = { seq, check: prev };
    return entries;
  }

  /**
   * Lets go of the segments that hold only entries before `beforeSeq`: packs each into closed/ as evidence, then takes
   * it out of the journal, so that a start reads only what is still open. Returns how many went, at most `most`:
   * meanwhile nothing else happens.
   */
  forget(beforeSeq: number, most = Number.POSITIVE_INFINITY): number {
    const going = [...this.#continues.keys()]
      .filter((number) => {
        const next = this.#continues.get(number + 1);
        return next !== undefined && next.seq < beforeSeq;
      })
      .slice(0, most);
    const stays = (going.at(-1) ?? 0) + 1;
    const from = this.#continues.get(stays);
    if (going.length === 0 || !from) return 0;
    for (const number of going) {
      const bytes = this.disk.read(join(this.folder, segmentFile(number)));
      if (!bytes) throw journalDamage(this.folder, number, 1, "the segment is missing");
      this.disk.replace(join(closedSegmentsFolder(this.folder), `${segmentFile(number)}.gz`), gzipSync(bytes));
    }
    // First the word that they are not needed, then the removal: a cut between leaves files that the next start takes
    // away.
    manifestFile(this.disk, this.folder).write({ oldest: stays, from, newest: this.#segment });
    for (const number of going) {
      this.disk.remove(join(this.folder, segmentFile(number)));
      this.#continues.delete(number);
    }
    return going.length;
  }

  close(): void {
    this.#appender.close();
  }

  #rotate(): void {
    const next = this.#segment + 1;
    const from = this.#end;
    const header = makeSegment(this.disk, this.folder, next, from);
    // Before anything stands in it: from now on a start that does not find it knows that it was lost.
    const [oldest = next, oldestFrom = from] = this.#continues.entries().next().value ?? [];
    manifestFile(this.disk, this.folder).write({ oldest, from: oldestFrom, newest: next });
    this.#appender.close();
    this.#appender = this.disk.appender(join(this.folder, segmentFile(next)));
    this.#segment = next;
    this.#segmentBytes = header.bytes;
    this.#continues.set(next, from);
    this.#end = { seq: from.seq, check: header.check };
  }
}

/**
 * Brings the folder to a state that can be read: makes a first run's files, takes away what was let go. Nothing is
 * written over what was lost.
 */
function prepare(disk: Disk, folder: string, options: JournalOptions): JournalManifest {
  const { kept, isFirstRun, isMarked } = segmentsPresent(disk, folder, options);
  disk.makeFolder(folder);
  disk.makeFolder(closedSegmentsFolder(folder));
  if (isFirstRun) makeSegment(disk, folder, kept.oldest, kept.from);
  if (!isMarked) manifestFile(disk, folder).write(kept);
  else
    for (const number of segmentNumbers(disk, folder))
      if (number < kept.oldest) disk.remove(join(folder, segmentFile(number)));
  return kept;
}

type AllRead = {
  readonly last: { readonly segment: Segment; readonly bytes: Buffer };
  readonly lastNumber: number;
  readonly continues: Map<number, SegmentPlace>;
};

function readAll<E>(
  disk: Disk,
  folder: string,
  kept: JournalManifest,
  parse: (value: unknown) => E,
  each: (entry: Entry<E>) => void,
): AllRead {
  const lastNumber = Math.max(kept.newest, ...segmentNumbers(disk, folder));
  const continues = new Map<number, SegmentPlace>();
  let from = kept.from;
  for (let number = kept.oldest; ; number += 1) {
    continues.set(number, from);
    const bytes = disk.read(join(folder, segmentFile(number)));
    if (!bytes) throw journalDamage(folder, number, 1, "the segment is missing");
    const segment = readSegment(bytes, number, from);
    const { tail } = segment;
    if (tail.kind === "damaged") throw journalDamage(folder, number, tail.line, tail.why);
    for (const [index, entry] of segment.entries.entries()) {
      let event: E;
      try {
        event = parse(entry.event);
      } catch (cause) {
        throw journalDamage(
          folder,
          number,
          index + 2,
          `this version does not understand the entry (${cause instanceof Error ? cause.message : String(cause)})`,
          cause,
        );
      }
      each({ ...entry, event });
    }
    if (number === lastNumber) return { last: { segment, bytes }, lastNumber, continues };
    if (tail.kind === "torn")
      throw journalDamage(
        folder,
        number,
        segment.entries.length + 2,
        "an entry is cut off, yet a later segment follows",
      );
    from = segment.end;
  }
}

/** While we look, the agent may let go of segments that we were about to read: look again, a few times. */
function viewTrying<E>(
  disk: Disk,
  folder: string,
  parse: (value: unknown) => E,
  triesLeft: number,
): readonly Entry<E>[] {
  try {
    const entries: Entry<E>[] = [];
    readAll(disk, folder, segmentsPresent(disk, folder, {}).kept, parse, (entry) => entries.push(entry));
    return entries;
  } catch (cause) {
    if (triesLeft > 1 && cause instanceof Failure && cause.code === "journal/damaged")
      return viewTrying(disk, folder, parse, triesLeft - 1);
    throw cause;
  }
}
