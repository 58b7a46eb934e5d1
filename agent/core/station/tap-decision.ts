// What a tap at a reader means, judged by the state of the station. Pure: it finds the connector and moves nothing.

import type { Moment } from "../../../drivers/driver.js";
import { isSameId } from "../cdr/token.js";
import type { Acceptance } from "../session/opening.js";
import { available, type Session, type SessionIn } from "../session/session.js";
import { type CardBearer, reservationUsedBy, reservedFor } from "./backend-orders.js";
import type { Layout, StationState, WaitingCard } from "./station-state.js";

/** What a tap means before anyone is asked about the card. */
export type TapDecision =
  | { readonly kind: "stop"; readonly connector: number }
  /** `connector`: null = whichever a car comes to; with `chosen`, only that one. */
  | { readonly kind: "authorize"; readonly connector: number | null; readonly chosen?: number }
  | { readonly kind: "waits-already" }
  | {
      readonly kind: "refuse";
      readonly why: "just-started" | "ending" | "finished" | "in-use" | "other-card-waits";
      /** Of a session that is finished: where its car still is. */
      readonly connector?: number;
    };

const waitsAlready: TapDecision = { kind: "waits-already" };
const otherCardWaits: TapDecision = { kind: "refuse", why: "other-card-waits" };

/** A tap, and all that is known at its reader. */
type Tap = {
  readonly state: StationState;
  readonly now: Moment;
  readonly uid: string;
  readonly group: string | undefined;
  /** The connectors at this reader. */
  readonly here: readonly { readonly id: number; readonly session: Session }[];
  /** The connector that was chosen by its button for the next card. */
  readonly chosen: number | undefined;
  /** The card that waits at this reader for a car. */
  readonly card: WaitingCard | undefined;
};

/**
 * Finds what a card at `reader` is about: the session that it started stops; else the connector chosen by its button is
 * meant; else the car that waits for a card (the one plugged in last); else a free connector to come. The first rule
 * that has an answer decides.
 */
export function decideTap(
  state: StationState,
  layout: Layout,
  reader: string,
  uid: string,
  now: Moment,
  group: string | undefined,
): TapDecision {
  const here = layout.connectors
    .filter((connector) => connector.reader === reader)
    .map(({ id }) => ({ id, session: state.sessions.get(id) ?? available }));
  const tap: Tap = {
    state,
    now,
    uid,
    group,
    here,
    chosen: state.chosen.get(reader)?.connector,
    card: state.waiting.get(reader),
  };
  for (const rule of rules) {
    const decision = rule(tap);
    if (decision !== undefined) return decision;
  }
  return { kind: "refuse", why: here.some(({ session }) => session.state === "finishing") ? "finished" : "in-use" };
}

const rules: readonly ((tap: Tap) => TapDecision | undefined)[] = [
  ownSession,
  foreignCardForAnyCar,
  carAtChosenConnector,
  ownCardWaits,
  freeChosenConnector,
  carThatWaits,
  foreignCard,
  ownCarFinished,
  freeConnector,
];

/** Whoever has a session here means that one. */
function ownSession(tap: Tap): TapDecision | undefined {
  const own = sessionOfCard(tap) ?? sessionOfGroup(tap);
  if (own === undefined) return undefined;
  const { id, session } = own;
  if (session.state === "starting") return { kind: "refuse", why: "just-started" };
  if (session.state !== "charging") return { kind: "refuse", why: "ending" };
  return hasJustBegun(session, tap.now) ? { kind: "refuse", why: "just-started" } : { kind: "stop", connector: id };
}

/**
 * The very card before its group: a colleague's session must not be stopped by one who has a session of his own here.
 * And a button that a stranger pressed must never turn a stop into a start: the own session comes before the choice.
 */
function sessionOfCard({ here, uid }: Tap) {
  return here.find(({ session }) => {
    const acceptance = acceptanceOf(session);
    return acceptance !== undefined && isSameId(acceptance.token.uid, uid);
  });
}

/** Who taps beside a car that waits for a card wants to charge it at his own cost, not to stop a colleague's session. */
function sessionOfGroup({ here, chosen, group }: Tap) {
  if (group === undefined || chosen !== undefined || here.some(({ session }) => session.state === "occupied"))
    return undefined;
  return here.find(({ session }) => {
    const of = acceptanceOf(session)?.group;
    return of !== undefined && isSameId(of, group);
  });
}

/**
 * A card that waits for whichever car comes next leaves room for no other; one that waits at a chosen connector is in
 * nobody's way who has a car.
 */
function foreignCardForAnyCar(tap: Tap): TapDecision | undefined {
  return isForeignCard(tap) && tap.card?.connector === undefined ? otherCardWaits : undefined;
}

function carAtChosenConnector(tap: Tap): TapDecision | undefined {
  return tap.chosen !== undefined && stateAt(tap, tap.chosen) === "occupied"
    ? { kind: "authorize", connector: tap.chosen }
    : undefined;
}

function ownCardWaits(tap: Tap): TapDecision | undefined {
  const { card, chosen } = tap;
  if (card === undefined || chosen !== undefined || isForeignCard(tap)) return undefined;
  return card.connector !== undefined && stateAt(tap, card.connector) === "occupied"
    ? { kind: "authorize", connector: card.connector }
    : waitsAlready;
}

