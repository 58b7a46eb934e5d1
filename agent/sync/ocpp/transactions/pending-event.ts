// The event of a transaction that is to be sent next, made ready: its very text and its number, as they will be written
// down before they are sent.
import { wireJson } from "../../../core/json/json-text.js";
import type { Dialect } from "../rpc/frame.js";
import type { CompletedTransaction } from "./completed-transaction.js";
import { endedEvent, eventIn201, type TransactionEnding } from "./transaction-2x.js";
import { stopTransaction } from "./transaction-16.js";
import type { OpenTransaction, TransactionStep } from "./transactions-state.js";

/** What is to be sent next, made from the transaction as the acknowledgement leaves it; undefined = nothing can be. */
export type NextEvent = (transaction: OpenTransaction) => OpenTransaction | undefined;

export const familyOf = (dialect: Dialect): OpenTransaction["family"] => (dialect === "ocpp1.6" ? "1.6" : "2.x");

/** The transaction with this event under way. */
export function withEvent(
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
export function withEnd(
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
    const payload = endedEvent(completed, ending, dialect, { seqNo, offline });
    return withEvent({ ...transaction, nextSeqNo: seqNo }, "ended", "TransactionEvent", payload, dialect);
  }
  if (transactionId === null) return undefined;
  const payload = stopTransaction(completed, transactionId, ending);
  return withEvent(transaction, "ended", "StopTransaction", payload, dialect);
}

/**
 * What is under way, in words that the CSMS knows now; an end is made anew by whoever has the receipt. The same
 * transaction where nothing changes.
 */
export function inDialect(transaction: OpenTransaction, dialect: Dialect): OpenTransaction {
  const { pending } = transaction;
  if (pending === null || dialect !== "ocpp2.0.1" || pending.dialect !== "ocpp2.1" || pending.step === "ended")
    return transaction;
  const payload = eventIn201(JSON.parse(pending.text) as Readonly<Record<string, unknown>>);
  return { ...transaction, pending: { ...pending, dialect, text: wireJson(payload) } };
}
