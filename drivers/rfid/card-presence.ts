// From what each search saw to taps: a card that is held, or that flickers at the edge of the field, is one tap.
// Pure. A card counts as gone only after searches have looked and not seen it for the whole debounce time;
// a pause between searches proves nothing, and a second tap that never happened could stop a session.
import type { MonoMs } from "../driver.js";
import { type CardDetection, isRandomUid } from "./card-detection.js";

/** What a visitor is told: the card's UID, or why it is refused. */
export type PresenceEvent =
  | { readonly kind: "card"; readonly uid: string }
  | { readonly kind: "refused"; readonly why: "random-uid" | "several-cards" | "unreadable" };

type Visitor = { readonly key: string; readonly absentSince: MonoMs | undefined };

export type CardPresence = {
  readonly visitors: readonly Visitor[];
  /** The same trouble, this often in a row. */
  readonly trouble: { readonly kind: "several" | "unreadable" | "none"; readonly times: number };
};

export const noCardPresent: CardPresence = { visitors: [], trouble: { kind: "none", times: 0 } };

/**
 * A card on its way into the field is unreadable for a moment, and two taps in a hurry overlap for one: neither is
 * refused at once.
 */
const refuseAfter = { several: 2, unreadable: 3 } as const;
/** More cards than this within one debounce time are not taps of people. */
const mostVisitors = 16;

/** The next presence after one search, and the tap that it amounts to, if any. */
export function trackPresence(
  presence: CardPresence,
  detection: Exclude<CardDetection, { kind: "lost" }>,
  monoMs: MonoMs,
  debounceMs: number,
): { readonly presence: CardPresence; readonly seen?: PresenceEvent } {
  const known = presence.visitors.filter(
    (visitor) => visitor.absentSince === undefined || monoMs - visitor.absentSince < debounceMs,
  );
  const absent = known.map((visitor) =>
    visitor.absentSince === undefined ? { ...visitor, absentSince: monoMs } : visitor,
  );
  const calm = noCardPresent.trouble;
  switch (detection.kind) {
    case "none":
      return { presence: { visitors: absent, trouble: calm } };
    case "card": {
      const seen: PresenceEvent = isRandomUid(detection.uid) ? { kind: "refused", why: "random-uid" } : detection;
      return enter(absent, seen, calm);
    }
    case "several":
    case "unreadable": {
      // Something is there, and it may be any of those that were there before: nobody is counted as gone.
      const present = known.map((visitor) => ({ ...visitor, absentSince: undefined }));
      const trouble = {
        kind: detection.kind,
        times: presence.trouble.kind === detection.kind ? presence.trouble.times + 1 : 1,
      };
      if (trouble.times < refuseAfter[detection.kind]) return { presence: { visitors: present, trouble } };
      return enter(
        present,
        { kind: "refused", why: detection.kind === "several" ? "several-cards" : "unreadable" },
        trouble,
      );
    }
    default:
      return detection satisfies never;
  }
}

/** Whether a card is there: seen by the last search, or missing for less than the debounce time. */
export const isCardThere = ({ visitors }: CardPresence, uid: string, monoMs: MonoMs, debounceMs: number): boolean =>
  visitors.some(
    ({ key, absentSince }) => key === uid && (absentSince === undefined || monoMs - absentSince < debounceMs),
  );

function enter(
  others: readonly Visitor[],
  seen: PresenceEvent,
  trouble: CardPresence["trouble"],
): { readonly presence: CardPresence; readonly seen?: PresenceEvent } {
  const key = seen.kind === "card" ? seen.uid : seen.why;
  const rest = others.filter((visitor) => visitor.key !== key);
  const presence = { visitors: [...rest, { key, absentSince: undefined }].slice(-mostVisitors), trouble };
  return rest.length < others.length ? { presence } : { presence, seen };
}
