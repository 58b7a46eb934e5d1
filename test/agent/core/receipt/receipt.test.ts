// Issued receipts, checked with jose and node:crypto rather than with our own verifier, and the chain they form.

import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { compactVerify, importSPKI } from "jose";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Issued } from "../../../../agent/core/receipt/issuing.js";
import { issueKeyChange, issueReceipt, issueRecovery, openChain } from "../../../../agent/core/receipt/receipt.js";
import { chainAfter, emptyChain } from "../../../../agent/core/receipt/receipt-chain.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { newKey, publicKeyOf, signerOf } from "../../../../agent/receipts/signing-keys.js";
import {
  brokenSigner,
  chainOf,
  littleBook,
  occasion,
  price,
  receiptAt,
  settlement,
  signer,
} from "../../../support/sample-receipt.js";

const test = suite("receipts");

type Payload = {
  number: number;
  chain: { previous: string; before: string };
  commitments: { totals: string };
  sale: Record<string, unknown>;
  kind: string;
};
const payload = (jws: string): Payload =>
  JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString()) as Payload;

/** The running totals in the disclosure beside a receipt, taken apart by hand. */
function totalsBeside(book: readonly Issued[], number: number): unknown {
  const [disclosure = ""] = book[number - 1]?.disclosures ?? [];
  const [, name, value] = JSON.parse(Buffer.from(disclosure, "base64url").toString()) as unknown[];
  assert.is(name, "totals");
  return value;
}

test("a receipt is a JWS that another library verifies with the public key alone", async () => {
  const [, sale] = littleBook(1);
  const key = await importSPKI(signer.publicKey.pem, "ES256");
  const { payload: bytes, protectedHeader } = await compactVerify(sale?.jws ?? "", key);
  assert.equal(protectedHeader, {
    alg: "ES256",
    kid: `sha256:${signer.publicKey.fingerprint}`,
    typ: "chargetill-receipt+json",
  });
  assert.is((JSON.parse(new TextDecoder().decode(bytes)) as Payload).number, 2);
});

test("the start receipt is number 1 of zero, before a checkpoint of size 0 whose root is the hash of nothing", () => {
  const start = payload(littleBook(0)[0]?.jws ?? "");
  assert.is(start.kind, "start");
  assert.is(start.number, 1);
  assert.is(start.chain.previous, "");
  assert.equal(totalsBeside(littleBook(0), 1), { sales: 0, energyMilliWh: 0, rates: [] });
  const [origin, size, root] = start.chain.before.split("\n");
  assert.equal([origin, size, root], ["CT-0042", "0", createHash("sha256").digest("base64")]);
});

test("each receipt bears the hash of the one before it exactly as stored, and the next number", () => {
  const book = littleBook(3);
  book.forEach(({ jws }, at) => {
    assert.is(payload(jws).number, at + 1);
    if (at > 0)
      assert.is(
        payload(jws).chain.previous,
        createHash("sha256")
          .update(book[at - 1]?.jws ?? "", "ascii")
          .digest("hex"),
      );
  });
});

test("running totals add up, per currency and tax rate", () => {
  const book = littleBook(3);
  // 3 x 12.345 kWh; 3 x (7.17 + 1.37 = 8.54).
  assert.equal(totalsBeside(book, 4), {
    sales: 3,
    energyMilliWh: 37_035_000,
    rates: [{ currency: "EUR", name: "VAT", ratePercent: "19", net: "21.51", tax: "4.11", gross: "25.62" }],
  });
});

test("no receipt tells what was sold before it: a salted digest stands in the place of the running totals", () => {
  const [, , third] = littleBook(2);
  const text = JSON.stringify(payload(third?.jws ?? ""));
  // Two sales of 8.54 and 12.345 kWh.
  for (const turnover of ["17.08", "24690000", "24.690", 'totals":{']) assert.not.match(text, turnover);
  const { totals } = payload(third?.jws ?? "").commitments;
  assert.is(
    totals,
    createHash("sha256")
      .update(third?.disclosures[0] ?? "")
      .digest("base64url"),
  );
});

test("the checkpoint handed out is a C2SP note: key id from the SPKI, DER signature over the three lines", () => {
  const { checkpoint } = receiptAt(littleBook(2), 3);
  const parts = /^(CT-0042\n3\n[A-Za-z0-9+/=]{44}\n)\n— CT-0042 ([A-Za-z0-9+/=]+)\n$/.exec(checkpoint);
  assert.ok(parts);
  const bytes = Buffer.from(parts?.[2] ?? "", "base64");
  const spki = Buffer.from(signer.spkiHex, "hex");
  assert.equal([...bytes.subarray(0, 4)], [...createHash("sha256").update(spki).digest().subarray(0, 4)]);
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  assert.ok(verifySignature("sha256", Buffer.from(parts?.[1] ?? ""), key, bytes.subarray(4)));
});

