// From which journal entry on the open sessions still need it: what maintenance must not put into the archive.
// A session can be brought back from the plug that it began with. Whether a card or a remote start that waited was
// taken by that plug hangs on all that waited and on the orders that stood, so those are needed from the entry on
// before which nothing of the kind stood. A fault that stands until somebody says so is needed from its newest entry on.
import { openHolds } from "../core/payment/hold.js";
import { standingKey } from "../core/station/standing-faults.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { StationState } from "../core/station/station-state.js";

export class JournalRetention {
  readonly #ofConnector = new Map<number, number>();
  /** Since which entry something has waited or been ordered without a break. */
  #standsSince = 0;
  readonly #ofFault = new Map<string, number>();
  readonly #ofHold = new Map<string, number>();

  /** An entry was written, or is read again at a start; `before` = the state that it found. */
  saw(seq: number, event: StationEvent, before: StationState): void {
    // All orders said again begin anew, unless something waits that may hang on the old ones.
    if (!stands(before) || (event.type === "OrdersStand" && nothingWaits(before)))
      this.#standsSince = this.#open(before, seq);
    if (event.type === "HoldWanted") this.#ofHold.set(event.wish.reference, seq);
    if (event.type === "HoldsStand") for (const { reference } of event.holds) this.#ofHold.set(reference, seq);
    const fault = standingKey(event);
    if (fault !== undefined && event.type === "FaultRaised") this.#ofFault.set(fault, seq);
    if (event.type !== "PlugChanged" || !event.plugged || before.sessions.get(event.connector)?.state !== "available")
      return;
    this.#ofConnector.set(event.connector, stands(before) ? this.#standsSince : seq);
  }

  /** The first entry that `stationState` needs; `next` where it needs none. 0 = all, where an entry's place is not known. */
  first(stationState: StationState, next: number): number {
    return Math.min(
      this.#open(stationState, next),
      ...(stands(stationState) ? [this.#standsSince] : []),
      ...[...stationState.standing.keys()].map((fault) => this.#ofFault.get(fault) ?? 0),
      ...openHolds(stationState.holds).map(({ reference }) => this.#ofHold.get(reference) ?? 0),
    );
  }

  /** The first entry of the sessions that are open; `next` where none is. */
  #open({ sessions }: StationState, next: number): number {
    return Math.min(
      next,
      ...[...sessions].flatMap(([id, { state }]) =>
        state === "available" || state === "finishing" ? [] : [this.#ofConnector.get(id) ?? 0],
      ),
    );
  }
}

/** Whether orders of a backend stand that a restart must find again. */
export const ordersStand = ({ orders }: StationState): boolean =>
  orders.reservations.size > 0 || orders.inoperative.size > 0 || orders.noShows.size > 0;

const stands = (stationState: StationState): boolean => !nothingWaits(stationState) || ordersStand(stationState);

const nothingWaits = ({ waiting, awaited, webPayments }: StationState): boolean =>
  waiting.size + awaited.size + webPayments.size === 0;
