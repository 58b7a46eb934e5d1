// What a reservation costs, and when it costs nothing. Its price is fixed when it is made, as its driver was told it
// then. What is not certain is not charged: a station that was not there for the driver all the time, another card,
// another price, a car that came, a clock that is not set.

import type { Moment } from "../../../drivers/driver.js";
import { isSameId } from "../cdr/token.js";
import type { Opening } from "../session/opening.js";
import {
  type BackendOrders,
  bearerOf,
  isFor,
  type NoShow,
  type Reservation,
  type ReservationFee,
  reservationUsedBy,
} from "./backend-orders.js";
import type { Layout, StationState } from "./station-state.js";

const costless = ({ fee: _, ...rest }: Reservation, free: string): Reservation => ({ ...rest, free });

/** The orders with some reservations changed; the same object where none is. */
function withFees(
  orders: BackendOrders,
  change: (reservation: Reservation & { readonly fee: ReservationFee }) => Reservation,
): BackendOrders {
  let reservations = orders.reservations;
  for (const [id, reservation] of orders.reservations) {
    const { fee } = reservation;
    const after = fee === undefined ? reservation : change({ ...reservation, fee });
    if (after.fee !== fee) reservations = new Map(reservations).set(id, after);
  }
  return reservations === orders.reservations ? orders : { ...orders, reservations };
}

/** The station cannot be used at a connector (null = at any): what is reserved there costs nothing from now on. */
export function freeReservations(orders: BackendOrders, connector: number | null, why: string): BackendOrders {
  return withFees(orders, (reservation) =>
    connector === null || reservation.fee.connector.id === connector ? costless(reservation, why) : reservation,
  );
}

/** The connectors that a device is needed for, by the name that its faults have: one of its own, or a reader. */
export const connectorsOfDevice = ({ connectors }: Layout, device: string): readonly number[] =>
  connectors.flatMap(({ id, reader }) => (device === `connector ${id}` || device === `reader ${reader}` ? [id] : []));

/** A car was plugged in at a connector. */
export function noteCar(orders: BackendOrders, connector: number): BackendOrders {
  return withFees(orders, (reservation) =>
    reservation.fee.connector.id === connector && reservation.fee.carCame !== true
      ? { ...reservation, fee: { ...reservation.fee, carCame: true } }
      : reservation,
  );
}

/** What is charged where a reservation has expired at a moment; undefined = nothing. */
export function noShowAt(state: StationState, reservation: Reservation, ended: Moment): NoShow | undefined {
  const { id, by, token, untilMs, fee } = reservation;
  if (fee === undefined || fee.carCame === true || ended.trust === "unsynced" || ended.boot !== fee.since.boot)
    return undefined;
  const isHere = [...state.waiting.values(), ...state.awaited.values()].some(({ acceptance }) =>
    isFor(reservation, bearerOf(acceptance)),
  );
  return isHere ? undefined : { id, by, token, untilMs, fee, ended };
}

/**
 * The head that a reservation is of the session that uses it up; or why it is not charged, where it has a price.
 * Undefined = there is none with a price. `digestNow` = of the whole tariff by which the session is sold.
 */
export function reservedBefore(
  orders: BackendOrders,
  connector: number,
  { acceptance, begin: { moment } }: Opening,
  digestNow: () => string,
): NonNullable<Opening["reserved"]> | { readonly free: string } | undefined {
  const reservation = reservationUsedBy(orders, connector, bearerOf(acceptance), moment.at);
  const fee = reservation?.fee;
  if (reservation === undefined || fee === undefined) return undefined;
  if (!isSameId(reservation.token.uid, acceptance.token.uid)) return { free: "another card of the group used it" };
  if (moment.trust === "unsynced" || moment.boot !== fee.since.boot) return { free: "the clock is not set" };
  if (digestNow() !== fee.tariffDigest)
    return { free: "the session is sold by another price than the one that was told" };
  return { id: reservation.id, fromMs: moment.at - Math.max(0, moment.monoMs - fee.since.monoMs) };
}
