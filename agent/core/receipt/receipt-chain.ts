// The chain of receipts: what the next one needs to know of all before it. Carrying it on costs the same after ten
// receipts and after a hundred thousand.

import { fromHex, hexText, utf8 } from "../number/bytes.js";
import { checkpointBody, signedCheckpoint } from "../signing/checkpoint.js";
import { parseJws } from "../signing/jws.js";
import { type Frontier, frontierWith, type HashFunction, leafHash, rootOf } from "../signing/merkle.js";
import { ReceiptFault, type Signer } from "../signing/signer.js";
import { payloadIn, type ReceiptPayload, type RunningTotals, type UnsignedSpan } from "./receipt-payload.js";
import { noTotals, totalsAfter } from "./totals.js";

/** What the next receipt needs to know of all that were issued before. */
export type ChainState = {
  /** How many receipts there are; the next number is one more. */
  readonly count: number;
  /** SHA-256 (hex) of the last JWS as stored, or "". */
  readonly previous: string;
  readonly frontier: Frontier;
  readonly totals: RunningTotals;
  /** The signed checkpoint over all `count` receipts, or "" where it is to be signed with the next one. */
  readonly checkpoint: string;
  /** Receipts at the end of the chain that could not be signed: the next one is a recovery receipt, or unsigned too. */
  readonly unsigned?: UnsignedSpan;
};

export const emptyChain: ChainState = { count: 0, previous: "", frontier: [], totals: noTotals, checkpoint: "" };

/** The checkpoint over the first `size` receipts, signed where there is a signer. */
export function checkpointOver(
  origin: string,
  size: number,
  frontier: Frontier,
  signer: Signer | undefined,
  hash: HashFunction,
): string {
  const checkpoint = { origin, size, root: rootOf(frontier, hash) };
  return signer === undefined ? checkpointBody(checkpoint) : signedCheckpoint(checkpoint, signer, hash);
}

/** A stretch of unsigned receipts with one more: its digest runs on, SHA-256(digest || leaf hash). */
export function spanWith(
  span: UnsignedSpan | undefined,
  number: number,
  leaf: string,
  hash: HashFunction,
): UnsignedSpan {
  const link = fromHex((span?.digest ?? "") + leaf);
  if (link === undefined) throw new TypeError("a hash is hex");
  return { first: span?.first ?? number, count: (span?.count ?? 0) + 1, digest: hexText(hash(link)) };
}

/** The chain with one more receipt; `checkpoint` is the signed note over it, or "". */
export function chainWith(
  chain: ChainState,
  jws: string,
  payload: ReceiptPayload,
  isSigned: boolean,
  checkpoint: string,
  hash: HashFunction,
): ChainState {
  const data = utf8(jws);
  const leaf = leafHash(data, hash);
  return {
    count: chain.count + 1,
    previous: hexText(hash(data)),
    frontier: frontierWith(chain.frontier, chain.count, leaf, hash),
    totals: totalsAfter(chain.totals, payload),
    checkpoint,
    ...(isSigned ? {} : { unsigned: spanWith(chain.unsigned, payload.number, leaf, hash) }),
  };
}

/**
 * The chain after a receipt that is already in the book or the journal: recovery computes it anew and signs nothing.
 * `checkpoint` is the signed note over it, where that was kept. Throws ReceiptFault where the receipt does not follow.
 */
export function chainAfter(chain: ChainState, jws: string, hash: HashFunction, checkpoint = ""): ChainState {
  const parts = parseJws(jws);
  const payload = parts === undefined ? undefined : payloadIn(parts);
  if (parts === undefined || payload === undefined) throw new ReceiptFault(`receipt ${chain.count + 1} cannot be read`);
  if (payload.number !== chain.count + 1 || payload.chain.previous !== chain.previous)
    throw new ReceiptFault(`receipt ${payload.number} does not follow on ${chain.count} receipts`);
  return chainWith(chain, jws, payload, parts.signature !== undefined, checkpoint, hash);
}
