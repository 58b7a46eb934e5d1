// Brings the events of each session to a CSMS in their order: what is under way goes first and byte for byte again,
// nothing goes after an end, and nothing goes again that was acknowledged. One event at a time, from whichever side it
// comes: the live view or the outbox.
import { wireJson } from "../../../core/json/json-text.js";
import type { Outcome } from "../../uplink.js";
import { stopToken } from "../cards/stop-card.js";
import { longestTag } from "../requests/id-token.js";
import { callOutcome } from "../rpc/call-outcome.js";
import type { Dialect } from "../rpc/frame.js";
import type { CompletedTransaction, TransactionBeginning } from "./completed-transaction.js";
import { type EventLine, EventSender, type EventSenderParts, mostEventTries, type SendResult } from "./event-sender.js";
import type { Extras } from "./extras.js";
import { familyOf, type NextEvent, withEnd, withEvent } from "./pending-event.js";
import {
  type Dialect2x,
  type EventOptions,
  extrasOf,
  isInCustomData,
  type RunningTransaction,
  startedEvent,
  type TransactionEnding,
  type UpdateReason,
  updatedEvent,
} from "./transaction-2x.js";
import { meterValues, startTransaction } from "./transaction-16.js";
import { type Extra, freshTransaction, type OpenTransaction, withoutEnded } from "./transactions-state.js";

/** What is known of an end beside the receipt and what this backend takes. */
export type EndingFacts = Omit<TransactionEnding, "stoppedBy" | "without">;

/** So often the backend fails on an end before it is tried without what it may choke on. */
const triesWithExtras = 3;

export type TransactionsParts = EventSenderParts & {
  readonly extras: Extras;
  /** A backend may name this tariff: it set it, or it said so. */
  readonly tariffKnown: (tariffId: string) => boolean;
  /** The CSMS wants to be told what a session costs while it runs. */
  readonly sendsRunningCost: () => boolean;
};

/** A value for the cost alone, told without the cost. */
const withoutCost = (reason: UpdateReason): UpdateReason => (reason === "RunningCost" ? "MeterValuePeriodic" : reason);

/** The end of a session, made anew where nothing of it is under way. */
type EndWithout = (transaction: OpenTransaction, without: readonly Extra[]) => OpenTransaction | undefined;

export class Transactions {
  readonly #parts: TransactionsParts;
  readonly #sender: EventSender;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: TransactionsParts) {
    this.#parts = parts;
    this.#sender = new EventSender(parts, (work) => this.#inTurn(work));
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
  begin(beginning: TransactionBeginning, line: EventLine, offline: boolean): Promise<SendResult | undefined> {
    return this.#inTurn(() => this.#startedBy(beginning, line, offline));
  }

