// A whole book of receipts: what is done to it is caught and named. And the tree below it, against a plain reading of
// RFC 6962.

import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import { issueCredit } from "../../../../agent/core/corrections/credit.js";
import type { Issued } from "../../../../agent/core/receipt/issuing.js";
import { issueKeyChange, issueReceipt, issueRecovery } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import { parseCheckpoint, signedCheckpoint, verifierKey } from "../../../../agent/core/signing/checkpoint.js";
import {
  consistencyProof,
  type Frontier,
  frontierWith,
  inclusionProof,
  isConsistent,
  leafHash,
  proofOfNewest,
  rootFromInclusion,
  rootOf,
  treeRoot,
} from "../../../../agent/core/signing/merkle.js";
import { type CheckResult, exitCode } from "../../../../agent/core/verify/check-result.js";
import type { EvidenceFile } from "../../../../agent/core/verify/evidence-kind.js";
import type { TrustedKeys } from "../../../../agent/core/verify/trusted-keys.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { bookFormat, bookNote } from "../../../../agent/core/verify/verify-book.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { newKey, signerOf } from "../../../../agent/receipts/signing-keys.js";
import {
  brokenSigner,
  chainOf,
  creditOrder,
  littleBook,
  occasion,
  receiptAt,
  settlement,
  signer,
} from "../../../support/sample-receipt.js";

const books = suite("whole books");
const tools = verifyTools();
const pins: TrustedKeys = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };
const sound = littleBook(6);
/** What is told beside the receipts of the sound book. */
const told = new Map(sound.map((issued) => [issued.jws, issued.disclosures]));
const bookText = (receipts: readonly string[], checkpoint: string, more: readonly Issued[] = []): string => {
  const opened = new Map([...told, ...more.map((issued) => [issued.jws, issued.disclosures] as const)]);
  const disclosures = receipts.map((receipt) => opened.get(receipt) ?? []);
  return JSON.stringify({ format: bookFormat, note: bookNote, station: "CT-0042", receipts, disclosures, checkpoint });
};
const jws = sound.map((issued) => issued.jws);
const newest = receiptAt(sound, 7).checkpoint;
const check = (
  receipts: readonly string[],
  checkpoint = newest,
  others: readonly EvidenceFile[] = [],
): readonly CheckResult[] =>
  verifyEvidence([{ name: "book", text: bookText(receipts, checkpoint) }, ...others], pins, tools);
const failures = (findings: readonly CheckResult[]): string =>
  findings
    .flatMap((finding) => finding.checks)
    .filter((one) => one.verdict === "fails")
    .map((one) => `${one.name}: ${one.detail}`)
    .join("\n");
const totalsWords = (findings: readonly CheckResult[]): string =>
  findings.flatMap(({ checks }) => checks).find(({ name }) => name === "running totals")?.detail ?? "";
const file = (issued: Issued, name = "driver's copy"): EvidenceFile => ({
  name,
  text: receiptFileText(issued, signer.spkiHex),
});

books("a sound book holds, with its checkpoint and every receipt in other hands", () => {
  const findings = check(
    jws,
    newest,
    sound.map((issued, at) => file(issued, `copy ${at + 1}`)),
  );
  assert.is(failures(findings), "");
  assert.is(exitCode(findings), 0);
});

books("a book that says it is another station's, or bears a note of its own, is refused", () => {
  const changed = (from: string, to: string): string =>
    failures(verifyEvidence([{ name: "book", text: bookText(jws, newest).replace(from, to) }], pins, tools));
  assert.match(changed('"station":"CT-0042"', '"station":"CT-0043"'), /the book says that it is of CT-0043/);
  assert.match(changed("Every receipt", "Paid, every receipt"), /note/);
  assert.match(changed('"note":', '"station":"CT-0043","note":'), /names a key twice/);
});

books("a removed receipt is named", () => {
  for (const number of [1, 3, 6])
    assert.match(
      failures(check(jws.filter((_, at) => at !== number - 1))),
      new RegExp(`removed: receipt ${number} is missing`),
    );
});

