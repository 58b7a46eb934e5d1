// When a receipt on which the backend fails again and again is poison, and when it is the backend that is ill: poison is
// only what it failed on before and after it answered to another. Pure.
import type { OutboxItem } from "./outbox-state.js";
import type { Outcome } from "./uplink.js";

/**
 * After so many answers of failure to one item the next one is tried: if the backend reads that and then fails on the
 * first again, it is poison and is parked. A refusal that may pass is believed after so many of its kind.
 */
export const attemptsBeforeDoubt = 5;

export type Unanswered = Extract<Outcome, { kind: "unsure" | "retry" }>;
/** A receipt that may be poison, while the next one is tried. */
type Suspect = { readonly item: OutboxItem; readonly outcome: Unanswered };
/** In their order. `proof` = a later one, once the backend has answered to it: the first has its last try then. */
export type OutboxDoubt = { readonly suspects: readonly Suspect[]; readonly proof?: number };

export const noDoubt: OutboxDoubt = { suspects: [] };

/** A failure to take this one; no answer to it counts too where the line stood. */
export const isFailure = (outcome: Unanswered): boolean => outcome.countsAsAttempt === true;

/** The outcome of one of `tries` on the same item: a refusal that may pass is one after so many. */
export function believed(outcome: Outcome, tries: number): Outcome {
  if (outcome.kind !== "retry" || outcome.refusal === undefined || tries < attemptsBeforeDoubt) return outcome;
  return { kind: "refused", reason: `${outcome.refusal} (${tries} times)` };
}

/** Why a receipt is poison: how its last try ended, and the receipt to which the backend answered before it. */
export function poisonReason(outcome: Unanswered, proof: number): string {
  const arrived = outcome.kind === "unsure" ? "; it may have arrived: ask the backend before it is sent again" : "";
  return (
    `the backend failed on this receipt ${attemptsBeforeDoubt} times or more (${outcome.words ?? "no reason given"}), ` +
    `but answered to receipt ${proof}${arrived}`
  );
}
