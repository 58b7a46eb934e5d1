// Whose a receipt is: withheld, told, forgotten. Whatever is told of it, signature, chain, book and sums hold.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import { disclosuresOf, withheldNames } from "../../../../agent/core/disclosure/disclosure.js";
import type { Issued } from "../../../../agent/core/receipt/issuing.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import { payloadOf } from "../../../../agent/core/receipt/receipt-payload.js";
import { type CheckResult, exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { bookFormat, bookNote } from "../../../../agent/core/verify/verify-book.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { userNaming } from "../../../../agent/receipts/privacy/operator-key.js";
import { chainOf, littleBook, operatorKey, sampleToken, settlement, signer } from "../../../support/sample-receipt.js";

const test = suite("whose a receipt is");
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };
const tools = verifyTools();
const person: Partial<Settlement> = { authorizationReference: "REF-7788", paymentReference: "psp_3Nabc99" };
const issued = (changes: Partial<Settlement> = person): Issued =>
  issueReceipt(settlement(2, changes), chainOf(littleBook(0)), signer, sha256);
const verified = (file: Issued, disclosures: readonly string[]): readonly CheckResult[] =>
  verifyEvidence([{ name: "receipt", text: receiptFileText(file, signer.spkiHex, [], disclosures) }], pins, tools);
const wordsOf = (found: readonly CheckResult[], check: string): string =>
  found.flatMap(({ checks }) => checks).find(({ name }) => name === check)?.detail ?? "";

test("the signed text and the meter record hold neither UID nor contract nor a reference", () => {
  const { jws, ocmf } = issued();
  const text = `${Buffer.from(jws.split(".")[1] ?? "", "base64url").toString()}${ocmf}`;
  for (const secret of [sampleToken.uid, sampleToken.contractId, "REF-7788", "psp_3Nabc99"])
    assert.not.match(text, secret);
  const payload = payloadOf(jws);
  assert.ok(payload?.kind === "sale");
  assert.equal([payload.sale.token.card, payload.sale.token.contract], ["…E5F6", "…78-X"]);
  assert.equal(Object.keys(payload.commitments), ["card", "contract", "payment", "reference", "totals"]);
});

test("every subset of what is withheld verifies, and verify names what stays closed", () => {
  const whole = issued();
  const { disclosures } = whole;
  assert.is(disclosures.length, 5);
  const names = withheldNames.filter((name) => name !== "name");
  for (let mask = 0; mask < 2 ** disclosures.length; mask += 1) {
    const told = disclosures.filter((_, at) => (mask >> at) & 1);
    const found = verified(whole, told);
    const words = wordsOf(found, "withheld");
    assert.is(exitCode(found), 0, words);
    const closed = names.filter((_, at) => !((mask >> at) & 1));
    const [before] = words.split("; disclosed:");
    assert.is(before, closed.length === 0 ? "nothing is withheld" : `withheld: ${closed.join(", ")}`);
  }
});

test("a disclosure of another receipt, or one that ends otherwise than its receipt says, is refused", () => {
  const [mine, other] = [issued(), issued()];
  assert.is(exitCode(verified(mine, disclosuresOf(other.disclosures, ["card"]))), 1);
  const plain = settlement(2);
  const full = userNaming("full", operatorKey)(sampleToken, "WHITELIST");
  // In the record of the whole UID stands another card of the same ending.
  const swapped = issued({ token: { ...plain.token, uid: "AAAAAAAAAAE5F6" }, user: full });
  assert.match(wordsOf(verified(swapped, swapped.disclosures), "withheld"), /not the one of the meter record/);
  assert.is(exitCode(verified(swapped, swapped.disclosures)), 1);
});

test("where a law wants whole UIDs the record tells the card, and nothing else changes", () => {
  const open = issued({ user: userNaming("full", operatorKey)(sampleToken, "WHITELIST") });
  assert.match(open.ocmf, `"IT":"ISO14443","ID":"${sampleToken.uid}"`);
  assert.is(exitCode(verified(open, open.disclosures)), 0);
  assert.is(exitCode(verified(open, [])), 0);
});

test("a book whose cards are all forgotten holds, and adds up to the cent", () => {
  const sales = 25 * times;
  const book = littleBook(sales);
  const judged = (told: (one: Issued) => readonly string[]): readonly CheckResult[] => {
    const text = JSON.stringify({
      format: bookFormat,
      note: bookNote,
      station: "CT-0042",
      receipts: book.map(({ jws }) => jws),
      disclosures: book.map(told),
      checkpoint: book.at(-1)?.checkpoint,
    });
    return verifyEvidence([{ name: "book", text }], pins, tools);
  };
  // 8.54 each.
  const sum = `${sales} sales add up to ${((sales * 854) / 100).toFixed(2)} EUR`;
  const forgotten = judged(({ disclosures }) => disclosuresOf(disclosures, ["totals"]));
  assert.is(exitCode(forgotten), 0);
  assert.is(wordsOf(forgotten, "running totals"), sum);
  const closed = judged(() => []);
  assert.is(exitCode(closed), 0);
  assert.is(wordsOf(closed, "running totals"), `${sum}; in ${sales + 1} receipts the running totals are withheld`);
});

test.run();
