// Two histories that grew out of one backup, and every two files of them: what cannot both be true is named, and of all
// others nobody is told that they agree.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Issued } from "../../../../agent/core/receipt/issuing.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import { payloadOf } from "../../../../agent/core/receipt/receipt-payload.js";
import {
  consistencyProof,
  earlierRoots,
  inclusionProof,
  leafHash,
  treeRoot,
} from "../../../../agent/core/signing/merkle.js";
import { consistencyText, proofText } from "../../../../agent/core/signing/proof-file.js";
import { type CheckResult, exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../../agent/receipts/dispute/findings-text.js";
import { bookFileOf } from "../../../../agent/receipts/output/exports.js";
import { sampled } from "../../../support/runner/sweep.js";
import {
  chainOf,
  entriesOf,
  littleBook,
  receiptAt,
  settlement,
  signer,
  sourceOf,
} from "../../../support/sample-receipt.js";

const test = suite("files handed in together");
const tools = verifyTools();
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };
/** Receipts that both histories hold. */
const shared = 3;
const longest = 8;

const one = littleBook(longest - 1);
const other: Issued[] = one.slice(0, shared);
for (let number = shared + 1; number <= longest; number += 1)
  other.push(issueReceipt(settlement(number, { stopDetail: "the other history" }), chainOf(other), signer, sha256));

type Handed = {
  readonly name: string;
  readonly text: string;
  /** What the file itself says, by hand: the receipts that it holds or names, and the sizes of trees that it names. */
  readonly receipts: readonly number[];
  readonly trees: readonly number[];
  readonly holds?: number;
};

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
const leavesOf = (book: readonly Issued[], size: number): string[] =>
  book.slice(0, size).map(({ jws }) => leafHash(Buffer.from(jws), sha256));
const checkpointOf = (book: readonly Issued[], size: number): string => receiptAt(book, size).checkpoint;
const proofOf = (book: readonly Issued[], number: number, size: number): readonly string[] =>
  inclusionProof(number - 1, leavesOf(book, size), sha256);

const bookText = (book: readonly Issued[], checkpoint: string): string =>
  bookFileOf(sourceOf(entriesOf(book)), checkpoint);

function handedFrom(book: readonly Issued[], of: string): readonly Handed[] {
  const receipt = (number: number, size: number): Handed => ({
    name: `${of}: receipt ${number} under ${size}`,
    text: receiptFileText(
      { jws: receiptAt(book, number).jws, checkpoint: checkpointOf(book, size), proof: proofOf(book, number, size) },
      signer.spkiHex,
    ),
    receipts: [number - 1, number],
    trees: [number - 1, size],
  });
  const bare = (number: number): Handed => ({
    name: `${of}: bare receipt ${number}`,
    text: receiptAt(book, number).jws,
    receipts: [number - 1, number],
    trees: [number - 1],
  });
  const checkpoint = (size: number): Handed => ({
    name: `${of}: checkpoint ${size}`,
    text: checkpointOf(book, size),
    receipts: [],
    trees: [size],
  });
  const proof = (number: number, size: number): Handed => ({
    name: `${of}: proof of ${number} in ${size}`,
    text: proofText({ index: number - 1, hashes: proofOf(book, number, size), checkpoint: checkpointOf(book, size) }),
    receipts: [],
    trees: [size],
  });
  const consistency = (older: number, newer: number): Handed => ({
    name: `${of}: consistency ${older} to ${newer}`,
    text: consistencyText(
      checkpointOf(book, older),
      checkpointOf(book, newer),
      consistencyProof(older, leavesOf(book, newer), sha256),
    ),
    receipts: [],
    trees: [older, newer],
  });
  const whole = (size: number): Handed => ({
    name: `${of}: book of ${size}`,
    text: bookText(book.slice(0, size), checkpointOf(book, size)),
    receipts: range(1, size),
    trees: range(0, size),
    holds: size,
  });
  return [
    receipt(2, 8),
    receipt(4, 4),
    receipt(5, 7),
    receipt(8, 8),
    bare(6),
    checkpoint(3),
    checkpoint(7),
    proof(5, 6),
    consistency(4, 6),
    whole(3),
    whole(6),
    whole(8),
  ];
}

const reachOf = ({ receipts, trees }: Handed): number => Math.max(...receipts, ...trees);
const common = (a: readonly number[], b: readonly number[]): boolean =>
  a.some((number) => number > shared && b.includes(number));
const isShort = (a: Handed, b: Handed): boolean =>
  a.holds !== undefined && reachOf(b) > a.holds && b.holds === undefined;

const verify = (...files: readonly { readonly name: string; readonly text: string }[]): readonly CheckResult[] =>
  verifyEvidence(files, pins, tools);
const pairCheck = (findings: readonly CheckResult[]): string =>
  findingsText(findings.filter(({ subject }) => subject === "these files together"));

test("every two files of two histories that cannot both be true are named, and no others", () => {
  const theirs = handedFrom(other, "B");
  let named = 0;
  for (const a of handedFrom(one, "A"))
    for (const b of theirs) {
      const findings = verify(a, b);
      const words = `${a.name} and ${b.name}: ${pairCheck(findings)}`;
      if (common(a.receipts, b.receipts) || common(a.trees, b.trees) || isShort(a, b) || isShort(b, a)) {
        named += 1;
        assert.is(exitCode(findings), 1, words);
        assert.match(words, /FAILED +contradiction +(forked|truncated): /);
        const told = findings.flatMap(({ checks }) => checks).filter(({ name }) => name === "contradiction");
        assert.ok(
          told.some(({ detail }) => detail.includes(a.name) && detail.includes(b.name)),
          words,
        );
      } else if (exitCode(findings) === 1) {
        // More than the files say in words: the hashes in a proof are those of the trees before it.
        assert.match(words, /forked: .* (name two histories of|do not speak of the same receipt)/);
      } else {
        assert.is(exitCode(findings), 0, words);
        assert.match(words, /nothing ties these two|commit to the same first/);
        assert.not.match(words, /agree/);
      }
    }
  assert.ok(named > 60, `${named} pairs contradict each other`);
});

