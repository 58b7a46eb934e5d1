// The bundle for a dispute: the same bytes for the same facts, no byte of it changed unnoticed, no UID where none may
// be.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { issueCredit } from "../../../agent/core/corrections/credit.js";
import { issueKeyChange, issueReceipt } from "../../../agent/core/receipt/receipt.js";
import { exitCode } from "../../../agent/core/verify/check-result.js";
import { type Manifest, readManifest, signedManifest } from "../../../agent/core/verify/dispute.js";
import type { TrustedKeys } from "../../../agent/core/verify/trusted-keys.js";
import type { BookEntry } from "../../../agent/ledger/book/book-page.js";
import { sha256, sha256Hex } from "../../../agent/ledger/store/digest.js";
import { type DisputeParts, disputeBundle } from "../../../agent/receipts/dispute/dispute-bundle.js";
import { verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../agent/receipts/dispute/findings-text.js";
import { verifyGiven } from "../../../agent/receipts/dispute/given-evidence.js";
import { openedBundle } from "../../../agent/receipts/dispute/opened-bundle.js";
import { unzipped, zipped } from "../../../agent/receipts/dispute/zip.js";
import { newestCheckpoint } from "../../../agent/receipts/output/exports.js";
import { newKey, signerOf } from "../../../agent/receipts/signing-keys.js";
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
} from "../../support/sample-receipt.js";

const test = suite("dispute bundles");
const tools = verifyTools();
const pins: TrustedKeys = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [] };
const noPins: TrustedKeys = { fingerprints: new Set(), keys: [] };
const book = littleBook(3);
const entries = entriesOf(book);
const receipts = sourceOf(entries);
const parts: DisputeParts = {
  receipts,
  newest: newestCheckpoint(receipts, signer),
  language: "en",
  version: "0.1.0",
  signer,
  journal: ['{"type":"CardTapped","uid":"04A1B2C3D4E5F6"}'],
};
const bundle = disputeBundle(parts, 2, false);
const verify = (bytes: Uint8Array, by: TrustedKeys = pins): ReturnType<typeof verifyGiven> =>
  verifyGiven({ files: [{ name: "bundle.zip", bytes }], pins: by }, tools, "0.1.0");

test("a bundle holds, by the fingerprint alone", () => {
  const findings = verify(bundle);
  assert.is(exitCode(findings), 0, findingsText(findings));
  assert.match(findingsText(findings), /receipt 2 is one of 4 receipts/);
  assert.is(exitCode(verify(bundle, { fingerprints: new Set(), keys: [] })), 3);
});

test("the same facts give the same files; only the signature over them is another each time", () => {
  const behind = (archive: Buffer): readonly NamedText[] => filesOf(archive).slice(1);
  assert.equal(behind(disputeBundle(parts, 2, false)), behind(bundle));
});

