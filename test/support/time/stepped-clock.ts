// A clock for driver tests: its time moves only when told, in order of the wakings, and stands still while work is in
// flight.
import type { Clock, Moment, TimeTrust } from "../../../drivers/driver.js";

type Waking = { readonly atMs: number; readonly wake: () => void };

export class SteppedClock implements Clock {
  trust: TimeTrust = "synced";
  /** Changed where the machine has started anew. */
  boot = "test";
  /** By how much somebody has set the wall clock ahead. */
  aheadMs = 0;
  #monoMs = 1_000;
  #wakings: Waking[] = [];
  readonly #inFlight = new Set<Promise<unknown>>();

  now(): Moment {
    const at = 1_790_000_000_000 + this.#monoMs + this.aheadMs;
    return { at, monoMs: this.#monoMs, boot: this.boot, trust: this.trust };
  }

  at(monoMs: number, wake: () => void): () => void {
    const waking = { atMs: monoMs, wake };
    this.#wakings.push(waking);
    return () => void (this.#wakings = this.#wakings.filter((other) => other !== waking));
  }

  busy<T>(work: Promise<T>): Promise<T> {
    this.#inFlight.add(work);
    const done = (): void => void this.#inFlight.delete(work);
    work.then(done, done);
    return work;
  }

  /** How many wakings are due. */
  get waiting(): number {
    return this.#wakings.length;
  }

  /** Resolves when nothing is in flight and everything that followed from it has run. */
  async quiet(): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      if (this.#inFlight.size === 0) return;
      await Promise.allSettled(this.#inFlight);
    }
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    const until = this.#monoMs + ms;
    await this.quiet();
    for (;;) {
      const [next] = this.#wakings.filter(({ atMs }) => atMs <= until).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#wakings = this.#wakings.filter((other) => other !== next);
      this.#monoMs = Math.max(this.#monoMs, next.atMs);
      next.wake();
      await this.quiet();
    }
    this.#monoMs = until;
  }
}