test("every two files of one history hold, tied or not, unless a book is shorter than what the other one knows", () => {
  const files = handedFrom(one, "A");
  let tied = 0;
  for (const [at, a] of files.entries())
    for (const b of files.slice(at + 1)) {
      const findings = verify(a, b);
      const words = `${a.name} and ${b.name}: ${findingsText(findings)}`;
      if (isShort(a, b) || isShort(b, a)) assert.match(words, /truncated: /);
      else assert.is(exitCode(findings), 0, words);
      assert.not.match(words, /forked/);
      if (words.includes("commit to the same first")) tied += 1;
    }
  assert.ok(tied > 10, `${tied} pairs are tied`);
});

test("two receipts that are no neighbours contradict each other by the trees that both proofs tell of", () => {
  const [a, b] = [handedFrom(one, "A")[2], handedFrom(other, "B")[3]];
  if (a === undefined || b === undefined) throw new Error("no such files");
  // Receipt 5 under 7 tells of 4 and 5 receipts; receipt 8 of 4, 6, 7 and 8.
  assert.match(pairCheck(verify(a, b)), /name two histories of 4 receipts of CT-0042/);
});

test("what nothing ties is said to be so, and exits as each alone", () => {
  const findings = verify(
    { name: "early", text: checkpointOf(one, 5) },
    { name: "late", text: checkpointOf(other, 7) },
  );
  assert.is(exitCode(findings), 0);
  assert.match(pairCheck(findings), /not checked +not tied +nothing ties these two: early and late/);
});

test("a shorter book beside the longer one that begins with it is no truncated one", () => {
  const [short, long] = [6, 8].map((size) => ({
    name: `book of ${size}`,
    text: bookText(one.slice(0, size), checkpointOf(one, size)),
  }));
  if (short === undefined || long === undefined) throw new Error("no such books");
  assert.is(exitCode(verify(short, long)), 0, findingsText(verify(short, long)));
  assert.match(pairCheck(verify(short, long)), /commit to the same first 6 receipts/);
});

test("a QR code and a receipt of one number that say different things are a contradiction", () => {
  const payload = payloadOf(receiptAt(other, 6).jws);
  const code = payload?.kind === "sale" ? payload.sale.short : "";
  const text = receiptAt(one, 6).jws;
  assert.match(pairCheck(verifyEvidence([{ name: "receipt", text }], pins, tools, code)), /QR code/);
  assert.is(exitCode(verifyEvidence([{ name: "receipt", text }], pins, tools, code)), 1);
  const own = payloadOf(text);
  const right = own?.kind === "sale" ? own.sale.short : "";
  assert.is(exitCode(verifyEvidence([{ name: "receipt", text }], pins, tools, right)), 0);
});

test("every byte of checkpoint, proof, consistency file and book flipped, doubled or deleted is caught, or ignored", () => {
  const kept = handedFrom(one, "A").filter(({ name }) => /checkpoint 7|proof|consistency|book of 3/.test(name));
  assert.is(kept.length, 4);
  for (const { name, text } of kept) {
    const bytes = Buffer.from(text);
    // Which receipt a proof speaks of is proven by that receipt alone.
    const beside = name.includes("proof") ? [{ name: "receipt 5", text: receiptAt(one, 5).jws }] : [];
    const sound = JSON.stringify(verify({ name, text }, ...beside));
    const step = bytes.length > 5_000 ? 61 : 1;
    const places = Array.from({ length: Math.ceil(bytes.length / step) }, (_, index) => index * step);
    for (const at of sampled(places, 4)) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 7));
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + 1)];
      const doubled = Buffer.concat([before, bytes.subarray(at, at + 1), bytes.subarray(at)]);
      for (const [how, changed] of Object.entries({ flipped, doubled, deleted: Buffer.concat([before, after]) })) {
        const findings = verify({ name, text: changed.toString() }, ...beside);
        // A line break more at the end, say, is ignored.
        const isUnchecked = findings.some(({ checks }) =>
          checks.some((check) => check.name === "inclusion" && check.verdict === "skipped"),
        );
        // Or the proof speaks of a receipt that was not given, and says so.
        if (exitCode(findings) === 1 || (beside.length > 0 && isUnchecked)) continue;
        assert.is(JSON.stringify(findings), sound, `${name}: byte ${at} ${how}`);
      }
    }
  }
});

test("the trees that a proof tells of are those of a plain reading of RFC 6962", () => {
  const leaves = leavesOf(one, longest);
  for (const size of range(1, longest))
    for (const index of range(0, size - 1)) {
      const part = leaves.slice(0, size);
      const roots = earlierRoots(index, size, leaves[index] ?? "", inclusionProof(index, part, sha256), sha256);
      assert.ok(roots.has(index + 1) && (index === 0 || roots.has(index)), `leaf ${index} of ${size}`);
      for (const [count, root] of roots)
        assert.is(root, treeRoot(leaves.slice(0, count), sha256), `${index}, ${count}`);
    }
});

test.run();
