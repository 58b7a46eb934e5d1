// How one uplink stands: plain data for the live view, `sync status` and the log.
import type { EpochMs } from "../../drivers/driver.js";
import type { OddityCount } from "./oddities.js";
import type { ParkedItem } from "./outbox-state.js";
import type { UplinkFault } from "./uplink.js";

/**
 * What needs a person: a backend that does not know us, an answer that cannot be believed, a receipt that cannot be
 * read.
 */
export type OutboxFault = UplinkFault | "book/damaged";

export type Reachability = "untried" | "online" | "offline" | "unauthorised" | "unsure";

/** How the backend was reached last. */
export type ReachabilityReport = {
  readonly reachability: Reachability;
  readonly sinceMs: EpochMs;
  /** Why it is not online, for a technician. */
  readonly words?: string;
  /** Raised until something is accepted. */
  readonly fault?: OutboxFault;
};

export type OutboxStatus = ReachabilityReport & {
  readonly uplink: string;
  /** How the line stands, where it has one that is always open: connected or not, and in which version. */
  readonly line?: string;
  /** What the backend sends otherwise than the standard has it, where there is any. */
  readonly oddities?: readonly OddityCount[];
  /** What is not told to this backend, and why, where there is any. */
  readonly leftOut?: readonly string[];
  /**
   * Receipts that are not yet acknowledged, parked ones left out (a receipt without a CDR counts until it is passed).
   */
  readonly waiting: number;
  readonly sending?: number;
  readonly parked: readonly ParkedItem[];
  readonly lastAck?: { readonly number: number; readonly id: string; readonly atMs: EpochMs };
  /** When the next try comes by itself. */
  readonly nextTryMs?: EpochMs;
};

/** Of a line that does not stand, by the fault that it raises. */
export function reachabilityBy(fault: UplinkFault | undefined): "unauthorised" | "unsure" | "offline" {
  if (fault === "uplink/unauthorised") return "unauthorised";
  return fault === "uplink/unsure" ? "unsure" : "offline";
}

/** How the backend is reached now; `sinceMs` stays where that is as before. */
export function reportAfter(
  before: ReachabilityReport,
  atMs: EpochMs,
  reachability: Reachability,
  words?: string,
  fault?: OutboxFault,
): ReachabilityReport {
  return {
    reachability,
    sinceMs: reachability === before.reachability ? before.sinceMs : atMs,
    ...(words === undefined ? {} : { words }),
    ...(fault === undefined ? {} : { fault }),
  };
}

export const refusedWords = (count: number): string =>
  `the last ${count} receipts were all refused and parked: look at the reasons, it may be a setting`;

export const crowdedWords = (parked: number): string =>
  `${parked} receipts are parked, and nothing new is sent until they are fewer: ` +
  "look at their reasons, mend the cause, and send them again (chargetill sync resend)";
