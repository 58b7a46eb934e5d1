// Numbers, signs and books the receipt of a session that is over. Asked again after a crash at any point, it ends at one
// receipt, the same one: the number is journalled before the receipt is made, the signed bytes before anyone sees them.
import { type ConnectorConfig, connectorFacts, type StationFacts } from "../../config/schema.js";
import type { Moment } from "../../drivers/driver.js";
import { type CdrCopies, withoutPerson } from "../core/cdr/cdr-copies.js";
import type { CdrFacts, RegisterAcceptance, ReservationSettlement, Settlement } from "../core/cdr/settlement.js";
import { Failure } from "../core/failure.js";
import type { Issued, Occasion } from "../core/receipt/issuing.js";
import { issueKeyChange, issueReceipt, issueRecovery, openChain } from "../core/receipt/receipt.js";
import type { ChainState } from "../core/receipt/receipt-chain.js";
import { issueReservation, settledNoShow } from "../core/receipt/reservation-receipt.js";
import type { Session, SignedReceipt } from "../core/session/session.js";
import type { SessionEvent } from "../core/session/session-event.js";
import { type SettleContext, settlementOf } from "../core/session/settle.js";
import type { Signer } from "../core/signing/signer.js";
import { SignerFailed } from "../core/signing/signer.js";
import type { NoShow } from "../core/station/backend-orders.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { BookEntry } from "../ledger/book/book-page.js";
import { receiptOfSession } from "../ledger/book/session-receipt.js";
import { tariffDigest } from "../tariffs/tariff-digest.js";
import { Corrections } from "./corrections.js";
import type { ShownDisclosures } from "./disclosures.js";
import type { NumberMark } from "./number-mark.js";
import { ReceiptChain, type ReceiptChainParts } from "./receipt-chain.js";
import { ReceiptNumbers } from "./receipt-numbers.js";

type Settling = Extract<Session, { state: "settling" }>;

export type ReceiptIssuerParts = ReceiptChainParts & {
  readonly station: StationFacts;
  readonly timeZone: string;
  readonly version: string;
  readonly signer: Signer;
  /** Whom signed records name as the user. */
  readonly nameUser: SettleContext["nameUser"];
  /** What is disclosed of a receipt: whose the sale was. */
  readonly disclosed?: ShownDisclosures;
  /** The CDR as it will be posted, for ever the same bytes. */
  readonly cdr: (settlement: CdrFacts, ocmf: string, spkiHex: string) => CdrCopies;
  /**
   * Puts a receipt that is in the book where its driver finds it, the same bytes each time it is asked; answers where.
   */
  readonly handOut: (signed: SignedReceipt) => string;
  /** After all of it lasts: tell it, send it. */
  readonly settled: (entry: BookEntry, connector: number, settlement: Settlement, file: string) => void;
  /** A session has been given a number under which the book has nothing yet: no other receipt may take it. */
  readonly numberGiven: () => boolean;
  /** A session has a signed receipt that the book does not have yet. */
  readonly numberSigned?: () => boolean;
  /** What the receipt of a session says of the hold that pays for it. */
  readonly paymentOf?: SettleContext["paymentOf"];
  /** What outlives the state folder and knows of numbers that were given. */
  readonly mark?: NumberMark;
  readonly handedOut?: (booked: number, spkiHex: string) => number;
};

/** More than any station has open sessions. */
const newestLookedAt = 64;

export class ReceiptIssuer {
  readonly corrections: Corrections;
  /** Which numbers were given, also before an older backup was restored. */
  readonly numbers: ReceiptNumbers;
  readonly #parts: ReceiptIssuerParts;
  readonly #chain: ReceiptChain;
  #signer: Signer;