books("an inserted receipt is named, even one the station signed", () => {
  const inserted = issueReceipt(
    settlement(4, { stopDetail: "inserted" }),
    receiptAt(sound, 3).chain,
    signer,
    sha256,
  ).jws;
  assert.match(
    failures(check([...jws.slice(0, 4), inserted, ...jws.slice(4)])),
    /forked: 2 different receipts bear the number 4/,
  );
  assert.match(failures(check([...jws.slice(0, 3), inserted, ...jws.slice(4)])), /receipt 5 follows another receipt/);
});

books("swapped receipts are named", () => {
  const [a = "", b = "", c = "", ...rest] = jws;
  assert.match(failures(check([a, c, b, ...rest])), /swapped: receipt 2 follows a later one/);
});

books("a duplicated receipt is named", () => {
  assert.match(
    failures(check([...jws.slice(0, 3), jws[2] ?? "", ...jws.slice(3)])),
    /duplicated: receipt 3 stands 2 times/,
  );
});

books(
  "a register that falls between two receipts of one meter is named, unless the receipt says who accepted it",
  () => {
    const lower = (changes: Partial<Settlement>): Issued =>
      issueReceipt(
        { ...settlement(2), receiptNumber: 8, pagination: 7, sessionId: "S", cdrId: "S", ...changes },
        chainOf(sound),
        signer,
        sha256,
      );
    const fallen = lower({});
    const told =
      "receipt 8: the register of meter SN-20190001 fell from 1308.570 kWh (receipt 7) to 1234.500 kWh, and the receipt " +
      "bears no acceptance of it";
    assert.is(failures(check([...jws, fallen.jws], fallen.checkpoint)), `registers: ${told}`);
    // Two drivers' copies tell it too; where receipts between them are missing, one of those may bear the acceptance.
    const together = (...held: readonly Issued[]): string =>
      failures(
        verifyEvidence(
          held.map((one, at) => file(one, `copy ${at}`)),
          pins,
          tools,
        ),
      );
    assert.is(together(receiptAt(sound, 7), fallen), `together: ${told}`);
    assert.is(together(receiptAt(sound, 6), fallen), "");
    const { moment } = settlement(2).begin;
    const word = {
      moment,
      lastMilliWh: 1_308_570_000,
      acceptedMilliWh: 1_234_500_000,
      by: "A. Technician",
      note: "replaced",
    };
    const accepted = lower({ registerAccepted: word });
    assert.is(failures(check([...jws, accepted.jws], accepted.checkpoint)), "");
    const other = lower({ registerAccepted: { ...word, lastMilliWh: 1_300_000_000 } });
    assert.match(
      failures(check([...jws, other.jws], other.checkpoint)),
      /its acceptance is of 1300\.000 kWh to 1234\.500 kWh$/,
    );
  },
);

books("a tail cut off is named by the book's checkpoint, or by any receipt in other hands", () => {
  assert.match(
    failures(check(jws.slice(0, 5))),
    /truncated: the book's checkpoint counts 7 receipts, the book holds 5/,
  );
  // The forger takes the older checkpoint along: the book alone is sound, the driver's copy tells.
  const older = receiptAt(sound, 5).checkpoint;
  assert.is(failures(check(jws.slice(0, 5), older)), "");
  assert.match(
    failures(check(jws.slice(0, 5), older, [file(receiptAt(sound, 7))])),
    /truncated: receipt 7 .* is not in the book/,
  );
  assert.match(
    failures(check(jws.slice(0, 5), older, [{ name: "backend's checkpoint", text: newest }])),
    /truncated: backend's checkpoint counts 7/,
  );
});

books("without anything in other hands a cut tail cannot show, and the verdict says that it was not checked", () => {
  const other = check(jws.slice(0, 5), "")
    .flatMap(({ checks }) => checks)
    .find(({ name }) => name === "other copies");
  assert.is(other?.verdict, "skipped");
  assert.match(other?.detail ?? "", /shows only against/);
});

books("what others hold of another station is not held against the book", () => {
  const elsewhere = newest.replaceAll("CT-0042", "CT-0043");
  const findings = verifyEvidence(
    [
      { name: "book", text: bookText(jws, newest) },
      { name: "another station's", text: elsewhere },
    ],
    pins,
    tools,
  );
  assert.not.match(failures(findings.filter(({ subject }) => subject === "book")), /./);
});

