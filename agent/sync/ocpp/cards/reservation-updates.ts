// Tells a CSMS of its reservations that ended without its word and without a session (2.x, H04), also of those that
// ended while the line was down. What waits is kept in memory: after a restart of ours only the reservations that end
// from then on are told.
import type { RecordedFact } from "../../station-port.js";
import type { Dialect } from "../rpc/frame.js";
import { CallLost, callFailure, type RpcCall } from "../rpc/rpc.js";
import { reservationNumber } from "./reservation.js";

export type ReservationLine = { readonly dialect: Dialect; readonly call: RpcCall };

/** So many wait for the line; of more, the oldest are not told. */
const mostWaiting = 100;

export class ReservationUpdates {
  #line: ReservationLine | undefined;
  #telling = false;
  readonly #waiting: { readonly reservationId: number; readonly reservationUpdateStatus: "Expired" | "Removed" }[] = [];

  constructor(
    private readonly uplink: string,
    private readonly note: (text: string) => void,
  ) {}

  /** The line stands and we are accepted. */
  attach(line: ReservationLine): void {
    this.#line = line;
    void this.#tell();
  }

  detach(): void {
    this.#line = undefined;
  }

  /** A fact was written down. */
  saw({ event, before }: RecordedFact): void {
    if (event.type !== "ReservationEnded" || (event.outcome === "cancelled" && event.by === this.uplink)) return;
    const reservation = before.orders.reservations.get(event.id);
    const reservationId = reservation?.by === this.uplink ? reservationNumber(this.uplink, event.id) : undefined;
    if (reservationId === undefined) return;
    if (this.#waiting.length >= mostWaiting) this.#waiting.shift();
    this.#waiting.push({ reservationId, reservationUpdateStatus: event.outcome === "expired" ? "Expired" : "Removed" });
    void this.#tell();
  }

  async #tell(): Promise<void> {
    if (this.#telling) return;
    this.#telling = true;
    try {
      await this.#tellWaiting();
    } finally {
      this.#telling = false;
    }
  }

  async #tellWaiting(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined && this.#line !== undefined; next = this.#waiting[0]) {
      const line = this.#line;
      try {
        // 1.6 has no word for it: there the state of the connector says enough.
        if (line.dialect !== "ocpp1.6") await line.call("ReservationStatusUpdate", next);
      } catch (error) {
        // On the next line again, or by what comes next.
        const failure = callFailure(error);
        if (failure instanceof CallLost) break;
        this.note(`the end of reservation ${next.reservationId} was not taken: ${String(failure)}`);
      }
      if (this.#waiting[0] === next) this.#waiting.shift();
    }
  }
}
