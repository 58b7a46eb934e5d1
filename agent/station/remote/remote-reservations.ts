// Reservations as backends ask for them and take them back, and as time ends them.
import type { Clock } from "../../../drivers/driver.js";
import { masked } from "../../core/cdr/token.js";
import { type Reservation, reservedFor } from "../../core/station/backend-orders.js";
import type { Refusal, RemoteAnswer } from "../../sync/station-port.js";
import { enterOrder, type OrderedStation, orderedConnectors, refusalOfAll, refuseRemote } from "./remote-answer.js";
import { pricedReservation, type ReservationPricingParts } from "./reservation-pricing.js";
import { whyInUse, whyUnfit } from "./start-place.js";

export type RemoteReservationsParts = ReservationPricingParts & {
  readonly clock: Clock;
  readonly station: OrderedStation;
  readonly note: (text: string) => void;
};

const mostReservations = 100;
/** The wall clock may be set meanwhile, so a far hour is looked at again and again. */
const longestWaitMs = 60_000;

export class RemoteReservations {
  readonly #parts: RemoteReservationsParts;
  #cancelExpiry: (() => void) | undefined;

  constructor(parts: RemoteReservationsParts) {
    this.#parts = parts;
  }

  /** A reservation of the same id is replaced. `priceTold` = its driver was told what it costs. */
  reserve(reservation: Reservation, priceTold: boolean): RemoteAnswer {
    const { station, clock } = this.#parts;
    const { id, connector, token, group, untilMs } = reservation;
    const { sessions, orders } = station.stationState();
    const now = clock.now();
    if (connector !== null && !sessions.has(connector))
      return refuseRemote("unknown-connector", `there is no connector ${connector}`);
    if (untilMs <= now.at)
      return refuseRemote("failed", `the reservation would end at ${new Date(untilMs).toISOString()}, which is over`);
    const others = new Map(orders.reservations);
    others.delete(id);
    if (others.size >= mostReservations) return refuseRemote("full", `${mostReservations} reservations stand already`);
    const refused = refusalOfAll(
      orderedConnectors(this.#parts.config.connectors, connector).map((candidate): Refusal | undefined => {
        const unfit = whyUnfit(candidate.id, station);
        if (unfit !== undefined) return unfit;
        const inUse = whyInUse(candidate.id, sessions.get(candidate.id));
        if (inUse !== undefined) return inUse;
        const payment = station.stationState().webPayments.get(candidate.id);
        if (payment !== undefined && payment.by !== reservation.by)
          return refuseRemote("busy", `somebody pays for connector ${candidate.id}`);
        // As if the reservation that is replaced did not stand.
        const orderedOtherwise = { ...orders, reservations: others };
        const kept = reservedFor(orderedOtherwise, sessions, candidate.id, { uid: token.uid, group }, now.at);
        return kept === undefined ? undefined : refuseRemote("busy", `connector ${candidate.id} is reserved already`);
      }),
    );
    if (refused !== undefined) return refused;
    const moment = clock.now();
    const priced = pricedReservation(reservation, priceTold, station.stationState(), moment, this.#parts);
    const answer = enterOrder(station, { type: "Reserved", moment, reservation: priced }, () =>
      station.stationState().orders.reservations.has(id),
    );
    if (answer.accepted) this.#tell(priced);
    return answer;
  }

  #tell({ id, token, untilMs, fee, free }: Reservation): void {
    const cost =
      fee !== undefined
        ? `it costs ${fee.shown.replaceAll("\n", "; ")}`
        : free !== undefined
          ? `it is not charged: ${free}`
          : undefined;
    if (cost !== undefined)
      this.#parts.note(
        `reservation ${id} for card ${masked(token.uid)} until ${new Date(untilMs).toISOString()}: ${cost}`,
      );
  }

  cancel(reservationId: string, by: string): RemoteAnswer {
    const { station, clock } = this.#parts;
    if (!station.stationState().orders.reservations.has(reservationId))
      return refuseRemote("unknown-reservation", `there is no reservation ${reservationId}`);
    return enterOrder(station, {
      type: "ReservationEnded",
      moment: clock.now(),
      id: reservationId,
      outcome: "cancelled",
      by,
    });
  }

  /** Reservations end by the wall clock: waits for the next one that does. */
  watch(): void {
    const { station, clock } = this.#parts;
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    const nextMs = Math.min(...[...station.stationState().orders.reservations.values()].map(({ untilMs }) => untilMs));
    if (!Number.isFinite(nextMs)) return;
    const { at, monoMs } = clock.now();
    const waitMs = Math.min(longestWaitMs, Math.max(0, nextMs - at));
    this.#cancelExpiry = clock.at(monoMs + waitMs, () => this.#expire());
  }

  close(): void {
    this.#cancelExpiry?.();
  }

  #expire(): void {
    const { station, clock } = this.#parts;
    const moment = clock.now();
    for (const { id, by, untilMs, fee } of station.stationState().orders.reservations.values()) {
      // Faults are seen by the state itself; a full disk, or no tariff in force, only by a look.
      const why = fee === undefined ? undefined : station.feed().blocked(fee.connector.id);
      if (why !== undefined) station.enter({ type: "ReservationFreed", moment, id, why });
      if (untilMs <= moment.at) station.enter({ type: "ReservationEnded", moment, id, outcome: "expired", by });
    }
    this.watch();
  }
}