test("a flipped bit anywhere in the archive is caught", () => {
  // The page of the verifier is most of the archive: one in so many of its bytes will do.
  const [pageFrom, pageTo] = [bundle.indexOf("<!doctype html>\n<!-- Holds"), bundle.indexOf("verdict.txt", -60_000)];
  assert.ok(pageFrom > 0 && pageTo > pageFrom);
  for (let at = 0; at < bundle.length; at += at > pageFrom && at < pageTo ? 9_973 : 97) {
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

type NamedText = { readonly name: string; readonly text: string };
const filesOf = (archive: Buffer): NamedText[] =>
  (unzipped(archive) ?? []).map(({ name, bytes }) => ({ name, text: Buffer.from(bytes).toString() }));
const archiveOf = (files: readonly NamedText[]): Buffer =>
  Buffer.from(zipped(files.map(({ name, text }) => ({ name, bytes: Buffer.from(text) }))));

/** An archive whose manifest fits its changed files, signed by whoever makes it. */
function repacked(
  by: typeof signer,
  change: (files: NamedText[]) => NamedText[],
  manifest: Partial<Manifest> = {},
  of = bundle,
): Buffer {
  const [head, ...rest] = filesOf(of);
  const read = readManifest([{ name: "manifest.json", text: head?.text ?? "" }], tools);
  if (typeof read === "string") throw new Error(read);
  const files = change(rest);
  const listed = files.map(({ name, text }) => ({ name, sha256: sha256Hex(text) }));
  return archiveOf([signedManifest({ ...read.value, files: listed, ...manifest }, by), ...files]);
}

const replacing =
  (name: string, from: string, to: string) =>
  (files: NamedText[]): NamedText[] =>
    files.map((file) => {
      if (file.name !== name) return file;
      assert.ok(file.text.includes(from), `${name} holds ${from}`);
      return { name, text: file.text.replace(from, to) };
    });

test("a bundle of a receipt that was taken back says so on its page, in its read-me and in its verdict", () => {
  const sold = littleBook(1);
  const order = creditOrder("wrong tariff", "c");
  const credit = issueCredit(occasion, receiptAt(sold, 2).jws, order, chainOf(sold), signer, sha256);
  const all = entriesOf([...sold, credit]).map((entry) => ({ ...entry, kind: entry.number === 3 ? "credit" : "sale" }));
  const source = { ...sourceOf(all), concerning: () => all.slice(2) };
  const archive = disputeBundle({ ...parts, receipts: source, newest: newestCheckpoint(source, signer) }, 2, false);
  assert.is(exitCode(verify(archive)), 0, findingsText(verify(archive)));
  const textOf = (name: string): string => filesOf(archive).find((file) => file.name === name)?.text ?? "";
  assert.match(textOf("receipt.html"), "Credited by receipt 3");
  assert.match(textOf("README.txt"), "It was credited by receipt 3.");
  assert.match(textOf("verdict.txt"), "it was credited by receipt 3");
  const silent = repacked(signer, (files) => files, { later: {} }, archive);
  assert.match(
    findingsText(verify(silent)),
    /later\.creditedBy: the manifest says nothing, the receipt in the archive 3/,
  );
});

test("an archive in which nothing is signed proves nothing", () => {
  const unsigned = [
    [{ name: "manifest.json", text: '{"format":"chargetill dispute 1","files":[]}' }],
    [
      { name: "manifest.json", text: "{}" },
      { name: "receipt.html", text: "RECEIPT 1: 999.00 EUR" },
    ],
    [{ name: "receipt.html", text: "RECEIPT 1: 999.00 EUR" }],
    [],
  ];
  for (const files of unsigned)
    for (const by of [pins, noPins]) assert.is(exitCode(verify(archiveOf(files), by)), 1, JSON.stringify(files));
});

test("an archive that a stranger has signed is refused, and without a key proves nothing", () => {
  const stranger = signerOf(newKey());
  const forged = repacked(stranger, (files) => files);
  assert.match(findingsText(verify(forged)), /the key sha256:[0-9a-f]{64} beside the record is not the one you gave/);
  assert.is(exitCode(verify(forged)), 1);
  assert.is(exitCode(verify(forged, noPins)), 3);
});

test("what was forged in an archive is worked out again, whoever has signed it", () => {
  const forgeries: readonly [RegExp, Buffer][] = [
    [/receipt\.html is not/, repacked(signer, replacing("receipt.html", "8.54", "999.00"))],
    [/verdict\.txt is not/, repacked(signer, replacing("verdict.txt", "All holds", "All is well"))],
    [/verdict\.json is not/, repacked(signer, replacing("verdict.json", "holds", "fails"))],
    [/README\.txt is not/, repacked(signer, replacing("README.txt", "receipt 2", "receipt 3"))],
    [/readings\.csv is not/, repacked(signer, replacing("readings.csv", "1242.730", "1240.000"))],
    [/shown\.txt is not/, repacked(signer, replacing("shown.txt", "0.595", "0.195"))],
    [/station: the manifest says "CT-0043"/, repacked(signer, (files) => files, { station: "CT-0043" })],
    [/receipt: the manifest says 3/, repacked(signer, (files) => files, { receipt: 3 })],
    [/digest: the manifest says/, repacked(signer, (files) => files, { digest: "0".repeat(64) })],
    [/key: the manifest says/, repacked(signer, (files) => files, { key: `sha256:${"0".repeat(64)}` })],
    [/other files/, repacked(signer, (files) => files, { kind: "reservation" })],
    [/other files/, repacked(signer, (files) => files, { redacted: true })],
    [/other files/, repacked(signer, (files) => [...files, { name: "../../etc/passwd", text: "root" }])],
    [/other files/, repacked(signer, (files) => [...files, ...files.slice(-1)])],
    [/other files/, repacked(signer, (files) => files.slice(1))],
    [/other files/, repacked(signer, (files) => [...files].reverse())],
  ];
  for (const [words, forged] of forgeries)
    for (const by of [pins, noPins]) {
      assert.match(findingsText(verify(forged, by)), words);
      assert.is(exitCode(verify(forged, by)), 1, String(words));
    }
});

test("no file behind the manifest is changed, left out or doubled without the station's key", () => {
  const [head, ...rest] = filesOf(bundle);
  if (head === undefined) throw new Error("the archive is empty");
  rest.forEach((file, at) => {
    const changed = { ...file, text: `${file.text} ` };
    for (const files of [
      [...rest.slice(0, at), changed, ...rest.slice(at + 1)],
      [...rest.slice(0, at), ...rest.slice(at + 1)],
      [...rest.slice(0, at), file, file, ...rest.slice(at + 1)],
    ])
      assert.is(exitCode(verify(archiveOf([head, ...files]))), 1, file.name);
  });
});

test("words of another version are said to be not worked out again", () => {
  const other = disputeBundle({ ...parts, version: "0.0.9" }, 2, false);
  assert.is(exitCode(verify(other)), 0);
  assert.match(findingsText(verify(other)), /not checked +page and verdict +worded by version 0\.0\.9/);
});

test("a key that the station has changed since leads to the one that signed the archive", () => {
  const next = signerOf(newKey());
  const change = issueKeyChange(occasion, chainOf(book), signer, next, sha256);
  const all = [...entries, { ...entries[0], number: 5, jws: change.jws, ocmf: "", kind: "key" } as BookEntry];
  const changed = {
    ...receipts,
    count: () => all.length,
    get: (number: number) => all[number - 1],
    entries: (from = 1) => all.slice(from - 1),
  };
  const later = { ...parts, receipts: changed, newest: newestCheckpoint(changed, next), signer: next };
  for (const redacted of [false, true]) {
    const findings = verify(disputeBundle(later, 2, redacted));
    assert.is(exitCode(findings), 0, findingsText(findings));
  }
});

test("a bundle holds the UID where it is asked for alone, and holds either way", () => {
  const known = { ...parts, receipts: sourceOf(entries, book) };
  const disclosedIn = (archive: Buffer): readonly string[] => {
    const file = unzipped(archive)?.find(({ name }) => name === "receipt.json");
    const { disclosures } = JSON.parse(Buffer.from(file?.bytes ?? []).toString()) as { disclosures: readonly string[] };
    return disclosures.map((one) => Buffer.from(one, "base64url").toString());
  };
  assert.equal(disclosedIn(disputeBundle(known, 2, false)), []);
  const told = disputeBundle(known, 2, false, true);
  assert.match(disclosedIn(told).join("\n"), /"card","04A1B2C3D4E5F6"\]\n.*"contract","DE-ABC-C12345678-X"\]$/);
  assert.ok(told.includes("04A1B2C3D4E5F6"), "the journal is told word for word");
  assert.is(exitCode(verify(told, pins)), 0);
  for (const { name, bytes } of unzipped(bundle) ?? [])
    for (const secret of ["04A1B2C3D4E5F6", "C12345678"]) assert.not.match(Buffer.from(bytes).toString(), secret, name);
});

test("a redacted bundle holds no UID, and what is left is still in order", () => {
  const redacted = disputeBundle(parts, 2, true);
  assert.not.ok(redacted.includes("04A1B2C3D4E5F6"));
  for (const { bytes } of unzipped(redacted) ?? []) assert.not.match(Buffer.from(bytes).toString(), "C12345678");
  const findings = verify(redacted, { ...pins, keys: [signer.spkiHex] });
  assert.is(exitCode(findings), 0, findingsText(findings));
  assert.match(findingsText(findings), /the receipt was left out \(redacted\)[\s\S]*What was checked holds/);
  assert.is(exitCode(verify(redacted, noPins)), 3);
});

test("a redacted bundle is worked out again from its receipt, where that is given beside it", () => {
  const given = [receiptAt(book, 2).jws];
  const checksOf = (archive: Buffer, others: readonly string[]): string =>
    openedBundle("bundle.zip", archive, pins, tools, "0.1.0", others)
      .finding.checks.map(({ name, verdict }) => `${name}: ${verdict}`)
      .join(", ");
  const redacted = disputeBundle(parts, 2, true);
  assert.match(checksOf(redacted, given), /worked out from the receipt: holds.*page and verdict: holds/);
  assert.match(checksOf(redacted, [receiptAt(book, 3).jws]), /worked out from the receipt: skipped/);
  const forged = repacked(signer, replacing("readings.csv", "1242.730", "1240.000"), {}, redacted);
  assert.match(checksOf(forged, given), /worked out from the receipt: fails/);
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
  const forged = disputeBundle({ ...parts, receipts: sourceOf(forgedEntries) }, 2, false);
  assert.is(exitCode(verify(forged)), 1);
});

test.run();
