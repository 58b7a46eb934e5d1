// Sends the event of a transaction that is under way and writes down what became of it: acknowledged, refused, or under
// way still.
import { shortLine } from "../../../core/words/printable.js";
import type { Outcome } from "../../uplink.js";
import { callOutcome } from "../rpc/call-outcome.js";
import type { Dialect } from "../rpc/frame.js";
import { inDialect, type NextEvent } from "./pending-event.js";
import {
  type OpenTransaction,
  type PendingMessage,
  type TransactionsStore,
  withTransaction,
} from "./transactions-state.js";

/** What a peer gave, in words: of an object no text can be made without care. */
const shown = (value: unknown): string => shortLine(JSON.stringify(value) ?? "nothing", 40);

/** The connection, as far as transactions need it. */
export type EventLine = { readonly dialect: Dialect; callText(action: string, text: string): Promise<unknown> };

/** What one send of an event came to: the answer's payload, or why there is none. */
export type SendResult =
  | { readonly kind: "answered"; readonly payload: unknown }
  | Extract<Outcome, { readonly kind: "unsure" | "retry" }>
  /** `payload` where it was the answer itself that cannot be used. */
  | { readonly kind: "refused"; readonly reason: string; readonly payload?: unknown };

export type EventSenderParts = {
  readonly store: TransactionsStore;
  readonly note: (text: string) => void;
  /** The CSMS has answered to the begin of a session, from whichever side it was told. */
  readonly begun?: (sessionId: string, payload: unknown) => void;
  /** It has answered to an event of 2.1 while the session runs: called before the answer counts as read. */
  readonly answered21?: (sessionId: string, payload: unknown) => void;
};

export class EventSender {
  readonly #parts: EventSenderParts;

  constructor(parts: EventSenderParts) {
    this.#parts = parts;
  }

  /** Written down before it is sent. */
  write(transaction: OpenTransaction): void {
    const { store } = this.#parts;
    store.write(withTransaction(store.read(), transaction));
  }

  /** Sends what is under way, which is written down, and writes down its acknowledgement with the `next` event. */
  async send(kept: OpenTransaction, line: EventLine, next: NextEvent = () => undefined): Promise<SendResult> {
    const transaction = inDialect(kept, line.dialect);
    if (transaction !== kept) this.write(transaction);
    const { pending } = transaction;
    if (pending === null) throw new TypeError(`session ${transaction.sessionId} has no event under way`);
    let payload: unknown;
    try {
      payload = await line.callText(pending.action, pending.text);
    } catch (error) {
      const outcome = callOutcome(error, pending.action);
      // What the CSMS refused it does not hold: the number is free again, and a value in between is given up.
      if (outcome.kind === "refused") this.write({ ...transaction, pending: null, nextSeqNo: pending.seqNo });
      return outcome;
    }
    const result =
      pending.action === "StartTransaction"
        ? this.#started16(transaction, payload, next)
        : this.#acknowledged(transaction, pending, payload, next);
    if (pending.step === "started") this.#parts.begun?.(transaction.sessionId, payload);
    return result;
  }

  #acknowledged(
    transaction: OpenTransaction,
    { step, dialect }: PendingMessage,
    payload: unknown,
    next: NextEvent,
  ): SendResult {
    // A CSMS says its limit once: what it said lasts before its answer does, or the same event would not go again.
    if (dialect === "ocpp2.1" && step !== "ended") this.#parts.answered21?.(transaction.sessionId, payload);
    const taken = {
      ...transaction,
      pending: null,
      started: transaction.started || step === "started",
      ended: step === "ended",
    };
    this.write(next(taken) ?? taken);
    return { kind: "answered", payload };
  }

  /**
   * 1.6: without a transaction id of the CSMS its stop could never be told. 0 and -1 are what backends answer that have
   * none to give.
   */
  #started16(transaction: OpenTransaction, payload: unknown, next: NextEvent): SendResult {
    const id =
      typeof payload === "object" && payload !== null && "transactionId" in payload ? payload.transactionId : undefined;
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id <= 0) {
      const reason = `the backend answered StartTransaction with transaction id ${shown(id)}, which is not usable`;
      this.#parts.note(`session ${transaction.sessionId}: ${reason}`);
      this.write({ ...transaction, pending: null, nextSeqNo: 0 });
      return { kind: "refused", reason, payload };
    }
    const taken = { ...transaction, pending: null, started: true, transactionId: id };
    this.write(next(taken) ?? taken);
    return { kind: "answered", payload };
  }
}
