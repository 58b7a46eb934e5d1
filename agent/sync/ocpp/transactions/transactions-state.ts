// What lasts of the transactions that a CSMS knows and that are not over for it: which number comes next, what was
// acknowledged, and the very text of the event that is under way. Written before each send, so that after any crash the
// same event goes again and no other before it.
import { z } from "zod";
import { Failure } from "../../../core/failure.js";
import { dialects } from "../rpc/frame.js";

const count = z.int().min(0);

const pending = z.strictObject({
  dialect: z.enum(dialects),
  step: z.enum(["started", "updated", "ended"]),
  action: z.string(),
  /** The payload, byte for byte as it was or will be sent. */
  text: z.string(),
  seqNo: count,
});

const open = z.strictObject({
  sessionId: z.string(),
  /** 1.6 and 2.x know a transaction by different ids. */
  family: z.enum(["1.6", "2.x"]),
  nextSeqNo: count,
  started: z.boolean(),
  /** The CSMS's number (1.6). */
  transactionId: z.int().nullable(),
  pending: pending.nullable(),
  /** Its end was acknowledged: kept until the outbox has that in writing too. */
  ended: z.boolean(),
});

/** A session that used a reservation of this CSMS, by the CSMS's own number: the receipt has no place for it. */
const reserved = z.strictObject({ sessionId: z.string(), reservationId: z.int() });
/** So many sessions with a reservation may wait to be told; of more, the oldest are told without it. */
const mostReserved = 200;

/** A session that another card of its group has stopped: its receipt names the card that began it. */
const stopped = z.strictObject({ sessionId: z.string(), uid: z.string() });
/** So many sessions may wait to be told with it; of more, the oldest are told without. */
const mostStopped = 200;

/** What some backends refuse a whole message for. */
export const extras = ["customData", "signedData"] as const;
export type Extra = (typeof extras)[number];

const state = z.strictObject({
  /** The boot of the machine in which we were accepted last: tells a power-up from a restart of ours. */
  boot: z.string(),
  open: z.array(open),
  reserved: z.array(reserved).max(mostReserved).default([]),
  stopped: z.array(stopped).max(mostStopped).default([]),
  /** What the backend at this address has refused to take. */
  refused: z.strictObject({ url: z.string(), extras: z.array(z.enum(extras)) }).optional(),
  /** The restart that this CSMS asked for, until it has been told that it took place. */
  restart: z.enum(["RemoteReset", "ScheduledReset"]).optional(),
});

export type TransactionsState = z.infer<typeof state>;
export type OpenTransaction = z.infer<typeof open>;
export type PendingMessage = z.infer<typeof pending>;
export type TransactionStep = PendingMessage["step"];

export const noTransactions: TransactionsState = { boot: "", open: [], reserved: [], stopped: [] };

/** Names a value that was read from disk. Throws Failure table/damaged. */
export function parseTransactions(value: unknown): TransactionsState {
  const read = state.safeParse(value);
  if (read.success) return read.data;
  throw new Failure(
    "table/damaged",
    `the open transactions of an OCPP uplink cannot be read: ${z.prettifyError(read.error)}`,
  );
}

/** The same, as the table of an uplink holds it. */
export const parseTransactionsTable = (value: unknown): { readonly state: TransactionsState } => ({
  state: parseTransactions((value as { state?: unknown } | null)?.state),
});

export const freshTransaction = (sessionId: string, family: OpenTransaction["family"]): OpenTransaction => ({
  sessionId,
  family,
  nextSeqNo: 0,
  started: false,
  transactionId: null,
  pending: null,
  ended: false,
});

/** The state with this transaction in its place. */
export function withTransaction(state: TransactionsState, transaction: OpenTransaction): TransactionsState {
  return {
    ...state,
    open: [...state.open.filter(({ sessionId }) => sessionId !== transaction.sessionId), transaction],
  };
}

/** The state without the transactions that are over, but for one session's. */
export function withoutEnded(state: TransactionsState, sessionId: string): TransactionsState {
  const over = new Set(
    state.open.flatMap((transaction) =>
      transaction.ended && transaction.sessionId !== sessionId ? [transaction.sessionId] : [],
    ),
  );
  if (over.size === 0) return state;
  return {
    ...state,
    open: state.open.filter((one) => !over.has(one.sessionId)),
    reserved: state.reserved.filter((one) => !over.has(one.sessionId)),
    stopped: state.stopped.filter((one) => !over.has(one.sessionId)),
  };
}

/** The state with the reservation that a session has used. */
export function withReservation(state: TransactionsState, sessionId: string, reservationId: number): TransactionsState {
  return {
    ...state,
    reserved: [...state.reserved.filter((one) => one.sessionId !== sessionId), { sessionId, reservationId }].slice(
      -mostReserved,
    ),
  };
}

/** The state with the card that has stopped a session. */
export function withStop(state: TransactionsState, sessionId: string, uid: string): TransactionsState {
  return {
    ...state,
    stopped: [...state.stopped.filter((one) => one.sessionId !== sessionId), { sessionId, uid }].slice(-mostStopped),
  };
}

/** Durable when `write` returns; throws when it is not. */
export interface TransactionsStore {
  read(): TransactionsState;
  write(state: TransactionsState): void;
}
