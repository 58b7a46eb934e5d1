// What OCPP is told of a session, from either of its two sources: the opening while it runs, the signed receipt when it
// is over. Pure.

import { plainText } from "../../../../config/decimal.js";
import type { SessionToken, StopReason } from "../../../core/cdr/settlement.js";
import { apartFromDisclosures, disclosedBy } from "../../../core/disclosure/disclosure.js";
import type { SalePayload } from "../../../core/receipt/receipt-payload.js";
import { payloadOf } from "../../../core/receipt/receipt-payload.js";
import { tokenFrom } from "../../../core/receipt/receipt-token.js";
import { receiptInstant, receiptMilliWh } from "../../../core/receipt/receipt-values.js";
import type { Opening } from "../../../core/session/opening.js";
import { shiftOf, type TimeLine } from "../../../core/time/time-line.js";
import { sha256 } from "../../../ledger/store/digest.js";

/** How a session began. */
export type TransactionBeginning = {
  readonly sessionId: string;
  readonly connector: number;
  readonly token: SessionToken;
  /** Started by a backend's word, with that backend's number for it (remoteStartId) where it gave one. */
  readonly byCommand: boolean;
  readonly reference?: string;
  readonly atMs: number;
  readonly registerMilliWh: number;
  readonly tariff: { readonly id: string; readonly currency: string };
  /** A reservation that is charged went before it. */
  readonly reserved?: true;
};

/** A register value that OCPP is told, with the time it was read at. */
export type MeterPoint = { readonly atMs: number; readonly registerMilliWh: number };

/** A session that was settled: all of it from its receipt, so that it reads the same after any restart. */
export type CompletedTransaction = {
  readonly beginning: TransactionBeginning;
  readonly begin: MeterPoint;
  readonly end: MeterPoint;
  readonly startMs: number;
  readonly endMs: number;
  readonly stopReason: StopReason;
  readonly receipt: SalePayload;
};

/** How a session that runs began; `line` = its time line, which has a date. */
export function transactionBeginning(opening: Opening, connector: number, line: TimeLine): TransactionBeginning {
  const { acceptance, begin } = opening;
  return {
    sessionId: opening.id,
    connector,
    token: acceptance.token,
    byCommand: acceptance.authMethod === "COMMAND",
    ...(acceptance.authorizationReference === undefined ? {} : { reference: acceptance.authorizationReference }),
    atMs: begin.moment.at + shiftOf(line),
    registerMilliWh: begin.energyMilliWh,
    tariff: { id: opening.tariff.id, currency: opening.tariff.currency },
    ...(opening.reserved === undefined ? {} : { reserved: true }),
  };
}

/**
 * The session of a stored receipt (JWS, and behind a "~" each what is disclosed of it); undefined where OCPP has no word
 * for it: a start, recovery or key receipt, a credit,
 * and the corrected sale after one, since a transaction that has ended is never told again. Throws ReceiptFault where a
 * sale cannot be read.
 */
export function completedTransaction(text: string): CompletedTransaction | undefined {
  // Asked first whether there is anything to tell, and then for it: a receipt is taken apart once for both.
  if (last?.text !== text) last = { text, completed: readSold(text) };
  return last.completed;
}

let last: { readonly text: string; readonly completed: CompletedTransaction | undefined } | undefined;

function readSold(text: string): CompletedTransaction | undefined {
  const { jws, disclosures } = apartFromDisclosures(text);
  const receipt = payloadOf(jws);
  if (receipt?.kind !== "sale" || receipt.corrects !== undefined) return undefined;
  const { sale } = receipt;
  const { values } = disclosedBy(receipt.commitments, disclosures, sha256);
  const begin = { atMs: receiptInstant(sale.begin.at), registerMilliWh: receiptMilliWh(sale.begin.registerKwh) };
  const end = { atMs: receiptInstant(sale.finish.at), registerMilliWh: receiptMilliWh(sale.finish.registerKwh) };
  const startMs = receiptInstant(sale.start);
  return {
    beginning: {
      sessionId: sale.sessionId,
      connector: sale.connector.id,
      token: tokenFrom(sale.token, values),
      byCommand: sale.authMethod === "COMMAND",
      ...(typeof values.reference === "string" ? { reference: values.reference } : {}),
      atMs: startMs,
      registerMilliWh: begin.registerMilliWh,
      tariff: { id: sale.tariff.id, currency: sale.price.currency },
      ...(sale.samples.rows[0]?.[4] === "reserved" ? { reserved: true } : {}),
    },
    begin,
    end,
    startMs,
    endMs: receiptInstant(sale.end),
    stopReason: sale.stop.reason,
    receipt,
  };
}

/** Wh with all its decimals, as a number whose text is exact: registers have at most twelve digits. */
export const whNumber = (milliWh: number): number => Number(whText(milliWh));

/** Wh as a decimal text, exact. */
export function whText(milliWh: number): string {
  if (!Number.isSafeInteger(milliWh) || milliWh < 0)
    throw new TypeError(`${milliWh} is not a register value in milliwatt-hours`);
  return plainText(BigInt(milliWh), 3);
}

/** RFC 3339 in UTC, with milliseconds. */
export const timeText = (atMs: number): string => new Date(atMs).toISOString();
