// All connectors of the station and the cards that wait at their readers, as one value; a tap finds its connector here.
// Like `session.ts` it is pure: the shell tells it facts, it tells what they mean.
import type { Moment } from "../../drivers/driver.js";
import type { CdrCopies } from "./cdr-copies.js";
import { available, step as stepSession, type Acceptance, type Session, type SessionEvent } from "./session.js";

/** Which connectors stand at which reader. */
export type Layout = { readonly connectors: readonly { readonly id: number; readonly reader: string }[] };

/** A card accepted at a reader before any car was plugged in. */
export type Waiting = { readonly acceptance: Acceptance; readonly since: Moment };

export type Till = {
  readonly sessions: ReadonlyMap<number, Session>;
  readonly waiting: ReadonlyMap<string, Waiting>;
};

/** The finished bytes of a receipt without a session of its own: journalled before the book has it, and never made twice. */
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
  /** The checkpoint that includes the receipt. */
  readonly checkpoint: string;
};

/** What can happen to the till: what happens to one connector, and what happens at a reader. */
export type Event =
  | SessionEvent
  | { readonly type: "CardWaits"; readonly moment: Moment; readonly reader: string; readonly acceptance: Acceptance }
  | { readonly type: "CardLapsed"; readonly moment: Moment; readonly reader: string; readonly why: string }
  | { readonly type: "FaultRaised"; readonly moment: Moment; readonly device: string; readonly code: string; readonly message: string }
  | { readonly type: "FaultCleared"; readonly moment: Moment; readonly device: string; readonly code: string }
  | { readonly type: "Started"; readonly moment: Moment; readonly version: string }
  | { readonly type: "ReceiptIssued"; readonly moment: Moment; readonly receipt: IssuedReceipt };

export function emptyTill(layout: Layout): Till {
  return { sessions: new Map(layout.connectors.map(({ id }) => [id, available])), waiting: new Map() };
}

/** The next till; the same object when the event has no meaning here. */
export function step(till: Till, event: Event, layout: Layout): Till {
  switch (event.type) {
    case "CardWaits":
      return { ...till, waiting: new Map(till.waiting).set(event.reader, { acceptance: event.acceptance, since: event.moment }) };
    case "CardLapsed": {
      if (!till.waiting.has(event.reader)) return till;
      const waiting = new Map(till.waiting);
      waiting.delete(event.reader);
      return { ...till, waiting };
    }
    case "FaultRaised":
    case "FaultCleared":
    case "Started":
    case "ReceiptIssued":
      return till;
    default:
      return stepConnector(till, event, layout);
  }
}

function stepConnector(till: Till, event: SessionEvent, layout: Layout): Till {
  const before = till.sessions.get(event.connector);
  if (before === undefined) return till;
  const after = stepSession(before, event);
  if (after === before) return till;
  const moved: Till = { ...till, sessions: new Map(till.sessions).set(event.connector, after) };
  const reader = layout.connectors.find(({ id }) => id === event.connector)?.reader;
  // Tap-then-plug: the car that comes in takes the card that waits at its reader.
  if (event.type === "PlugChanged" && after.state === "occupied" && reader !== undefined) {
    const card = till.waiting.get(reader);
    if (card !== undefined) {
      const waiting = new Map(till.waiting);
      waiting.delete(reader);
      const sessions = new Map(moved.sessions).set(event.connector, stepSession(after, { type: "CardAccepted", moment: event.moment, connector: event.connector, acceptance: card.acceptance }));
      return { sessions, waiting };
    }
  }
  return moved;
}

/** What a tap means before anyone is asked about the card. */
export type TapMeaning =
  | { readonly kind: "stop"; readonly connector: number }
  | { readonly kind: "authorize"; readonly connector: number | null }
  | { readonly kind: "waits-already" }
  | { readonly kind: "refuse"; readonly why: "just-started" | "ending" | "finished" | "in-use" | "other-card-waits" };

/** A second tap sooner than this after the start never stops the session. */
const stopGuardMs = 5_000;

/**
 * Finds what a card at `reader` is about: the session that it started stops; else the car that waits for a card (the one plugged in last)
 * is meant; else a free connector to come.
 */
export function meaningOfTap(till: Till, layout: Layout, reader: string, uid: string, now: Moment, group: string | undefined): TapMeaning {
  const here = layout.connectors.filter((connector) => connector.reader === reader).map(({ id }) => ({ id, session: till.sessions.get(id) ?? available }));
  // The very card before its group: a colleague's session must not be stopped by one who has a session of his own here.
  const startedBy = (whose: (acceptance: Acceptance) => boolean) =>
    here.find(({ session }) => {
      const acceptance = acceptanceOf(session);
      return acceptance !== undefined && whose(acceptance);
    });
  const carWaits = here.some(({ session }) => session.state === "occupied");
  // And a car that waits for a card before a colleague's session: who taps beside a waiting car wants to charge it, at the cost of the own card.
  const own = startedBy(({ token }) => token.uid === uid) ?? (carWaits ? undefined : startedBy((acceptance) => group !== undefined && acceptance.group === group));
  if (own !== undefined) {
    const { id, session } = own;
    if (session.state === "starting") return { kind: "refuse", why: "just-started" };
    if (session.state !== "charging") return { kind: "refuse", why: "ending" };
    const begin = session.sale.opening.begin.moment;
    if (begin.boot === now.boot && now.monoMs - begin.monoMs < stopGuardMs) return { kind: "refuse", why: "just-started" };
    return { kind: "stop", connector: id };
  }
  const card = till.waiting.get(reader);
  if (card !== undefined) return card.acceptance.token.uid === uid ? { kind: "waits-already" } : { kind: "refuse", why: "other-card-waits" };
  const occupied = here
    .flatMap(({ id, session }) => (session.state === "occupied" ? [{ id, since: session.since.monoMs }] : []))
    .sort((a, b) => b.since - a.since)[0];
  if (occupied) return { kind: "authorize", connector: occupied.id };
  if (here.some(({ session }) => session.state === "available")) return { kind: "authorize", connector: null };
  return { kind: "refuse", why: here.some(({ session }) => session.state === "finishing") ? "finished" : "in-use" };
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
