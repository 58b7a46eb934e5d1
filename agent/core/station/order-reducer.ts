// How an order of a backend, or its end, moves the orders that stand.

import { type BackendOrders, wholeStation } from "./backend-orders.js";
import { withoutKey } from "./map-without.js";
import type { OrderEvent } from "./station-event.js";

/** The orders after an event; the same object where it changes none. */
export function reduceOrders(orders: BackendOrders, event: OrderEvent): BackendOrders {
  switch (event.type) {
    case "Reserved":
      return { ...orders, reservations: new Map(orders.reservations).set(event.reservation.id, event.reservation) };
    case "ReservationEnded":
      return withReservations(orders, withoutKey(orders.reservations, event.id));
    case "OperativeSet":
      return setOperative(orders, event.connector ?? wholeStation, event.operative, event.by);
    case "RestartAsked":
      return orders.restart?.when === event.when || orders.restart?.when === "now"
        ? orders
        : { ...orders, restart: { when: event.when, by: event.by } };
    case "OrdersStand":
      return {
        ...orders,
        reservations: new Map(event.reservations.map((reservation) => [reservation.id, reservation])),
        inoperative: new Map(event.inoperative.map(({ connector, by }) => [connector, by])),
      };
    case "Started": {
      // This start is the restart that was asked for.
      const { restart, ...rest } = orders;
      return restart === undefined ? orders : rest;
    }
    default:
      return event satisfies never;
  }
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
