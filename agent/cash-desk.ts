// The cash desk: numbers, signs and books the receipt of a session that is over. Asked again after a crash at any point, it ends at one
// receipt, the same one: the number is journalled before the receipt is made, the signed bytes before anyone sees them.
import type { ConnectorConfig, StationFacts } from "../config/schema.js";
import type { Moment } from "../drivers/driver.js";
import type { Hash } from "./core/merkle.js";
import { chainAfter, issueReceipt, openChain, type ChainState } from "./core/receipt.js";
import type { Session, SessionEvent, Signed } from "./core/session.js";
import { settlementOf } from "./core/settle.js";
import type { Settlement } from "./core/settlement.js";
import type { Signer } from "./core/signer.js";
import { tariffDigestText } from "./core/tariff.js";
import type { Book } from "./ledger/book.js";
import type { BookEntry } from "./ledger/page.js";

type Settling = Extract<Session, { state: "settling" }>;

/** What the desk remembers beside the book: the chain's end, and the last OCMF pagination. */
export type DeskState = { readonly chain: ChainState; readonly pagination: number };

export type CashDeskParts = {
  readonly station: StationFacts;
  readonly timeZone: string;
  readonly version: string;
  readonly book: Book;
  readonly state: { read(): DeskState; write(state: DeskState): void };
  readonly signer: Signer;
  readonly hash: Hash;
  /** The CDR as it will be posted, for ever the same bytes; null = this station has no uplink that wants one. */
  readonly cdr: (settlement: Settlement, ocmf: string) => string | null;
  /** Puts a receipt that is in the book where its driver finds it, the same bytes each time it is asked; answers where. */
  readonly handOut: (signed: Signed) => string;
  /** After all of it lasts: tell it, send it. */
  readonly settled: (number: number, connector: number, settlement: Settlement, file: string) => void;
};

export class CashDesk {
  readonly #parts: CashDeskParts;
  #state: DeskState;

  /** Opens the desk: opens the chain on the very first run, and catches up with the book after a crash. */
  constructor(parts: CashDeskParts, now: Moment) {
    this.#parts = parts;
    this.#state = parts.state.read();
    for (const entry of parts.book.entries(this.#state.chain.count + 1)) this.#follow(entry, "");
    if (parts.book.count() === 0) this.#open(now);
  }

  get chain(): ChainState {
    return this.#state.chain;
  }

  /** Settles one session. `session` is asked again after each step, since each step is journalled and moves it. */
  settle(connector: ConnectorConfig, session: () => Settling | undefined, record: (event: SessionEvent) => void, now: () => Moment): boolean {
    const { book, hash } = this.#parts;
    let at = session();
    if (at === undefined) return true;
    if (at.numbered === undefined) {
      record({ type: "ReceiptNumbered", moment: now(), connector: connector.id, number: book.count() + 1, pagination: this.#state.pagination + 1 });
      at = session();
    }
    if (at?.numbered === undefined) return false;
    const { number } = at.numbered;
    const settlement = settlementOf(at, {
      station: this.#parts.station,
      connector: { id: connector.id, evseId: connector.evseId, standard: connector.standard, format: connector.format, powerType: connector.powerType, maxPowerW: connector.maxPowerW },
      tariffDigest: Buffer.from(hash(Buffer.from(tariffDigestText(at.sale.opening.tariff.source)))).toString("hex"),
      softwareVersion: this.#parts.version,
    });
    if (at.signed === undefined) {
      record({ type: "ReceiptSigned", moment: now(), connector: connector.id, signed: this.#sign(settlement) });
      at = session();
    }
    if (at?.signed === undefined) return false;
    const { signed } = at;
    const entry: BookEntry = { number, sessionId: settlement.sessionId, cdrId: settlement.cdrId, jws: signed.jws, ocmf: signed.ocmf, cdr: signed.cdr, issuedMs: settlement.issuedMs, kind: "sale" };
    book.append(entry);
    // After a crash between book and journal the chain stands already.
    if (this.#state.chain.count < number) this.#follow(entry, signed.checkpoint);
    // Before the journal lets go of the session: afterwards nobody would hand it out any more.
    const file = this.#parts.handOut(signed);
    record({ type: "SessionSettled", moment: now(), connector: connector.id, number });
    this.#parts.settled(number, connector.id, settlement, file);
    return true;
  }

  #sign(settlement: Settlement): Signed {
    const issued = issueReceipt(settlement, this.#state.chain, this.#parts.signer, this.#parts.hash);
    return { number: settlement.receiptNumber, jws: issued.jws, ocmf: issued.ocmf, checkpoint: issued.checkpoint, proof: issued.proof, cdr: this.#parts.cdr(settlement, issued.ocmf) };
  }

  #open(now: Moment): void {
    const { station, timeZone, version, signer, hash, book } = this.#parts;
    const issued = openChain({ station, timeZone, issuedMs: now.at, timeTrust: now.trust, softwareVersion: version }, signer, hash);
    const entry: BookEntry = { number: 1, sessionId: "", cdrId: "", jws: issued.jws, ocmf: "", cdr: null, issuedMs: now.at, kind: "start" };
    book.append(entry);
    this.#follow(entry, issued.checkpoint);
  }

  #follow(entry: BookEntry, checkpoint: string): void {
    const chain = chainAfter(this.#state.chain, entry.jws, this.#parts.hash, checkpoint);
    this.#state = { chain, pagination: this.#state.pagination + (entry.ocmf === "" ? 0 : 1) };
    this.#parts.state.write(this.#state);
  }
}
