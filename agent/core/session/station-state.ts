// All connectors of the station, the cards that wait at their readers and the connectors chosen there, as one value.
// Like `session.ts` it is pure: the shell tells it facts, it tells what they mean.
import type { Moment } from "../../../drivers/driver.js";
import type { CdrCopies } from "../cdr/cdr-copies.js";
import {
  anyConnector,
  type BackendOrders,
  bearerOf,
  noOrders,
  outOfServiceBy,
  type Reservation,
  reservationUsedBy,
  reservedFor,
  wholeStation,
} from "./backend-orders.js";
import type { Payment } from "./payment.js";
import {
  type Acceptance,
  available,
  type Session,
  type SessionEvent,
  reduceSession as stepSession,
} from "./session.js";

/** Which connectors stand at which reader. */
export type Layout = { readonly connectors: readonly { readonly id: number; readonly reader: string }[] };

/**
 * A card accepted at a reader, or a start by remote word, before any car was plugged in. `connector` = the one that its
 * bearer chose by a button.
 */
export type Waiting = { readonly acceptance: Acceptance; readonly since: Moment; readonly connector?: number };

/** A connector chosen by its button: the next card at its reader is for this one. */
type Choice = { readonly connector: number; readonly since: Moment };

export type StationState = {
  readonly sessions: ReadonlyMap<number, Session>;
  /** By the reader that the card was held to. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** By reader. */
  readonly chosen: ReadonlyMap<string, Choice>;
  /** By the connector that a remote start waits for; `anyConnector` = whichever a car comes to first. */
  readonly awaited: ReadonlyMap<number, Waiting>;
  readonly orders: BackendOrders;
};

/**
 * The finished bytes of a receipt without a session of its own: journalled before the book has it, and never made
 * twice.
 */
export type IssuedReceipt = {
  readonly number: number;
  /** "start", "credit", "sale" (a correction), "recovery" or "key". */
  readonly kind: string;
  readonly sessionId: string;
  readonly cdrId: string;
  readonly jws: string;
  readonly ocmf: string;
  readonly cdr: CdrCopies | null;
  readonly issuedMs: number;
  /** The earlier receipt that a credit takes back, or a correction stands for. */
  readonly concerns?: number;
  /** The checkpoint that includes the receipt. */
  readonly checkpoint: string;
};

/** What can happen to the till: what happens to one connector, and what happens at a reader. */
export type StationEvent =
  | SessionEvent
  | {
      readonly type: "CardWaits";
      readonly moment: Moment;
      readonly reader: string;
      readonly acceptance: Acceptance;
      readonly connector?: number;
    }
  | { readonly type: "CardLapsed"; readonly moment: Moment; readonly reader: string; readonly why: string }
  | { readonly type: "ConnectorChosen"; readonly moment: Moment; readonly connector: number }
  | { readonly type: "ChoiceLapsed"; readonly moment: Moment; readonly reader: string; readonly why: string }
  | {
      readonly type: "RemoteStartWaits";
      readonly moment: Moment;
      readonly connector: number | null;
      readonly acceptance: Acceptance;
    }
  | {
      readonly type: "RemoteStartLapsed";
      readonly moment: Moment;
      readonly connector: number | null;
      readonly why: string;
    }
  | { readonly type: "Reserved"; readonly moment: Moment; readonly reservation: Reservation }
  /** A reservation that is used up ends with the `SessionBegan` that used it, and has no event of its own. */
  | {
      readonly type: "ReservationEnded";
      readonly moment: Moment;
      readonly id: string;
      readonly outcome: "expired" | "cancelled";
      readonly by: string;
    }
  | {
      readonly type: "OperativeSet";
      readonly moment: Moment;
      readonly connector: number | null;
      readonly operative: boolean;
      readonly by: string;
    }
  | { readonly type: "RestartAsked"; readonly moment: Moment; readonly when: "now" | "when-idle"; readonly by: string }
  /** All orders that stand, said again so that older entries may go into the archive. */
  | {
      readonly type: "OrdersStand";
      readonly moment: Moment;
      readonly reservations: readonly Reservation[];
      readonly inoperative: readonly { readonly connector: number; readonly by: string }[];
    }
  /** `connector`: null = all, absent = for tokens that name it. The tariff itself is kept in a table. */
  | {
      readonly type: "TariffSet";
      readonly moment: Moment;
      readonly id: string;
      readonly connector?: number | null;
      readonly digest: string;
      readonly by: string;
    }
  | {
      readonly type: "TariffCleared";
      readonly moment: Moment;
      readonly id: string;
      readonly connector?: number | null;
      readonly by: string;
    }
  /** A backend's list of cards was changed or replaced; the cards are kept in a table. */
  | {
      readonly type: "CardsListed";
      readonly moment: Moment;
      readonly by: string;
      readonly version: number;
      readonly cards: number;
    }
  | { readonly type: "CacheCleared"; readonly moment: Moment; readonly by: string }
  /** A backend has set something of its own line that lasts; it is kept in a table. */
  | {
      readonly type: "SettingSet";
      readonly moment: Moment;
      readonly by: string;
      readonly settings: Readonly<Record<string, number | boolean>>;
    }
  | {
      readonly type: "FaultRaised";
      readonly moment: Moment;
      readonly device: string;
      readonly code: string;
      readonly message: string;
    }
  | { readonly type: "FaultCleared"; readonly moment: Moment; readonly device: string; readonly code: string }
  | { readonly type: "Started"; readonly moment: Moment; readonly version: string }
  | { readonly type: "ReceiptIssued"; readonly moment: Moment; readonly receipt: IssuedReceipt }
  /** What was said of the payment of a receipt; it is kept in a table. */
  | { readonly type: "PaymentTold"; readonly moment: Moment; readonly payment: Payment & { readonly number: number } };

