// How often somebody may guess: so many tries within a time, then a pause. Counted by the monotonic clock, since a wall
// clock that is set must not give tries away.
import type { MonoMs } from "../../../drivers/driver.js";

export type TryRule = {
  readonly tries: number;
  /** The tries count within this time; when they are used up, none is left until the oldest is so old. */
  readonly withinMs: number;
};

/** Who guesses, at most; beyond it the one that was quiet longest is forgotten. */
const mostGuessers = 1_024;

export class TryLimit {
  readonly #tries = new Map<string, readonly MonoMs[]>();

  constructor(private readonly rule: TryRule) {}

  /** Takes a try; answers 0 where it may be made, else how long there is none. */
  take(who: string, now: MonoMs): number {
    const recent = (this.#tries.get(who) ?? []).filter((at) => now - at < this.rule.withinMs);
    const [oldest] = recent;
    if (recent.length >= this.rule.tries && oldest !== undefined) return oldest + this.rule.withinMs - now;
    this.#tries.delete(who);
    const quiet = this.#tries.size >= mostGuessers ? this.#tries.keys().next().value : undefined;
    if (quiet !== undefined) this.#tries.delete(quiet);
    this.#tries.set(who, [...recent, now]);
    return 0;
  }

  /** Whoever guessed right begins anew. */
  forgive(who: string): void {
    this.#tries.delete(who);
  }
}
