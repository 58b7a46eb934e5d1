// Brings the events of each session to a CSMS in their order: what is under way goes first and byte for byte again,
// nothing goes after an end, and nothing goes again that was acknowledged. One event at a time, from whichever side it
// comes: the live view or the outbox.

import { wireJson } from "../../../core/number/json-text.js";
import { heldOutcome, type Outcome } from "../../uplink.js";
import { longestTag } from "../requests/id-token.js";
import { CallError, type Dialect } from "../rpc/frame.js";
import { CallLost } from "../rpc/rpc.js";
import type { Beginning, CompletedTransaction } from "./completed-transaction.js";
import {
  type Dialect2x,
  endedEvent,
  in201,
  type RunningTransaction,
  startedEvent,
  type Telling,
  type TransactionEnding,
  type UpdateReason,
  updatedEvent,
} from "./transaction-2x.js";
import { meterValues, startTransaction, stopTransaction } from "./transaction-16.js";
import {
  freshTransaction,
  type OpenTransaction,
  type PendingMessage,
  type TransactionStep,
  type TransactionsStore,
  withoutEnded,
  withTransaction,
} from "./transactions-state.js";

/** The connection, as far as transactions need it. */
export type EventLine = { readonly dialect: Dialect; callText(action: string, text: string): Promise<unknown> };

/** What one send of an event came to: the answer's payload, or why there is none. */
export type SendResult =
  | { readonly kind: "answered"; readonly payload: unknown }
  | Extract<Outcome, { readonly kind: "unsure" | "retry" }>
  /** `payload` where it was the answer itself that cannot be used. */
  | { readonly kind: "refused"; readonly reason: string; readonly payload?: unknown };

export type TransactionsParts = {
  readonly store: TransactionsStore;
  readonly note: (text: string) => void;
  /** The CSMS has answered to the begin of a session, from whichever side it was told. */
  readonly begun?: (sessionId: string, payload: unknown) => void;
  /** A backend may name this tariff: it set it, or it said so. */
  readonly tariffKnown: (tariffId: string) => boolean;
  /** The CSMS wants to be told what a session costs while it runs. */
  readonly sendsRunningCost: () => boolean;
};

