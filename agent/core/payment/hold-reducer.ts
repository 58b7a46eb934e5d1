// How a fact moves the holds. The same map comes back where the fact has no meaning.

import type { EpochMs } from "../../../drivers/driver.js";
import type { Session } from "../session/session.js";
import type { SessionEvent } from "../session/session-event.js";
import { type Hold, type Holds, isEnded } from "./hold.js";
import type { HoldEvent } from "./hold-event.js";

/** Ended holds that are remembered: so long that their row in the table can be made up for after a crash. */
const mostEnded = 16;

/** The holds after an event of their own. */
export function reduceHolds(holds: Holds, event: HoldEvent): Holds {
  const atMs = event.moment.at;
  if (event.type === "HoldWanted") {
    const { wish } = event;
    return holds.has(wish.reference) ? holds : withHold(holds, { ...wish, state: "wanted", sinceMs: atMs });
  }
  if (event.type === "HoldsStand") {
    const missing = event.holds.filter(({ reference }) => !holds.has(reference));
    return missing.reduce<Holds>(withHold, holds);
  }
  const hold = holds.get(event.reference);
  const next = hold === undefined ? undefined : nextHold(hold, event, atMs);
  return next === undefined ? holds : withHold(holds, next);
}

type HoldStep = Exclude<HoldEvent, { readonly type: "HoldWanted" | "HoldsStand" }>;

/** The hold after an event; undefined where it has no meaning in its state. */
function nextHold(hold: Hold, event: HoldStep, atMs: EpochMs): Hold | undefined {
  const { unsure: _, ...sure } = hold;
  const ended = (state: Hold["state"], rest: Partial<Hold>): Hold => ({ ...sure, ...rest, state, endedMs: atMs });
  switch (event.type) {
    case "HoldMade": {
      if (hold.state !== "wanted") return undefined;
      const { heldMinor, ...made } = event.made;
      const amount = { minor: heldMinor ?? hold.amount.minor, currency: hold.amount.currency };
      return { ...sure, state: "held", made: { ...made, reference: hold.reference, amount } };
    }
    case "HoldFailed":
      return hold.state === "wanted" ? ended("failed", { why: event.why }) : undefined;
    case "HoldUnsure":
      return isEnded(hold) || hold.unsure !== undefined ? undefined : { ...hold, unsure: event.why };
    case "BookWanted":
      return hold.state === "final" || hold.state === "started"
        ? { ...sure, state: "book-sent", receipt: event.receipt, finalMinor: event.minor }
        : undefined;
    case "Booked":
      return hold.state === "book-sent" ? ended("booked", { bookedMinor: event.minor }) : undefined;
    case "BookFailed":
      return hold.state === "book-sent" || hold.state === "release-sent"
        ? ended("failed", { why: event.why })
        : undefined;
    case "ReleaseWanted":
      return hold.state === "held" || hold.state === "started" || hold.state === "final"
        ? { ...sure, state: "release-sent", why: event.why }
        : undefined;
    case "Released":
      return hold.state === "release-sent" ? ended("released", {}) : undefined;
    default:
      return event satisfies never;
  }
}

/** The holds after an event of a session: `before` = the session as the event found it. */
export function holdsAfterSession(holds: Holds, before: Session, event: SessionEvent): Holds {
  if (event.type === "SessionBegan") {
    const { id, acceptance } = event.opening;
    const hold = heldBy(holds, acceptance.hold);
    return hold?.state === "held" ? withHold(holds, { ...hold, state: "started", sessionId: id }) : holds;
  }
  if (event.type !== "SessionSettled" || before.state !== "settling") return holds;
  const hold = heldBy(holds, before.sale.opening.acceptance.hold);
  return hold?.state === "started" ? withHold(holds, { ...hold, state: "final", receipt: event.number }) : holds;
}

const heldBy = (holds: Holds, reference: string | undefined): Hold | undefined =>
  reference === undefined ? undefined : holds.get(reference);

function withHold(holds: Holds, hold: Hold): Holds {
  const next = new Map(holds);
  // Those that ended stand in the order in which they did, or one that was begun long ago would be forgotten as it ends.
  if (isEnded(hold)) next.delete(hold.reference);
  next.set(hold.reference, hold);
  const ended = [...next.values()].filter(isEnded);
  for (const { reference } of ended.slice(0, Math.max(0, ended.length - mostEnded))) next.delete(reference);
  return next;
}
