// Sales that are taken back, by a receipt of their own, and sold again by another tariff, by one more. The receipt of
// the sale stays as it is.
import type { StationFacts } from "../../config/schema.js";
import type { Moment } from "../../drivers/driver.js";
import { type CdrCopies, creditCopies, withoutPerson } from "../core/cdr/cdr-copies.js";
import type { CdrFacts } from "../core/cdr/settlement.js";
import { correctedSettlement } from "../core/corrections/corrected-settlement.js";
import { type CreditOrder, issueCredit } from "../core/corrections/credit.js";
import { disclosedBy } from "../core/disclosure/disclosure.js";
import { Failure } from "../core/failure.js";
import type { Occasion } from "../core/receipt/issuing.js";
import { issueReceipt } from "../core/receipt/receipt.js";
import { payloadOf, soldIn } from "../core/receipt/receipt-payload.js";
import type { HashFunction } from "../core/signing/merkle.js";
import type { Signer } from "../core/signing/signer.js";
import type { Tariff } from "../core/tariff/tariff.js";
import type { Book } from "../ledger/book/book.js";
import type { BookEntry } from "../ledger/book/book-page.js";
import { tariffDigest } from "../tariffs/tariff-digest.js";
import type { ShownDisclosures } from "./disclosures.js";
import type { ReceiptChain } from "./receipt-chain.js";

export type CorrectionsParts = {
  readonly station: StationFacts;
  readonly version: string;
  readonly book: Book;
  readonly chain: ReceiptChain;
  readonly hash: HashFunction;
  readonly signer: () => Signer;
  readonly occasion: (now: Moment) => Occasion;
  /** The CDR as it will be posted, for ever the same bytes. */
  readonly cdr: (settlement: CdrFacts, ocmf: string, spkiHex: string) => CdrCopies;
  /** What is disclosed of a receipt: whose the sale was. */
  readonly disclosures?: ShownDisclosures;
  /** Throws Failure while no receipt may be issued. */
  readonly mustBeFree: (now: Moment) => void;
};

/** What a person says of a credit: `refund` is the way of the sale's own payment where nothing else is said. */
export type CreditBy = Pick<CreditOrder, "reason" | "by"> & { readonly refund?: CreditOrder["refund"] };

export class Corrections {
  readonly #parts: CorrectionsParts;

  constructor(parts: CorrectionsParts) {
    this.#parts = parts;
  }

  /**
   * Takes a sale back by a receipt of its own; answers its number. Throws Failure usage/invalid where there is no such
   * sale, or it was taken back before.
   */
  credit(number: number, order: CreditBy, now: Moment): number {
    const { book, mustBeFree, chain, occasion, signer, hash } = this.#parts;
    mustBeFree(now);
    const sold = this.#soldBy(number, ["sale", "reservation"], "credited");
    const before = book.concerning(number).find(({ kind }) => kind === "credit");
    if (before !== undefined)
      throw new Failure("usage/invalid", `receipt ${number} was credited before, by receipt ${before.number}`);
    const cdrId = `${sold.cdrId}-CR`;
    const refund = order.refund ?? ownWay(sold.jws);
    const issued = issueCredit(occasion(now), sold.jws, { ...order, cdrId, refund }, chain.end, signer(), hash);
    const cdr = creditCopies(
      sold.cdr as CdrCopies,
      cdrId,
      now.trust === "unsynced" ? undefined : new Date(now.at).toISOString(),
    );
    return chain.issue("credit", issued, now, { sessionId: sold.sessionId, cdrId, cdr, concerns: number });
  }

  /**
   * The sale that was taken back, sold again by another tariff: a receipt that names the first. Throws Failure
   * usage/invalid where it may not be.
   */
  correct(number: number, tariff: Tariff, cdrId: string, now: Moment): number {
    const { book, mustBeFree, chain, station, version, signer, hash } = this.#parts;
    mustBeFree(now);
    const sold = this.#soldBy(number, ["sale"], "corrected");
    const receipt = payloadOf(sold.jws);
    if (receipt?.kind !== "sale") throw notASale(number, "corrected");
    const later = book.concerning(number);
    if (!later.some(({ kind }) => kind === "credit"))
      throw new Failure("usage/invalid", `receipt ${number} was not credited: credit it first`);
    const again = later.find(({ kind }) => kind === "sale");
    if (again !== undefined)
      throw new Failure("usage/invalid", `receipt ${number} was corrected before, by receipt ${again.number}`);
    const { values } = disclosedBy(receipt.commitments, this.#parts.disclosures?.(number) ?? [], hash);
    const settlement = correctedSettlement(receipt, values, tariff, {
      receiptNumber: chain.end.count + 1,
      pagination: chain.nextPagination,
      cdrId,
      issuedMs: now.at,
      issuedTrust: now.trust,
      softwareVersion: version,
      station,
      digestOf: tariffDigest,
    });
    const issued = issueReceipt(settlement, chain.end, signer(), hash, number);
    const cdr = withoutPerson(this.#parts.cdr(settlement, issued.ocmf, signer().spkiHex));
    return chain.issue("sale", issued, now, { sessionId: sold.sessionId, cdrId, cdr, concerns: number });
  }

  #soldBy(number: number, kinds: readonly string[], what: "credited" | "corrected"): BookEntry {
    const sold = this.#parts.book.get(number);
    if (sold === undefined) throw new Failure("usage/invalid", `there is no receipt ${number}`);
    if (!kinds.includes(sold.kind)) throw notASale(number, what);
    return sold;
  }
}

/** A contract is billed less; any other payment goes back the way it came. */
function ownWay(jws: string): CreditOrder["refund"] {
  const sold = soldIn(payloadOf(jws));
  return sold === undefined || sold.payment.kind === "contract" ? "contract" : "payment";
}

const notASale = (number: number, what: "credited" | "corrected"): Failure =>
  new Failure("usage/invalid", `receipt ${number} is not a sale: only the receipt of a sale can be ${what}`);