export class Transactions {
  readonly #parts: TransactionsParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: TransactionsParts) {
    this.#parts = parts;
  }

  /** The transaction of a session that is not over for the CSMS. */
  of(sessionId: string): OpenTransaction | undefined {
    return this.#parts.store
      .read()
      .open.find((transaction) => transaction.sessionId === sessionId && !transaction.ended);
  }

  byTransactionId(transactionId: number): OpenTransaction | undefined {
    return this.#parts.store
      .read()
      .open.find((transaction) => transaction.transactionId === transactionId && !transaction.ended);
  }

  /** Tells that a session has begun; undefined where that was acknowledged before. */
  begin(beginning: Beginning, line: EventLine, offline: boolean): Promise<SendResult | undefined> {
    return this.#inTurn(() => this.#startedBy(beginning, line, offline));
  }

  /**
   * Tells how a session stands, with its cost so far if that is due; undefined where its begin was not acknowledged yet
   * or it has ended.
   */
  update(
    beginning: Beginning,
    now: () => RunningTransaction | undefined,
    reason: UpdateReason,
    cost: boolean,
    line: EventLine,
  ): Promise<SendResult | undefined> {
    return this.#inTurn(async () => {
      const transaction = this.#open(beginning.sessionId, line.dialect);
      if (!transaction.started || transaction.ended) return undefined;
      if (transaction.pending !== null)
        return transaction.pending.step === "updated" ? await this.#push(transaction, line) : undefined;
      const running = now();
      if (running === undefined) return undefined;
      if (line.dialect === "ocpp1.6")
        return await this.#passing(beginning.connector, transaction, running, reason, line);
      const payload = updatedEvent(beginning, running, reason, this.#telling(beginning, line.dialect, cost), {
        seqNo: transaction.nextSeqNo,
        offline: false,
      });
      return await this.#push(this.#prepared(transaction, "updated", "TransactionEvent", payload, line.dialect), line);
    });
  }

  /** Brings a settled session to its end: what is under way, the begin where it is not known yet, the end. */
  settle(
    completed: CompletedTransaction,
    ending: TransactionEnding,
    line: EventLine,
    offline: boolean,
  ): Promise<Outcome> {
    return this.#inTurn(async () => {
      const { sessionId } = completed.beginning;
      // The outbox asks for the next only when it has the acknowledgement of the one before in writing.
      const { store } = this.#parts;
      const state = withoutEnded(store.read(), sessionId);
      if (state !== store.read()) store.write(state);
      const earlier = await this.#unsureElsewhere(sessionId, line);
      if (earlier !== undefined) return earlier;
      const strayed = this.#strayed(sessionId, line.dialect);
      if (strayed !== undefined) return strayed;
      const under = this.#open(sessionId, line.dialect);
      if (under.ended) return { kind: "accepted" };
      if (under.pending?.step === "updated") {
        const sent = await this.#push(under, line);
        if (sent.kind !== "answered" && sent.kind !== "refused") return sent;
      }
      const toEnd = (transaction: OpenTransaction): OpenTransaction | undefined =>
        endReady(transaction, completed, ending, line.dialect, offline);
      const begun = await this.#startedBy(completed.beginning, line, true, toEnd);
      if (begun !== undefined && begun.kind !== "answered") return begun;
      return await this.#end(completed, toEnd, line);
    });
  }

  async #end(
    completed: CompletedTransaction,
    toEnd: (transaction: OpenTransaction) => OpenTransaction | undefined,
    line: EventLine,
  ): Promise<Outcome> {
    const transaction = this.#open(completed.beginning.sessionId, line.dialect);
    const ready = toEnd(transaction);
    if (ready === undefined) return { kind: "refused", reason: "the backend gave no usable transaction id" };
    if (ready !== transaction) this.#write(ready);
    const sent = await this.#push(ready, line);
    if (sent.kind !== "answered") return sent;
    this.#lookAtCost(completed, sent.payload);
    return { kind: "accepted", receipt: sent.payload };
  }

  /**
   * Undefined where the begin was acknowledged before. `next` = what follows at once, written down together with the
   * acknowledgement.
   */
  async #startedBy(
    beginning: Beginning,
    line: EventLine,
    offline: boolean,
    next?: Next,
  ): Promise<SendResult | undefined> {
    const transaction = this.#open(beginning.sessionId, line.dialect);
    if (transaction.started || transaction.ended) return undefined;
    if (transaction.pending !== null) return await this.#push(transaction, line, next);
    const reservationId = this.#parts.store
      .read()
      .reserved.find(({ sessionId }) => sessionId === beginning.sessionId)?.reservationId;
    if (line.dialect !== "ocpp1.6") {
      const payload = startedEvent(
        beginning,
        this.#telling(beginning, line.dialect, this.#parts.sendsRunningCost()),
        { seqNo: transaction.nextSeqNo, offline },
        reservationId,
      );
      return await this.#push(
        this.#prepared(transaction, "started", "TransactionEvent", payload, line.dialect),
        line,
        next,
      );
    }
    const payload = startTransaction(beginning, reservationId);
    if (payload === undefined)
      return {
        kind: "refused",
        reason: `the token is longer than the ${longestTag} characters that an idTag of OCPP 1.6 may have`,
      };
    return await this.#push(
      this.#prepared(transaction, "started", "StartTransaction", payload, line.dialect),
      line,
      next,
    );
  }

  #telling({ tariff }: Beginning, dialect: Dialect2x, cost: boolean): Telling {
    return { dialect, tariffKnown: this.#parts.tariffKnown(tariff.id), cost };
  }

  /** 1.6: meter values belong to no order and are worth nothing later. */
  async #passing(
    connector: number,
    { transactionId }: OpenTransaction,
    running: RunningTransaction,
    reason: UpdateReason,
    line: EventLine,
  ): Promise<SendResult | undefined> {
    if (transactionId === null) return undefined;
    try {
      const payload = meterValues(
        connector,
        transactionId,
        running,
        reason === "Trigger" ? "Trigger" : "Sample.Periodic",
      );
      return { kind: "answered", payload: await line.callText("MeterValues", wireJson(payload)) };
    } catch (error) {
      return transactionVerdict(error, "MeterValues");
    }
  }

  /**
   * An event of another session of which nobody knows whether it arrived goes first. An answer of failure to it does
   * not hold up the others.
   */
  async #unsureElsewhere(
    sessionId: string,
    line: EventLine,
  ): Promise<Extract<Outcome, { kind: "unsure" | "retry" }> | undefined> {
    for (const transaction of this.#parts.store.read().open) {
      const { pending } = transaction;
      if (
        transaction.sessionId === sessionId ||
        pending === null ||
        pending.step === "ended" ||
        familyOf(line.dialect) !== transaction.family
      )
        continue;
      const sent = await this.#push(transaction, line);
      if (sent.kind === "unsure" || (sent.kind === "retry" && !sent.countsAsAttempt)) return sent;
    }
    return undefined;
  }

  /**
   * A stop that may have arrived in 1.6 must not be told again in 2.x, where nobody can tell the two apart; nor the
   * other way round.
   */
  #strayed(sessionId: string, dialect: Dialect): Outcome | undefined {
    const transaction = this.#parts.store.read().open.find((one) => one.sessionId === sessionId);
    if (transaction === undefined || transaction.family === familyOf(dialect) || transaction.pending?.step !== "ended")
      return undefined;
    this.#write(freshTransaction(sessionId, familyOf(dialect)));
    return {
      kind: "refused",
      reason: `its end was sent in OCPP ${transaction.family} without an answer, and the backend speaks ${dialect} now: ask it whether it has the session before sending it again`,
    };
  }

  #open(sessionId: string, dialect: Dialect): OpenTransaction {
    const family = familyOf(dialect);
    const kept = this.#parts.store.read().open.find((transaction) => transaction.sessionId === sessionId);
    return kept !== undefined && (kept.family === family || kept.ended) ? kept : freshTransaction(sessionId, family);
  }

  /** Written down before it is sent. */
  #prepared(
    transaction: OpenTransaction,
    step: TransactionStep,
    action: string,
    payload: object,
    dialect: Dialect,
  ): OpenTransaction {
    const ready = prepared(transaction, step, action, payload, dialect);
    this.#write(ready);
    return ready;
  }

  /** Sends what is under way and writes down its acknowledgement. */
  async #push(kept: OpenTransaction, line: EventLine, next: Next = () => undefined): Promise<SendResult> {
    const transaction = this.#asSpoken(kept, line.dialect);
    const { pending } = transaction;
    if (pending === null) throw new TypeError(`session ${transaction.sessionId} has no event under way`);
    let payload: unknown;
    try {
      payload = await line.callText(pending.action, pending.text);
    } catch (error) {
      const sent = transactionVerdict(error, pending.action);
      // What the CSMS refused it does not hold: the number is free again, and a value in between is given up.
      if (sent.kind === "refused") this.#write({ ...transaction, pending: null, nextSeqNo: pending.seqNo });
      return sent;
    }
    const sent =
      pending.action === "StartTransaction"
        ? this.#numbered(transaction, payload, next)
        : this.#taken(transaction, pending, payload, next);
    if (pending.step === "started") this.#parts.begun?.(transaction.sessionId, payload);
    return sent;
  }

  /** What is under way, in words that the CSMS knows now; an end is made anew by whoever has the receipt. */
  #asSpoken(transaction: OpenTransaction, dialect: Dialect): OpenTransaction {
    const { pending } = transaction;
    if (pending === null || dialect !== "ocpp2.0.1" || pending.dialect !== "ocpp2.1" || pending.step === "ended")
      return transaction;
    const spoken = {
      ...transaction,
      pending: {
        ...pending,
        dialect,
        text: wireJson(in201(JSON.parse(pending.text) as Readonly<Record<string, unknown>>)),
      },
    };
    this.#write(spoken);
    return spoken;
  }

  #taken(transaction: OpenTransaction, { step }: PendingMessage, payload: unknown, next: Next): SendResult {
    const taken = {
      ...transaction,
      pending: null,
      started: transaction.started || step === "started",
      ended: step === "ended",
    };
    this.#write(next(taken) ?? taken);
    return { kind: "answered", payload };
  }

  /**
   * 1.6: without a transaction id of the CSMS its stop could never be told. 0 and -1 are what backends answer that have
   * none to give.
   */
  #numbered(transaction: OpenTransaction, payload: unknown, next: Next): SendResult {
    const id =
      typeof payload === "object" && payload !== null && "transactionId" in payload ? payload.transactionId : undefined;
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id <= 0) {
      const reason = `the backend answered StartTransaction with transaction id ${String(id)}, which is none`;
      this.#parts.note(`session ${transaction.sessionId}: ${reason}`);
      this.#write({ ...transaction, pending: null, nextSeqNo: 0 });
      return { kind: "refused", reason, payload };
    }
    const taken = { ...transaction, pending: null, started: true, transactionId: id };
    this.#write(next(taken) ?? taken);
    return { kind: "answered", payload };
  }

  /** The backend may state a cost of its own; the receipt stands as it was signed. */
  #lookAtCost({ receipt }: CompletedTransaction, payload: unknown): void {
    const cost =
      typeof payload === "object" && payload !== null && "totalCost" in payload ? payload.totalCost : undefined;
    const { gross } = receipt.sale.price.due;
    if (typeof cost === "number" && cost !== Number(gross))
      this.#parts.note(
        `receipt ${receipt.number}: the backend works out a total of ${cost}, the receipt says ${gross} ${receipt.sale.price.currency}`,
      );
  }

  #write(transaction: OpenTransaction): void {
    const { store } = this.#parts;
    store.write(withTransaction(store.read(), transaction));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    return mine;
  }
}

