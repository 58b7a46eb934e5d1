// Reservations that expired without a session and are charged: each gets its receipt, one after the other, also after a
// crash at any point. They stand in the state of the station until their receipts are in the book.
import type { Clock, Moment } from "../../../drivers/driver.js";
import { ReceiptFault } from "../../core/signing/signer.js";
import type { NoShow } from "../../core/station/backend-orders.js";
import type { Station } from "../station.js";

export type NoShowSettlementParts = {
  readonly clock: Clock;
  readonly station: Pick<Station, "enter" | "feed" | "stationState">;
  /**
   * The number of its receipt, which is in the book then; undefined = not now. Throws Failure, and ReceiptFault where
   * its price cannot be worked out.
   */
  readonly settle: (noShow: NoShow, now: Moment) => number | undefined;
  readonly note: (text: string) => void;
  /** The process cannot go on. */
  readonly die: (error: unknown) => void;
};

/** While the receipt of a session is being made, no other takes its number. */
const retryMs = 5_000;

export class NoShowSettlement {
  readonly #parts: NoShowSettlementParts;
  readonly #stopListening: () => void;
  #cancel: (() => void) | undefined;

  /** Takes up what stands in the state of the station. */
  constructor(parts: NoShowSettlementParts) {
    this.#parts = parts;
    this.#stopListening = parts.station.feed().listen(({ before, after }) => {
      if (before.orders.noShows !== after.orders.noShows) this.#due(0);
    });
    this.#due(0);
  }

  close(): void {
    this.#stopListening();
    this.#cancel?.();
  }

  #due(afterMs: number): void {
    const { clock, station } = this.#parts;
    this.#cancel?.();
    this.#cancel = undefined;
    if (station.stationState().orders.noShows.size > 0)
      this.#cancel = clock.at(clock.now().monoMs + afterMs, () => this.#next());
  }

  /** The oldest one; whatever it comes to moves the state, which asks for the next. */
  #next(): void {
    const { clock, station, settle, die } = this.#parts;
    const [noShow] = station.stationState().orders.noShows.values();
    if (noShow === undefined) return;
    const moment = clock.now();
    try {
      const number = settle(noShow, moment);
      if (number === undefined) return this.#due(retryMs);
      station.enter({ type: "ReservationSettled", moment, sessionId: noShow.fee.sessionId, number });
    } catch (error) {
      if (!(error instanceof ReceiptFault)) return die(error);
      // Rather no money than a station that ends at each start.
      this.#parts.note(`reservation ${noShow.id} is not charged: ${error.message}`);
      station.enter({ type: "ReservationSettled", moment, sessionId: noShow.fee.sessionId, number: null });
    }
  }
}
