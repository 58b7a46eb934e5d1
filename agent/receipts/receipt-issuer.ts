// The cash desk: numbers, signs and books the receipt of a session that is over. Asked again after a crash at any
// point, it ends at one receipt, the same one: the number is journalled before the receipt is made, the signed bytes
// before anyone sees them.
import type { ConnectorConfig, StationFacts } from "../../config/schema.js";
import type { Moment } from "../../drivers/driver.js";
import { type CdrCopies, creditCopies } from "../core/cdr/cdr-copies.js";
import type { Settlement } from "../core/cdr/settlement.js";
import { Failure } from "../core/failure.js";
import type { Hash } from "../core/receipt/merkle.js";
import {
  type ChainState,
  chainAfter,
  emptyChain,
  type Issued,
  issueCredit,
  issueKeyChange,
  issueReceipt,
  issueRecovery,
  type Occasion,
  openChain,
  payloadOf,
  SignerFailed,
} from "../core/receipt/receipt.js";
import { ReceiptFault, type Signer } from "../core/receipt/signer.js";
import type { Session, SessionEvent, Signed } from "../core/session/session.js";
import { settlementOf } from "../core/session/settle.js";
import type { IssuedReceipt, StationEvent } from "../core/session/station-state.js";
import { type Tariff, tariffDigestText } from "../core/tariff/tariff.js";
import { correctedSettlement } from "../core/verify/correction.js";
import type { Book } from "../ledger/book/book.js";
import type { BookEntry } from "../ledger/book/book-page.js";

type Settling = Extract<Session, { state: "settling" }>;

/** What the desk remembers beside the book: the chain's end, and the last OCMF pagination. */
export type IssuerState = { readonly chain: ChainState; readonly pagination: number };

export const emptyIssuerState: IssuerState = { chain: emptyChain, pagination: 0 };

export type ReceiptIssuerParts = {
  readonly station: StationFacts;
  readonly timeZone: string;
  readonly version: string;
  readonly book: Book;
  readonly state: { read(): IssuerState; write(state: IssuerState): void };
  readonly signer: Signer;
  readonly hash: Hash;
  /** Into the journal; durable when it returns. */
  readonly record: (event: StationEvent) => void;
  /** The CDR as it will be posted, for ever the same bytes. */
  readonly cdr: (settlement: Settlement, ocmf: string, spkiHex: string) => CdrCopies;
  /**
   * Puts a receipt that is in the book where its driver finds it, the same bytes each time it is asked; answers where.
   */
  readonly handOut: (signed: Signed) => string;
  /** After all of it lasts: tell it, send it. */
  readonly settled: (entry: BookEntry, connector: number, settlement: Settlement, file: string) => void;
  /** A session has been given a number under which the book has nothing yet: no other receipt may take it. */
  readonly numberGiven: () => boolean;
};

/** The receipts of a sale's session among those after it, up to one number. */
export type Later = { readonly upTo: number; readonly found: readonly BookEntry[] };

/** Some pages, at 20 KiB a receipt: the time of a meter's answer. */
const receiptsInASlice = 16;
/** More than any station has open sessions. */
const newestLookedAt = 64;
const keptEachReceipts = 500;

export class ReceiptIssuer {
  readonly #parts: ReceiptIssuerParts;
  #signer: Signer;
  #state: IssuerState;
  /**
   * A receipt that stands in the journal and could not be booked: the next start books it, and until then no other
   * takes its number.
   */
  #owed: number | undefined;

