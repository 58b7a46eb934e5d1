// What the journal knows when a station starts, entry by entry: the state of the station, what open sessions still need of
// it, and the receipts that the book may not have yet. Nothing else is kept: the journal of a busy station in which one
// car stands for days is larger than its memory.
import type { Moment } from "../../drivers/driver.js";
import type { StationEvent } from "../core/station/station-event.js";
import { reduce } from "../core/station/station-reducer.js";
import { emptyStationState, type Layout, type StationState } from "../core/station/station-state.js";
import { concernsBook } from "../receipts/receipt-chain.js";
import { JournalRetention } from "./journal-retention.js";

export class JournalReplay {
  readonly retention = new JournalRetention();
  /** Entries that the receipt issuer must know of: those beyond the `booked` receipts of the book. */
  readonly unbooked: StationEvent[] = [];
  #stationState: StationState;
  #last: Moment | undefined;

  constructor(
    readonly layout: Layout,
    readonly booked: number,
  ) {
    this.#stationState = emptyStationState(layout);
  }

  saw(seq: number, event: StationEvent): void {
    this.retention.saw(seq, event, this.#stationState);
    this.#stationState = reduce(this.#stationState, event, this.layout);
    if (concernsBook(event, this.booked)) this.unbooked.push(event);
    this.#last = event.moment;
  }

  get stationState(): StationState {
    return this.#stationState;
  }

  /** The last moment that the journal knows. */
  get last(): Moment | undefined {
    return this.#last;
  }
}
