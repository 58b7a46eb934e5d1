// What lapses when nobody follows it up: a card without a car, a chosen connector without a card.
import type { Clock, MonoMs } from "../../drivers/driver.js";

/** One wait for each key, the newest. */
export class Lapses<Key> {
  readonly #cancels = new Map<Key, () => void>();

  constructor(private readonly clock: Clock) {}

  /** At `monoMs` what stands under `key` lapses, in place of what was to lapse there before. */
  set(key: Key, monoMs: MonoMs, lapse: () => void): void {
    this.#cancels.get(key)?.();
    this.#cancels.set(
      key,
      this.clock.at(monoMs, () => {
        this.#cancels.delete(key);
        lapse();
      }),
    );
  }

  /** Nothing lapses any more. */
  close(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