  /** Opens the desk and catches up with the book after a crash. It issues nothing before `begin`. */
  constructor(parts: ReceiptIssuerParts) {
    this.#parts = parts;
    this.#signer = parts.signer;
    this.#state = parts.state.read();
    const { count } = this.#state.chain;
    // The book alone cannot see that its newest page is an old copy; the desk remembers how far the chain had come.
    if (count > parts.book.count())
      throw new Failure(
        "book/damaged",
        `the receipt book ends at receipt ${parts.book.count()}, but ${count} were issued: its newest page is an old copy; "chargetill repair" shows what can be saved`,
      );
    // One receipt after a crash, all of them after a repair that made the desk anew: kept now and then, so that a large
    // book costs few writes.
    let isKept = true;
    for (const entry of parts.book.entries(count + 1)) {
      this.#state = this.#after(entry, "");
      isKept = entry.number % keptEachReceipts === 0;
      if (isKept) parts.state.write(this.#state);
    }
    if (!isKept) parts.state.write(this.#state);
  }

  /**
   * Books the receipts that the journal holds and the book does not, the same bytes, and opens the chain on the very
   * first run. `history` = the journal's events, those that concern the book. Throws Failure book/damaged where they do
   * not follow on the book, disk/failed, disk/full.
   */
  begin(history: readonly StationEvent[], now: Moment): void {
    const { book } = this.#parts;
    for (const event of history)
      if (event.type === "ReceiptIssued" && event.receipt.number > book.count()) this.#book(event.receipt);
    // Book and desk may be old copies together, brought back from one backup: a number that was given would be given
    // again.
    const known = history.reduce((highest, event) => Math.max(highest, bookedBy(event)), 0);
    if (known > book.count())
      throw new Failure(
        "book/damaged",
        `the receipt book ends at receipt ${book.count()}, but the journal knows that ${known} were issued: its newest pages are old copies; "chargetill repair" shows what can be saved`,
      );
    if (book.count() === 0) this.#add("start", openChain(this.#occasion(now), this.#signer, this.#parts.hash), now);
  }

  get chain(): ChainState {
    return this.#state.chain;
  }

  /** The key that signs now. */
  get signer(): Signer {
    return this.#signer;
  }

  get keyId(): string {
    return this.#signer.keyId;
  }

  /** Settles one session. `session` is asked again after each step, since each step is journalled and moves it. */
  settle(
    connector: ConnectorConfig,
    session: () => Settling | undefined,
    record: (event: SessionEvent) => void,
    now: () => Moment,
  ): boolean {
    const { book, hash } = this.#parts;
    this.#mustOweNothing();
    let at = session();
    if (at === undefined) return true;
    if (at.signed === undefined) {
      // A journal that lost its end, by a repair or by a card that lied, may have lost the lines that say so: one
      // session is never sold twice.
      const booked = this.#bookedBefore(at.sale.opening.id);
      if (booked !== undefined) {
        record({ type: "SessionSettled", moment: now(), connector: connector.id, number: booked });
        return true;
      }
    }
    // Nor is one number given twice: what was given to a session before the journal lost its end may have gone to
    // another since.
    if (at.numbered === undefined || (at.signed === undefined && at.numbered.number <= book.count())) {
      record({
        type: "ReceiptNumbered",
        moment: now(),
        connector: connector.id,
        number: book.count() + 1,
        pagination: this.#state.pagination + 1,
      });
      at = session();
    }
    if (at?.numbered === undefined) return false;
    const { number } = at.numbered;
    const settlement = settlementOf(at, {
      station: this.#parts.station,
      connector: {
        id: connector.id,
        evseId: connector.evseId,
        standard: connector.standard,
        format: connector.format,
        powerType: connector.powerType,
        maxPowerW: connector.maxPowerW,
      },
      tariffDigest: digestOf(at.sale.opening.tariff, hash),
      softwareVersion: this.#parts.version,
    });
    if (at.signed === undefined) {
      record({ type: "ReceiptSigned", moment: now(), connector: connector.id, signed: this.#sign(settlement) });
      at = session();
    }
    if (at?.signed === undefined) return false;
    const { signed } = at;
    const entry: BookEntry = {
      number,
      sessionId: settlement.sessionId,
      cdrId: settlement.cdrId,
      jws: signed.jws,
      ocmf: signed.ocmf,
      cdr: signed.cdr,
      issuedMs: settlement.issuedMs,
      kind: "sale",
    };
    book.append(entry);
    // After a crash between book and journal the chain stands already.
    if (this.#state.chain.count < number) this.#follow(entry, signed.checkpoint);
    // Before the journal lets go of the session: afterwards nobody would hand it out any more.
    const file = this.#parts.handOut(signed);
    record({ type: "SessionSettled", moment: now(), connector: connector.id, number });
    this.#parts.settled(entry, connector.id, settlement, file);
    return true;
  }

  /** The receipt that a session already has, looked for among the newest: a session is settled soon after it ends. */
  #bookedBefore(sessionId: string): number | undefined {
    const { book } = this.#parts;
    try {
      for (let number = book.count(); number > Math.max(0, book.count() - newestLookedAt); number -= 1)
        if (book.get(number)?.sessionId === sessionId) return number;
    } catch (error) {
      // A rotten page is housekeeping's to tell; it must not keep the session that has just ended from its receipt.
      if (!(error instanceof Failure) || error.code !== "book/damaged") throw error;
    }
    return undefined;
  }

  #sign(settlement: Settlement): Signed {
    const issued = issueReceipt(settlement, this.#state.chain, this.#signer, this.#parts.hash);
    return {
      number: settlement.receiptNumber,
      jws: issued.jws,
      ocmf: issued.ocmf,
      checkpoint: issued.checkpoint,
      proof: issued.proof,
      cdr: this.#parts.cdr(settlement, issued.ocmf, this.#signer.spkiHex),
    };
  }

  /**
   * After the signer failed: a signed receipt that commits to the receipts it could not sign; null when there is none,
   * or it still fails.
   */
  recover(now: Moment): number | null {
    // The list of sealed pages first: while it is unsigned its pages are taken at the word of a chain that ends
    // unsigned.
    const isListed = this.#parts.book.signList();
    if (!isListed || this.#state.chain.unsigned === undefined || this.#parts.numberGiven()) return null;
    let issued: Issued;
    try {
      issued = issueRecovery(this.#occasion(now), this.#state.chain, this.#signer, this.#parts.hash);
    } catch (error) {
      if (!(error instanceof SignerFailed)) throw error;
      return null;
    }
    return this.#add("recovery", issued, now);
  }

  /**
   * Looks for what became of a sale, in slices between which `rest` lets others run: through a large book this takes
   * seconds. Throws book/damaged.
   */
  async later(number: number, rest: () => Promise<void>): Promise<Later> {
    const { book } = this.#parts;
    const sessionId = book.get(number)?.sessionId;
    const found: BookEntry[] = [];
    let upTo = number;
    for (const entry of book.entries(number + 1)) {
      if (entry.sessionId === sessionId) found.push(entry);
      upTo = entry.number;
      if (upTo % receiptsInASlice === 0) await rest();
    }
    return { upTo, found };
  }

  /** The receipts of a sale's session after it: those that were found, and what came since. */
  #laterThan(
    { number, sessionId }: BookEntry,
    { upTo, found }: Later = { upTo: number, found: [] },
  ): readonly BookEntry[] {
    return [...found, ...[...this.#parts.book.entries(upTo + 1)].filter((entry) => entry.sessionId === sessionId)];
  }

  /**
   * Takes a sale back by a receipt of its own. Throws Failure usage/invalid where there is no such sale, or it was
   * taken back before.
   */
  credit(number: number, reason: string, now: Moment, known?: Later): number {
    this.#mustBeFree();
    const sold = this.#parts.book.get(number);
    if (sold === undefined || sold.kind !== "sale")
      throw new Failure(
        "usage/invalid",
        sold === undefined
          ? `there is no receipt ${number}`
          : `receipt ${number} is no sale: only the receipt of a sale can be credited`,
      );
    const before = this.#laterThan(sold, known).find(({ kind }) => kind === "credit");
    if (before !== undefined)
      throw new Failure("usage/invalid", `receipt ${number} was credited before, by receipt ${before.number}`);
    const cdrId = `${sold.cdrId}-CR`;
    const issued = issueCredit(
      this.#occasion(now),
      sold.jws,
      cdrId,
      reason,
      this.#state.chain,
      this.#signer,
      this.#parts.hash,
    );
    return this.#add("credit", issued, now, {
      sessionId: sold.sessionId,
      cdrId,
      cdr: creditCopies(sold.cdr as CdrCopies, cdrId, new Date(now.at).toISOString()),
    });
  }

  /**
   * The sale that was taken back, sold again by another tariff: a receipt that names the first. Throws Failure
   * usage/invalid where it may not be.
   */
  correct(number: number, tariff: Tariff, cdrId: string, now: Moment, known?: Later): number {
    this.#mustBeFree();
    const { book, station, version, hash } = this.#parts;
    const sold = book.get(number);
    const receipt = sold === undefined ? undefined : payloadOf(sold.jws);
    if (sold === undefined || receipt?.kind !== "sale")
      throw new Failure(
        "usage/invalid",
        sold === undefined
          ? `there is no receipt ${number}`
          : `receipt ${number} is no sale: only the receipt of a sale can be corrected`,
      );
    const later = this.#laterThan(sold, known);
    if (!later.some(({ kind }) => kind === "credit"))
      throw new Failure("usage/invalid", `receipt ${number} was not credited: take it back first`);
    const again = later.find(({ kind }) => kind === "sale");
    if (again !== undefined)
      throw new Failure("usage/invalid", `receipt ${number} was corrected before, by receipt ${again.number}`);
    const settlement = correctedSettlement(receipt, tariff, {
      receiptNumber: this.#state.chain.count + 1,
      pagination: this.#state.pagination + 1,
      cdrId,
      issuedMs: now.at,
      softwareVersion: version,
      station,
      tariffDigest: digestOf(tariff, hash),
    });
    const issued = issueReceipt(settlement, this.#state.chain, this.#signer, hash, number);
    return this.#add("sale", issued, now, {
      sessionId: sold.sessionId,
      cdrId,
      cdr: this.#parts.cdr(settlement, issued.ocmf, this.#signer.spkiHex),
    });
  }

  /** The receipt of a change of key, signed by both; from here on `next` signs. Throws where either key fails. */
  changeKey(next: Signer, now: Moment): number {
    this.#mustBeFree();
    const number = this.#add(
      "key",
      issueKeyChange(this.#occasion(now), this.#state.chain, this.#signer, next, this.#parts.hash),
      now,
    );
    this.#signer = next;
    return number;
  }

  #mustOweNothing(): void {
    if (this.#owed !== undefined)
      throw new Failure(
        "disk/failed",
        `receipt ${this.#owed} stands in the journal but could not be booked: the next start books it`,
      );
  }

  #mustBeFree(): void {
    this.#mustOweNothing();
    if (this.#parts.numberGiven())
      throw new Failure("agent/refused", "a receipt is just being made: try again in a few seconds");
  }

  #occasion(now: Moment): Occasion {
    const { station, timeZone, version } = this.#parts;
    return { station, timeZone, issuedMs: now.at, timeTrust: now.trust, softwareVersion: version };
  }

  /** Issues a receipt without a session of its own: first its bytes into the journal, then into the book. */
  #add(
    kind: string,
    issued: Issued,
    now: Moment,
    of: Pick<IssuedReceipt, "sessionId" | "cdrId" | "cdr"> = { sessionId: "", cdrId: "", cdr: null },
  ): number {
    const { book, record } = this.#parts;
    const number = this.#state.chain.count + 1;
    if (number !== book.count() + 1)
      throw new Failure(
        "book/damaged",
        `the receipt book ends at receipt ${book.count()}, the chain at ${number - 1}: start again`,
      );
    const receipt: IssuedReceipt = {
      number,
      kind,
      ...of,
      jws: issued.jws,
      ocmf: issued.ocmf,
      issuedMs: this.#issuedMs(issued),
      checkpoint: issued.checkpoint,
    };
    record({ type: "ReceiptIssued", moment: now, receipt });
    this.#owed = number;
    this.#book(receipt);
    this.#owed = undefined;
    return number;
  }

  #book({ checkpoint, ...entry }: IssuedReceipt): void {
    try {
      chainAfter(this.#state.chain, entry.jws, this.#parts.hash);
    } catch (cause) {
      if (!(cause instanceof ReceiptFault)) throw cause;
      throw new Failure(
        "book/damaged",
        `the journal holds receipt ${entry.number}, which does not follow on the ${this.#parts.book.count()} receipts of the book: "chargetill repair" shows what can be saved`,
        { cause },
      );
    }
    this.#parts.book.append(entry);
    this.#follow(entry, checkpoint);
  }

  #issuedMs(issued: Issued): number {
    return Date.parse(payloadOf(issued.jws)?.issuedAt ?? "");
  }

  #follow(entry: BookEntry, checkpoint: string): void {
    this.#state = this.#after(entry, checkpoint);
    this.#parts.state.write(this.#state);
  }

