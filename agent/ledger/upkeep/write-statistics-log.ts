// How much was written to the card, per day and per receipt, over restarts too. The figures are for people: they are
// kept in memory and written once an hour where something changed, and a file that is lost or damaged costs the figures and
// nothing else.
import type { Moment } from "../../../drivers/driver.js";
import { CheckedFile } from "../store/checked-file.js";
import type { Disk } from "../store/disk.js";
import { complaintOf } from "./repair.js";

/** `day` = its date in UTC. */
export type WriteDay = {
  readonly day: string;
  readonly bytes: number;
  readonly syncs: number;
  readonly receipts: number;
};

export type WriteStatistics = {
  readonly todayBytes: number;
  readonly todaySyncs: number;
  readonly bytesPerReceipt?: number;
};

const daysKept = 31;
const hourMs = 3_600_000;
/** An idle station writes less in an hour, and is not made to write because it wrote. */
const newsBytes = 64 * 1024;

function parseDays(value: unknown): readonly WriteDay[] {
  const isCount = (each: unknown): boolean => typeof each === "number" && Number.isSafeInteger(each) && each >= 0;
  const isDay = (each: Partial<WriteDay> | null): boolean =>
    typeof each?.day === "string" && [each.bytes, each.syncs, each.receipts].every(isCount);
  if (Array.isArray(value) && value.length <= daysKept && value.every(isDay)) return value as WriteDay[];
  throw new TypeError("it is not a list of days");
}

export class WriteStatisticsLog {
  readonly #file: CheckedFile<readonly WriteDay[]>;
  #days: readonly WriteDay[] = [];
  #seen: Omit<WriteDay, "day"> | undefined;
  #savedMonoMs = 0;
  #unsavedBytes = 0;

  constructor(
    private readonly disk: Disk,
    path: string,
  ) {
    this.#file = new CheckedFile(disk, path, parseDays, "table/damaged");
  }

  /**
   * Looked at each minute, with the number of receipts there are. Until the clock is set, what was written waits for
   * its day. Throws disk/failed, disk/full.
   */
  look({ at, monoMs, trust }: Moment, receipts: number): void {
    const now = { bytes: this.disk.bytesWritten, syncs: this.disk.syncs, receipts };
    if (this.#seen === undefined) {
      complaintOf(() => (this.#days = this.#file.read()));
      this.#savedMonoMs = monoMs;
    }
    // What was written before the first look is ours too; receipts were there before.
    const seen = this.#seen ?? { bytes: 0, syncs: 0, receipts };
    this.#seen = seen;
    if (trust === "unsynced") return;
    const day = new Date(at).toISOString().slice(0, 10);
    const before = this.#days.find((each) => each.day === day) ?? { day, bytes: 0, syncs: 0, receipts: 0 };
    const today = {
      day,
      bytes: before.bytes + now.bytes - seen.bytes,
      syncs: before.syncs + now.syncs - seen.syncs,
      receipts: before.receipts + Math.max(0, now.receipts - seen.receipts),
    };
    this.#unsavedBytes += now.bytes - seen.bytes;
    this.#seen = now;
    this.#days = [...this.#days.filter((each) => each.day !== day), today]
      .sort((a, b) => (a.day < b.day ? -1 : 1))
      .slice(-daysKept);
    if (monoMs - this.#savedMonoMs < hourMs || this.#unsavedBytes < newsBytes) return;
    this.#file.write(this.#days);
    this.#savedMonoMs = monoMs;
    this.#unsavedBytes = 0;
  }

  /**
   * Today's bytes and fsyncs, and bytes per receipt over the days that are known; undefined before the first look under
   * a set clock.
   */
  figures(): WriteStatistics | undefined {
    const today = this.#days.at(-1);
    if (today === undefined) return undefined;
    const sum = (of: (day: WriteDay) => number): number => this.#days.reduce((total, day) => total + of(day), 0);
    const receipts = sum((day) => day.receipts);
    return {
      todayBytes: today.bytes,
      todaySyncs: today.syncs,
      ...(receipts === 0 ? {} : { bytesPerReceipt: Math.round(sum(({ bytes }) => bytes) / receipts) }),
    };
  }
}
