// How a fact moves the state of the station: the session at its connector, who waits at its readers, the orders that
// stand. Every function gives back the same object where the event has no meaning.

import type { Moment } from "../../../drivers/driver.js";
import { holdsAfterSession, reduceHolds } from "../payment/hold-reducer.js";
import type { Session } from "../session/session.js";
import type { SessionEvent } from "../session/session-event.js";
import { reduceSession } from "../session/session-reducer.js";
import { anyConnector, bearerOf, outOfServiceBy, reservationUsedBy } from "./backend-orders.js";
import { withoutKey } from "./map-without.js";
import { reduceOrders, withReservations } from "./order-reducer.js";
import { connectorsOfDevice, freeReservations, noteCar } from "./reservation-fee.js";
import { reduceStanding } from "./standing-faults.js";
import {
  isHoldEvent,
  isOrderEvent,
  isSessionEvent,
  isWaitingEvent,
  type StationEvent,
  type WaitingEvent,
} from "./station-event.js";
import { type Layout, readerAt, type StationState, type WaitingCard } from "./station-state.js";
import { whyKept } from "./tap-decision.js";

/** The next state of the station. */
export function reduce(state: StationState, event: StationEvent, layout: Layout): StationState {
  if (isSessionEvent(event)) return reduceConnector(state, event, layout);
  if (isWaitingEvent(event)) return reduceWaiting(state, event, layout);
  if (isOrderEvent(event)) return changed(state, { orders: reduceOrders(state, event) });
  if (isHoldEvent(event)) return changed(state, { holds: reduceHolds(state.holds, event) });
  const standing = reduceStanding(state.standing, event);
  if (event.type !== "FaultRaised") return changed(state, { standing });
  const { device, message } = event;
  const orders = connectorsOfDevice(layout, device).reduce(
    (before, connector) => freeReservations(before, connector, `${device}: ${message}`),
    state.orders,
  );
  return changed(state, { orders, standing });
}

/** The state with other parts. */
function changed(state: StationState, parts: Partial<StationState>): StationState {
  const names = Object.keys(parts) as (keyof StationState)[];
  return names.every((name) => parts[name] === state[name]) ? state : { ...state, ...parts };
}

function reduceWaiting(state: StationState, event: WaitingEvent, layout: Layout): StationState {
  switch (event.type) {
    case "CardWaits": {
      const { reader, acceptance, moment: since, connector } = event;
      const card: WaitingCard = { acceptance, since, ...(connector === undefined ? {} : { connector }) };
      return { ...state, waiting: new Map(state.waiting).set(reader, card), chosen: withoutKey(state.chosen, reader) };
    }
    case "CardLapsed":
      return changed(state, { waiting: withoutKey(state.waiting, event.reader) });
    case "ConnectorChosen":
      return chooseConnector(state, event.connector, event.moment, layout);
    case "ChoiceLapsed":
      return changed(state, { chosen: withoutKey(state.chosen, event.reader) });
    case "RemoteStartWaits": {
      const { connector, acceptance, moment: since } = event;
      const awaited = new Map(state.awaited).set(connector ?? anyConnector, { acceptance, since });
      return changed(state, { awaited, webPayments: withoutKey(state.webPayments, connector ?? anyConnector) });
    }
    case "RemoteStartLapsed":
      return changed(state, { awaited: withoutKey(state.awaited, event.connector ?? anyConnector) });
    case "WebPaymentStarted": {
      const { connector, by, forMs, moment: since } = event;
      return { ...state, webPayments: new Map(state.webPayments).set(connector, { by, since, forMs }) };
    }
    case "WebPaymentEnded":
      return changed(state, { webPayments: withoutKey(state.webPayments, event.connector) });
    default:
      return event satisfies never;
  }
}

/**
 * A card that waits for any car is for this connector from now on, else the next card will be: nobody moves a card
 * whose bearer has chosen.
 */
function chooseConnector(state: StationState, connector: number, since: Moment, layout: Layout): StationState {
  const reader = readerAt(layout, connector);
  if (reader === undefined) return state;
  const card = state.waiting.get(reader);
  if (card?.connector === connector) return state;
  return card !== undefined && card.connector === undefined
    ? { ...state, waiting: new Map(state.waiting).set(reader, { ...card, connector }) }
    : { ...state, chosen: new Map(state.chosen).set(reader, { connector, since }) };
}

function reduceConnector(state: StationState, event: SessionEvent, layout: Layout): StationState {
  const before = state.sessions.get(event.connector);
  if (before === undefined) return state;
  const after = reduceSession(before, event);
  if (after === before) return state;
  const moved: StationState = {
    ...state,
    sessions: new Map(state.sessions).set(event.connector, after),
    holds: holdsAfterSession(state.holds, before, event),
  };
  const isLeaving = event.type === "PlugChanged" && !event.plugged;
  const chosen = after.state === "starting" || isLeaving ? withoutChoice(moved, event.connector, layout) : moved;
  const all = after.state === "starting" ? withoutWebPayment(chosen, event.connector) : chosen;
  if (event.type === "PlugChanged" && after.state === "occupied") {
    const noted = changed(all, { orders: noteCar(all.orders, event.connector) });
    return takeWaiting(noted, event.connector, event.moment, after, layout);
  }
  if (event.type !== "SessionBegan") return all;
  const { acceptance, reserved } = event.opening;
  // One that the session charges is used up by it, even if its time has run out a moment before.
  const used = reserved ?? reservationUsedBy(state.orders, event.connector, bearerOf(acceptance), event.moment.at);
  return used === undefined
    ? all
    : { ...all, orders: withReservations(all.orders, withoutKey(all.orders.reservations, used.id)) };
}

/** What somebody paid for, or what came before the payment, has begun. */
const withoutWebPayment = (state: StationState, connector: number): StationState =>
  changed(state, { webPayments: withoutKey(state.webPayments, connector) });

/** A choice is used up by the start at its connector, and goes with the car that it may have been made for. */
function withoutChoice(state: StationState, connector: number, layout: Layout): StationState {
  const reader = readerAt(layout, connector) ?? "";
  return state.chosen.get(reader)?.connector === connector
    ? { ...state, chosen: withoutKey(state.chosen, reader) }
    : state;
}

/**
 * Tap-then-plug: the car that comes in takes the remote start that waits for it, else the card that waits at its
 * reader, if it may start here and its bearer chose no other connector.
 */
function takeWaiting(
  state: StationState,
  connector: number,
  moment: Moment,
  occupied: Session,
  layout: Layout,
): StationState {
  const mayStart = ({ acceptance }: WaitingCard): boolean =>
    outOfServiceBy(state.orders, connector) === undefined &&
    whyKept(state, connector, bearerOf(acceptance), moment.at) === undefined;
  const start = ({ acceptance }: WaitingCard, rest: Partial<StationState>): StationState => {
    const starting = reduceSession(occupied, { type: "CardAccepted", moment, connector, acceptance });
    const sessions = new Map(state.sessions).set(connector, starting);
    return withoutWebPayment(withoutChoice({ ...state, sessions, ...rest }, connector, layout), connector);
  };
  for (const key of [connector, anyConnector]) {
    const ordered = state.awaited.get(key);
    if (ordered !== undefined && mayStart(ordered)) return start(ordered, { awaited: withoutKey(state.awaited, key) });
  }
  const reader = readerAt(layout, connector) ?? "";
  const card = state.waiting.get(reader);
  return card !== undefined && (card.connector ?? connector) === connector && mayStart(card)
    ? start(card, { waiting: withoutKey(state.waiting, reader) })
    : state;
}