test("the chain is computed anew from the stored receipts, without a signature", () => {
  const book = littleBook(4);
  const again = book.reduce((chain, { jws, checkpoint }) => chainAfter(chain, jws, sha256, checkpoint), emptyChain);
  assert.equal(again, chainOf(book));
  // Without the kept checkpoint the next receipt signs it anew: same tree, same place.
  const bare = book.reduce((chain, { jws }) => chainAfter(chain, jws, sha256), emptyChain);
  const next = payload(issueReceipt(settlement(6), bare, signer, sha256).jws);
  assert.equal(next.chain.before.split("\n").slice(0, 3), (book.at(-1)?.checkpoint ?? "").split("\n").slice(0, 3));
});

test("a receipt that does not follow is refused, by number and by hash", () => {
  const [start, second] = littleBook(1);
  assert.throws(() => chainAfter(emptyChain, second?.jws ?? "", sha256), /does not follow/);
  assert.throws(() => chainAfter(littleBook(0)[0]?.chain ?? emptyChain, second?.jws ?? "", sha256), /does not follow/);
  assert.throws(() => issueReceipt(settlement(3), start?.chain ?? emptyChain, signer, sha256), /does not follow/);
  assert.throws(() => issueReceipt(settlement(1), emptyChain, signer, sha256), /not been opened/);
});

test("a bill over other energy than the signed registers is not signed", () => {
  assert.throws(
    () =>
      issueReceipt(
        settlement(2, { price: { ...price, energyMilliWh: 12_345_001 } }),
        chainOf(littleBook(0)),
        signer,
        sha256,
      ),
    /register/,
  );
});

test("when the signer fails the sale goes on and says so, and the recovery receipt commits to what was not signed", () => {
  const book = littleBook(1);
  const first = issueReceipt(settlement(3), chainOf(book), brokenSigner, sha256);
  const second = issueReceipt(settlement(4), first.chain, signer, sha256);
  for (const { jws, ocmf } of [first, second]) {
    assert.is(Buffer.from(jws.split(".")[2] ?? "", "base64url").toString(), "UNSIGNED: the signer failed");
    assert.match(ocmf, '"SD":"UNSIGNED: the signer failed"');
  }
  // The signer worked again for the second one, but nothing is signed before the recovery receipt is.
  assert.is(second.chain.unsigned?.count, 2);
  assert.throws(() => issueRecovery(occasion, second.chain, brokenSigner, sha256));
  const recovery = issueRecovery(occasion, second.chain, signer, sha256);
  const leaves = [first, second].map(({ jws }) =>
    createHash("sha256")
      .update(Buffer.concat([Buffer.of(0), Buffer.from(jws)]))
      .digest(),
  );
  const digest = leaves.reduce(
    (before, leaf) =>
      createHash("sha256")
        .update(Buffer.concat([before, leaf]))
        .digest(),
    Buffer.alloc(0),
  );
  assert.equal((payload(recovery.jws) as unknown as { unsigned: unknown }).unsigned, {
    first: 3,
    count: 2,
    digest: digest.toString("hex"),
  });
  assert.is(recovery.chain.unsigned, undefined);
  assert.is(payload(issueReceipt(settlement(6), recovery.chain, signer, sha256).jws).number, 6);
});

test("a chain is not opened by a signer that fails", () => {
  assert.throws(() => openChain(occasion, brokenSigner, sha256));
});

test("a change of key is signed by both keys", () => {
  const book = littleBook(1);
  const next = signerOf(newKey());
  const change = issueKeyChange(occasion, chainOf(book), signer, next, sha256);
  const { next: named } = payload(change.jws) as unknown as { next: { id: string; spki: string; signature: string } };
  assert.is(named.id, next.keyId);
  const key = createPublicKey({ key: Buffer.from(named.spki, "hex"), format: "der", type: "spki" });
  const text = `chargetill key change;CT-0042;3;${signer.keyId};${next.keyId}`;
  assert.ok(
    verifySignature(
      "sha256",
      Buffer.from(text),
      { key, dsaEncoding: "ieee-p1363" },
      Buffer.from(named.signature, "hex"),
    ),
  );
  assert.is(publicKeyOf(key).fingerprint, next.publicKey.fingerprint);
});

test("the bill on the receipt is the one worked out on paper", () => {
  // 12.345 kWh x 0.50 = 6.1725, + 1.00 = 7.1725 before tax; x 1.19 = 8.535275, so 8.54 is due, of which 1.37 tax.
  const { price: billed } = payload(receiptAt(littleBook(1), 2).jws).sale as unknown as { price: typeof price };
  assert.equal(billed.totalCost, { excl: "7.1725", incl: "8.535275" });
  assert.equal(billed.due, { net: "7.17", tax: "1.37", gross: "8.54" });
});

test("the payload is canonical JSON: sorted keys, no spaces, no floats in figures", () => {
  const text = Buffer.from((littleBook(1)[1]?.jws ?? "").split(".")[1] ?? "", "base64url").toString();
  const sorted = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(sorted)
      : value !== null && typeof value === "object"
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([k, v]) => [k, sorted(v)]),
          )
        : value;
  assert.is(text, JSON.stringify(sorted(JSON.parse(text))));
});

test.run();
