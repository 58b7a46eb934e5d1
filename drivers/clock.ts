// The machine's clocks. The only file that reads time for real.
// Trust is asked of the kernel's clock discipline: `timedatectl` reports it for timesyncd, chrony and ntpd alike.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Clock, Moment, MonoMs, TimeTrust } from "./driver.js";

/** The wall clock now, epoch ms: for commands that only look at files. */
export const wallNow = (): number => Date.now();

/** Milliseconds of this process that only ever grow: for what paces sockets and clients, and never a session. */
export const processMs = (): number => performance.now();

const longestTimerMs = 2 ** 31 - 1;
const askTrustEveryMs = 60_000;
/** Without a correction a Pi's crystal drifts by less than this, also in heat and frost. */
const worstDriftPpm = 100;
/**
 * A set clock that may be this far off is no longer taken as set: a boundary between two prices must fall where its
 * driver sees it.
 */
const mostAstrayMs = 8_640;
/** A day. */
const holdoverLimitMs = (mostAstrayMs * 1_000_000) / worstDriftPpm;

/**
 * How far the clock can be believed, by when (monotonic ms) it was last known to be synchronised, if ever since the
 * start.
 */
export function trustSince(syncedMonoMs: MonoMs | undefined, nowMonoMs: MonoMs): TimeTrust {
  if (syncedMonoMs === undefined) return "unsynced";
  if (syncedMonoMs === nowMonoMs) return "synced";
  return nowMonoMs - syncedMonoMs <= holdoverLimitMs ? "holdover" : "unsynced";
}

export class SystemClock implements Clock {
  readonly #boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  readonly #timer: NodeJS.Timeout;
  #trust: TimeTrust = "unsynced";
  #syncedMonoMs: number | undefined;

  private constructor() {
    this.#timer = setInterval(() => void this.#askTrust(), askTrustEveryMs);
    this.#timer.unref();
  }

  /** Opens the clock; its trust is known from the first moment on. */
  static async open(): Promise<SystemClock> {
    const clock = new SystemClock();
    await clock.#askTrust();
    return clock;
  }

  now(): Moment {
    return { at: Date.now(), monoMs: monoMs(), boot: this.#boot, trust: this.#trust };
  }

  at(wakeMonoMs: number, wake: () => void): () => void {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const left = wakeMonoMs - monoMs();
      // setTimeout fires at once for waits beyond 2^31-1 ms: long ones are walked in strides.
      timer = setTimeout(left > longestTimerMs ? wait : wake, Math.min(Math.max(0, Math.ceil(left)), longestTimerMs));
    };
    wait();
    return () => clearTimeout(timer);
  }

  busy<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #askTrust(): Promise<void> {
    const isSynchronised = await kernelClockSynchronised();
    const now = monoMs();
    if (isSynchronised) this.#syncedMonoMs = now;
    this.#trust = trustSince(this.#syncedMonoMs, now);
  }
}

/** CLOCK_MONOTONIC counts from boot for all processes alike, so it goes on over a restart of ours. Whole ms. */
function monoMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

function kernelClockSynchronised(): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("timedatectl", ["show", "--property=NTPSynchronized", "--value"], { timeout: 5_000 }, (error, stdout) =>
      resolve(error === null && stdout.trim() === "yes"),
    );
  });
}