export function emptyStationState(layout: Layout): StationState {
  return {
    sessions: new Map(layout.connectors.map(({ id }) => [id, available])),
    waiting: new Map(),
    chosen: new Map(),
    awaited: new Map(),
    orders: noOrders,
  };
}

/** What is written down for the record, and moves nothing. */
export const isEvidence = ({ type }: StationEvent): boolean =>
  [
    "FaultRaised",
    "FaultCleared",
    "Started",
    "OrdersStand",
    "TariffSet",
    "TariffCleared",
    "CardsListed",
    "CacheCleared",
    "SettingSet",
    "ReceiptIssued",
    "PaymentTold",
  ].includes(type);

/** The next till; the same object when the event has no meaning here. */
export function reduce(stationState: StationState, event: StationEvent, layout: Layout): StationState {
  switch (event.type) {
    case "CardWaits": {
      const { acceptance, moment: since, connector } = event;
      const waits: Waiting = { acceptance, since, ...(connector === undefined ? {} : { connector }) };
      return {
        ...stationState,
        waiting: new Map(stationState.waiting).set(event.reader, waits),
        chosen: without(stationState.chosen, event.reader),
      };
    }
    case "ConnectorChosen":
      return choose(stationState, event, layout);
    case "ChoiceLapsed":
      return stationState.chosen.has(event.reader)
        ? { ...stationState, chosen: without(stationState.chosen, event.reader) }
        : stationState;
    case "CardLapsed":
      return stationState.waiting.has(event.reader)
        ? { ...stationState, waiting: without(stationState.waiting, event.reader) }
        : stationState;
    case "RemoteStartWaits":
      return {
        ...stationState,
        awaited: new Map(stationState.awaited).set(event.connector ?? anyConnector, {
          acceptance: event.acceptance,
          since: event.moment,
        }),
      };
    case "RemoteStartLapsed": {
      const key = event.connector ?? anyConnector;
      return stationState.awaited.has(key)
        ? { ...stationState, awaited: without(stationState.awaited, key) }
        : stationState;
    }
    case "Reserved":
    case "ReservationEnded":
    case "OperativeSet":
    case "RestartAsked":
    case "OrdersStand":
    case "Started": {
      const orders = stepOrders(stationState.orders, event);
      return orders === stationState.orders ? stationState : { ...stationState, orders };
    }
    case "TariffSet":
    case "TariffCleared":
    case "CardsListed":
    case "CacheCleared":
    case "SettingSet":
    case "FaultRaised":
    case "FaultCleared":
    case "ReceiptIssued":
    case "PaymentTold":
      return stationState;
    default:
      return stepConnector(stationState, event, layout);
  }
}

