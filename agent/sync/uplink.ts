// What the outbox and the uplinks agree on: the outbox owns order and retry, an uplink only maps and speaks.

import type { OddityCount } from "./oddities.js";

/** Trouble that a person must mend; everything else heals by trying again. */
export type UplinkFault = "uplink/unauthorised" | "uplink/unsure";

/**
 * What became of one send. `words` say why, for a technician; `fault` asks for one to be raised until something is
 * accepted.
 */
export type Outcome =
  | { readonly kind: "accepted"; readonly receipt?: unknown }
  /**
   * Sent, and no answer that can be believed was seen. It counts as an attempt where the line stood all the while, or
   * was lost at it (`lineLost`: nothing else can be tried on the same one).
   */
  | {
      readonly kind: "unsure";
      readonly countsAsAttempt?: true;
      readonly lineLost?: true;
      readonly words?: string;
      readonly fault?: UplinkFault;
    }
  /** Not taken now. A socket that could not be opened or a hold is never an attempt. */
  | {
      readonly kind: "retry";
      readonly afterMs?: number;
      readonly countsAsAttempt: boolean;
      readonly words?: string;
      readonly fault?: UplinkFault;
      /** The backend read it and refused it in a way that may pass: after some tries it is refused for this reason. */
      readonly refusal?: string;
    }
  /** The backend read it and will never take it: park it and show it. */
  | { readonly kind: "refused"; readonly reason: string };

/** Nothing is wrong with any receipt or session: all wait until a person has mended the setting. */
export const heldOutcome = (words: string): Extract<Outcome, { readonly kind: "retry" }> => ({
  kind: "retry",
  countsAsAttempt: false,
  fault: "uplink/unauthorised",
  words,
});

/** `id` is fixed at settlement, `body` is the text made then: all copies are byte-equal. */
export type UplinkItem = { readonly id: string; readonly body: string };

/** What a backend's line of its own may tell the outbox, and ask. */
export type UplinkTies = {
  /** Receipts wait to be sent. */
  waiting(): boolean;
  /** The line stands, though nothing was heard on it yet: what waits goes out at once. */
  ready(): void;
  /** The backend answers, or why it does not. What waits goes out at once when it does. */
  reached(reachability: "online" | "offline" | "unauthorised" | "unsure", words: string, fault?: UplinkFault): void;
};

export interface Uplink {
  readonly name: string;
  /** Sends one item. Never rejects for what a backend or a line can do; settles soon after `signal` aborts. */
  send(item: UplinkItem, signal: AbortSignal): Promise<Outcome>;
  /** The station runs: a line that is always open opens now. Without it, the first send opens it. */
  begin?(ties: UplinkTies): void;
  /** A person wants it now: a line that rests between two tries is tried at once. */
  hurry?(): void;
  /** How the line stands, in words. */
  line?(): string;
  /** What the backend sends otherwise than the standard has it, and is taken all the same. */
  oddities?(): readonly OddityCount[];
  /** What is not told to this backend, since it refuses it or by the config. */
  leftOut?(): readonly string[];
  /** Lets go of connections that are kept open. */
  close?(): void;
}
