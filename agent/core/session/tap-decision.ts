// What a tap at a reader or a press of a button means, judged by how the till stands. Pure: it finds the connector and
// moves nothing.
import type { Moment } from "../../../drivers/driver.js";
import { isSameId } from "../cdr/token.js";
import { type Bearer, reservationUsedBy, reservedFor } from "./backend-orders.js";
import { type Acceptance, available, type Session } from "./session.js";
import type { Layout, StationState } from "./station-state.js";

/** What a tap means before anyone is asked about the card. */
export type TapDecision =
  | { readonly kind: "stop"; readonly connector: number }
  /** `connector`: null = whichever a car comes to; with `chosen`, only that one. */
  | { readonly kind: "authorize"; readonly connector: number | null; readonly chosen?: number }
  | { readonly kind: "waits-already" }
  | { readonly kind: "refuse"; readonly why: "just-started" | "ending" | "finished" | "in-use" | "other-card-waits" };

/** A second tap or press sooner than this after the start never stops the session. */
const stopGuardMs = 5_000;

const hasJustBegun = ({ sale }: Extract<Session, { state: "charging" }>, now: Moment): boolean => {
  const begin = sale.opening.begin.moment;
  return begin.boot === now.boot && now.monoMs - begin.monoMs < stopGuardMs;
};

/**
 * Finds what a card at `reader` is about: the session that it started stops; else the connector chosen by its button is
 * meant; else the car that waits for a card (the one plugged in last); else a free connector to come.
 */
export function decideTap(
  stationState: StationState,
  layout: Layout,
  reader: string,
  uid: string,
  now: Moment,
  group: string | undefined,
): TapDecision {
  const here = layout.connectors
    .filter((connector) => connector.reader === reader)
    .map(({ id }) => ({ id, session: stationState.sessions.get(id) ?? available }));
  // The very card before its group: a colleague's session must not be stopped by one who has a session of his own here.
  const startedBy = (whose: (acceptance: Acceptance) => boolean) =>
    here.find(({ session }) => {
      const acceptance = acceptanceOf(session);
      return acceptance !== undefined && whose(acceptance);
    });
  const carWaits = here.some(({ session }) => session.state === "occupied");
  // A button that a stranger pressed must never turn a stop into a start: the own session comes before the choice too.
  const chosen = stationState.chosen.get(reader)?.connector;
  // And a car that waits for a card before a colleague's session: who taps beside a waiting car wants to charge it, at
  // the cost of the own card.
  const own =
    startedBy(({ token }) => isSameId(token.uid, uid)) ??
    (carWaits || chosen !== undefined
      ? undefined
      : startedBy(
          (acceptance) => group !== undefined && acceptance.group !== undefined && isSameId(acceptance.group, group),
        ));
  if (own !== undefined) {
    const { id, session } = own;
    if (session.state === "starting") return { kind: "refuse", why: "just-started" };
    if (session.state !== "charging") return { kind: "refuse", why: "ending" };
    if (hasJustBegun(session, now)) return { kind: "refuse", why: "just-started" };
    return { kind: "stop", connector: id };
  }
  const stateOf = (connector: number | undefined) => here.find(({ id }) => id === connector)?.session.state;
  const card = stationState.waiting.get(reader);
  const isAnothers = card !== undefined && !isSameId(card.acceptance.token.uid, uid);
  const othersWait = { kind: "refuse", why: "other-card-waits" } as const;
  // A card that waits for whichever car comes next leaves room for no other; one that waits at a chosen connector is in
  // nobody's way who has a car.
  if (isAnothers && card.connector === undefined) return othersWait;
  if (chosen !== undefined && stateOf(chosen) === "occupied") return { kind: "authorize", connector: chosen };
  if (card !== undefined && !isAnothers && chosen === undefined)
    return card.connector !== undefined && stateOf(card.connector) === "occupied"
      ? { kind: "authorize", connector: card.connector }
      : { kind: "waits-already" };
  if (chosen !== undefined && stateOf(chosen) === "available") {
    const ordered = stationState.awaited.get(chosen);
    if (ordered === undefined) return isAnothers ? othersWait : { kind: "authorize", connector: null, chosen };
    return isSameId(ordered.acceptance.token.uid, uid) ? { kind: "waits-already" } : othersWait;
  }
  const occupied = here
    .flatMap(({ id, session }) =>
      session.state === "occupied" && id !== card?.connector
        ? [{ id, since: session.since.monoMs, rank: rankOf(stationState, id, { uid, group }, now.at) }]
        : [],
    )
    .sort((a, b) => b.rank - a.rank || b.since - a.since)[0];
  if (occupied) return { kind: "authorize", connector: occupied.id };
  if (isAnothers) return othersWait;
  // A connector that a remote start waits for is spoken for: the next car there is that driver's.
  const free = here.filter(({ session }) => session.state === "available");
  const ordered = free.map(({ id }) => stationState.awaited.get(id));
  if (ordered.some((one) => one !== undefined && isSameId(one.acceptance.token.uid, uid)))
    return { kind: "waits-already" };
  if (free.length > 0)
    return ordered.every((one) => one !== undefined) ? othersWait : { kind: "authorize", connector: null };
  return { kind: "refuse", why: here.some(({ session }) => session.state === "finishing") ? "finished" : "in-use" };
}

/** A connector that is reserved for this card comes first, one that is kept for another last. */
function rankOf(stationState: StationState, connector: number, bearer: Bearer, atMs: number): number {
  if (reservedFor(stationState.orders, stationState.sessions, connector, bearer, atMs) !== undefined) return -1;
  return reservationUsedBy(stationState.orders, connector, bearer, atMs)?.connector === connector ? 1 : 0;
}

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

/** What a press means; `again` = it was chosen a moment ago and stays so. */
export type PressDecision =
  | { readonly kind: "stop" | "choose" | "again" }
  | { readonly kind: "refuse"; readonly why: "nothing-runs" | "just-started" | "ending" | "finished" | "in-use" };

/** A choice that is not older is not written down again, however often somebody presses. */
const choiceStandsMs = 10_000;

/** What the button of a connector is about. It starts nothing by itself, and ends only what the operator let it end. */
export function decidePress(
  stationState: StationState,
  layout: Layout,
  connector: number,
  does: "select" | "stop",
  now: Moment,
): PressDecision {
  const session = stationState.sessions.get(connector) ?? available;
  switch (session.state) {
    case "available":
    case "occupied": {
      if (does === "stop") return { kind: "refuse", why: "nothing-runs" };
      const reader = layout.connectors.find(({ id }) => id === connector)?.reader ?? "";
      const choice = stationState.chosen.get(reader);
      const isFresh =
        choice?.connector === connector &&
        choice.since.boot === now.boot &&
        now.monoMs - choice.since.monoMs < choiceStandsMs;
      return isFresh || stationState.waiting.get(reader)?.connector === connector
        ? { kind: "again" }
        : { kind: "choose" };
    }
    case "starting":
      return { kind: "refuse", why: "just-started" };
    case "charging":
      if (does === "select") return { kind: "refuse", why: "in-use" };
      return hasJustBegun(session, now) ? { kind: "refuse", why: "just-started" } : { kind: "stop" };
    case "stopping":
    case "settling":
      return { kind: "refuse", why: "ending" };
    case "finishing":
      return { kind: "refuse", why: "finished" };
    default:
      return session satisfies never;
  }
}
