// The payment of a session as OCPP 2.1 tells it (NotifySettlement); older versions have no message for it.

import { wireJson } from "../../../core/json/json-text.js";
import { wireDecimal } from "../../../core/number/ocpi-number.js";
import type { Payment, PaymentStatus } from "../../../core/station/payment.js";
import type { Outcome } from "../../uplink.js";
import { callOutcome } from "../rpc/call-outcome.js";
import { CallError } from "../rpc/frame.js";
import { timeText } from "./completed-transaction.js";
import type { EventLine } from "./event-sender.js";

const statusIn21: Readonly<Record<PaymentStatus, string>> = {
  settled: "Settled",
  canceled: "Canceled",
  rejected: "Rejected",
  failed: "Failed",
};

/** The very text that is sent, and sent again until it is acknowledged. */
export function paymentNotice({ sessionId, reference, status, amount, atMs, receipt, info }: Payment): string {
  return wireJson({
    transactionId: sessionId,
    pspRef: reference,
    status: statusIn21[status],
    ...(info === undefined ? {} : { statusInfo: info }),
    settlementAmount: wireDecimal(amount),
    settlementTime: timeText(atMs),
    receiptId: String(receipt),
  });
}

/** Sends it; what the CSMS does not know it will never take. */
export async function sendPayment(line: EventLine, text: string): Promise<Outcome> {
  if (line.dialect !== "ocpp2.1")
    return {
      kind: "retry",
      countsAsAttempt: false,
      words: `the backend speaks ${line.dialect}, which has no message for a payment: it waits for 2.1`,
    };
  try {
    return { kind: "accepted", receipt: await line.callText("NotifySettlement", text) };
  } catch (error) {
    if (error instanceof CallError && (error.code === "NotImplemented" || error.code === "NotSupported"))
      return { kind: "refused", reason: `the backend does not take NotifySettlement (${error.code})` };
    return callOutcome(error, "NotifySettlement", line.knowsUs());
  }
}
