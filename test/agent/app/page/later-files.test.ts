// The file of a receipt that was credited, as the driver's page gives it out.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LaterFiles } from "../../../../agent/app/page/later-files.js";
import { issueCredit } from "../../../../agent/core/corrections/credit.js";
import { issueKeyChange, issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import { exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../../agent/receipts/dispute/findings-text.js";
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
} from "../../../support/sample-receipt.js";

const test = suite("the file of a receipt that was credited");
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [] };

/** Receipt 3 of twenty, credited by the last one; where wanted the key changed between. */
function credited(isKeyChanged: boolean) {
  const issued = littleBook(20);
  const next = signerOf(newKey());
  if (isKeyChanged) issued.push(issueKeyChange(occasion, chainOf(issued), signer, next, sha256));
  const by = isKeyChanged ? next : signer;
  issued.push(issueReceipt(settlement(issued.length + 1, { pagination: 21 }), chainOf(issued), by, sha256));
  const sold = receiptAt(issued, 3);
  issued.push(issueCredit(occasion, sold.jws, creditOrder("wrong tariff", "c"), chainOf(issued), by, sha256));
  const number = issued.length;
  const entries = entriesOf(issued).map((entry) => {
    const kind = entry.number === number ? "credit" : isKeyChanged && entry.number === 22 ? "key" : entry.kind;
    return { ...entry, kind };
  });
  const read: number[] = [];
  const book = {
    get: (wanted: number) => {
      read.push(wanted);
      return entries[wanted - 1];
    },
    concerning: () => entries.slice(-1),
  };
  const file = (): Promise<string> => files.of(book, 3, { creditedBy: number }, copy);
  const copy = receiptFileText(sold, signer.spkiHex);
  const files = new LaterFiles();
  return { copy, file, files, book, number, read };
}

const holds = (text: string, number: number): void => {
  const findings = verifyEvidence([{ name: "receipt", text }], pins, verifyTools());
  assert.is(exitCode(findings), 0, findingsText(findings));
  assert.match(findingsText(findings), new RegExp(`it was credited by receipt ${number}`));
};

test("each look at a credited receipt read and hashed the whole book: now nothing but the credit is read", async () => {
  const { file, number, read } = credited(false);
  holds(await file(), number);
  assert.equal(read, []);
});

test("a change of key before the credit is looked for once, after the receipt alone", async () => {
  const { file, number, read } = credited(true);
  const [first, second] = await Promise.all([file(), file()]);
  holds(first, number);
  assert.is(second, first);
  await file();
  // Those between the receipt and its credit, each once.
  assert.equal(
    read,
    Array.from({ length: number - 4 }, (_, at) => at + 4),
  );
});

test("a copy that cannot be read is given out as it is, and a book that fails is asked again", async () => {
  const { files, book, number, copy } = credited(false);
  assert.is(await files.of(book, 3, { creditedBy: number }, "spoilt"), "spoilt");
  const damaged = {
    ...book,
    concerning: () => {
      throw new Error("the page is damaged");
    },
  };
  const again = new LaterFiles();
  const failure = await again.of(damaged, 3, { creditedBy: number }, copy).catch((error: unknown) => String(error));
  assert.match(failure, /the page is damaged/);
  holds(await again.of(book, 3, { creditedBy: number }, copy), number);
});

test.run();
