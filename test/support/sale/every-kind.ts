// One piece of evidence of every kind that the verifier knows: receipts of each kind, records, books, archives.

import { issueCredit } from "../../../agent/core/corrections/credit.js";
import { utf8 } from "../../../agent/core/number/bytes.js";
import { ocmfXml } from "../../../agent/core/ocmf/ocmf-xml.js";
import type { Issued } from "../../../agent/core/receipt/issuing.js";
import { issueLost } from "../../../agent/core/receipt/lost-numbers.js";
import { issueKeyChange, issueReceipt, issueRecovery } from "../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../agent/core/receipt/receipt-file.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { issueReservation } from "../../../agent/core/receipt/reservation-receipt.js";
import { sha256 } from "../../../agent/ledger/store/digest.js";
import { disputeBundle } from "../../../agent/receipts/dispute/dispute-bundle.js";
import type { GivenFile } from "../../../agent/receipts/dispute/given-evidence.js";
import {
  bookFileOf,
  consistencyFileOf,
  newestCheckpoint,
  proofFileOf,
} from "../../../agent/receipts/output/exports.js";
import { newKey, signerOf } from "../../../agent/receipts/signing-keys.js";
import {
  brokenSigner,
  chainOf,
  creditOrder,
  entriesOf,
  littleBook,
  occasion,
  receiptAt,
  settlement,
  signer,
  sourceOf,
  startMs,
  tariff,
} from "../sample-receipt.js";
import { noShow, settledReservation } from "./sample-reservation.js";

/** A reservation of half an hour that nobody came for. */
function expiredReservation(book: readonly Issued[]): Issued {
  const expired = noShow(startMs, 1_800_000, undefined, { tariff, shown: "Reservation: free" });
  return issueReservation(settledReservation(expired, book.length + 1), chainOf(book), signer, sha256);
}

/** A chain with a receipt of each kind, by kind, in order; the last key's signer closes it. */
function everyReceipt(): { readonly kinds: ReadonlyMap<string, Issued>; readonly book: readonly Issued[] } {
  const book = littleBook(1);
  const kinds = new Map([
    ["start", receiptAt(book, 1)],
    ["sale", receiptAt(book, 2)],
  ]);
  const add = (kind: string, issued: Issued): void => {
    book.push(issued);
    kinds.set(kind, issued);
  };
  const next = signerOf(newKey());
  add(
    "credit",
    issueCredit(
      occasion,
      receiptAt(book, 2).jws,
      creditOrder("wrong tariff", "cdr-2-credit"),
      chainOf(book),
      signer,
      sha256,
    ),
  );
  add(
    "correction",
    issueReceipt(settlement(4, { pagination: 2, sessionId: "session-2" }), chainOf(book), signer, sha256, 2),
  );
  add("reservation", expiredReservation(book));
  add("unsigned", issueReceipt(settlement(6, { pagination: 3 }), chainOf(book), brokenSigner, sha256));
  add("recovery", issueRecovery(occasion, chainOf(book), signer, sha256));
  add("lost", issueLost(occasion, { first: 8, last: 8, known: "number mark" }, chainOf(book), signer, sha256));
  add("key", issueKeyChange(occasion, chainOf(book), signer, next, sha256));
  return { kinds, book };
}

/** Evidence of every kind as files, by name. */
export function evidenceOfEveryKind(): readonly GivenFile[] {
  const { kinds, book } = everyReceipt();
  const sound = littleBook(3);
  const receipts = sourceOf(entriesOf(sound));
  const newest = newestCheckpoint(receipts, signer);
  const { jws, ocmf, checkpoint } = receiptAt(sound, 3);
  const parts = { receipts, newest, language: "de" as const, version: "0.1.0", signer, journal: ["{}"] };
  const texts: readonly (readonly [string, string])[] = [
    ...[...kinds].map(
      ([kind, issued]) => [`${kind}.json`, receiptFileText(issued, signer.spkiHex, [], issued.disclosures)] as const,
    ),
    // Nothing is disclosed, and what came of it later stands beside it.
    [
      "credited.json",
      receiptFileText(receiptAt(book, 2), signer.spkiHex, [
        kinds.get("credit")?.jws ?? "",
        kinds.get("correction")?.jws ?? "",
      ]),
    ],
    ["receipt.jws", jws],
    ["record.ocmf", ocmf],
    ["record.xml", ocmfXml(ocmf, 2, signer.spkiHex)],
    ["checkpoint.txt", checkpoint],
    ["book.json", bookFileOf(receipts, newest)],
    ["proof.txt", proofFileOf(receipts, 2, newest)],
    ["consistency.json", consistencyFileOf(receipts, receiptAt(sound, 2).checkpoint, newest)],
    ["tariff.json", JSON.stringify(tariff)],
    ["long-book.json", bookFileOf(sourceOf(entriesOf(book)), "")],
    ["nothing.txt", "not evidence at all"],
  ];
  return [
    ...texts.map(([name, text]) => ({ name, bytes: utf8(text) })),
    { name: "dispute.zip", bytes: disputeBundle(parts, 2, false) },
    { name: "redacted.zip", bytes: disputeBundle(parts, 2, true) },
  ];
}

/** The text of a receipt's QR code. */
export function sampleCode(): string {
  const payload = payloadOf(receiptAt(littleBook(1), 2).jws);
  if (payload?.kind !== "sale") throw new Error("receipt 2 is not a sale");
  return payload.sale.short;
}
