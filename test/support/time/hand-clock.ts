// A clock that moves by hand: what waits for it wakes in order, and nothing else makes time pass.
import type { Clock, Moment, MonoMs } from "../../../drivers/driver.js";

const epoch = Date.UTC(2026, 2, 2, 10);

export class HandClock implements Clock {
  /** How many pieces of work are marked as in flight. */
  inFlight = 0;
  /** Until it is set it counts from 1970. */
  isSet = true;
  #monoMs = 0;
  #waiting: { readonly monoMs: number; readonly wake: () => void }[] = [];

  now(): Moment {
    const at = this.isSet ? epoch + this.#monoMs : this.#monoMs;
    return { at, monoMs: this.#monoMs, boot: "b1", trust: this.isSet ? "synced" : "unsynced" };
  }

  at(monoMs: MonoMs, wake: () => void): () => void {
    const entry = { monoMs, wake };
    this.#waiting.push(entry);
    return () => (this.#waiting = this.#waiting.filter((other) => other !== entry));
  }

  async busy<T>(work: Promise<T>): Promise<T> {
    this.inFlight += 1;
    try {
      return await work;
    } finally {
      this.inFlight -= 1;
    }
  }

  /** How long until the next wake-up; undefined = nothing waits. */
  get nextMs(): number | undefined {
    return this.#waiting.length === 0
      ? undefined
      : Math.min(...this.#waiting.map((entry) => entry.monoMs)) - this.#monoMs;
  }

  advance(ms: number): void {
    this.#monoMs += ms;
    const due = this.#waiting.filter((entry) => entry.monoMs <= this.#monoMs);
    this.#waiting = this.#waiting.filter((entry) => entry.monoMs > this.#monoMs);
    for (const entry of due) entry.wake();
  }
}