books("a forked book, signed anew from some receipt on, contradicts a receipt in other hands", () => {
  const fork = sound.slice(0, 4);
  for (let number = 5; number <= 7; number += 1)
    fork.push(issueReceipt(settlement(number, { stopDetail: "another scenario" }), chainOf(fork), signer, sha256));
  const text = fork.map((issued) => issued.jws);
  assert.is(failures(check(text, receiptAt(fork, 7).checkpoint)), "");
  assert.match(
    failures(check(text, receiptAt(fork, 7).checkpoint, [file(receiptAt(sound, 6))])),
    /forked: receipt 6 in the book is another one/,
  );
  assert.match(
    failures(check(text, newest)),
    /forked: the first 7 receipts of the book are not those of the book's checkpoint/,
  );
});

books("running totals that do not add up are named with both figures", () => {
  const other = issueReceipt(
    settlement(4),
    { ...receiptAt(sound, 3).chain, totals: { ...receiptAt(sound, 3).chain.totals, sales: 9 } },
    signer,
    sha256,
  );
  const judged = (more: readonly Issued[]): readonly CheckResult[] =>
    verifyEvidence([{ name: "book", text: bookText([...jws.slice(0, 3), other.jws], "", more) }], pins, tools);
  assert.match(failures(judged([other])), /receipt 4: the running total sales says 10, the receipts add up to 3/);
  // Withheld, they accuse nobody, and the receipts are added up all the same.
  assert.is(failures(judged([])), "");
  assert.match(totalsWords(judged([])), /3 sales add up to 25\.62 EUR; in 1 receipts the running totals are withheld/);
});

books("a gap in the pagination of the meter records is named", () => {
  const other = issueReceipt(settlement(4, { pagination: 7 }), receiptAt(sound, 3).chain, signer, sha256);
  assert.match(failures(check([...jws.slice(0, 3), other.jws], other.checkpoint)), /from T2 to T7/);
});

books("unsigned receipts are forgiven where a signed recovery receipt commits to exactly them", () => {
  const book = littleBook(1);
  for (const number of [3, 4]) book.push(issueReceipt(settlement(number), chainOf(book), brokenSigner, sha256));
  const unsigned = book.map((issued) => issued.jws);
  assert.match(failures(check(unsigned, "")), /unsigned/);
  book.push(issueRecovery(occasion, chainOf(book), signer, sha256));
  book.push(issueReceipt(settlement(6, { pagination: 4 }), chainOf(book), signer, sha256));
  const recovered = book.map((issued) => issued.jws);
  const findings = check(recovered, receiptAt(book, 6).checkpoint);
  assert.is(failures(findings), "");
  assert.ok(
    findings
      .flatMap(({ checks }) => checks)
      .some(({ verdict, detail }) => verdict === "skipped" && /the signed receipt 5 commits to it/.test(detail)),
  );
  // One of them exchanged: the recovery receipt commits to another.
  const exchanged = issueReceipt(
    settlement(3, { stopDetail: "another scenario" }),
    receiptAt(book, 2).chain,
    brokenSigner,
    sha256,
  );
  assert.match(
    failures(check([...recovered.slice(0, 2), exchanged.jws, ...recovered.slice(3)], "")),
    /receipt 5 commits to other unsigned receipts/,
  );
});

books("a key signed by the old key and by itself is trusted on; a key that came from nowhere is not", () => {
  const next = signerOf(newKey());
  const book = littleBook(1);
  book.push(issueKeyChange(occasion, chainOf(book), signer, next, sha256));
  book.push(issueReceipt(settlement(4, { pagination: 2 }), chainOf(book), next, sha256));
  const text = book.map((issued) => issued.jws);
  assert.is(failures(check(text, receiptAt(book, 4).checkpoint)), "");
  // The later receipt alone, with the change of key beside it.
  const alone = { name: "r4", text: receiptFileText(receiptAt(book, 4), next.spkiHex) };
  const change = { name: "r3", text: receiptFileText(receiptAt(book, 3), signer.spkiHex) };
  assert.is(exitCode(verifyEvidence([alone, change], pins, tools)), 0);
  assert.is(exitCode(verifyEvidence([alone], pins, tools)), 1);
  const stolen = littleBook(1);
  stolen.push(issueReceipt(settlement(3), chainOf(stolen), next, sha256));
  assert.match(
    failures(
      check(
        stolen.map((issued) => issued.jws),
        "",
      ),
    ),
    /although no receipt changed the key/,
  );
});

