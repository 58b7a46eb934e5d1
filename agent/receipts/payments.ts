// What is known of payments: told from outside, judged, and kept beside the receipts in pages of bounded size, numbered
// as they came. A page is made anew with each payment, and no receipt is ever touched.
import { join } from "node:path";
import { z } from "zod";
import type { Moment } from "../../drivers/driver.js";
import { Failure } from "../core/failure.js";
import { payloadOf } from "../core/receipt/receipt-payload.js";
import {
  checkPayment,
  type PayableReceipt,
  type Payment,
  type PaymentReport,
  paymentStatuses,
  readPayment,
} from "../core/station/payment.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { Book } from "../ledger/book/book.js";
import type { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";

const paymentsFolder = "payments";
export const paymentsInPage = 50;

const row = z.strictObject({
  number: z.int().min(1),
  /** Receipts that there were when it was told: a payment of a later receipt cannot stand before it. */
  receipts: z.int().min(1),
  receipt: z.int().min(1),
  sessionId: z.string(),
  reference: z.string(),
  status: z.enum(paymentStatuses),
  amount: z.string(),
  currency: z.string(),
  atMs: z.int(),
  info: z.string().optional(),
});
const page = z.strictObject({ payments: z.array(row).max(paymentsInPage) });

export type PaymentRow = Payment & { readonly number: number; readonly receipts: number };
type Page = { readonly payments: readonly PaymentRow[] };

/** Names what was read; throws where it does not fit. */
export const parsePayments = (value: unknown): Page => page.parse(value) as Page;
export const noPayments: Page = { payments: [] };

const pageOf = (number: number): number => Math.ceil(number / paymentsInPage);
const fileOf = (folder: string, index: number): string =>
  join(folder, paymentsFolder, `page-${String(index).padStart(6, "0")}.json`);

/** The pages that there are, or were: those that are lost have left their mark. */
export function paymentPages(disk: Disk, folder: string): string[] {
  const names = disk
    .list(join(folder, paymentsFolder))
    .flatMap((name) => /^(page-\d{6}\.json)(?:\.made)?$/.exec(name)?.[1] ?? []);
  return [...new Set(names)].sort().map((name) => join(folder, paymentsFolder, name));
}

/** What the agent answers to whoever tells it of a payment; `told` = the backend may have a message for it. */
export type PaymentAnswer = {
  readonly payment: PaymentRow;
  readonly known: boolean;
  readonly uplinks: readonly { readonly uplink: string; readonly told: boolean }[];
};

export type PaymentListener = { readonly payment: PaymentRow; readonly known: boolean };

export class Payments {
  readonly #disk: Disk;
  readonly #folder: string;
  #newest: Table<Page> | undefined;
  #page: number;
  #last: number;

  private constructor(disk: Disk, folder: string) {
    [this.#disk, this.#folder] = [disk, folder];
    const pages = paymentPages(disk, folder);
    this.#page = Number(/(\d{6})\.json$/.exec(pages.at(-1) ?? "")?.[1] ?? 0);
    if (this.#page > 0) this.#newest = this.#open(this.#page);
    this.#last = this.#newest?.data.payments.at(-1)?.number ?? Math.max(0, (this.#page - 1) * paymentsInPage);
  }

  /** Throws Failure table/damaged, disk/failed. */
  static open(disk: Disk, folder: string): Payments {
    return new Payments(disk, folder);
  }

  /** The number of the newest; 0 = there is none. */
  last(): number {
    return this.#last;
  }

  /** Numbers that were given go to no other, also where a lost page has begun anew. */
  atLeast(number: number): void {
    this.#last = Math.max(this.#last, number);
  }

  get(number: number): PaymentRow | undefined {
    return this.#rows(pageOf(number)).find((one) => one.number === number);
  }

  /** All payments of a receipt, the newest first. */
  of(receipt: number): readonly PaymentRow[] {
    return paymentsOf(receipt, this.#page, (index) => this.#rows(index));
  }

  /**
   * Takes up what was said of the payment of a receipt: it is judged, written into the journal, then kept. Throws
   * Failure usage/invalid with the reason where it may not be; what is known already is no new payment.
   */
  tell(
    receipt: number,
    word: PaymentReport,
    {
      book,
      now,
      record,
    }: {
      readonly book: Pick<Book, "get" | "count">;
      readonly now: Moment;
      readonly record: (event: StationEvent) => boolean;
    },
  ): PaymentListener {
    const payment = readPayment(word, payableIn(book, receipt), now.trust === "unsynced" ? undefined : now.at);
    if (typeof payment === "string") throw new Failure("usage/invalid", payment);
    const earlier = this.of(receipt);
    const judged = checkPayment(payment, earlier);
    const same = earlier.find(({ reference }) => reference === payment.reference);
    if (judged === "known" && same !== undefined) return { payment: same, known: true };
    if (typeof judged === "object") throw new Failure("usage/invalid", judged.why);
    const kept: PaymentRow = { number: this.#last + 1, receipts: book.count(), ...payment };
    if (!record({ type: "PaymentTold", moment: now, payment: kept }))
      throw new Failure("agent/refused", "the station is closing and takes nothing more");
    this.#keep(kept);
    return { payment: kept, known: false };
  }

  #keep(kept: PaymentRow): void {
    const index = pageOf(kept.number);
    const table = index === this.#page ? this.#newest : undefined;
    if (table === undefined) {
      this.#newest = this.#open(index);
      this.#page = index;
    }
    this.#newest?.update(({ payments }) => ({ payments: [...payments, kept] }));
    this.#last = kept.number;
  }

  #rows(index: number): readonly PaymentRow[] {
    if (index < 1 || index > this.#page) return [];
    return index === this.#page
      ? (this.#newest?.data.payments ?? [])
      : Table.view(this.#disk, fileOf(this.#folder, index), parsePayments, noPayments).payments;
  }

  #open(index: number): Table<Page> {
    return Table.open<Page>(this.#disk, fileOf(this.#folder, index), parsePayments, noPayments);
  }
}

/** All payments of a receipt, the newest first, for looking only: safe while an agent writes. */
export function viewPayments(disk: Disk, folder: string, receipt: number): readonly PaymentRow[] {
  const pages = paymentPages(disk, folder);
  return paymentsOf(
    receipt,
    pages.length,
    (index) => Table.view(disk, pages[index - 1] ?? "", parsePayments, noPayments).payments,
  );
}

/** From the newest page back to where a payment of that receipt could not be yet. */
function paymentsOf(
  receipt: number,
  pages: number,
  rows: (index: number) => readonly PaymentRow[],
): readonly PaymentRow[] {
  const found: PaymentRow[] = [];
  for (let index = pages; index > 0; index -= 1)
    for (const one of [...rows(index)].reverse()) {
      if (one.receipts < receipt) return found;
      if (one.receipt === receipt) found.push(one);
    }
  return found;
}

function payableIn(book: Pick<Book, "get">, receipt: number): PayableReceipt {
  const entry = book.get(receipt);
  const payload = entry === undefined ? undefined : payloadOf(entry.jws);
  if (payload === undefined) throw new Failure("usage/invalid", `there is no receipt ${receipt}`);
  if (payload.kind !== "sale")
    throw new Failure("usage/invalid", `receipt ${receipt} is not a sale: there is nothing to pay`);
  const { sessionId, price } = payload.sale;
  return { number: receipt, sessionId, currency: price.currency, total: price.due.gross };
}
