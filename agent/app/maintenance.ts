// What is done beside the selling, a little each minute: sealed pages are proven in turn, the disk's room is looked at
// and some of it kept, receipts that could not be signed are signed, and on their schedules outboxes are asked and the
// journal goes into the archive, old evidence out of it.

import { join } from "node:path";
import type { Config } from "../../config/schema.js";
import type { Clock } from "../../drivers/driver.js";
import { Failure } from "../core/failure.js";
import { dayMs } from "../core/time/time.js";
import type { Disk } from "../ledger/store/disk.js";
import { DiskReserve } from "../ledger/store/disk-reserve.js";
import {
  type DiskForecast,
  type DiskRoom,
  forecastDisk,
  leastFreeBytes,
  leastFreeFiles,
  requiredFreeBytes,
  reserveBytes,
  shortOfRoom,
} from "../ledger/upkeep/disk-forecast.js";
import { pruneEvidence } from "../ledger/upkeep/evidence.js";
import { type WriteStatistics, WriteStatisticsLog } from "../ledger/upkeep/write-statistics-log.js";
import { clearCopies } from "../receipts/output/receipt-file-retention.js";
import type { AgentEvent } from "../station/events.js";
import type { StationFault } from "../sync/faults.js";
import type { Services } from "./services/services.js";

/** Work that is done on a cron expression, in UTC. */
export type ScheduledJob = {
  /** Whoever sets the wall clock may move the next turn: it is looked up anew. */
  clockWasSet(): void;
  close(): void;
};

export type MaintenanceParts = {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly config: Pick<Config, "state" | "receiptOutput" | "retention" | "connectors">;
  readonly schedule: (expression: string, work: () => void) => ScheduledJob;
  /** When each outbox is looked at again, in the order of the outboxes. */
  readonly outboxSchedules: readonly string[];
  readonly services: () => Services | undefined;
  readonly emit: (event: AgentEvent) => void;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
};

/** Minutes of most of a day: each looks at its share of the sealed pages. */
const pagesInTurns = 1_000;
/**
 * What of the night's work is done in one minute: each segment and page is read, packed or unpacked, and meanwhile
 * nothing else happens.
 */
const segmentsAtOnce = 8;
const copiesAtOnce = 100;
const roomAnewMs = 3_600_000;
const nightly = "17 3 * * *";
/** A wall clock that is this far from where it was against the monotonic one was set, by NTP or by a person. */
const clockSetMs = 1_000;

