// Credits and corrections: each names the receipt that it takes back or corrects, and what it says of it is compared.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { issueCredit } from "../../../../agent/core/corrections/credit.js";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import type { Issued } from "../../../../agent/core/receipt/issuing.js";
import { issueKeyChange, issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { type ReceiptFile, receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import { type CreditPayload, payloadOf, type SalePayload } from "../../../../agent/core/receipt/receipt-payload.js";
import { signedJws } from "../../../../agent/core/signing/jws.js";
import { type CheckResult, exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence, verifyShortForm } from "../../../../agent/core/verify/verify.js";
import { bookFormat, bookNote } from "../../../../agent/core/verify/verify-book.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { receiptFileOf } from "../../../../agent/receipts/output/exports.js";
import { newKey, signerOf } from "../../../../agent/receipts/signing-keys.js";
import {
  chainOf,
  creditOrder,
  entriesOf,
  littleBook,
  occasion,
  receiptAt,
  settlement,
  signer,
  sourceOf,
} from "../../../support/sample-receipt.js";

const corrections = suite("credits and corrections");
const tools = verifyTools();
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };

/** What does not hold of a book of these receipts. */
function bookFailures(issued: readonly Issued[]): string {
  const last = receiptAt(issued, issued.length);
  const book = {
    format: bookFormat,
    note: bookNote,
    station: "CT-0042",
    receipts: issued.map(({ jws }) => jws),
    disclosures: issued.map(({ disclosures }) => disclosures),
    checkpoint: last.checkpoint,
  };
  return failures(verifyEvidence([{ name: "book", text: JSON.stringify(book) }], pins, tools));
}

const failures = (findings: readonly CheckResult[]): string =>
  findings
    .flatMap((finding) => finding.checks)
    .filter((one) => one.verdict === "fails")
    .map((one) => `${one.name}: ${one.detail}`)
    .join("\n");

// A credit of another receipt, of another amount or a second one: the sums of the book add up all the same.
corrections(
  "a credit that takes back another receipt, not all of it, or one twice, and a correction of another session",
  () => {
    const book = littleBook(2);
    const takesBack = (jws: string): Issued =>
      issueCredit(occasion, jws, creditOrder("wrong tariff", "cdr-2-credit"), chainOf(book), signer, sha256);
    const sold = receiptAt(book, 2).jws;
    const resold = (change: (payload: SalePayload) => unknown): string =>
      signedJws(canonicalText(change(payloadOf(sold) as SalePayload)), signer.keyId, signer);
    const price = (payloadOf(sold) as SalePayload).sale.price;
    const cases: readonly [Issued, RegExp][] = [
      [takesBack(signedJws(canonicalText(payloadOf(sold)), signer.keyId, signer)), /but another one than this/],
      [
        takesBack(
          resold((one) => ({
            ...one,
            sale: { ...one.sale, price: { ...price, due: { ...price.due, gross: "9.99" } } },
          })),
        ),
        /but another one than this/,
      ],
      [
        issueReceipt(settlement(4), chainOf(book), signer, sha256, 2),
        /corrects receipt 2, which is of another session/,
      ],
    ];
    for (const [last, expected] of cases) assert.match(bookFailures([...book, last]), expected);
    const once = takesBack(sold);
    const twice = issueCredit(occasion, sold, creditOrder("again", "cdr-2-again"), once.chain, signer, sha256);
    assert.match(bookFailures([...book, once, twice]), /receipt 2 is taken back by 4 and by 5/);
  },
);

corrections("no field of a credit can be changed, not even by the station's own key", () => {
  const book = littleBook(1);
  const sold = receiptAt(book, 2);
  const credit = issueCredit(
    occasion,
    sold.jws,
    creditOrder("wrong tariff", "cdr-2-credit"),
    chainOf(book),
    signer,
    sha256,
  );
  const payload = payloadOf(credit.jws) as CreditPayload;
  const changes: readonly [Partial<CreditPayload["credit"]>, RegExp][] = [
    [{ sold: { ...payload.credit.sold, evseId: "DE*ABC*E0002*1" } }, /sold\.evseId says/],
    [{ sold: { ...payload.credit.sold, end: payload.credit.sold.start.replace("22:", "21:") } }, /before it began/],
    [{ due: { ...payload.credit.due, gross: "-1.00" } }, /the code says/],
    [{ due: { ...payload.credit.due, net: "-1.00" } }, /it gives back/],
    [{ due: { net: "1.00", tax: "0.00", gross: "1.00" } }, /no amount given back/],
    [{ sessionId: "session-3" }, /which is of another session/],
    [{ number: 1 }, /which is not a sale|the code says/],
    [{ short: payload.credit.short.slice(0, -4) }, /not signed by the receipt's key|cannot be read/],
  ];
  for (const [change, expected] of changes) {
    const changed = { ...payload, credit: { ...payload.credit, ...change } };
    const jws = signedJws(canonicalText(changed), signer.keyId, signer);
    assert.match(
      failures(
        verifyEvidence(
          [
            { name: "credit", text: jws },
            { name: "sale", text: receiptFileText(sold, signer.spkiHex) },
          ],
          pins,
          tools,
        ),
      ),
      expected,
    );
  }
});

corrections("the code of a credit is signed by itself, and tells what it takes back", () => {
  const book = littleBook(1);
  const credit = issueCredit(
    occasion,
    receiptAt(book, 2).jws,
    creditOrder("wrong tariff", "c"),
    chainOf(book),
    signer,
    sha256,
  );
  const { short } = (payloadOf(credit.jws) as CreditPayload).credit;
  const own = { fingerprints: pins.fingerprints, keys: [signer.spkiHex] };
  const [{ detail } = { detail: "" }] = verifyShortForm(short, own, tools).checks;
  assert.match(detail, /receipt 3 of CT-0042 takes back receipt 2: .*, -8\.54 EUR/);
  assert.is(exitCode([verifyShortForm(`https://laden.example.org/v#${short}`, own, tools)]), 0);
  for (let at = 0; at < short.length; at += 1) {
    const flipped = `${short.slice(0, at)}${short[at] === "0" ? "1" : "0"}${short.slice(at + 1)}`;
    assert.is(exitCode([verifyShortForm(flipped, own, tools)]), 1, `letter ${at}`);
  }
});

/** A sale, its credit and its correction, the latter two under a new key. */
function correctedBook(): readonly Issued[] {
  const book = littleBook(2);
  const next = signerOf(newKey());
  book.push(issueKeyChange(occasion, chainOf(book), signer, next, sha256));
  const sold = receiptAt(book, 2).jws;
  book.push(issueCredit(occasion, sold, creditOrder("wrong tariff", "c"), chainOf(book), next, sha256));
  book.push(issueReceipt(settlement(6, { pagination: 3, sessionId: "session-2" }), chainOf(book), next, sha256, 2));
  return book;
}

corrections("a receipt's file exported later says what became of it, by the receipts that say so", () => {
  const book = correctedBook();
  const entries = entriesOf(book).map((entry) => ({ ...entry, kind: payloadOf(entry.jws)?.kind ?? "" }));
  const source = { ...sourceOf(entries), concerning: () => entries.slice(4) };
  const text = receiptFileOf(source, 2, receiptAt(book, 6).checkpoint);
  const findings = verifyEvidence([{ name: "sale", text }], pins, tools);
  assert.is(failures(findings), "");
  assert.is(exitCode(findings), 0);
  const said = findings.flatMap(({ checks }) => checks).find(({ name }) => name === "later receipts");
  assert.is(said?.detail, "it was credited by receipt 5, corrected by receipt 6");
  const file = JSON.parse(text) as ReceiptFile & { later: readonly string[] };
  const [change = "", credit = "", correction = ""] = file.later;
  const changed = (later: readonly string[]): string =>
    failures(verifyEvidence([{ name: "sale", text: JSON.stringify({ ...file, later }) }], pins, tools));
  assert.match(changed([credit, correction]), /not the one you gave/);
  assert.match(changed([change, credit, credit]), /taken back twice/);
  assert.match(changed([change, correction, correction]), /corrected twice/);
  assert.match(changed([receiptAt(book, 3).jws]), /does not take it back or correct it/);
  assert.match(changed([change, `${credit.slice(0, -3)}AAA`]), /not signed by this key/);
  assert.match(changed([]), /later/);
  const forked = [...littleBook(1), ...littleBook(2).slice(2)];
  const sold = receiptAt(littleBook(2), 2).jws;
  const other = issueCredit(occasion, sold, creditOrder("x", "c"), chainOf(forked), signer, sha256);
  assert.match(changed([other.jws]), /takes back another receipt 2 than this one/);
});

corrections.run();