function stepOrders(
  orders: BackendOrders,
  event: Extract<
    StationEvent,
    { type: "Reserved" | "ReservationEnded" | "OperativeSet" | "RestartAsked" | "OrdersStand" | "Started" }
  >,
): BackendOrders {
  switch (event.type) {
    case "Reserved":
      return { ...orders, reservations: new Map(orders.reservations).set(event.reservation.id, event.reservation) };
    case "ReservationEnded":
      return orders.reservations.has(event.id)
        ? { ...orders, reservations: without(orders.reservations, event.id) }
        : orders;
    case "OperativeSet": {
      const key = event.connector ?? wholeStation;
      if (orders.inoperative.has(key) !== event.operative) return orders;
      return {
        ...orders,
        inoperative: event.operative
          ? without(orders.inoperative, key)
          : new Map(orders.inoperative).set(key, event.by),
      };
    }
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

const readerOf = (layout: Layout, connector: number): string | undefined =>
  layout.connectors.find(({ id }) => id === connector)?.reader;

/**
 * A card that waits for any car is for this connector from now on, else the next card will be: nobody moves a card
 * whose bearer has chosen.
 */
function choose(
  stationState: StationState,
  { connector, moment }: Extract<StationEvent, { type: "ConnectorChosen" }>,
  layout: Layout,
): StationState {
  const reader = readerOf(layout, connector);
  if (reader === undefined) return stationState;
  const card = stationState.waiting.get(reader);
  if (card !== undefined && card.connector === undefined)
    return { ...stationState, waiting: new Map(stationState.waiting).set(reader, { ...card, connector }) };
  return card?.connector === connector
    ? stationState
    : { ...stationState, chosen: new Map(stationState.chosen).set(reader, { connector, since: moment }) };
}

/** A choice is used up by the start at its connector, and goes with the car that it may have been made for. */
function withoutChoice(stationState: StationState, connector: number, layout: Layout): StationState {
  const reader = readerOf(layout, connector) ?? "";
  return stationState.chosen.get(reader)?.connector === connector
    ? { ...stationState, chosen: without(stationState.chosen, reader) }
    : stationState;
}

function stepConnector(stationState: StationState, event: SessionEvent, layout: Layout): StationState {
  const before = stationState.sessions.get(event.connector);
  if (before === undefined) return stationState;
  const after = stepSession(before, event);
  if (after === before) return stationState;
  const all: StationState = { ...stationState, sessions: new Map(stationState.sessions).set(event.connector, after) };
  const moved =
    after.state === "starting" || (event.type === "PlugChanged" && !event.plugged)
      ? withoutChoice(all, event.connector, layout)
      : all;
  if (event.type === "PlugChanged" && after.state === "occupied") return takeWaiting(moved, event, after, layout);
  if (event.type !== "SessionBegan") return moved;
  const used = reservationUsedBy(
    stationState.orders,
    event.connector,
    bearerOf(event.opening.acceptance),
    event.moment.at,
  );
  return used === undefined
    ? moved
    : { ...moved, orders: { ...moved.orders, reservations: without(moved.orders.reservations, used.id) } };
}

/**
 * Tap-then-plug: the car that comes in takes the remote start that waits for it, else the card that waits at its
 * reader, if it may start here and its bearer chose no other connector.
 */
function takeWaiting(
  stationState: StationState,
  event: Extract<SessionEvent, { type: "PlugChanged" }>,
  occupied: Session,
  layout: Layout,
): StationState {
  const { connector, moment } = event;
  const reader = readerOf(layout, connector) ?? "";
  const mayStart = ({ acceptance }: Waiting): boolean =>
    outOfServiceBy(stationState.orders, connector) === undefined &&
    reservedFor(stationState.orders, stationState.sessions, connector, bearerOf(acceptance), moment.at) === undefined;
  const start = (taken: Waiting, rest: Partial<StationState>): StationState => {
    const starting = stepSession(occupied, { type: "CardAccepted", moment, connector, acceptance: taken.acceptance });
    return withoutChoice(
      { ...stationState, sessions: new Map(stationState.sessions).set(connector, starting), ...rest },
      connector,
      layout,
    );
  };
  for (const key of [connector, anyConnector]) {
    const ordered = stationState.awaited.get(key);
    if (ordered !== undefined && mayStart(ordered))
      return start(ordered, { awaited: without(stationState.awaited, key) });
  }
  const card = stationState.waiting.get(reader);
  return card !== undefined && (card.connector ?? connector) === connector && mayStart(card)
    ? start(card, { waiting: without(stationState.waiting, reader) })
    : stationState;
}

function without<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): ReadonlyMap<Key, Value> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

/** Whether a connector was chosen by its button, for the card that waits at its reader or for the next one. */
export const isChosen = (stationState: StationState, connector: number, reader: string): boolean =>
  stationState.chosen.get(reader)?.connector === connector || stationState.waiting.get(reader)?.connector === connector;

/** The card or remote start that the next car at a connector would take. */
export function waitingFor(stationState: StationState, connector: number, reader: string): Waiting | undefined {
  const card = stationState.waiting.get(reader);
  return (
    stationState.awaited.get(connector) ??
    stationState.awaited.get(anyConnector) ??
    ((card?.connector ?? connector) === connector ? card : undefined)
  );
}
