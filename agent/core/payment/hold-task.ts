// What a hold wants next, asked after each event and again after a restart: there is no second path for recovery. What
// may have happened already is asked about first: no task sends a step whose outcome is not known.

import type { Session } from "../session/session.js";
import type { Hold } from "./hold.js";

export type HoldTask =
  /** Ask whether the hold was made. */
  | { readonly kind: "ask-hold" }
  /** Let go of it: it was not sent before. */
  | { readonly kind: "release"; readonly why: string }
  /** Book what the receipt says, or release where that is nothing: neither was sent before. */
  | { readonly kind: "settle"; readonly receipt: number }
  /** Its session is gone without a word: look for the receipt. */
  | { readonly kind: "find-receipt"; readonly sessionId: string }
  /** Ask what became of a booking or a release; only what is still open then is sent once more. */
  | { readonly kind: "ask-end" };

/** What a hold wants; undefined = nothing, or it waits for its session. */
export function holdTask(hold: Hold, sessions: Iterable<Session>): HoldTask | undefined {
  switch (hold.state) {
    case "wanted":
      return { kind: "ask-hold" };
    case "held":
      return usesHold(hold, sessions) ? undefined : { kind: "release", why: "no session began" };
    case "started":
      return usesHold(hold, sessions) || hold.sessionId === undefined
        ? undefined
        : { kind: "find-receipt", sessionId: hold.sessionId };
    case "final":
      return hold.receipt === undefined ? undefined : { kind: "settle", receipt: hold.receipt };
    case "book-sent":
    case "release-sent":
      return { kind: "ask-end" };
    case "booked":
    case "released":
    case "failed":
      return undefined;
    default:
      return hold.state satisfies never;
  }
}

/** Whether a session that is open was begun on the hold, or is about to be. */
function usesHold({ reference }: Hold, sessions: Iterable<Session>): boolean {
  for (const session of sessions) if (holdOf(session) === reference) return true;
  return false;
}

/** The hold by which an open session is paid; undefined where it is not. */
export function holdOf(session: Session): string | undefined {
  if (session.state === "starting") return session.acceptance.hold;
  return "sale" in session ? session.sale.opening.acceptance.hold : undefined;
}