  #after(entry: BookEntry, checkpoint: string): IssuerState {
    try {
      const chain = chainAfter(this.#state.chain, entry.jws, this.#parts.hash, checkpoint);
      return { chain, pagination: this.#state.pagination + (entry.ocmf === "" ? 0 : 1) };
    } catch (cause) {
      if (!(cause instanceof ReceiptFault)) throw cause;
      // Book and desk are of two histories, as after a backup: told, and no crash of each start.
      throw new Failure(
        "book/damaged",
        `receipt ${entry.number} of the book does not follow on the ${this.#state.chain.count} receipts that the desk remembers: one of the two was brought back from elsewhere; where it is receipt-chain.json, take it away, and "chargetill repair" makes it anew from the book`,
        { cause },
      );
    }
  }
}

/**
 * Whether the journal knows by this event of a receipt beyond the `booked` ones of the book: what `begin` must be told.
 */
export const concernsBook = (event: StationEvent, booked: number): boolean =>
  (event.type === "ReceiptIssued" ? event.receipt.number : bookedBy(event)) > booked;

/** The highest receipt that must stand in the book by an entry of the journal; 0 = it says nothing. */
function bookedBy(event: StationEvent): number {
  if (event.type === "SessionSettled") return event.number;
  // A number is given only when the one before it is in the book.
  return event.type === "ReceiptNumbered" ? event.number - 1 : 0;
}

/** SHA-256 (hex) of the tariff's canonical text. */
const digestOf = (tariff: Tariff, hash: Hash): string =>
  Buffer.from(hash(Buffer.from(tariffDigestText(tariff.source)))).toString("hex");
