// What is owed back to drivers: a booked receipt that was credited, less what a correction still charges, less what was
// paid back. It follows the book with a place of its own, so that a crash between a credit and its note loses nothing.
import type { Moment } from "../../drivers/driver.js";
import { compare, ratioOfText } from "../core/number/money.js";
import { minorOf, minorText } from "../core/payment/minor-amount.js";
import { payloadOf } from "../core/receipt/receipt-payload.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { Book } from "../ledger/book/book.js";
import type { BookEntry } from "../ledger/book/book-page.js";
import type { Payments } from "../receipts/payments.js";
import { type HoldTable, owedMinor, type Refund } from "./hold-table.js";

export type RefundsParts = {
  readonly table: HoldTable;
  readonly book: Pick<Book, "get" | "count" | "concerning">;
  readonly payments: Pick<Payments, "of">;
  readonly record: (event: StationEvent) => boolean;
};

/** Receipts that one look reads: the rest follows with the next. */
const mostInLook = 200;
/** Corrections of corrections that are followed. */
const mostLinks = 100;

/** What a person says of a refund. Without an amount all that is owed was paid back. */
export type RefundWord = { readonly receipt: number; readonly amount?: string; readonly by: string };

export class Refunds {
  readonly #parts: RefundsParts;

  constructor(parts: RefundsParts) {
    this.#parts = parts;
  }

  /** Of which receipts money is owed back. */
  owed(): readonly Refund[] {
    return this.#parts.table.data.refunds.filter((refund) => owedMinor(refund) > 0);
  }

  /** Looks at the receipts that came since the last look. */
  look(atMs: number): void {
    const { table, book } = this.#parts;
    const { read, refunds } = table.data;
    const last = Math.min(book.count(), read + mostInLook);
    if (last === read) return;
    let next = refunds;
    for (let number = read + 1; number <= last; number += 1) next = this.#after(next, number, atMs);
    table.setRefunds(next, last);
  }

  /** A receipt was booked: where it was credited before that, all of it is owed back. */
  booked(receipt: number, atMs: number): void {
    const { table } = this.#parts;
    const { refunds, read } = table.data;
    const later = this.#laterThan(receipt);
    if (refunds.some((refund) => refund.receipt === receipt) || !later.some(({ kind }) => kind === "credit")) return;
    const next = later.reduce((sum, { number }) => this.#after(sum, number, atMs), refunds);
    if (next !== refunds) table.setRefunds(next, read);
  }

  /** The refunds after one receipt of the book. */
  #after(refunds: readonly Refund[], number: number, atMs: number): readonly Refund[] {
    const entry = this.#parts.book.get(number);
    if (entry?.concerns === undefined) return refunds;
    const first = this.#firstOf(entry.concerns);
    if (entry.kind === "credit") return this.#credited(refunds, first, atMs);
    const payload = entry.kind === "sale" ? payloadOf(entry.jws) : undefined;
    if (payload?.kind !== "sale") return refunds;
    const { due, currency } = payload.sale.price;
    return refunds.map((refund) =>
      refund.receipt === first
        ? { ...refund, keptMinor: Math.min(refund.bookedMinor, minorOf(due.gross, currency)) }
        : refund,
    );
  }

  /** The sale that was paid: a correction names the sale before it, and has no payment of its own. */
  #firstOf(receipt: number): number {
    let first = receipt;
    for (let links = 0; links < mostLinks; links += 1) {
      const concerns = this.#parts.book.get(first)?.concerns;
      if (concerns === undefined) break;
      first = concerns;
    }
    return first;
  }

  /** The credits and corrections of a receipt, and those of its corrections, in their order. */
  #laterThan(receipt: number): readonly BookEntry[] {
    const later: BookEntry[] = [];
    let concerned: readonly number[] = [receipt];
    for (let links = 0; links < mostLinks && concerned.length > 0; links += 1) {
      const next = concerned.flatMap((number) => this.#parts.book.concerning(number));
      later.push(...next);
      concerned = next.filter(({ kind }) => kind === "sale").map(({ number }) => number);
    }
    return later.sort((one, other) => one.number - other.number);
  }

  /** Nothing of the receipt is to be paid any more: whatever was booked is owed back. */
  #credited(refunds: readonly Refund[], receipt: number, atMs: number): readonly Refund[] {
    if (refunds.some((refund) => refund.receipt === receipt))
      return refunds.map((refund) => (refund.receipt === receipt ? { ...refund, keptMinor: 0 } : refund));
    const settled = this.#parts.payments.of(receipt).find(({ status }) => status === "settled");
    if (settled === undefined) return refunds;
    const { reference, currency, amount } = settled;
    const bookedMinor = minorOf(amount, currency);
    return [...refunds, { receipt, reference, currency, keptMinor: 0, bookedMinor, refundedMinor: 0, sinceMs: atMs }];
  }

  /** A booking of more than its receipt: the rest is owed back at once. */
  overbooked(receipt: number, reference: string, currency: string, amounts: OverbookedMinor, atMs: number): void {
    const { table } = this.#parts;
    const { refunds, read } = table.data;
    if (refunds.some((refund) => refund.receipt === receipt)) return;
    const { bookedMinor, finalMinor } = amounts;
    const refund = {
      receipt,
      reference,
      currency,
      keptMinor: finalMinor,
      bookedMinor,
      refundedMinor: 0,
      sinceMs: atMs,
    };
    table.setRefunds([...refunds, refund], read);
  }

  /** Takes a person's word that money was paid back. Answers the refund as it is then, or why it is not taken. */
  refunded({ receipt, amount, by }: RefundWord, now: Moment): Refund | string {
    const { table, record } = this.#parts;
    const refund = table.data.refunds.find((one) => one.receipt === receipt);
    const owed = refund === undefined ? 0 : owedMinor(refund);
    if (refund === undefined || owed === 0) return `nothing is owed back of receipt ${receipt}`;
    const { currency, reference } = refund;
    const minor = amount === undefined ? owed : amountMinor(amount, currency);
    if (minor === undefined) return `the amount is a plain number such as ${minorText(owed, currency)} (${currency})`;
    if (minor > owed) {
      const [said, most] = [minor, owed].map((each) => minorText(each, currency));
      return `${said} ${currency} is more than is owed back of receipt ${receipt}, which is ${most}`;
    }
    if (!record({ type: "RefundTold", moment: now, receipt, reference, minor, currency, by }))
      return "the station is closing and takes nothing more";
    const next: Refund = { ...refund, refundedMinor: refund.refundedMinor + minor, by };
    table.setRefunds(
      table.data.refunds.map((one) => (one.receipt === receipt ? next : one)),
      table.data.read,
    );
    return next;
  }
}

/** What was booked, and what should have been. */
type OverbookedMinor = { readonly bookedMinor: number; readonly finalMinor: number };

/** A positive amount in the currency's own places; undefined for any other text. */
function amountMinor(text: string, currency: string): number | undefined {
  if (!/^\d{1,9}(\.\d{1,4})?$/.test(text)) return undefined;
  const minor = minorOf(text, currency);
  const isExact = compare(ratioOfText(minorText(minor, currency)), ratioOfText(text)) === 0;
  return isExact && minor > 0 ? minor : undefined;
}
