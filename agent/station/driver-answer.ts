// What a driver is answered to a tap or a press, in words that are also shown on a display.
import type { CardTap } from "../../drivers/driver.js";
import type { AuthorizationInfo } from "../core/cdr/token.js";
import type { Acceptance } from "../core/session/opening.js";
import type { PressDecision } from "../core/station/press-decision.js";
import type { TapDecision } from "../core/station/tap-decision.js";

/** `connector` where the answer is about one. */
export type DriverAnswer = { readonly accepted: boolean; readonly connector: number | null; readonly answer: string };

export const accept = (answer: string, connector: number | null = null): DriverAnswer => ({
  accepted: true,
  connector,
  answer,
});
export const decline = (answer: string, connector: number | null = null): DriverAnswer => ({
  accepted: false,
  connector,
  answer,
});

type RefusedDecision = Extract<TapDecision | PressDecision, { readonly kind: "refuse" }>;

/** Why a tap or a press means nothing now. */
export const decisionWords: Readonly<Record<RefusedDecision["why"], string>> = {
  "just-started": "the session has only just begun",
  ending: "the session is ending",
  finished: "the session is over: unplug the car first",
  "in-use": "in use by another card",
  "other-card-waits": "another card is waiting for its car",
  "nothing-runs": "nothing to stop",
};

/** The driver's own car is done, and is still plugged in at this connector. */
export const finishedWords = (connector: number): string =>
  `your session at connector ${connector} is over: unplug the car first`;

/** Why a card could not be used. */
export const unusableWords: Readonly<Record<Extract<CardTap, { readonly kind: "refused" }>["why"], string>> = {
  "random-uid": "this is a phone or a card that changes its number; use a charging card",
  "several-cards": "more than one card: hold only one to the reader",
  unreadable: "the card could not be read: hold it still",
};

/** Why a card may not charge; a backend may have words of its own. */
export function refusalWords({ allowed, info }: Exclude<AuthorizationInfo, { allowed: "ALLOWED" }>): string {
  const words = {
    NOT_KNOWN: "this card is not known here",
    BLOCKED: "this card is blocked",
    EXPIRED: "this card has expired",
    NO_CREDIT: "there is no credit left on this card",
    NOT_ALLOWED: "this card may not charge here",
    ONLINE_ONLY: "this card needs an online check, which is not possible now",
    EXPOSED: "too much of this card's charging has not reached its provider yet: try again when the station is online",
  }[allowed];
  return info === undefined ? words : `${words} (${info})`;
}

/** At what a session of this card ends by itself: limits of its own are told when it is accepted. */
export function grantedWords({ energyKwh, cost, why }: NonNullable<Acceptance["limits"]>): string {
  const ends = [
    ...(energyKwh === undefined ? [] : [`${energyKwh} kWh`]),
    ...(cost === undefined ? [] : [`a cost of ${cost}`]),
  ];
  return `it ends by itself at ${ends.join(" or ")}: ${why}`;
}
