// What a payment terminal or its provider said of the payment of a receipt. It stands beside the receipt, which it
// never changes. Pure.

import { decimalOf, fixedText } from "../../../config/decimal.js";
import type { EpochMs } from "../../../drivers/driver.js";
import { compare, minorUnits, ratioOf, roundHalfUp, zeroRatio } from "../number/money.js";
import { parseInstant } from "../time/time.js";
import { cleanedText } from "../words/printable.js";

export const paymentStatuses = ["settled", "canceled", "rejected", "failed"] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

export type Payment = {
  readonly receipt: number;
  readonly sessionId: string;
  /** The provider's own (OCPP: pspRef). */
  readonly reference: string;
  readonly status: PaymentStatus;
  /** What was settled, or tried to be; in the currency's own decimals. */
  readonly amount: string;
  readonly currency: string;
  readonly atMs: EpochMs;
  /** The provider's words. */
  readonly info?: string;
};

/** What is said of a payment, as it comes; without an amount it is the receipt's total, without a time it is now. */
export type PaymentReport = {
  readonly reference: unknown;
  readonly status: unknown;
  readonly amount?: unknown;
  readonly at?: unknown;
  readonly info?: unknown;
  /** True where another amount than the receipt's total is meant. */
  readonly otherAmount?: unknown;
};

/** The sale that is paid. */
export type PayableReceipt = {
  readonly number: number;
  readonly sessionId: string;
  readonly currency: string;
  readonly total: string;
};

const longestReference = 255;
const longestInfo = 500;
/** More attempts at one receipt are no payment, but a fault. */
const mostPayments = 20;

const isLine = (text: unknown, longest: number): text is string =>
  typeof text === "string" &&
  text.trim() === text &&
  text !== "" &&
  text.length <= longest &&
  cleanedText(text) === text;

/** The payment, or why it is refused. `nowMs` = undefined where the clock has not been set. */
export function readPayment(
  { reference, status, amount, at, info, otherAmount }: PaymentReport,
  sold: PayableReceipt,
  nowMs: EpochMs | undefined,
): Payment | string {
  if (!isLine(reference, longestReference)) return `the reference is one line of 1 to ${longestReference} characters`;
  const known = paymentStatuses.find((one) => one === status);
  if (known === undefined) return `the status is one of ${paymentStatuses.join(", ")}`;
  if (info !== undefined && !isLine(info, longestInfo)) return `the info is one line of 1 to ${longestInfo} characters`;
  const exact = amount === undefined ? sold.total : amountOf(amount, sold.currency);
  if (exact === undefined)
    return `the amount is a plain number with at most ${minorUnits(sold.currency)} decimals, such as ${sold.total} (${sold.currency})`;
  if (known === "settled" && exact !== sold.total && otherAmount !== true)
    return `${exact} ${sold.currency} is not the receipt's total, which is ${sold.total}: check the receipt's number and the amount, and add --yes where another amount was paid`;
  const atMs = at === undefined ? nowMs : timeOf(at);
  if (atMs === undefined)
    return at === undefined
      ? "the clock is not set: say with --at when it was"
      : "the time is one such as 2026-11-28T17:02:00Z";
  if (nowMs !== undefined && atMs > nowMs)
    return `the payment would be of ${new Date(atMs).toISOString()}, which is still to come`;
  return {
    receipt: sold.number,
    sessionId: sold.sessionId,
    reference,
    status: known,
    amount: exact,
    currency: sold.currency,
    atMs,
    ...(info === undefined ? {} : { info }),
  };
}

/** An amount in exactly the decimals of its currency; undefined for a finer or a negative one. */
function amountOf(text: unknown, currency: string): string | undefined {
  if (typeof text !== "string" || !/^\d{1,9}(\.\d{1,4})?$/.test(text)) return undefined;
  const value = decimalOf(text);
  if (value === undefined) return undefined;
  const places = minorUnits(currency);
  const units = roundHalfUp(ratioOf(value), places);
  const exact = fixedText(units, places);
  const back = decimalOf(exact);
  return back !== undefined && compare(ratioOf(back), ratioOf(value)) === 0 && compare(ratioOf(value), zeroRatio) >= 0
    ? exact
    : undefined;
}

function timeOf(text: unknown): EpochMs | undefined {
  // Who tells of a payment says which zone is meant.
  return typeof text === "string" && /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? parseInstant(text) : undefined;
}

/** How a payment stands to those that are known of its receipt: new, known already, or why it may not be. */
export function checkPayment(payment: Payment, known: readonly Payment[]): "new" | "known" | { readonly why: string } {
  const same = known.find(({ reference }) => reference === payment.reference);
  if (same !== undefined) {
    const differs = (["status", "amount", "info"] as const).find((field) => same[field] !== payment[field]);
    return differs === undefined
      ? "known"
      : {
          why:
            `payment ${payment.reference} of receipt ${payment.receipt} was recorded ` +
            `before with another ${differs}: ${same[differs] ?? "none"}`,
        };
  }
  const settled = known.find(({ status }) => status === "settled");
  if (settled !== undefined && payment.status === "settled")
    return { why: `receipt ${payment.receipt} was settled before, by payment ${settled.reference}` };
  return known.length >= mostPayments
    ? { why: `${mostPayments} payments of receipt ${payment.receipt} are known already` }
    : "new";
}