function freeChosenConnector(tap: Tap): TapDecision | undefined {
  const { chosen, state, uid } = tap;
  if (chosen === undefined || stateAt(tap, chosen) !== "available") return undefined;
  const ordered = state.awaited.get(chosen);
  if (ordered !== undefined) return isSameId(ordered.acceptance.token.uid, uid) ? waitsAlready : otherCardWaits;
  return isForeignCard(tap) ? otherCardWaits : { kind: "authorize", connector: null, chosen };
}

/** The car that may start here with this card, the one plugged in last before others. */
function carThatWaits(tap: Tap): TapDecision | undefined {
  const [best] = tap.here
    .flatMap(({ id, session }) =>
      session.state === "occupied" && id !== tap.card?.connector
        ? [{ id, since: session.since.monoMs, rank: rankOf(tap, id) }]
        : [],
    )
    .sort((a, b) => b.rank - a.rank || b.since - a.since);
  return best === undefined ? undefined : { kind: "authorize", connector: best.id };
}

/** A connector that is reserved for this card comes first, one that is kept for another last. */
function rankOf({ state, now, uid, group }: Tap, connector: number): number {
  const bearer = { uid, group };
  if (whyKept(state, connector, bearer, now.at) !== undefined) return -1;
  return reservationUsedBy(state.orders, connector, bearer, now.at)?.connector === connector ? 1 : 0;
}

/**
 * For whom the connector is kept from this bearer, in words, if for anyone: a reservation, or somebody who pays for it on
 * the page of a backend. Whoever has a card may have come first, but then the payment was refused, or the session runs.
 */
export function whyKept(
  state: StationState,
  connector: number,
  bearer: CardBearer | undefined,
  atMs: number,
): string | undefined {
  const payment = state.webPayments.get(connector);
  if (payment !== undefined && payment.by !== bearer?.orderedBy)
    return `connector ${connector} is being paid for by phone: try again in a few minutes`;
  return reservedFor(state.orders, state.sessions, connector, bearer, atMs) === undefined
    ? undefined
    : `connector ${connector} is reserved for another card`;
}

function foreignCard(tap: Tap): TapDecision | undefined {
  return isForeignCard(tap) ? otherCardWaits : undefined;
}

/** Who taps once more with a car that is done is to unplug it, and not to bring another one. */
function ownCarFinished({ here, uid }: Tap): TapDecision | undefined {
  const own = here.find(({ session }) => session.state === "finishing" && isSameId(session.uid, uid));
  return own === undefined ? undefined : { kind: "refuse", why: "finished", connector: own.id };
}

/** A connector that a remote start waits for is spoken for: the next car there is that driver's. */
function freeConnector({ here, state, uid }: Tap): TapDecision | undefined {
  const free = here.filter(({ session }) => session.state === "available");
  if (free.length === 0) return undefined;
  const ordered = free.map(({ id }) => state.awaited.get(id));
  if (ordered.some((one) => one !== undefined && isSameId(one.acceptance.token.uid, uid))) return waitsAlready;
  return ordered.every((one) => one !== undefined) ? otherCardWaits : { kind: "authorize", connector: null };
}

const isForeignCard = ({ card, uid }: Tap): boolean => card !== undefined && !isSameId(card.acceptance.token.uid, uid);

const stateAt = ({ here }: Tap, connector: number): Session["state"] | undefined =>
  here.find(({ id }) => id === connector)?.session.state;

function acceptanceOf(session: Session): Acceptance | undefined {
  switch (session.state) {
    case "starting":
      return session.acceptance;
    case "charging":
    case "stopping":
    case "settling":
      return session.sale.opening.acceptance;
    default:
      return undefined;
  }
}

/** A second tap or press sooner than this after the start never stops the session. */
const stopGuardMs = 5_000;

export function hasJustBegun(session: SessionIn<"charging">, now: Moment): boolean {
  return stopGuardLeftMs(session, now) > 0;
}

/** How long a tap or press does not stop a session yet, ms; 0 = it does. */
export function stopGuardLeftMs({ sale }: SessionIn<"charging">, now: Moment): number {
  const begin = sale.opening.begin.moment;
  return begin.boot === now.boot ? Math.max(0, stopGuardMs - (now.monoMs - begin.monoMs)) : 0;
}

/**
 * How long the wish of a card to stop its own session must wait, ms. Undefined where it is not such a wish: no session
 * of this very card runs at the reader, or it began no earlier than the tap, which then asked for the start.
 */
export function stopWishWaitsMs(
  state: StationState,
  layout: Layout,
  reader: string,
  uid: string,
  tapped: Moment,
): number | undefined {
  for (const connector of layout.connectors) {
    const session = connector.reader === reader ? state.sessions.get(connector.id) : undefined;
    if (session?.state !== "charging") continue;
    const { acceptance, begin } = session.sale.opening;
    const isAfterBegin = begin.moment.boot === tapped.boot && begin.moment.monoMs < tapped.monoMs;
    if (isSameId(acceptance.token.uid, uid) && isAfterBegin) return stopGuardLeftMs(session, tapped);
  }
  return undefined;
}
