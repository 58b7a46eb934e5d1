// The book behind the test vectors of agent/receipts/FORMAT.md: one receipt of each kind, under two keys, the same bytes
// each time.

import { issueCredit } from "../../../agent/core/corrections/credit.js";
import type { Issued } from "../../../agent/core/receipt/issuing.js";
import { issueLost } from "../../../agent/core/receipt/lost-numbers.js";
import { issueKeyChange, issueReceipt, issueRecovery, openChain } from "../../../agent/core/receipt/receipt.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { issueReservation } from "../../../agent/core/receipt/reservation-receipt.js";
import type { BookEntry } from "../../../agent/ledger/book/book-page.js";
import { sha256 } from "../../../agent/ledger/store/digest.js";
import type { ReceiptSource } from "../../../agent/receipts/output/exports.js";
import { noShow, settledReservation } from "../sale/sample-reservation.js";
import {
  brokenSigner,
  chainOf,
  creditOrder,
  entriesOf,
  occasion,
  receiptAt,
  settlement,
  sourceOf,
  startMs,
} from "../sample-receipt.js";
import { repeatableSigner } from "./repeatable-signer.js";

const newFirstKey = (): VectorKey => repeatableSigner("chargetill test vectors, first key");
const newSecondKey = (): VectorKey => repeatableSigner("chargetill test vectors, second key");
type VectorKey = ReturnType<typeof repeatableSigner>;

/** The station's first key, and the one that it changed to with receipt 6. */
export const firstKey = newFirstKey();
export const secondKey = newSecondKey();

const hour = 3_600_000;

/**
 * 1 opens the book; 2 and 3 are sales; 4 takes 2 back, 5 sells it again; 6 changes the key; 7 is a sale that could not be
 * signed, 8 the recovery; 9 stands for a lost number; 10 is a reservation.
 */
export function vectorBook(): readonly Issued[] {
  // Made anew, so that their salts are the same each time.
  const first = newFirstKey();
  const second = newSecondKey();
  const book: Issued[] = [openChain(occasion, first, sha256)];
  const chain = (): Issued["chain"] => chainOf(book);
  book.push(issueReceipt(settlement(2), chain(), first, sha256));
  book.push(issueReceipt(settlement(3), chain(), first, sha256));
  const later = { ...occasion, issuedMs: startMs + 24 * hour };
  const order = creditOrder("wrong tariff", "cdr-2-CR");
  book.push(issueCredit(later, receiptAt(book, 2).jws, order, chain(), first, sha256));
  const again = settlement(5, { ...soldAgain(), issuedMs: later.issuedMs });
  book.push(issueReceipt(again, chain(), first, sha256, 2));
  book.push(issueKeyChange(later, chain(), first, second, sha256));
  const unsigned = { ...brokenSigner, keyId: second.keyId, spkiHex: second.spkiHex, salt: second.salt };
  book.push(issueReceipt(settlement(7, { pagination: 4 }), chain(), unsigned, sha256));
  book.push(issueRecovery(later, chain(), second, sha256));
  const lost = { first: 9, last: 9, known: "person", by: "A. Operator", note: "restored from a backup" } as const;
  book.push(issueLost(later, lost, chain(), second, sha256));
  const expired = settledReservation(noShow(Date.UTC(2026, 5, 1, 10), hour / 2), 10);
  book.push(issueReservation(expired, chain(), second, sha256));
  return book;
}

/** What the corrected sale says of the session of receipt 2. */
function soldAgain(): Parameters<typeof settlement>[1] {
  const { begin, end, boundaryReadings, samples } = settlement(2);
  return { pagination: 3, sessionId: "session-2", begin, end, boundaryReadings, samples };
}

/** The book as exports read it. */
export function vectorSource(book: readonly Issued[]): ReceiptSource {
  const entries: readonly BookEntry[] = entriesOf(book).map((entry) => ({
    ...entry,
    kind: payloadOf(entry.jws)?.kind ?? "",
  }));
  return { ...sourceOf(entries, book), concerning: (number) => (number === 2 ? entries.slice(3, 5) : []) };
}
