// What an OCPP uplink has to tell later, and what stands in no receipt: used reservations, cards that stopped a session,
// a restart that the CSMS asked for. All of it lasts but for which sessions ended while the line stood.
import { isBusy } from "../../core/session/session.js";
import type { RecordedFact } from "../station-port.js";
import { reservationUsed } from "./cards/reservation.js";
import { stoppedByGroupCard } from "./cards/stop-card.js";
import type { BootReason } from "./rpc/boot.js";
import {
  type TransactionsState,
  type TransactionsStore,
  withReservation,
  withStop,
} from "./transactions/transactions-state.js";

export type UplinkMemoryParts = {
  /** The uplink's name. */
  readonly name: string;
  readonly store: TransactionsStore;
  readonly die: (error: unknown) => void;
};

export class UplinkMemory {
  readonly #parts: UplinkMemoryParts;
  readonly #settledOnline = new Set<string>();
  /** A restart was asked for, and this is still the process that is to end. */
  #restarts = false;

  constructor(parts: UplinkMemoryParts) {
    this.#parts = parts;
  }

  /** A fact was written down; `online` = the CSMS has accepted us on a line that stands. */
  saw(fact: RecordedFact, online: boolean): void {
    const { event, before } = fact;
    if (event.type === "SessionSettled" && online) {
      const session = before.sessions.get(event.connector);
      if (session?.state === "settling") this.#settledOnline.add(session.sale.opening.id);
    }
    const used = reservationUsed(this.#parts.name, fact);
    if (used !== undefined) this.#keep((state) => withReservation(state, used.sessionId, used.reservationId));
    const stopped = stoppedByGroupCard(fact);
    if (stopped !== undefined) this.#keep((state) => withStop(state, stopped.sessionId, stopped.uid));
    if (event.type !== "RestartAsked" || event.by !== this.#parts.name) return;
    const waits = event.when === "when-idle" && [...before.sessions.values()].some(isBusy);
    this.#restarts = true;
    this.#keep((state) => ({ ...state, restart: waits ? "ScheduledReset" : "RemoteReset" }));
  }

  /** It was settled while the line stood. */
  endedOnline(sessionId: string): boolean {
    return this.#settledOnline.has(sessionId);
  }

  told(sessionId: string): void {
    this.#settledOnline.delete(sessionId);
  }

  /** Of the same boot of the machine is a restart of ours: asked for by this CSMS, or not. */
  bootReason(boot: string): BootReason {
    const kept = this.#parts.store.read();
    return kept.boot === boot ? (kept.restart ?? "ApplicationReset") : "PowerUp";
  }

  /** Accepted in this boot of the machine; `anew` = after a BootNotification, which has told of a restart. */
  accepted(boot: string, anew: boolean): void {
    const { store } = this.#parts;
    const { restart: told, ...kept } = store.read();
    const isTold = anew && told !== undefined && !this.#restarts;
    if (isTold || kept.boot !== boot)
      store.write({ ...kept, ...(isTold || told === undefined ? {} : { restart: told }), boot });
  }

  #keep(change: (state: TransactionsState) => TransactionsState): void {
    const { store, die } = this.#parts;
    try {
      store.write(change(store.read()));
    } catch (error) {
      die(error);
    }
  }
}