books("a key that was given up is good up to its key receipt, and for nothing later", () => {
  const next = signerOf(newKey());
  const change = issueKeyChange(occasion, chainOf(littleBook(1)), signer, next, sha256);
  const handed = { name: "change of key", text: change.jws };
  // Whoever has the old key goes on with it, in a history of his own.
  const stolen = littleBook(3);
  const late = receiptAt(stolen, 4);
  const given = (name: string, text: string): string => failures(verifyEvidence([{ name, text }, handed], pins, tools));
  const givenUp = /the key sha256:[0-9a-f]{64} was given up with receipt 3: what it signed later is not valid/;
  assert.match(given("receipt", receiptFileText(late, signer.spkiHex)), givenUp);
  assert.match(given("bare", late.jws), givenUp);
  assert.match(given("checkpoint", late.checkpoint), givenUp);
  const payload = JSON.parse(Buffer.from(late.jws.split(".")[1] ?? "", "base64url").toString()) as {
    sale: { short: string };
  };
  assert.match(failures(verifyEvidence([handed], pins, tools, payload.sale.short)), givenUp);
  // What it had signed before stays valid.
  const before = receiptFileText(receiptAt(stolen, 1), signer.spkiHex);
  assert.is(given("receipt", before), "");
  assert.is(given("checkpoint", change.checkpoint), "");
});

books("a book's checkpoint by a key that was given up before it is refused", () => {
  const next = signerOf(newKey());
  const book = littleBook(1);
  book.push(issueKeyChange(occasion, chainOf(book), signer, next, sha256));
  const text = book.map((issued) => issued.jws);
  assert.is(failures(check(text, receiptAt(book, 3).checkpoint)), "", "the old key is good up to its change");
  book.push(issueReceipt(settlement(4, { pagination: 2 }), chainOf(book), next, sha256));
  const note = parseCheckpoint(receiptAt(book, 4).checkpoint);
  assert.ok(note);
  const whole = book.map((issued) => issued.jws);
  assert.match(
    failures(check(whole, signedCheckpoint(note.checkpoint, signer, sha256))),
    /is signed by a key that was given up with receipt 3, before it/,
  );
});

books("the signature of the checkpoint inside a receipt is checked", () => {
  const chain = receiptAt(sound, 3).chain;
  const { checkpoint } = receiptAt(sound, 2);
  const foreign = `${chain.checkpoint.split("\n\n")[0]}\n\n${checkpoint.split("\n\n")[1]}`;
  const [unsigned] = [`${chain.checkpoint.split("\n\n")[0]}\n`];
  for (const [note, words] of [
    [foreign, /the checkpoint inside receipt 4 is not signed by the key that it names, or was changed/],
    [unsigned, /receipt 4 is signed, the checkpoint inside it is not/],
  ] as const) {
    const made = issueReceipt(settlement(4), { ...chain, checkpoint: note ?? "" }, signer, sha256);
    assert.match(failures(verifyEvidence([file(made)], pins, tools)), words);
    assert.match(failures(check([...jws.slice(0, 3), made.jws], made.checkpoint)), words);
  }
});

books("a credit names the receipt it takes back, and the totals fall by it", () => {
  const book = littleBook(2);
  book.push(
    issueCredit(
      occasion,
      receiptAt(book, 2).jws,
      creditOrder("wrong tariff", "cdr-2-credit"),
      chainOf(book),
      signer,
      sha256,
    ),
  );
  book.push(issueReceipt(settlement(5, { pagination: 3, sessionId: "session-2" }), chainOf(book), signer, sha256, 2));
  assert.is(
    failures(
      check(
        book.map((issued) => issued.jws),
        receiptAt(book, 5).checkpoint,
      ),
    ),
    "",
  );
  const totals = chainOf(book).totals;
  // Two sessions of 12.345 kWh: the one that was corrected counts once.
  assert.equal([totals.sales, totals.energyMilliWh, totals.rates[0]?.gross], [2, 24_690_000, "17.08"]);
  assert.throws(
    () => issueCredit(occasion, receiptAt(book, 1).jws, creditOrder("y", "x"), chainOf(book), signer, sha256),
    /only the receipt of a sale/,
  );
});

