// When a receipt on which the backend fails again and again is poison, and when it is the backend that is ill: poison is
// only what it failed on before and after it answered to another. Pure.
import { mostInDoubt, type OutboxItem } from "./outbox-state.js";
import type { Outcome } from "./uplink.js";

/**
 * After so many answers of failure to one item the next one is tried: if the backend reads that and then fails on the
 * first again, it is poison and is parked. A refusal that may pass is believed after so many of its kind.
 */
export const attemptsBeforeDoubt = 5;
/**
 * Where the line is lost at it, a bad line explains that too: others go first after as many tries, but it is poison only
 * after so many, the last of them when another had just been answered.
 */
export const lossesBeforePoison = 10;

export type Unanswered = Extract<Outcome, { kind: "unsure" | "retry" }>;
/** A receipt that may be poison, while the next one is tried. */
type Suspect = { readonly item: OutboxItem; readonly outcome: Unanswered };
/** In their order. `proof` = a later one, once the backend has answered to it: the first has its last try then. */
export type OutboxDoubt = { readonly suspects: readonly Suspect[]; readonly proof?: number };

export const noDoubt: OutboxDoubt = { suspects: [] };

/** A failure to take this one; no answer to it counts too where the line stood, or was lost at it. */
export const isFailure = (outcome: Unanswered): boolean => outcome.countsAsAttempt === true;
const losesLine = (outcome: Unanswered): boolean => outcome.kind === "unsure" && outcome.lineLost === true;

/** The outcome of one of `tries` on the same item: a refusal that may pass is one after so many. */
export function believed(outcome: Outcome, tries: number): Outcome {
  if (outcome.kind !== "retry" || outcome.refusal === undefined || tries < attemptsBeforeDoubt) return outcome;
  return { kind: "refused", reason: `${outcome.refusal} (${tries} times)` };
}

/** Those that are passed over for now, by their numbers. */
export const passedOver = ({ suspects, proof }: OutboxDoubt): readonly number[] =>
  proof === undefined ? suspects.map(({ item }) => item.number) : [];

/** The backend is well: the first in doubt has its last try now, and nothing between. */
export function doubtAfterAnswer(doubt: OutboxDoubt, number: number): OutboxDoubt {
  const inDoubt = doubt.suspects.some(({ item }) => item.number === number);
  return doubt.suspects.length === 0 || inDoubt ? noDoubt : { ...doubt, proof: number };
}

/** What is kept of a doubt when all must wait: others go before those at which the line was lost next time as well. */
export const doubtKept = ({ suspects }: OutboxDoubt): OutboxDoubt => ({
  suspects: suspects.filter(({ outcome }) => losesLine(outcome)),
});

/** What follows from one more try without a good answer. */
export type AfterFailure =
  | { readonly kind: "hold" }
  | { readonly kind: "next"; readonly doubt: OutboxDoubt }
  | { readonly kind: "park"; readonly reason: string };

/** `attempts` = those on this item that counted, this one included. */
export function afterFailure(
  { suspects, proof }: OutboxDoubt,
  item: OutboxItem,
  outcome: Unanswered,
  attempts: number,
): AfterFailure {
  if (!isFailure(outcome)) return { kind: "hold" };
  if (proof !== undefined) {
    if (!losesLine(outcome) || attempts >= lossesBeforePoison)
      return { kind: "park", reason: poisonReason(outcome, proof) };
    return { kind: "next", doubt: { suspects: [{ item, outcome }, ...suspects.slice(1)] } };
  }
  if (attempts < attemptsBeforeDoubt || suspects.length >= mostInDoubt) return { kind: "hold" };
  return { kind: "next", doubt: { suspects: [...suspects, { item, outcome }] } };
}

/** Why a receipt is poison: how its last try ended, and the receipt to which the backend answered before it. */
function poisonReason(outcome: Unanswered, proof: number): string {
  const what = losesLine(outcome)
    ? `the backend lost the line at this receipt ${lossesBeforePoison} times or more`
    : `the backend failed on this receipt ${attemptsBeforeDoubt} times or more`;
  const arrived = outcome.kind === "unsure" ? "; it may have arrived: ask the backend before it is sent again" : "";
  return `${what} (${outcome.words ?? "no reason given"}), but answered to receipt ${proof}${arrived}`;
}