  /**
   * Tells how a session stands, with its cost so far if that is due; undefined where its begin was not acknowledged yet
   * or it has ended.
   */
  update(
    beginning: TransactionBeginning,
    now: () => RunningTransaction | undefined,
    reason: UpdateReason,
    cost: boolean,
    line: EventLine,
  ): Promise<SendResult | undefined> {
    return this.#inTurn(async () => {
      const transaction = this.#open(beginning.sessionId, line.dialect);
      if (!transaction.started || transaction.ended) return undefined;
      if (transaction.pending !== null)
        return transaction.pending.step === "updated" ? await this.#value(transaction, line) : undefined;
      const running = now();
      if (running === undefined) return undefined;
      if (line.dialect === "ocpp1.6")
        return await this.#passing(beginning.connector, transaction, running, reason, line);
      const telling = this.#telling(beginning, line.dialect, cost);
      const sent = await this.#tellValue(transaction, beginning, running, reason, telling, line);
      if (sent.kind !== "refused" || !isInCustomData(telling)) return sent;
      return (await this.#valueWithout(beginning, running, reason, telling, line)) ?? sent;
    });
  }

  #tellValue(
    transaction: OpenTransaction,
    beginning: TransactionBeginning,
    running: RunningTransaction,
    reason: UpdateReason,
    telling: EventOptions,
    line: EventLine,
  ): Promise<SendResult> {
    const at = { seqNo: transaction.nextSeqNo, offline: false };
    const payload = updatedEvent(beginning, running, telling.cost ? reason : withoutCost(reason), telling, at);
    const ready = withEvent(transaction, "updated", "TransactionEvent", payload, telling.dialect);
    this.#sender.write(ready);
    return this.#value(ready, line);
  }

  /** A value in between; one that the backend goes on failing on is given up, and its number with it. */
  async #value(transaction: OpenTransaction, line: EventLine): Promise<SendResult> {
    const { sessionId } = transaction;
    const sent = await this.#sender.send(transaction, line);
    if (sent.kind === "answered" || sent.kind === "refused" || this.#sender.tries(sessionId) < mostEventTries)
      return sent;
    this.#sender.write({ ...this.#open(sessionId, line.dialect), pending: null });
    return { kind: "refused", reason: sent.words ?? "no reason given" };
  }

  /** The same value without customData; undefined where that was not the reason. */
  async #valueWithout(
    beginning: TransactionBeginning,
    running: RunningTransaction,
    reason: UpdateReason,
    telling: EventOptions,
    line: EventLine,
  ): Promise<SendResult | undefined> {
    const { extras } = this.#parts;
    if (extras.waysWithout(["customData"]).length === 0 || line.dialect === "ocpp1.6") return undefined;
    const transaction = this.#open(beginning.sessionId, line.dialect);
    const sent = await this.#tellValue(transaction, beginning, running, reason, { ...telling, cost: false }, line);
    if (sent.kind === "answered") extras.takenWithout(["customData"], true);
    return sent.kind === "refused" ? undefined : sent;
  }

  /** Brings a settled session to its end: what is under way, the begin where it is not known yet, the end. */
  settle(completed: CompletedTransaction, facts: EndingFacts, line: EventLine, offline: boolean): Promise<Outcome> {
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
        const sent = await this.#value(under, line);
        if (sent.kind !== "answered" && sent.kind !== "refused") return sent;
      }
      const { stopped } = store.read();
      const stoppedBy = stopToken(
        { ...completed.receipt.sale, token: completed.beginning.token },
        stopped.find((one) => one.sessionId === sessionId)?.uid,
      );
      const ending = { ...facts, ...(stoppedBy === undefined ? {} : { stoppedBy }) };
      const endWithout: EndWithout = (transaction, without) =>
        withEnd(transaction, completed, { ...ending, without }, line.dialect, offline);
      const begun = await this.#startedBy(completed.beginning, line, true, (transaction) =>
        endWithout(transaction, this.#parts.extras.leftOut()),
      );
      if (begun !== undefined && begun.kind !== "answered") return begun;
      return await this.#end(completed, endWithout, line);
    });
  }

  async #end(completed: CompletedTransaction, endWithout: EndWithout, line: EventLine): Promise<Outcome> {
    const { sessionId } = completed.beginning;
    const transaction = this.#open(sessionId, line.dialect);
    const ready = endWithout(transaction, this.#parts.extras.leftOut());
    if (ready === undefined) return { kind: "refused", reason: "the backend gave no usable transaction id" };
    if (ready !== transaction) this.#sender.write(ready);
    let sent = await this.#sender.send(ready, line);
    const isRefused = sent.kind === "refused";
    const isFailure = sent.kind === "retry" && sent.countsAsAttempt;
    if (isRefused || (isFailure && this.#sender.tries(sessionId) === triesWithExtras))
      sent = (await this.#endWithLess(completed, isRefused, endWithout, line)) ?? sent;
    if (sent.kind !== "answered") return sent;
    this.#lookAtCost(completed, sent.payload);
    return { kind: "accepted", receipt: sent.payload };
  }

  /**
   * The end without what this backend may refuse it for; undefined where that was not the reason, and all is as it was.
   * What is in doubt stays under way as it was sent.
   */
  async #endWithLess(
    { beginning, receipt }: CompletedTransaction,
    isRefused: boolean,
    endWithout: EndWithout,
    line: EventLine,
  ): Promise<SendResult | undefined> {
    const { extras } = this.#parts;
    const leftOut = extras.leftOut();
    const present = extrasOf(receipt, line.dialect).filter((extra) => !leftOut.includes(extra));
    const before = this.#open(beginning.sessionId, line.dialect);
    const free = { ...before, pending: null, nextSeqNo: before.pending?.seqNo ?? before.nextSeqNo };
    for (const way of extras.waysWithout(present)) {
      const ready = endWithout(free, [...leftOut, ...way]);
      if (ready === undefined) return undefined;
      const sent = await this.#send(ready, line);
      if (sent.kind === "answered") extras.takenWithout(way, isRefused);
      if (sent.kind !== "refused" && !(sent.kind === "retry" && sent.countsAsAttempt)) return sent;
    }
    this.#sender.write(before);
    return undefined;
  }

  /**
   * Undefined where the begin was acknowledged before. `next` = what follows at once, written down together with the
   * acknowledgement.
   */
  async #startedBy(
    beginning: TransactionBeginning,
    line: EventLine,
    offline: boolean,
    next?: NextEvent,
  ): Promise<SendResult | undefined> {
    const transaction = this.#open(beginning.sessionId, line.dialect);
    if (transaction.started || transaction.ended) return undefined;
    if (transaction.pending !== null) return await this.#sender.send(transaction, line, next);
    const reservationId = this.#parts.store
      .read()
      .reserved.find(({ sessionId }) => sessionId === beginning.sessionId)?.reservationId;
    if (line.dialect !== "ocpp1.6") {
      const telling = this.#telling(beginning, line.dialect, this.#parts.sendsRunningCost());
      const payload = startedEvent(beginning, telling, { seqNo: transaction.nextSeqNo, offline }, reservationId);
      return await this.#send(withEvent(transaction, "started", "TransactionEvent", payload, line.dialect), line, next);
    }
    const payload = startTransaction(beginning, reservationId);
    if (payload === undefined)
      return {
        kind: "refused",
        reason: `the token is longer than the ${longestTag} characters that an idTag of OCPP 1.6 may have`,
      };
    return await this.#send(withEvent(transaction, "started", "StartTransaction", payload, line.dialect), line, next);
  }

  /** A cost that has no place but customData is not told to whoever does not take that. */
  #telling({ tariff }: TransactionBeginning, dialect: Dialect2x, cost: boolean): EventOptions {
    const telling = { dialect, tariffKnown: this.#parts.tariffKnown(tariff.id), cost };
    return isInCustomData(telling) && this.#parts.extras.leftOut().includes("customData")
      ? { ...telling, cost: false }
      : telling;
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
      return callOutcome(error, "MeterValues");
    }
  }

  /**
   * An event of another session of which nobody knows whether it arrived goes first. An answer of failure to it does
   * not hold up the others, nor no answer where the line stands.
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
        familyOf(line.dialect) !== transaction.family ||
        this.#sender.tries(transaction.sessionId) >= mostEventTries
      )
        continue;
      const sent = await this.#sender.send(transaction, line);
      if ((sent.kind === "unsure" || sent.kind === "retry") && sent.countsAsAttempt !== true) return sent;
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
    this.#sender.write(freshTransaction(sessionId, familyOf(dialect)));
    return {
      kind: "refused",
      reason:
        `its end was sent in OCPP ${transaction.family} without an answer, and the backend speaks ${dialect} now: ` +
        "ask it whether it has the session before sending it again",
    };
  }

  #open(sessionId: string, dialect: Dialect): OpenTransaction {
    const family = familyOf(dialect);
    const kept = this.#parts.store.read().open.find((transaction) => transaction.sessionId === sessionId);
    return kept !== undefined && (kept.family === family || kept.ended) ? kept : freshTransaction(sessionId, family);
  }

  /** Written down before it is sent. */
  #send(ready: OpenTransaction, line: EventLine, next?: NextEvent): Promise<SendResult> {
    this.#sender.write(ready);
    return this.#sender.send(ready, line, next);
  }

  /** The backend may state a cost of its own; the receipt stands as it was signed. */
  #lookAtCost({ receipt }: CompletedTransaction, payload: unknown): void {
    const cost =
      typeof payload === "object" && payload !== null && "totalCost" in payload ? payload.totalCost : undefined;
    const { due, currency } = receipt.sale.price;
    if (typeof cost === "number" && cost !== Number(due.gross))
      this.#parts.note(
        `receipt ${receipt.number}: the backend works out a total of ${cost}, the receipt says ${due.gross} ${currency}`,
      );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    return mine;
  }
}