/** What is to be sent next, made from the transaction as the acknowledgement leaves it; undefined = nothing can be. */
type Next = (transaction: OpenTransaction) => OpenTransaction | undefined;

function prepared(
  transaction: OpenTransaction,
  step: TransactionStep,
  action: string,
  payload: object,
  dialect: Dialect,
): OpenTransaction {
  const seqNo = transaction.nextSeqNo;
  return { ...transaction, nextSeqNo: seqNo + 1, pending: { dialect, step, action, text: wireJson(payload), seqNo } };
}

/** The transaction with its end under way; undefined where the CSMS gave no number by which it could be told. */
function endReady(
  transaction: OpenTransaction,
  completed: CompletedTransaction,
  ending: TransactionEnding,
  dialect: Dialect,
  offline: boolean,
): OpenTransaction | undefined {
  const { pending, transactionId } = transaction;
  // An end that was made for 2.1 may hold what 2.0.1 does not know.
  if (pending !== null && pending.dialect === dialect) return transaction;
  if (dialect !== "ocpp1.6") {
    const seqNo = pending?.seqNo ?? transaction.nextSeqNo;
    return prepared(
      { ...transaction, nextSeqNo: seqNo },
      "ended",
      "TransactionEvent",
      endedEvent(completed, ending, dialect, { seqNo, offline }),
      dialect,
    );
  }
  return transactionId === null
    ? undefined
    : prepared(
        transaction,
        "ended",
        "StopTransaction",
        stopTransaction(completed, transactionId, ending.withKey),
        dialect,
      );
}

