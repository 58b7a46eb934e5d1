// What is done beside the selling, a little each minute: sealed pages are proven in turn, the disk's room is looked at, receipts that could not
// be signed are signed, and on their schedules outboxes are asked and the journal of settled sessions goes into the archive.
import { join } from "node:path";
import type { Clock } from "../drivers/driver.js";
import { Failure } from "./failure.js";
import type { Disk } from "./ledger/disk.js";
import { Reserve } from "./ledger/reserve.js";
import type { Shop } from "./shop.js";

/** Runs `work` whenever the cron expression is due, in UTC, until the answer is called. */
export type Schedule = (expression: string, work: () => void) => () => void;

export type HousekeepingParts = {
  readonly clock: Clock;
  readonly disk: Disk;
  /** The state folder. */
  readonly state: string;
  readonly schedule: Schedule;
  /** When each outbox is looked at again, in the order of the outboxes. */
  readonly outboxSchedules: readonly string[];
  readonly shop: () => Shop | undefined;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
};

const clockJumpMs = 60_000;
/** Minutes of most of a day: each looks at its share of the sealed pages. */
const pagesInTurns = 1_000;
/** Less free space than this and no session starts: a receipt and its journal must always fit. */
const leastFreeBytes = 16 * 1024 * 1024;
const nightly = "17 3 * * *";

export class Housekeeping {
  readonly #parts: HousekeepingParts;
  readonly #reserve: Reserve;
  #wallMinusMonoMs = 0;
  #jobs: (() => void)[] = [];
  #fullDisk = false;
  #rotten: string | undefined;

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
    this.#reserve = new Reserve(parts.disk, join(parts.state, "reserve"));
  }

  /**
   * After a disk/full at the start: gives up the room that was kept for this, so that a session that was begun is settled. True when there was
   * some to give; until it is taken again no session starts.
   */
  spendReserve(): boolean {
    try {
      return this.#reserve.spend();
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  }

  /** Why nothing may be sold, as far as the house itself is concerned. */
  whyClosed(): string | undefined {
    return this.#rotten ?? (this.#fullDisk ? "the disk is full: a receipt might not fit" : undefined);
  }

  /** Once a minute: the looks, then the schedules, which begin when the clock is good and begin anew when it jumped. */
  minute(): void {
    const { clock, disk, state } = this.#parts;
    const { at, monoMs, trust } = clock.now();
    const jumped = Math.abs(at - monoMs - this.#wallMinusMonoMs) > clockJumpMs;
    this.#wallMinusMonoMs = at - monoMs;
    this.#guard(() => {
      const shop = this.#parts.shop();
      shop?.desk.recover(clock.now());
      shop?.board.remember(clock.now());
      shop?.board.look(clock.now());
      if (shop !== undefined) this.#provePages(shop);
      this.#fullDisk = !this.#hasRoom(disk.freeBytes(state));
    });
    const shop = this.#parts.shop();
    if (shop === undefined || trust === "unsynced" || (!jumped && this.#jobs.length > 0)) return;
    this.close();
    this.#jobs = this.#parts.outboxSchedules.map((expression, index) => this.#parts.schedule(expression, () => void shop.outboxes[index]?.due()));
    // At once too: what a backend has changed while we were down is wanted now, not at the next full hour.
    for (const pull of shop.pulls) pull.due();
    this.#jobs.push(...shop.pulls.map((pull) => this.#parts.schedule(pull.schedule, () => pull.due())));
    this.#jobs.push(this.#parts.schedule(nightly, () => this.archive()));
  }

  /** Whether a session that starts now can be settled, come what may: there is room, and some is kept for the day when there is none. */
  #hasRoom(freeBytes: number): boolean {
    if (this.#reserve.stands) return freeBytes >= leastFreeBytes;
    if (freeBytes < leastFreeBytes + this.#reserve.bytes) return false;
    try {
      this.#reserve.take();
      return true;
    } catch (error) {
      if (error instanceof Failure && error.code === "disk/full") return false;
      throw error;
    }
  }

  /** Each night: the journal of settled sessions goes into the archive, up to the oldest entry that an open session still needs. */
  archive(): void {
    const shop = this.#parts.shop();
    if (shop === undefined) return;
    this.#guard(() => {
      shop.station.restate();
      shop.journal.forget(shop.needed.first(shop.station.till(), shop.journal.lastSeq));
    });
  }

  close(): void {
    for (const end of this.#jobs) end();
    this.#jobs = [];
  }

  /**
   * A sealed page that rotted is no reason to end the process, nor the session of a car that charges: no other session starts, it is shown, and
   * the page is looked at again each minute, so that one brought back from a backup opens the shop unaided.
   */
  #provePages({ book, station }: Shop): void {
    try {
      // In turn, so that within a day every sealed page was proven and no look takes long.
      book.verifyNext(Math.ceil(book.sealedPages / pagesInTurns));
      this.#rotten = undefined;
      station.faults.clear("station", "book/damaged");
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "book/damaged") throw error;
      this.#rotten = error.message;
      station.faults.raise("station", "book/damaged", error.message, this.#parts.clock.now().at);
    }
    this.#parts.changed();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#parts.die(error);
    }
  }
}
