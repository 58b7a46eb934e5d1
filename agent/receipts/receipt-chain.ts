// The chain of receipts over the book: every receipt names the one before, and the chain's end is remembered beside the
// book (receipt-chain.json). Here a receipt goes into journal, book and chain in that order, and after a crash at any
// point the three are brought together again.
import type { Moment } from "../../drivers/driver.js";
import type { RegisterAcceptance } from "../core/cdr/settlement.js";
import { Failure } from "../core/failure.js";
import type { Issued } from "../core/receipt/issuing.js";
import { type MeterRegister, registersAfter, withRegister } from "../core/receipt/meter-registers.js";
import { type ChainState, chainAfter, emptyChain } from "../core/receipt/receipt-chain.js";
import { payloadOf } from "../core/receipt/receipt-payload.js";
import type { SignedReceipt } from "../core/session/session.js";
import type { HashFunction } from "../core/signing/merkle.js";
import { ReceiptFault } from "../core/signing/signer.js";
import type { IssuedReceipt, LostNumbers, StationEvent } from "../core/station/station-event.js";
import type { Book } from "../ledger/book/book.js";
import type { BookEntry } from "../ledger/book/book-page.js";

/** Numbers beyond the book's end that were given, and by what that is known. */
export type GivenNumbers = Omit<LostNumbers, "first">;

/** What is remembered beside the book: the chain's end, the last OCMF pagination, and where each meter's register stood. */
export type IssuerState = {
  readonly chain: ChainState;
  readonly pagination: number;
  readonly registers: readonly MeterRegister[];
  /** Lost numbers that the book does not name to the last one yet. */
  readonly given?: GivenNumbers;
};

export const emptyIssuerState: IssuerState = { chain: emptyChain, pagination: 0, registers: [] };

export type ReceiptChainParts = {
  readonly book: Book;
  readonly state: { read(): IssuerState; write(state: IssuerState): void };
  readonly hash: HashFunction;
  /** Into the journal; durable when it returns. */
  readonly record: (event: StationEvent) => void;
  /** What opens the withheld parts of a receipt: kept before the book has it. */
  readonly disclosures?: { keep(number: number, disclosures: readonly string[]): void };
  /** The book has a receipt of this number now. */
  readonly booked?: (number: number) => void;
};

/** Of the session that a receipt is about, where there is one. */
export type ReceiptSubject = Pick<IssuedReceipt, "sessionId" | "cdrId" | "cdr" | "concerns">;

const noSubject: ReceiptSubject = { sessionId: "", cdrId: "", cdr: null };
const keptEachReceipts = 500;

export class ReceiptChain {
  readonly #parts: ReceiptChainParts;
  #state: IssuerState;
  /**
   * A receipt that stands in the journal and could not be booked: the next start books it, and until then no other
   * takes its number.
   */
  #owed: number | undefined;

