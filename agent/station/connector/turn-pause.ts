// The wait between two turns of a connector's loop: as long as it may be, and over at once where something has happened.
import type { Clock } from "../../../drivers/driver.js";

export class TurnPause {
  #over: (() => void) | undefined;
  #isCalled = false;

  constructor(private readonly clock: Clock) {}

  /** A turn begins: what happened before it is seen by it. */
  begin(): void {
    this.#isCalled = false;
  }

  /** Something has happened: the next turn comes at once. */
  end(): void {
    this.#isCalled = true;
    this.#over?.();
  }

  /** Resolves after `ms`, or when it is ended. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#isCalled || signal.aborted) return Promise.resolve();
    const { clock } = this;
    return new Promise((resolve) => {
      const over = (): void => {
        cancel();
        this.#over = undefined;
        resolve();
      };
      const cancel = clock.at(clock.now().monoMs + Math.max(0, ms), over);
      this.#over = over;
    });
  }
}