  /** Catches up with the book after a crash. It issues nothing before `begin`. */
  constructor(parts: ReceiptIssuerParts) {
    const { station, version, book, hash, cdr, signer } = parts;
    this.#parts = parts;
    this.#signer = signer;
    this.#chain = new ReceiptChain({ ...parts, booked: (number) => parts.mark?.raise(number) });
    const occasion = (now: Moment): Occasion => this.#occasion(now);
    this.numbers = new ReceiptNumbers({
      book,
      chain: this.#chain,
      mark: parts.mark,
      handedOut: () => parts.handedOut?.(book.count(), this.#signer.spkiHex) ?? 0,
      occasion,
      signer: () => this.#signer,
      hash,
      numberSigned: parts.numberSigned ?? (() => false),
      record: parts.record,
    });
    this.corrections = new Corrections({
      station,
      version,
      book,
      chain: this.#chain,
      hash,
      signer: () => this.#signer,
      occasion,
      cdr,
      ...(parts.disclosed === undefined ? {} : { disclosures: parts.disclosed }),
      mustBeFree: (now) => this.#mustBeFree(now),
    });
  }

  /**
   * Books the receipts that the journal holds and the book does not, the same bytes, and opens the chain on the very
   * first run. `history` = the journal's events, those that concern the book. Throws Failure book/damaged where they do
   * not follow on the book, disk/failed, disk/full.
   */
  begin(history: readonly StationEvent[], now: Moment): void {
    this.#chain.catchUp(history);
    if (this.#parts.book.count() === 0)
      this.#chain.issue("start", openChain(this.#occasion(now), this.#signer, this.#parts.hash), now);
    this.numbers.begin(now);
  }

  /** Where the registers of meters stood when they were billed from last. */
  readonly registers = {
    billedMilliWh: (serial: string): number | undefined => this.#chain.register(serial)?.billedMilliWh,
    /** A person's word about a register, which no receipt tells yet. */
    accepted: (serial: string): RegisterAcceptance | undefined => this.#chain.register(serial)?.accepted,
    acceptRegister: (serial: string, acceptance: RegisterAcceptance): void =>
      this.#chain.acceptRegister(serial, acceptance),
  };

  get chain(): ChainState {
    return this.#chain.end;
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
    const { book } = this.#parts;
    const { id } = connector;
    this.#chain.mustOweNothing();
    let at = session();
    if (at === undefined) return true;
    if (at.signed === undefined) {
      // A journal that lost its end, by a repair or by a card that lied, may have lost the lines that say so: one
      // session is never sold twice.
      const booked = this.#bookedBefore(at.sale.opening.id);
      if (booked !== undefined) {
        record({ type: "SessionSettled", moment: now(), connector: id, number: booked });
        return true;
      }
    }
    if (at.signed === undefined && !this.numbers.closeGap(now())) return false;
    // Nor is one number given twice: what was given to a session before the journal lost its end may have gone to
    // another since.
    if (at.numbered === undefined || (at.signed === undefined && at.numbered.number <= book.count())) {
      const [number, pagination] = [book.count() + 1, this.#chain.nextPagination];
      record({ type: "ReceiptNumbered", moment: now(), connector: id, number, pagination });
      at = session();
    }
    if (at?.numbered === undefined) return false;
    const settlement = this.#settlementOf(at, connector);
    if (at.signed === undefined) {
      record({ type: "ReceiptSigned", moment: now(), connector: id, signed: this.#sign(settlement) });
      at = session();
    }
    if (at?.signed === undefined) return false;
    const entry = bookEntryOf(settlement, at.signed);
    this.#chain.append(entry, at.signed);
    // Before the journal lets go of the session: afterwards nobody would hand it out any more.
    const file = this.#parts.handOut(at.signed);
    record({ type: "SessionSettled", moment: now(), connector: id, number: entry.number });
    this.#parts.settled(entry, id, settlement, file);
    return true;
  }

  /**
   * The receipt of a reservation that no session came for, asked again after a crash at any point; answers its number,
   * or undefined while the receipt of a session is being made. `settled` is told of one that was issued now. Throws
   * Failure, and ReceiptFault where it has no price.
   */
  settleReservation(
    noShow: NoShow,
    now: Moment,
    settled: (cdr: CdrCopies, settlement: ReservationSettlement) => void,
  ): number | undefined {
    const known = this.#bookedBefore(noShow.fee.sessionId);
    if (known !== undefined) return known;
    this.#chain.mustOweNothing();
    if (this.#parts.numberGiven() || !this.numbers.closeGap(now)) return undefined;
    const { station, version, hash, cdr, nameUser } = this.#parts;
    const settlement = settledNoShow(noShow, {
      receiptNumber: this.#parts.book.count() + 1,
      issuedMs: now.at,
      issuedTrust: now.trust,
      softwareVersion: version,
      digestOf: tariffDigest,
      nameUser,
      station,
    });
    const issued = issueReservation(settlement, this.chain, this.#signer, hash);
    const copies = withoutPerson(cdr(settlement, "", this.#signer.spkiHex));
    const { sessionId, cdrId } = settlement;
    const number = this.#chain.issue("reservation", issued, now, { sessionId, cdrId, cdr: copies });
    settled(copies, settlement);
    return number;
  }

  /**
   * After the signer failed: a signed receipt that commits to the receipts it could not sign; null when there is none,
   * or it still fails.
   */
  recover(now: Moment): number | null {
    // The list of sealed pages first: while it is unsigned its pages are taken at the word of a chain that ends
    // unsigned.
    const isListed = this.#parts.book.signList();
    if (!isListed || this.chain.unsigned === undefined || this.#parts.numberGiven()) return null;
    if (!this.numbers.closeGap(now)) return null;
    let issued: Issued;
    try {
      issued = issueRecovery(this.#occasion(now), this.chain, this.#signer, this.#parts.hash);
    } catch (error) {
      if (!(error instanceof SignerFailed)) throw error;
      return null;
    }
    return this.#chain.issue("recovery", issued, now);
  }

  /** The receipt of a change of key, signed by both; from here on `next` signs. Throws where either key fails. */
  changeKey(next: Signer, now: Moment): number {
    this.#mustBeFree(now);
    const issued = issueKeyChange(this.#occasion(now), this.chain, this.#signer, next, this.#parts.hash);
    const number = this.#chain.issue("key", issued, now);
    this.#signer = next;
    return number;
  }

  /** The receipt that a session already has. */
  #bookedBefore(sessionId: string): number | undefined {
    const { book } = this.#parts;
    try {
      return receiptOfSession(book, sessionId, newestLookedAt);
    } catch (error) {
      // A rotten page is told by maintenance; it must not keep the session that has just ended from its receipt.
      if (!(error instanceof Failure) || error.code !== "book/damaged") throw error;
      return undefined;
    }
  }

  #settlementOf(session: Settling, connector: ConnectorConfig): Settlement {
    return settlementOf(session, {
      station: this.#parts.station,
      connector: connectorFacts(connector),
      digestOf: tariffDigest,
      nameUser: this.#parts.nameUser,
      softwareVersion: this.#parts.version,
      ...(this.#parts.paymentOf === undefined ? {} : { paymentOf: this.#parts.paymentOf }),
    });
  }

  #sign(settlement: Settlement): SignedReceipt {
    const issued = issueReceipt(settlement, this.chain, this.#signer, this.#parts.hash);
    return {
      number: settlement.receiptNumber,
      jws: issued.jws,
      disclosures: issued.disclosures,
      ocmf: issued.ocmf,
      checkpoint: issued.checkpoint,
      proof: issued.proof,
      cdr: withoutPerson(this.#parts.cdr(settlement, issued.ocmf, this.#signer.spkiHex)),
    };
  }

  #mustBeFree(now: Moment): void {
    this.#chain.mustOweNothing();
    if (this.numbers.unknown !== undefined) throw new Failure("agent/refused", this.numbers.unknown);
    if (this.#parts.numberGiven())
      throw new Failure("agent/refused", "a receipt is just being made: try again in a few seconds");
    this.numbers.closeGap(now);
  }

  #occasion(now: Moment): Occasion {
    const { station, timeZone, version } = this.#parts;
    return { station, timeZone, issuedMs: now.at, issuedTrust: now.trust, softwareVersion: version };
  }
}

const bookEntryOf = (
  { receiptNumber, sessionId, cdrId, issuedMs }: Settlement,
  { jws, ocmf, cdr }: SignedReceipt,
): BookEntry => ({
  number: receiptNumber,
  sessionId,
  cdrId,
  jws,
  ocmf,
  cdr,
  issuedMs,
  kind: "sale",
});