  /** Catches up with the book after a crash. Throws Failure book/damaged where the two do not belong together. */
  constructor(parts: ReceiptChainParts) {
    this.#parts = parts;
    this.#state = parts.state.read();
    const { count } = this.#state.chain;
    // The book alone cannot see that its newest page is an old copy; the chain remembers how far it had come.
    if (count > parts.book.count())
      throw new Failure(
        "book/damaged",
        `the receipt book ends at receipt ${parts.book.count()}, but ${count} were issued: ` +
          'its newest page is an old copy; "chargetill repair" shows what can be saved',
      );
    // One receipt after a crash, all of them after a repair that made the chain's file anew: kept now and then, so that
    // a large book costs few writes.
    let isKept = true;
    for (const entry of parts.book.entries(count + 1)) {
      this.#state = this.#after(entry, "");
      isKept = entry.number % keptEachReceipts === 0;
      if (isKept) parts.state.write(this.#state);
    }
    if (!isKept) parts.state.write(this.#state);
  }

  /** How the chain stands. */
  get end(): ChainState {
    return this.#state.chain;
  }

  /** Where the register of a meter stood when it was billed from last. */
  register(serial: string): MeterRegister | undefined {
    return this.#state.registers.find((register) => register.serial === serial);
  }

  /** From now on a meter is billed from this register on, and its next receipt says so. Throws disk/failed, disk/full. */
  acceptRegister(serial: string, accepted: RegisterAcceptance): void {
    const register = { serial, billedMilliWh: accepted.acceptedMilliWh, accepted };
    this.#state = { ...this.#state, registers: withRegister(this.#state.registers, register) };
    this.#parts.state.write(this.#state);
  }

  /** Lost numbers that the book does not name to the last one yet. */
  get given(): GivenNumbers | undefined {
    return this.#state.given;
  }

  /** Remembers lost numbers until the book names all of them, or, without any, forgets them. Throws disk/failed. */
  remember(given: GivenNumbers | undefined): void {
    const { given: _, ...rest } = this.#state;
    this.#state = given === undefined ? rest : { ...rest, given };
    this.#parts.state.write(this.#state);
  }

  /**
   * A receipt that stands for a lost one: journal and book, as any other; the chain's end is written after the last of
   * them, since the next start works it out from the book.
   */
  stand(issued: Issued, now: Moment): void {
    const receipt = issuedReceipt(this.#state.chain.count + 1, "lost", issued);
    const { checkpoint, disclosures, ...entry } = receipt;
    this.#parts.record({ type: "ReceiptIssued", moment: now, receipt });
    this.#parts.disclosures?.keep(entry.number, disclosures);
    this.#parts.book.append(entry);
    this.#state = this.#after(entry, checkpoint);
  }

  /** The OCMF pagination that comes next. */
  get nextPagination(): number {
    return this.#state.pagination + 1;
  }

  /**
   * Books the receipts that the journal holds and the book does not, the same bytes. `history` = the journal's events,
   * those that concern the book. Throws Failure book/damaged where they do not follow on the book, disk/failed,
   * disk/full.
   */
  catchUp(history: readonly StationEvent[]): void {
    const { book } = this.#parts;
    for (const event of history)
      if (event.type === "ReceiptIssued" && event.receipt.number > book.count()) this.#book(event.receipt);
    // Book and chain may be old copies together, brought back from one backup: a number that was given would be given
    // again.
    const known = history.reduce((highest, event) => Math.max(highest, bookedBy(event)), 0);
    if (known > book.count())
      throw new Failure(
        "book/damaged",
        `the receipt book ends at receipt ${book.count()}, but the journal knows that ${known} were issued: ` +
          'its newest pages are old copies; "chargetill repair" shows what can be saved',
      );
  }

  /** Throws Failure disk/failed while a receipt of the journal could not be booked. */
  mustOweNothing(): void {
    if (this.#owed !== undefined)
      throw new Failure(
        "disk/failed",
        `receipt ${this.#owed} stands in the journal but could not be booked: the next start books it`,
      );
  }

  /** The receipt of a session, which stands in the journal: into the book and the chain, where it is not there yet. */
  append(entry: BookEntry, { checkpoint, disclosures }: Pick<SignedReceipt, "checkpoint" | "disclosures">): void {
    if (entry.number > this.#parts.book.count()) this.#parts.disclosures?.keep(entry.number, disclosures);
    this.#parts.book.append(entry);
    // After a crash between book and journal the chain has it already.
    if (this.#state.chain.count < entry.number) this.#follow(entry, checkpoint);
  }

  /** A receipt that no session has journalled: its bytes first into the journal, then into the book and the chain. */
  issue(kind: string, issued: Issued, now: Moment, about: ReceiptSubject = noSubject): number {
    const { book, record } = this.#parts;
    const number = this.#state.chain.count + 1;
    if (number !== book.count() + 1)
      throw new Failure(
        "book/damaged",
        `the receipt book ends at receipt ${book.count()}, the chain at ${number - 1}: start again`,
      );
    const receipt = issuedReceipt(number, kind, issued, about);
    record({ type: "ReceiptIssued", moment: now, receipt });
    this.#owed = number;
    this.#book(receipt);
    this.#owed = undefined;
    return number;
  }

  #book({ checkpoint, disclosures, ...entry }: IssuedReceipt): void {
    try {
      chainAfter(this.#state.chain, entry.jws, this.#parts.hash);
    } catch (cause) {
      if (!(cause instanceof ReceiptFault)) throw cause;
      throw new Failure(
        "book/damaged",
        `the journal holds receipt ${entry.number}, which does not follow on the ${this.#parts.book.count()} receipts ` +
          'of the book: "chargetill repair" shows what can be saved',
        { cause },
      );
    }
    this.#parts.disclosures?.keep(entry.number, disclosures);
    this.#parts.book.append(entry);
    this.#follow(entry, checkpoint);
  }

  #follow(entry: BookEntry, checkpoint: string): void {
    this.#state = this.#after(entry, checkpoint);
    this.#parts.state.write(this.#state);
    this.#parts.booked?.(entry.number);
  }

  #after(entry: BookEntry, checkpoint: string): IssuerState {
    try {
      const chain = chainAfter(this.#state.chain, entry.jws, this.#parts.hash, checkpoint);
      return {
        ...this.#state,
        chain,
        // What is lost may have been of a session: its page is not given again.
        pagination: this.#state.pagination + (entry.ocmf === "" && entry.kind !== "lost" ? 0 : 1),
        registers: registersAfter(this.#state.registers, payloadOf(entry.jws)),
      };
    } catch (cause) {
      if (!(cause instanceof ReceiptFault)) throw cause;
      // Book and chain are of two histories, as after a backup: told, and no crash of each start.
      throw new Failure(
        "book/damaged",
        `receipt ${entry.number} of the book does not follow on the ${this.#state.chain.count} receipts that ` +
          "receipt-chain.json remembers: one of the two was brought back from elsewhere; where it is " +
          'receipt-chain.json, take it away, and "chargetill repair" makes it again from the book',
        { cause },
      );
    }
  }
}

const issuedReceipt = (
  number: number,
  kind: string,
  { jws, disclosures, ocmf, checkpoint }: Issued,
  about = noSubject,
): IssuedReceipt => ({
  number,
  kind,
  ...about,
  jws,
  disclosures,
  ocmf,
  issuedMs: Date.parse(payloadOf(jws)?.issuedAt ?? ""),
  checkpoint,
});

/**
 * Whether the journal knows by this event of a receipt beyond the `booked` ones of the book: what `catchUp` must be
 * told.
 */
export const concernsBook = (event: StationEvent, booked: number): boolean =>
  (event.type === "ReceiptIssued" ? event.receipt.number : bookedBy(event)) > booked;

/** The highest receipt that must stand in the book by an entry of the journal; 0 = it says nothing. */
function bookedBy(event: StationEvent): number {
  if (event.type === "SessionSettled") return event.number;
  // A number is given only when the one before it is in the book.
  return event.type === "ReceiptNumbered" ? event.number - 1 : 0;
}
