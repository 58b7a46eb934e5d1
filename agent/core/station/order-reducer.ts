// How an order of a backend, or its end, moves the orders that stand.

import { type BackendOrders, wholeStation } from "./backend-orders.js";
import { withoutKey } from "./map-without.js";
import { freeReservations, noShowAt } from "./reservation-fee.js";
import type { OrderEvent } from "./station-event.js";
import type { StationState } from "./station-state.js";

/** The orders after an event; the same object where it changes none. */
export function reduceOrders(state: StationState, event: OrderEvent): BackendOrders {
  const { orders } = state;
  switch (event.type) {
    case "Reserved":
      return { ...orders, reservations: new Map(orders.reservations).set(event.reservation.id, event.reservation) };
    case "ReservationEnded":
      return endReservation(state, event);
    case "ReservationFreed": {
      const reservation = orders.reservations.get(event.id);
      const connector = reservation?.fee?.connector.id;
      return connector === undefined ? orders : freeReservations(orders, connector, event.why);
    }
    case "ReservationSettled":
      return withNoShows(orders, withoutKey(orders.noShows, event.sessionId));
    case "OperativeSet": {
      const set = setOperative(orders, event.connector ?? wholeStation, event.operative, event.by);
      return event.operative ? set : freeReservations(set, event.connector, `taken out of service by ${event.by}`);
    }
    case "RestartAsked":
      return orders.restart?.when === event.when || orders.restart?.when === "now"
        ? orders
        : freeReservations(
            { ...orders, restart: { when: event.when, by: event.by } },
            null,
            `${event.by} asked for a restart`,
          );
    case "OrdersStand":
      return {
        ...orders,
        reservations: new Map(event.reservations.map((reservation) => [reservation.id, reservation])),
        inoperative: new Map(event.inoperative.map(({ connector, by }) => [connector, by])),
        noShows: new Map((event.noShows ?? []).map((noShow) => [noShow.fee.sessionId, noShow])),
      };
    case "Started": {
      // This start is the restart that was asked for.
      const { restart, ...rest } = orders;
      // While we were down nobody could use what was reserved.
      return freeReservations(restart === undefined ? orders : rest, null, "the station was restarted");
    }
    default:
      return event satisfies never;
  }
}

function endReservation(state: StationState, event: Extract<OrderEvent, { type: "ReservationEnded" }>): BackendOrders {
  const { orders } = state;
  const reservation = orders.reservations.get(event.id);
  if (reservation === undefined) return orders;
  const rest = withReservations(orders, withoutKey(orders.reservations, event.id));
  const noShow = event.outcome === "expired" ? noShowAt(state, reservation, event.moment) : undefined;
  return noShow === undefined ? rest : withNoShows(rest, new Map(orders.noShows).set(noShow.fee.sessionId, noShow));
}

function withNoShows(orders: BackendOrders, noShows: BackendOrders["noShows"]): BackendOrders {
  return noShows === orders.noShows ? orders : { ...orders, noShows };
}

/** The orders with other reservations; the same object where they are the same. */
export function withReservations(orders: BackendOrders, reservations: BackendOrders["reservations"]): BackendOrders {
  return reservations === orders.reservations ? orders : { ...orders, reservations };
}

function setOperative(orders: BackendOrders, connector: number, operative: boolean, by: string): BackendOrders {
  if (orders.inoperative.has(connector) !== operative) return orders;
  return {
    ...orders,
    inoperative: operative ? withoutKey(orders.inoperative, connector) : new Map(orders.inoperative).set(connector, by),
  };
}
