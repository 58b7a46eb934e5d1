// Sends the event of a transaction that is under way and writes down what became of it: acknowledged, refused, or under
// way still.
import { isObject } from "../../../core/json/json-reader.js";
import { shortLine } from "../../../core/words/printable.js";
import type { Outcome } from "../../uplink.js";
import { callOutcome } from "../rpc/call-outcome.js";
import type { SawOddity } from "../rpc/received-json.js";
import type { Rpc } from "../rpc/rpc.js";
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
export type EventLine = Pick<Rpc, "dialect" | "callText" | "knowsUs">;

/** What one send of an event came to: the answer's payload, or why there is none. */
export type SendResult =
  | { readonly kind: "answered"; readonly payload: unknown }
  | Extract<Outcome, { readonly kind: "unsure" | "retry" }>
  /** `payload` where it was the answer itself that cannot be used. */
  | { readonly kind: "refused"; readonly reason: string; readonly payload?: unknown };

export type EventSenderParts = {
  readonly store: TransactionsStore;
  readonly note: (text: string) => void;
  readonly saw: SawOddity;
  /** The CSMS has answered to the begin of a session, from whichever side it was told. */
  readonly begun?: (sessionId: string, payload: unknown) => void;
  /** It has answered to an event of 2.1 while the session runs: called before the answer counts as read. */
  readonly answered21?: (sessionId: string, payload: unknown) => void;
  /** An answer that nobody waited for any more was of use: what hangs on it may go on. */
  readonly tookLate: () => void;
  /** What lasts could not be written. */
  readonly die: (error: unknown) => void;
};

/** An event on which the backend failed so often is tried no more on the way of another session. */
export const mostEventTries = 5;

export class EventSender {
  readonly #parts: EventSenderParts;
  readonly #inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** How often the CSMS has failed on the event that is under way, by session; not over a restart. */
  readonly #tries = new Map<string, number>();

  constructor(parts: EventSenderParts, inTurn: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#parts = parts;
    this.#inTurn = inTurn;
  }

  /** How often the CSMS has failed on the event of this session that is under way. */
  tries(sessionId: string): number {
    return this.#tries.get(sessionId) ?? 0;
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
    const { sessionId } = transaction;
    let result: SendResult;
    try {
      const late = (answer: unknown): void => this.#late(sessionId, pending, answer, next);
      result = this.#taken(transaction, pending, await line.callText(pending.action, pending.text, late), next);
    } catch (error) {
      result = callOutcome(error, pending.action, line.knowsUs());
      // What the CSMS refused it does not hold: the number is free again, and a value in between is given up.
      if (result.kind === "refused") this.write({ ...transaction, pending: null, nextSeqNo: pending.seqNo });
    }
    if (result.kind === "answered" || result.kind === "refused") this.#tries.delete(sessionId);
    else if (result.countsAsAttempt === true) this.#tries.set(sessionId, this.tries(sessionId) + 1);
    return result;
  }

  /** The CSMS has answered. */
  #taken(transaction: OpenTransaction, pending: PendingMessage, payload: unknown, next: NextEvent): SendResult {
    const result =
      pending.action === "StartTransaction"
        ? this.#started16(transaction, payload, next)
        : this.#acknowledged(transaction, pending, payload, next);
    if (pending.step === "started") this.#parts.begun?.(transaction.sessionId, payload);
    return result;
  }

  /** The answer came after its time, and counts if the same event is still under way. */
  #late(sessionId: string, { text }: PendingMessage, payload: unknown, next: NextEvent): void {
    const { store, die, tookLate } = this.#parts;
    const take = (): Promise<void> => {
      const transaction = store.read().open.find((one) => one.sessionId === sessionId);
      if (transaction?.pending?.text !== text) return Promise.resolve();
      this.#tries.delete(sessionId);
      this.#taken(transaction, transaction.pending, payload, next);
      tookLate();
      return Promise.resolve();
    };
    void this.#inTurn(take).catch((error: unknown) => die(error));
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
   * none to give: for ever, or, where they refuse the token with it, for as long as they do (an offline start that
   * follows its card's last stop within milliseconds was answered ConcurrentTx with 0).
   */
  #started16(transaction: OpenTransaction, payload: unknown, next: NextEvent): SendResult {
    const { transactionId, idTagInfo } = isObject(payload) ? payload : {};
    const id = this.#usableId(transactionId);
    if (id !== undefined) {
      const taken = { ...transaction, pending: null, started: true, transactionId: id };
      this.write(next(taken) ?? taken);
      return { kind: "answered", payload };
    }
    const status = isObject(idTagInfo) ? idTagInfo["status"] : undefined;
    const mayPass = typeof status === "string" && status !== "Accepted";
    const reason =
      `the backend answered StartTransaction with transaction id ${shown(transactionId)}, which is not usable` +
      (mayPass ? `, and status ${shown(status)}` : "");
    if (mayPass) return { kind: "retry", countsAsAttempt: true, words: reason, refusal: reason };
    this.#parts.note(`session ${transaction.sessionId}: ${reason}`);
    this.write({ ...transaction, pending: null, nextSeqNo: 0 });
    return { kind: "refused", reason, payload };
  }

  /** Some write the number as text. */
  #usableId(given: unknown): number | undefined {
    const id = typeof given === "string" && /^[0-9]{1,15}$/.test(given) ? Number(given) : given;
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id <= 0) return undefined;
    if (typeof given === "string") this.#parts.saw("text-id");
    return id;
  }
}
