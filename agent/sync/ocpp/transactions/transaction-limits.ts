// Takes the limits that a CSMS sets in its answers to TransactionEvents (2.1, E16; after a remote start too: F07), and
// keeps in mind which of them are still to be confirmed by an event of their own (LimitSet).
import type { SessionLimits } from "../../../core/session/limits.js";
import { leastDecimal } from "../../../core/session/limits-ahead.js";
import type { Sale } from "../../../core/session/sale.js";
import type { RecordedFact } from "../../station-port.js";
import { transactionLimitIn } from "./transaction-limit.js";

export type TransactionLimitsParts = {
  /** The name of this uplink, by which its limits stand in the session. */
  readonly uplink: string;
  /** Puts limits into force for a session that runs; written down when it returns. */
  readonly limit: (sessionId: string, limits: SessionLimits) => void;
  readonly note: (text: string) => void;
};

/** A CSMS that answers each confirmation with another limit is told of the next no sooner. */
const leastBetweenMs = 5_000;

export class TransactionLimits {
  readonly #parts: TransactionLimitsParts;
  /** Sessions whose limits are to be confirmed. */
  readonly #open = new Set<string>();
  readonly #confirmedMonoMs = new Map<string, number>();
  /** What was said to be unusable last, by session. */
  readonly #noted = new Map<string, string>();

  constructor(parts: TransactionLimitsParts) {
    this.#parts = parts;
  }

  /** The CSMS has answered to an event of a session. */
  answered(sessionId: string, answer: unknown): void {
    const read = transactionLimitIn(answer);
    if (read === undefined) return;
    const unusable = read.unusable.join("; ");
    if (unusable !== "" && this.#noted.get(sessionId) !== unusable) {
      this.#noted.set(sessionId, unusable);
      this.#parts.note(`session ${sessionId}: of its transactionLimit ${unusable}`);
    }
    if (Object.keys(read.limits).length > 0) this.#parts.limit(sessionId, read.limits);
  }

  /** A fact was written down; true = there is a limit to confirm. */
  saw({ event, after }: RecordedFact): boolean {
    // What is held for a session that is paid on the spot is its limit, and the CSMS is told (C18).
    if (event.type === "SessionBegan" && event.opening.acceptance.hold !== undefined) {
      this.#open.add(event.opening.id);
      return true;
    }
    if (event.type !== "LimitsSet" || event.by !== this.#parts.uplink) return false;
    const session = after.sessions.get(event.connector);
    if (session?.state !== "charging") return false;
    this.#open.add(session.sale.opening.id);
    return true;
  }

  /** What this CSMS has set for a session, and what is held for it: of two costs the lower. */
  of({ backendLimits, opening: { acceptance } }: Sale): SessionLimits | undefined {
    const set = backendLimits.find(({ by }) => by === this.#parts.uplink)?.limits;
    const cost = acceptance.hold === undefined ? undefined : leastDecimal([acceptance.limits?.cost, set?.cost]);
    return cost === undefined ? set : { ...set, cost };
  }

  /** When a session's limits are to be confirmed; infinity = not at all. */
  nextMonoMs(sessionId: string): number {
    if (!this.#open.has(sessionId)) return Number.POSITIVE_INFINITY;
    return (this.#confirmedMonoMs.get(sessionId) ?? Number.NEGATIVE_INFINITY) + leastBetweenMs;
  }

  /** The event that confirms them is being made: from here on it is the transaction's. */
  confirming(sessionId: string, monoMs: number): void {
    this.#open.delete(sessionId);
    this.#confirmedMonoMs.set(sessionId, monoMs);
  }

  forget(sessionId: string): void {
    this.#open.delete(sessionId);
    this.#confirmedMonoMs.delete(sessionId);
    this.#noted.delete(sessionId);
  }
}