export class Maintenance {
  readonly #parts: MaintenanceParts;
  readonly #reserve: DiskReserve;
  readonly #writeStatistics: WriteStatisticsLog;
  #jobs: ScheduledJob[] = [];
  /** The wall clock less the monotonic one, when the jobs were last told of it. */
  #clockOffsetMs = 0;
  #fetched = false;
  #archiving = false;
  #full: StationFault | undefined;
  #rotten: string | undefined;
  #diskForecast: { readonly diskForecast: DiskForecast; readonly monoMs: number } | undefined;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
    this.#reserve = new DiskReserve(
      parts.disk,
      join(parts.config.state, "reserve"),
      reserveBytes(parts.config.connectors.length),
    );
    this.#writeStatistics = new WriteStatisticsLog(parts.disk, join(parts.config.state, "write-statistics.json"));
  }

  /**
   * After a disk/full at the start: gives up the room that was kept for this, so that a session that was begun is
   * settled. True when there was some to give; until it is taken again no session starts.
   */
  spendReserve(): boolean {
    try {
      return this.#reserve.spend();
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  }

  /** Why no session may start, as far as disk and receipt book are concerned. */
  whyClosed(): string | undefined {
    return this.#rotten ?? (this.#full === undefined ? undefined : "the disk is full: a receipt might not fit");
  }

  /** Once a minute: what is checked then; and once the services are open, the schedules begin. */
  minute(): void {
    const { clock, disk, config } = this.#parts;
    this.#guard(() => {
      const services = this.#parts.services();
      services?.issuer.recover(clock.now());
      services?.activeTariffs.remember(clock.now());
      services?.activeTariffs.look(clock.now());
      if (services !== undefined) this.#provePages(services);
      this.#watchRoom(disk.free(config.state));
      // For people's figures nothing is risked on a disk that is full.
      if (services !== undefined && this.#full === undefined)
        this.#writeStatistics.look(clock.now(), services.book.count());
      if (services !== undefined && this.#archiving) this.#archiveSome(services);
    });
    const services = this.#parts.services();
    if (services === undefined) return;
    // What a backend has changed while we were down is wanted now, not at the next full hour; under a clock that is not
    // set no certificate holds.
    if (!this.#fetched && clock.now().trust !== "unsynced") {
      this.#fetched = true;
      for (const pull of services.pulls) pull.begin();
    }
    if (this.#jobs.length > 0) return this.#watchClock();
    this.#clockOffsetMs = this.#offsetNowMs();
    this.#jobs = this.#parts.outboxSchedules.map((expression, index) =>
      this.#parts.schedule(expression, () => void services.outboxes[index]?.due()),
    );
    this.#jobs.push(...services.pulls.map((pull) => this.#parts.schedule(pull.schedule, () => pull.due())));
    this.#jobs.push(this.#parts.schedule(nightly, () => this.archive()));
  }

  /** Jobs wait for times of the wall clock; each only asks "is it due?", so that one turn too many does no harm. */
  #watchClock(): void {
    const offsetMs = this.#offsetNowMs();
    if (Math.abs(offsetMs - this.#clockOffsetMs) < clockSetMs) return;
    this.#clockOffsetMs = offsetMs;
    for (const job of this.#jobs) job.clockWasSet();
  }

  #offsetNowMs(): number {
    const { at, monoMs } = this.#parts.clock.now();
    return at - monoMs;
  }

  /**
   * Too little room is a fault, raised and cleared like any other, but for the journal: an entry of it would want room
   * too.
   */
  #watchRoom(free: DiskRoom): void {
    const { emit, clock } = this.#parts;
    const { at } = clock.now();
    if (this.#hasRoom(free)) {
      if (this.#full !== undefined) emit({ type: "recovered", at, device: this.#full.device, code: this.#full.code });
      this.#full = undefined;
      return this.#parts.changed();
    }
    const message = shortOfRoom(free, this.#reserve.bytes);
    if (this.#full === undefined) emit({ type: "fault", at, device: "station", code: "disk/full", message });
    this.#full = { device: "station", code: "disk/full", message, sinceMs: this.#full?.sinceMs ?? at };
    this.#parts.changed();
  }

  /** The faults of the disk that stand now. */
  faults(): readonly StationFault[] {
    return this.#full === undefined ? [] : [this.#full];
  }

  /**
   * Whether a session that starts now can be settled, come what may: there is room, and some is kept for the day when
   * there is none.
   */
  #hasRoom({ bytes, files }: DiskRoom): boolean {
    if (files < leastFreeFiles) return false;
    if (this.#reserve.stands) return bytes >= leastFreeBytes;
    if (bytes < leastFreeBytes + this.#reserve.bytes) return false;
    try {
      this.#reserve.take();
      return true;
    } catch (error) {
      if (error instanceof Failure && error.code === "disk/full") return false;
      throw error;
    }
  }

  /**
   * Each night: the journal of settled sessions goes into the archive, up to the oldest entry that an open session
   * still needs, and what of the archive is older than it must be goes for good. A share at once, the rest in the
   * minutes that follow.
   */
  archive(): void {
    const services = this.#parts.services();
    if (services === undefined) return;
    this.#guard(() => {
      services.station.restate();
      this.#archiveSome(services);
    });
  }

  #archiveSome(services: Services): void {
    const { journal, retention, station, book, outboxes, complaints, personRetention } = services;
    const { clock, disk, config } = this.#parts;
    const packed = journal.forget(retention.first(station.stationState(), journal.lastSeq), segmentsAtOnce);
    this.#archiving = packed === segmentsAtOnce;
    const { at, trust } = clock.now();
    if (trust === "unsynced") return;
    const isDone = (receipt: number): boolean =>
      receipt <= book.sealedReceipts && outboxes.every((outbox) => outbox.stateOf(receipt) === "acked");
    complaints.forgetClosedBefore(at - config.retention.complaints);
    // What is disputed stays as it is.
    const frozenMs = complaints.evidenceSinceMs() ?? at;
    const pruned = pruneEvidence(disk, join(config.state, "journal"), {
      beforeMs: Math.min(at - config.retention.evidence, frozenMs),
      isDone,
      most: segmentsAtOnce,
    });
    const cleared = clearCopies(disk, config, book, {
      beforeMs: Math.min(at - config.retention.copies, frozenMs),
      most: copiesAtOnce,
    });
    const forgets = personRetention.forgetBefore(Math.min(at - config.retention.personal, frozenMs), isDone);
    this.#archiving ||= pruned >= segmentsAtOnce || cleared >= copiesAtOnce || forgets;
  }

  /** What was written, and how long the disk will do: looked at when somebody asks, at most once an hour. */
  figures(): { readonly writeStatistics?: WriteStatistics; readonly diskForecast?: DiskForecast } {
    const { clock, disk, config } = this.#parts;
    const writeStatistics = this.#writeStatistics.figures();
    const services = this.#parts.services();
    const { at, monoMs } = clock.now();
    if (
      services !== undefined &&
      (this.#diskForecast === undefined || monoMs - this.#diskForecast.monoMs >= roomAnewMs)
    ) {
      try {
        this.#diskForecast = { diskForecast: forecastDisk(disk, config, services.book, at), monoMs };
      } catch (error) {
        // Trouble with the disk or a page is told where it matters; a forecast has no say in it.
        if (!(error instanceof Failure)) throw error;
      }
    }
    return {
      ...(writeStatistics === undefined ? {} : { writeStatistics }),
      ...(this.#diskForecast === undefined ? {} : { diskForecast: this.#roomNow(this.#diskForecast.diskForecast) }),
    };
  }

  /** What a receipt takes and how many there are a day changes slowly; what is free may be gone the next moment. */
  #roomNow(diskForecast: DiskForecast): DiskForecast {
    try {
      return requiredFreeBytes({ ...diskForecast, freeBytes: this.#parts.disk.free(this.#parts.config.state).bytes });
    } catch (error) {
      if (error instanceof Failure) return diskForecast;
      throw error;
    }
  }

  close(): void {
    for (const job of this.#jobs) job.close();
    this.#jobs = [];
  }

  /**
   * A sealed page that rotted is no reason to end the process, nor the session of a car that charges: no other session
   * starts, it is shown, and the page is looked at again each minute, so that one brought back from a backup opens the
   * services unaided.
   */
  #provePages({ book, station }: Services): void {
    try {
      // In turn, so that within a day every sealed page was proven and no look takes long; each hour has its part of
      // the book, also where no start sees a whole day.
      book.verifyNext(Math.ceil(book.sealedPages / pagesInTurns), (this.#parts.clock.now().at % dayMs) / dayMs);
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