const familyOf = (dialect: Dialect): OpenTransaction["family"] => (dialect === "ocpp1.6" ? "1.6" : "2.x");

type Unanswered = Exclude<Outcome, { kind: "accepted" }>;

/** What a CALL that was not answered with a CALLRESULT means for what it carried. */
export function transactionVerdict(error: unknown, action: string): Unanswered {
  if (error instanceof CallLost)
    return error.sent
      ? { kind: "unsure", words: error.message }
      : { kind: "retry", countsAsAttempt: false, words: error.message };
  if (!(error instanceof CallError)) throw error;
  const said = `${action}: ${error.code}${error.message === "" ? "" : ` "${error.message}"`}`;
  switch (error.code) {
    case "RpcFrameworkError":
    case "InternalError":
    case "GenericError":
      return { kind: "retry", countsAsAttempt: true, words: said };
    case "NotImplemented":
    case "NotSupported":
      return heldOutcome(`the backend does not take ${action} (${said}): check the uplink's url and versions`);
    case "SecurityError":
      return heldOutcome(
        `the backend does not let this station speak (${said}): check the identity and its password or certificate`,
      );
    case "FormatViolation":
    case "MessageTypeNotSupported":
    case "OccurrenceConstraintViolation":
    case "PropertyConstraintViolation":
    case "ProtocolError":
    case "TypeConstraintViolation":
      return { kind: "refused", reason: said };
    default:
      return error.code satisfies never;
  }
}
