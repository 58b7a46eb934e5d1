// What the journal knows when a station starts, entry by entry: the till as it stood, what open sessions still need of it, and the receipts that the
// book may not have yet. Nothing else is kept: the journal of a busy station in which one car stands for days is larger than its memory.
import type { Moment } from "../../drivers/driver.js";
import { concernsBook } from "../receipts/receipt-issuer.js";
import { emptyTill, step, type Event, type Layout, type Till } from "../core/session/station-state.js";
import { NeededEntries } from "./journal-retention.js";

export class Past {
  readonly needed = new NeededEntries();
  /** Entries that the cash desk must know of: what stands beyond the `booked` receipts of the book. */
  readonly unbooked: Event[] = [];
  #till: Till;
  #last: Moment | undefined;

  constructor(
    readonly layout: Layout,
    readonly booked: number,
  ) {
    this.#till = emptyTill(layout);
  }

  saw(seq: number, event: Event): void {
    this.needed.saw(seq, event, this.#till);
    this.#till = step(this.#till, event, this.layout);
    if (concernsBook(event, this.booked)) this.unbooked.push(event);
    this.#last = event.moment;
  }

  get till(): Till {
    return this.#till;
  }

  /** The last moment that the journal knows. */
  get last(): Moment | undefined {
    return this.#last;
  }
}
