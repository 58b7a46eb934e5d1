// The bundle for a dispute: the same bytes for the same facts, no byte of it changed unnoticed, no UID where none may
// be.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { issueReceipt } from "../../../agent/core/receipt/receipt.js";
import { exitCode } from "../../../agent/core/verify/check-result.js";
import type { TrustedKeys } from "../../../agent/core/verify/trusted-keys.js";
import type { BookEntry } from "../../../agent/ledger/book/book-page.js";
import { sha256 } from "../../../agent/ledger/store/digest.js";
import { type DisputeParts, disputeBundle, verifyBundle } from "../../../agent/receipts/dispute/dispute-bundle.js";
import { verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../agent/receipts/dispute/findings-text.js";
import { unzipped, zipped } from "../../../agent/receipts/dispute/zip.js";
import { newestCheckpoint } from "../../../agent/receipts/output/exports.js";
import { chainOf, littleBook, settlement, signer } from "../../support/sample-receipt.js";

const test = suite("dispute bundles");
const tools = verifyTools();
const pins: TrustedKeys = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [] };
const book = littleBook(3);
const entries = book.map(
  ({ jws, ocmf }, at): BookEntry => ({
    number: at + 1,
    sessionId: `session-${at + 1}`,
    cdrId: "",
    jws,
    ocmf,
    cdr: null,
    issuedMs: 0,
    kind: "sale",
  }),
);
const receipts = {
  count: () => entries.length,
  get: (number: number) => entries[number - 1],
  entries: (from = 1) => entries.slice(from - 1),
  concerning: () => [],
};
const parts: DisputeParts = {
  receipts,
  newest: newestCheckpoint(receipts, signer),
  language: "en",
  journal: ['{"type":"CardTapped","uid":"04A1B2C3D4E5F6"}'],
};
const bundle = disputeBundle(parts, 2, false);
const verify = (bytes: Uint8Array, by: TrustedKeys = pins): ReturnType<typeof verifyBundle> =>
  verifyBundle("bundle.zip", bytes, by, tools);

test("a bundle holds, by the fingerprint alone", () => {
  const findings = verify(bundle);
  assert.is(exitCode(findings), 0, findingsText(findings));
  assert.match(findingsText(findings), /receipt 2 is one of 4 receipts/);
  assert.is(exitCode(verify(bundle, { fingerprints: new Set(), keys: [] })), 3);
});

test("the same facts give the same bytes", () => {
  assert.ok(disputeBundle(parts, 2, false).equals(bundle));
});

test("a flipped bit anywhere in the archive is caught", () => {
  for (let at = 0; at < bundle.length; at += 97) {
    const flipped = Buffer.from(bundle);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
    assert.is(exitCode(verify(flipped)), 1, `byte ${at}`);
  }
});

test("a cut or lengthened archive is caught", () => {
  for (const length of [0, 2, 29, 31, 1000, bundle.length - 1])
    assert.is(exitCode(verify(bundle.subarray(0, length))), 1, `${length} bytes`);
  assert.is(exitCode(verify(Buffer.concat([bundle, Buffer.of(0)]))), 1);
});

test("readings changed together with their manifest contradict the receipt", async () => {
  const { createHash } = await import("node:crypto");
  const files = (unzipped(bundle) ?? []).map(({ name, bytes }) => ({ name, text: Buffer.from(bytes).toString() }));
  const changed = files.map((file) =>
    file.name === "readings.csv" ? { ...file, text: file.text.replace("1242.730", "1240.000") } : file,
  );
  const hash = (name: string): string =>
    createHash("sha256")
      .update(changed.find((file) => file.name === name)?.text ?? "")
      .digest("hex");
  const old = createHash("sha256")
    .update(files.find((file) => file.name === "readings.csv")?.text ?? "")
    .digest("hex");
  const forged = zipped(
    changed.map(({ name, text }) => ({
      name,
      bytes: Buffer.from(name === "manifest.json" ? text.replace(old, hash("readings.csv")) : text),
    })),
  );
  assert.match(findingsText(verify(forged)), /readings\.csv is not what the receipt says/);
  assert.is(exitCode(verify(forged)), 1);
});

test("a redacted bundle holds no UID, and what is left is still in order", () => {
  const redacted = disputeBundle(parts, 2, true);
  assert.ok(bundle.includes("04A1B2C3D4E5F6"));
  assert.not.ok(redacted.includes("04A1B2C3D4E5F6"));
  for (const { bytes } of unzipped(redacted) ?? []) assert.not.match(Buffer.from(bytes).toString(), "C12345678");
  const findings = verify(redacted, { ...pins, keys: [signer.spkiHex] });
  assert.is(exitCode(findings), 0, findingsText(findings));
});

test("only a sale can be disputed", () => {
  assert.throws(() => disputeBundle(parts, 1, false), /not a sale/);
  assert.throws(() => disputeBundle(parts, 9, false), /no receipt 9/);
});

test("a receipt exchanged inside for another one of the station is caught by its proof", () => {
  const other = issueReceipt(
    settlement(2, { stopDetail: "another scenario" }),
    chainOf(book.slice(0, 1)),
    signer,
    sha256,
  );
  const forgedEntries = entries.map((entry) =>
    entry.number === 2 ? { ...entry, jws: other.jws, ocmf: other.ocmf } : entry,
  );
  const forged = disputeBundle(
    {
      ...parts,
      receipts: {
        ...receipts,
        get: (number) => forgedEntries[number - 1],
        entries: (from = 1) => forgedEntries.slice(from - 1),
        concerning: () => [],
      },
    },
    2,
    false,
  );
  assert.is(exitCode(verify(forged)), 1);
});

test.run();
