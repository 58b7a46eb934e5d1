// The payment of a session as OCPP 2.1 tells it (NotifySettlement); older versions have no message for it. Pure.

import { wireJson } from "../../../core/json/json-text.js";
import { wireDecimal } from "../../../core/number/ocpi-number.js";
import type { Payment, PaymentStatus } from "../../../core/station/payment.js";
import { timeText } from "./completed-transaction.js";

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