books.run();

const tree = suite("receipt tree");
const leaf = (text: string): string => leafHash(Buffer.from(text), sha256);
const hash = (...parts: Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();

/** MTH of RFC 6962, 2.1, as it is written there. */
function plainRoot(entries: readonly Buffer[]): Buffer {
  if (entries.length === 0) return hash();
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) return hash(Buffer.of(0), only);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return hash(Buffer.of(1), plainRoot(entries.slice(0, k)), plainRoot(entries.slice(k)));
}

const texts = Array.from({ length: 70 }, (_, at) => `leaf ${at}`);

tree("grows leaf by leaf into the tree of RFC 6962", () => {
  let frontier: Frontier = [];
  assert.is(rootOf(frontier, sha256), plainRoot([]).toString("hex"));
  texts.forEach((text, count) => {
    const before = frontier;
    frontier = frontierWith(frontier, count, leaf(text), sha256);
    const root = rootOf(frontier, sha256);
    assert.is(root, plainRoot(texts.slice(0, count + 1).map((one) => Buffer.from(one))).toString("hex"));
    assert.is(rootFromInclusion(count, count + 1, leaf(text), proofOfNewest(before), sha256), root);
  });
});

tree("has the roots of the vectors that certificate logs publish", () => {
  // The eight leaves of the reference implementation's tests (certificate-transparency, merkle_tree_test).
  const leaves = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
  ].map((text) => leafHash(Buffer.from(text, "hex"), sha256));
  assert.is(treeRoot(leaves.slice(0, 1), sha256), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  assert.is(treeRoot(leaves.slice(0, 2), sha256), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
  assert.is(treeRoot(leaves, sha256), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
});

tree("proves every leaf in every size, and no leaf in another place", () => {
  for (const size of [1, 2, 3, 5, 8, 13, 33]) {
    const leaves = texts.slice(0, size).map(leaf);
    const root = treeRoot(leaves, sha256);
    leaves.forEach((one, index) => {
      const proof = inclusionProof(index, leaves, sha256);
      assert.is(rootFromInclusion(index, size, one, proof, sha256), root);
      if (size > 1) assert.is.not(rootFromInclusion((index + 1) % size, size, one, proof, sha256), root);
      assert.is.not(rootFromInclusion(index, size, leaf("other"), proof, sha256), root);
      assert.is(rootFromInclusion(index, size, one, [...proof, leaf("x")], sha256), undefined);
    });
  }
});

tree("shows that each size grew out of each before it, and not out of another", () => {
  const leaves = texts.slice(0, 20).map(leaf);
  for (let newer = 1; newer <= leaves.length; newer += 1)
    for (let older = 1; older <= newer; older += 1) {
      const proof = consistencyProof(older, leaves.slice(0, newer), sha256);
      const oldRoot = treeRoot(leaves.slice(0, older), sha256);
      const newRoot = treeRoot(leaves.slice(0, newer), sha256);
      assert.ok(isConsistent(older, oldRoot, newer, newRoot, proof, sha256), `${older} -> ${newer}`);
      assert.not.ok(isConsistent(older, leaf("other"), newer, newRoot, proof, sha256), `${older} -> ${newer}`);
      assert.not.ok(isConsistent(older, oldRoot, newer, leaf("other"), proof, sha256), `${older} -> ${newer}`);
      if (proof.length > 0)
        assert.not.ok(isConsistent(older, oldRoot, newer, newRoot, proof.slice(1), sha256), `${older} -> ${newer}`);
    }
});

tree("a checkpoint that is not exactly a C2SP note is refused", () => {
  assert.ok(parseCheckpoint(newest)?.signed);
  const broken = [
    newest.replace("\n\n— ", "\n— "),
    newest.trimEnd(),
    `${newest}\n`,
    newest.replace("\n7\n", "\n07\n"),
    newest.replace("— CT-0042", "— CT-0043"),
    newest.replace("CT-0042", "CT 0042"),
    "",
  ];
  for (const text of broken) assert.is(parseCheckpoint(text), undefined, text);
  assert.match(verifierKey("CT-0042", signer.spkiHex, sha256), /^CT-0042\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/);
});

tree.run();
