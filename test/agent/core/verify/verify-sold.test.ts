// Receipts of whole random sessions, issued and handed to the verifier with nothing else.

import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { issueReceipt, openChain } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { anySale, soldBy } from "../../../support/sale/random-sale.js";
import { occasion, signer } from "../../../support/sample-receipt.js";

const test = suite("the receipt of a sold session");
const seed = Number(process.env["CHARGETILL_SEED"] ?? 17);
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);
const tools = verifyTools();
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };

test("whatever its tariff looks at, power and current too: it holds by itself", () => {
  fc.assert(
    fc.property(anySale, (story) => {
      const sold = { ...soldBy(story), receiptNumber: 2, pagination: 1 };
      const { chain } = openChain({ ...occasion, station: sold.station }, signer, sha256);
      const issued = issueReceipt(sold, chain, signer, sha256);
      const found = verifyEvidence([{ name: "receipt", text: receiptFileText(issued, signer.spkiHex) }], pins, tools);
      const failed = found.flatMap(({ checks }) => checks).filter(({ verdict }) => verdict === "fails");
      assert.equal(failed, []);
    }),
    { seed, numRuns: 60 * times },
  );
});

test.run();
