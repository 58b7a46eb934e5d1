// How much a receipt costs beside the bare signature, and that it costs the same after ten receipts and after a hundred
// thousand.

import { issueReceipt } from "../../agent/core/receipt/receipt.js";
import { type ChainState, chainAfter } from "../../agent/core/receipt/receipt-chain.js";
import { receiptFileText } from "../../agent/core/receipt/receipt-file.js";
import { type Frontier, frontierWith, leafHash } from "../../agent/core/signing/merkle.js";
import { exitCode } from "../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../agent/core/verify/verify.js";
import { sha256 } from "../../agent/ledger/store/digest.js";
import { verifyTools } from "../../agent/receipts/dispute/evidence-input.js";
import { chainOf, littleBook, receiptAt, settlement, signer } from "../support/sample-receipt.js";

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** The fastest of several rounds: what the machine can do when nobody else wants it. */
function perSecond(rounds: number, times: number, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const from = now();
    for (let time = 0; time < times; time += 1) work();
    best = Math.min(best, (now() - from) / times);
  }
  return 1000 / best;
}

/** A chain of `count` receipts, of which only the last is real: a tree knows its leaves by their hashes alone. */
function chainOfSize(count: number): ChainState {
  const chain = chainOf(littleBook(1));
  let frontier: Frontier = [];
  for (let size = 0; size < count; size += 1)
    frontier = frontierWith(frontier, size, leafHash(Buffer.from(`receipt ${size}`), sha256), sha256);
  return { ...chain, count, frontier };
}

/** Runs the benchmark and prints one line per figure; true where the bars are met. */
export function run(print: (line: string) => void = console.log): boolean {
  const data = new Uint8Array(2_000);
  const bare = perSecond(20, 50, () => void signer.sign(data));
  const chain = chainOfSize(1_000);
  const once = settlement(1_001);
  const settled = perSecond(20, 50, () => void issueReceipt(once, chain, signer, sha256));
  print(
    `settlements signed: ${settled.toFixed(0)}/s; crypto.sign alone: ${bare.toFixed(0)}/s; a settlement makes 4 signatures and takes ${(bare / settled).toFixed(2)} x one`,
  );

  const issued = receiptAt(littleBook(1), 2);
  const text = receiptFileText(issued, signer.spkiHex);
  const tools = verifyTools();
  const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };
  const verified = perSecond(5, 50, () => {
    if (exitCode(verifyEvidence([{ name: "r", text }], pins, tools)) !== 0)
      throw new Error("the receipt does not hold");
  });
  print(`receipt files verified: ${verified.toFixed(0)}/s (4 signatures, the schema and all figures each)`);
  print(
    `chain recomputed from the book: ${perSecond(5, 200, () => void chainAfter(receiptAt(littleBookOnce, 1).chain, receiptAt(littleBookOnce, 2).jws, sha256)).toFixed(0)} receipts/s`,
  );

  const few = chainOfSize(10);
  const many = chainOfSize(100_000);
  const small = settlement(11);
  const large = settlement(100_001);
  let fewRate = 0;
  let manyRate = 0;
  // In turn, so that a busy machine slows both alike.
  for (let round = 0; round < 40; round += 1) {
    fewRate = Math.max(
      fewRate,
      perSecond(1, 20, () => void issueReceipt(small, few, signer, sha256)),
    );
    manyRate = Math.max(
      manyRate,
      perSecond(1, 20, () => void issueReceipt(large, many, signer, sha256)),
    );
  }
  const ratio = fewRate / manyRate;
  print(
    `issue with 10 receipts in the tree: ${(1000 / fewRate).toFixed(3)} ms; with 100 000: ${(1000 / manyRate).toFixed(3)} ms; ratio ${ratio.toFixed(2)} (bar 1.5)`,
  );
  return ratio < 1.5;
}

const littleBookOnce = littleBook(1);

if (import.meta.url === `file://${process.argv[1]}`) process.exitCode = run() ? 0 : 1;
