// The rest between two tries of an outbox: a back-off that grows with each failure in a row.
import type { Clock, EpochMs } from "../../drivers/driver.js";
import { type BackoffLimits, backoffMs } from "./transport/backoff.js";

export type OutboxRestParts = {
  readonly clock: Clock;
  /** In [0, 1): the jitter. */
  readonly random: () => number;
  readonly backoff: BackoffLimits;
  /** It is over. */
  readonly over: () => void;
};

export class OutboxRest {
  readonly #parts: OutboxRestParts;
  #failures = 0;
  #wake:
    | { readonly monoMs: number; readonly atMs: EpochMs; readonly ofDoubt: boolean; readonly cancel: () => void }
    | undefined;

  constructor(parts: OutboxRestParts) {
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#wake !== undefined;
  }

  /** When it is over. */
  get untilMs(): EpochMs | undefined {
    return this.#wake?.atMs;
  }

  /** Whether it still holds; that of what is in doubt keeps back nothing else. */
  holds(hasOthers: boolean): boolean {
    if (this.#wake === undefined) return false;
    const { monoMs, ofDoubt } = this.#wake;
    return this.#parts.clock.now().monoMs < monoMs && !(ofDoubt && hasOthers);
  }

  /** `ofDoubt` = nothing but what is in doubt waits; `askedMs` = as long as the backend asked for, or more. */
  begin(ofDoubt: boolean, askedMs?: number): void {
    this.end();
    this.#failures += 1;
    const { clock, random, backoff, over } = this.#parts;
    const waitMs = backoffMs(this.#failures, backoff, random(), askedMs);
    const { at, monoMs } = clock.now();
    const cancel = clock.at(monoMs + waitMs, () => {
      this.#wake = undefined;
      over();
    });
    this.#wake = { monoMs: monoMs + waitMs, atMs: at + waitMs, ofDoubt, cancel };
  }

  end(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
  }

  /** The backend is well: the next one is short again. */
  forgetFailures(): void {
    this.#failures = 0;
  }
}
