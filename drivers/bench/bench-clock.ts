// The bench's time: it stands still while any request is in flight and then moves straight to the next thing that is
// due. So the same seed gives the same scenario on any machine; `speed` paces what is seen and changes nothing that
// happens.
import type { Clock, Moment, TimeTrust } from "../driver.js";

/**
 * So long, in real time, the bench's time stands still for work in flight. A peer that never answers must not stop it
 * for ever: its time-out is of the bench's time too.
 */
const longestStandstillMs = 60_000;

type Timer = { readonly monoMs: number; readonly order: number; readonly wake: () => void };

/** What of the clock outlives a process. */
export type ClockState = {
  readonly at: number;
  readonly monoMs: number;
  readonly boot: string;
  readonly trust: TimeTrust;
};

export class BenchClock implements Clock {
  #state: ClockState;
  readonly #timers: Timer[] = [];
  #order = 0;
  #inFlight = 0;
  #rest: (() => void) | undefined;
  #running = true;

  /** Work in flight took too long: time goes on until nothing is in flight any more. */
  #impatient = false;

  /** `speed` = bench seconds per real second; 0 = unpaced. */
  constructor(
    state: ClockState,
    readonly speed: number,
    private readonly standstillMs = longestStandstillMs,
  ) {
    this.#state = state;
  }

  now(): Moment {
    return this.#state;
  }

  state(): ClockState {
    return this.#state;
  }

  /**
   * Steps the wall clock, as NTP or a person would, and sets how far it can be believed. The monotonic clock does not
   * notice.
   */
  adjust(change: { readonly stepMs?: number; readonly trust?: TimeTrust }): void {
    this.#state = {
      ...this.#state,
      at: this.#state.at + (change.stepMs ?? 0),
      trust: change.trust ?? this.#state.trust,
    };
  }

  /**
   * Time passes while the program is held up (a slow disk, a long computation): whoever was to be woken meanwhile is
   * late.
   */
  hold(ms: number): void {
    this.#state = { ...this.#state, at: this.#state.at + ms, monoMs: this.#state.monoMs + ms };
  }

  at(monoMs: number, wake: () => void): () => void {
    this.#order += 1;
    const timer: Timer = { monoMs: Math.max(Math.ceil(monoMs), this.#state.monoMs), order: this.#order, wake };
    // Kept sorted, latest first: the next one to fire is taken off the end.
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#timers[middle];
      if (
        other !== undefined &&
        (other.monoMs > timer.monoMs || (other.monoMs === timer.monoMs && other.order > timer.order))
      )
        low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    this.#rest?.();
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  busy<T>(work: Promise<T>): Promise<T> {
    this.#inFlight += 1;
    return work.finally(() => {
      this.#inFlight -= 1;
      if (this.#inFlight > 0) return;
      this.#impatient = false;
      this.#rest?.();
    });
  }

  /** Lets time pass until `stop`; resolves when nothing is woken any more. Real time is spent only for pacing. */
  async run(): Promise<void> {
    while (this.#running) {
      await this.#settled();
      const next = this.#timers.at(-1);
      if (next === undefined) {
        // A stop that came while promises settled has nobody left to wake us.
        if (this.#running) await this.#disturbed();
        continue;
      }
      if (this.speed > 0 && next.monoMs > this.#state.monoMs) {
        // Walk in small strides, so that a stop or a new timer is noticed while waiting.
        const strideMs = Math.min(next.monoMs - this.#state.monoMs, Math.max(1, Math.round(this.speed * 50)));
        await new Promise((resolve) => setTimeout(resolve, strideMs / this.speed));
        await this.#settled();
        const target = Math.min(this.#state.monoMs + strideMs, this.#timers.at(-1)?.monoMs ?? Number.POSITIVE_INFINITY);
        this.#moveTo(target);
        if (target < next.monoMs) continue;
      }
      const due = this.#running ? this.#timers.pop() : undefined;
      if (due === undefined) continue;
      this.#moveTo(due.monoMs);
      due.wake();
    }
  }

  stop(): void {
    this.#running = false;
    this.#rest?.();
  }

  #moveTo(monoMs: number): void {
    const passedMs = monoMs - this.#state.monoMs;
    if (passedMs <= 0) return;
    // Field by field: this runs for all that ever happens, and a spread costs many times as much.
    const { at, boot, trust } = this.#state;
    this.#state = { at: at + passedMs, monoMs, boot, trust };
  }

  /** Resolves when nothing is in flight and every promise that was ready has run. */
  async #settled(): Promise<void> {
    let patience: NodeJS.Timeout | undefined;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#inFlight === 0 || this.#impatient || !this.#running) return clearTimeout(patience);
      patience ??= setTimeout(() => {
        this.#impatient = this.#inFlight > 0;
        this.#rest?.();
      }, this.standstillMs);
      await this.#disturbed();
    }
  }

  #disturbed(): Promise<void> {
    return new Promise((resolve) => {
      this.#rest = () => {
        this.#rest = undefined;
        resolve();
      };
    });
  }
}
