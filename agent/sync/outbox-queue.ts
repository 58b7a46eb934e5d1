// The receipts that wait for one backend, in the order in which they go, and what is remembered of those on their way.
// Nothing goes out that was not written down as taken.
import { Failure } from "../core/failure.js";
import { attemptsBeforeDoubt } from "./outbox-doubt.js";
import {
  emptyOutbox,
  firstInLine,
  type ItemState,
  itemState,
  markTaken,
  type OutboxItem,
  type OutboxItems,
  type OutboxState,
  type OutboxStore,
  restarted,
} from "./outbox-state.js";

export type OutboxQueueParts = {
  /** The uplink's name. */
  readonly name: string;
  readonly items: OutboxItems;
  readonly store: OutboxStore;
};

export class OutboxQueue {
  readonly #parts: OutboxQueueParts;
  #state: OutboxState;
  #unsaved = false;

  /** Throws Failure table/damaged, and what the store throws when the state cannot be read. */
  constructor(parts: OutboxQueueParts) {
    const { name, items, store } = parts;
    this.#parts = parts;
    const kept = store.read() ?? emptyOutbox;
    // Numbers that come again would pass for sent: better no uplink than sales that never arrive.
    if (kept.cursor > items.last())
      throw new Failure(
        "table/damaged",
        `the outbox of ${name} has sent receipt ${kept.cursor}, but the receipt book ends at ${items.last()}: ` +
          "restore the book",
      );
    this.#state = restarted(kept);
  }

  get state(): OutboxState {
    return this.#state;
  }

  /** How many wait; parked ones do not. */
  get waiting(): number {
    return this.#parts.items.last() - this.#state.cursor + firstInLine(this.#state).length;
  }

  /** Something waits that is not in doubt: on those the backend has failed often enough. */
  get hasOthers(): boolean {
    return this.waiting > this.#state.open.filter(({ attempts }) => attempts >= attemptsBeforeDoubt).length;
  }

  stateOf(number: number): ItemState {
    return itemState(this.#state, number);
  }

  /** How often the backend has failed on one that is on its way. */
  attemptsOn(number: number): number {
    return this.#state.open.find((item) => item.number === number)?.attempts ?? 0;
  }

  /** It goes before any number that was never taken: it may have arrived already, or somebody asked for it. */
  isFirstInLine(number: number): boolean {
    return firstInLine(this.#state).includes(number);
  }

  /**
   * The next to send: what may have arrived already, what was asked for by hand, then the first number that was never
   * taken. Throws Failure book/damaged where a receipt that was taken is gone.
   */
  next(except: readonly number[]): OutboxItem | undefined {
    const { items, name } = this.#parts;
    for (const number of firstInLine(this.#state)) {
      if (except.includes(number)) continue;
      const item = items.get(number);
      if (item === null)
        throw new Failure(
          "book/damaged",
          `receipt ${number} was taken for ${name} and is no longer in the receipt book`,
        );
      return item;
    }
    const last = items.last();
    for (let number = this.#state.cursor + 1; number <= last; number += 1) {
      const item = items.get(number);
      if (item !== null) return item;
      // Nothing to send for this number; a restart finds that out again, so it needs no write of its own.
      this.#state = { ...this.#state, cursor: number };
    }
    return undefined;
  }

  /** One that waits by its number, on its way or not; undefined where it does not wait or cannot be read. */
  waitingItem(number: number): OutboxItem | undefined {
    const { items } = this.#parts;
    const stands = this.stateOf(number);
    if (number < 1 || number > items.last() || stands === "acked" || stands === "parked") return undefined;
    try {
      return items.get(number) ?? undefined;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return undefined;
    }
  }

  /** Written before the send, together with the acknowledgement of the one before. */
  take(number: number): void {
    this.change(markTaken(this.#state, number));
    this.save();
  }

  /** Written with the next `save`. */
  change(state: OutboxState): void {
    this.#unsaved ||= state !== this.#state;
    this.#state = state;
  }

  save(): void {
    if (!this.#unsaved) return;
    this.#parts.store.write(this.#state);
    this.#unsaved = false;
  }
}
