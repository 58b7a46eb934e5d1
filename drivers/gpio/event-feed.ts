// Facts that come by themselves, for whoever iterates over them: each iterator has a queue of its own, and each queue a
// bound.

/** Facts that no one has fetched. Past it the oldest pair goes: what is left still tells of both ways. */
const mostWaiting = 64;

export class EventFeed<T> {
  readonly #listeners = new Set<(fact: T | undefined) => void>();
  #broken: unknown;

  /** Something happened. */
  emit(fact: T): void {
    for (const listener of this.#listeners) listener(fact);
  }

  /** There is nothing more to tell: iterators throw `error` once their queue is empty, until it is mended. */
  break(error: unknown): void {
    this.#broken = error;
    for (const listener of this.#listeners) listener(undefined);
  }

  mend(): void {
    this.#broken = undefined;
  }

  /** `first`, then each fact that is told from now on, until the signal aborts. */
  async *from(first: readonly T[], signal: AbortSignal): AsyncGenerator<T, void, void> {
    const waiting = [...first];
    let wake: () => void = () => {};
    const listener = (fact: T | undefined): void => {
      if (fact !== undefined) waiting.push(fact);
      if (waiting.length > mostWaiting) waiting.splice(0, 2);
      wake();
    };
    const onAbort = (): void => wake();
    this.#listeners.add(listener);
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const fact = waiting.shift();
        if (fact !== undefined) yield fact;
        else if (this.#broken !== undefined) throw this.#broken;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener("abort", onAbort);
    }
  }
}
