// The money of one driver at one payment gateway, from the wish to hold it to its booking or release, as a value.
//
//   wanted -> held -> started -> final -> book-sent -> booked
//      |        |                  |          |
//      |        +------------------+-> release-sent -> released
//      +-> failed                             +-> failed
//
// Between `wanted` and `held`, and behind each `-sent`, lies a line that may break: there `unsure` says that an answer is
// missing. What is unsure is asked about and never sent again before the answer (hold-task.ts).

import type { EpochMs } from "../../../drivers/driver.js";
import type { GatewayHold, HoldRequest, PaymentCard } from "../../../drivers/payment-gateway.js";

export type HoldState =
  | "wanted"
  | "held"
  | "started"
  | "final"
  | "book-sent"
  | "release-sent"
  | "booked"
  | "released"
  | "failed";

/** What is fixed when a hold is asked for. */
export type HoldWish = HoldRequest & {
  /** Counted up for ever: by which a person names it. */
  readonly number: number;
  readonly gateway: string;
  readonly connector: number;
  /** Keyed hash of the card, by which it is known again; absent where the gateway shows none. */
  readonly cardKey?: string;
  readonly card?: PaymentCard;
};

export type Hold = HoldWish & {
  readonly state: HoldState;
  readonly sinceMs: EpochMs;
  /** Why the outcome of the last step is not known. */
  readonly unsure?: string;
  /** From `held` on; its amount may be lower than what was asked for. */
  readonly made?: GatewayHold;
  readonly sessionId?: string;
  readonly receipt?: number;
  /** What is to be booked, minor units; from `book-sent` on. */
  readonly finalMinor?: number;
  /** null = booked, and the gateway could not confirm the amount. */
  readonly bookedMinor?: number | null;
  /** Why it was released, or has failed. */
  readonly why?: string;
  readonly endedMs?: EpochMs;
};

/** By reference. */
export type Holds = ReadonlyMap<string, Hold>;

export const isEnded = ({ state }: Pick<Hold, "state">): boolean =>
  state === "booked" || state === "released" || state === "failed";

/** Those that have not ended, the oldest first. */
export const openHolds = (holds: Holds): readonly Hold[] => [...holds.values()].filter((hold) => !isEnded(hold));

/** The most that the driver may be charged on it, minor units. */
export const capMinor = ({ made, amount }: Pick<Hold, "made" | "amount">): number =>
  Math.min(made?.amount.minor ?? amount.minor, amount.minor);
