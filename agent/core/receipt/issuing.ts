// How any receipt is made: its frame, its signature or the mark in its place, and the checkpoint and proof that come with
// it. The bytes made here are journalled before anyone sees them; nothing is signed twice, and nothing is signed later as
// if on time.

import type { StationFacts } from "../../../config/schema.js";
import type { TimeTrust } from "../../../drivers/driver.js";
import type { WitnessEvidence } from "../cdr/settlement.js";
import { type WithheldValues, withheld } from "../disclosure/disclosure.js";
import { canonicalText } from "../json/json-text.js";
import { signedJws } from "../signing/jws.js";
import { type HashFunction, proofOfNewest } from "../signing/merkle.js";
import { guardedSigner, type Signer, SignerFailed } from "../signing/signer.js";
import { isoLocal } from "../time/iso-time.js";
import { type ChainState, chainWith, checkpointOver } from "./receipt-chain.js";
import { type ReceiptFrame, type ReceiptPayload, type RunningTotals, receiptFormat } from "./receipt-payload.js";

export type Issued = {
  readonly jws: string;
  /** What opens its commitments, for whom it concerns. */
  readonly disclosures: readonly string[];
  /** The OCMF record, or "" where the receipt has no readings. */
  readonly ocmf: string;
  /** The checkpoint that includes this receipt, and the inclusion proof (hex, leaf upwards) that leads to it. */
  readonly checkpoint: string;
  readonly proof: readonly string[];
  readonly chain: ChainState;
};

/** What a receipt without a session needs. */
export type Occasion = {
  readonly station: StationFacts;
  readonly timeZone: string;
  readonly issuedMs: number;
  readonly issuedTrust: TimeTrust;
  readonly softwareVersion: string;
  readonly seen?: WitnessEvidence;
};

/** What a receipt is issued with. */
export type Issuing = {
  readonly chain: ChainState;
  /** Whose key the receipt names. */
  readonly signer: Signer;
  /** The same where it signs; undefined = it has failed, and the mark stands in its place. */
  readonly working: Signer | undefined;
  readonly hash: HashFunction;
};

const notices = [
  "This station signed the values that it read from the meter: that proves what it recorded and that nobody changed it " +
    "since. It is not a calibration-law approval of the meter.",
  "Not a tax invoice where a mobility provider bills you for this session.",
  "Card and contract stand here by their last four characters; digests commit to the rest, which disclosures open.",
] as const;

/**
 * Makes a receipt with the signer, or, where it fails or has failed since the last recovery, with the mark in its
 * place.
 */
export function signedOrMarked(
  chain: ChainState,
  signer: Signer,
  hash: HashFunction,
  make: (issuing: Issuing) => Issued,
): Issued {
  const marked = (): Issued => make({ chain, signer, working: undefined, hash });
  if (chain.unsigned !== undefined) return marked();
  try {
    return make({ chain, signer, working: guardedSigner(signer), hash });
  } catch (error) {
    if (error instanceof SignerFailed) return marked();
    throw error;
  }
}

/** The fields of every receipt, and what opens those that it withholds. */
export type Framed = { readonly frame: ReceiptFrame; readonly disclosures: readonly string[] };

/** The fields of every receipt; the totals of what it withholds include it. */
export function receiptFrame(
  occasion: Occasion,
  values: WithheldValues & { readonly totals: RunningTotals },
  issuing: Issuing,
): Framed {
  const { chain, signer, working, hash } = issuing;
  const { id, countryCode, partyId, operator, location, verifyUrl } = occasion.station;
  const { commitments, disclosures } = withheld(values, () => signer.salt(), hash);
  const frame: ReceiptFrame = {
    format: receiptFormat,
    number: chain.count + 1,
    issuedAt: isoLocal(occasion.issuedMs, occasion.timeZone),
    clock: occasion.issuedTrust,
    timeZone: occasion.timeZone,
    station: { id, countryCode, partyId, operator, location, ...(verifyUrl === undefined ? {} : { verifyUrl }) },
    key: { id: signer.keyId, spki: signer.spkiHex },
    chain: {
      previous: chain.previous,
      before:
        chain.checkpoint === "" ? checkpointOver(id, chain.count, chain.frontier, working, hash) : chain.checkpoint,
    },
    commitments,
    softwareVersion: occasion.softwareVersion,
    ...(occasion.seen === undefined ? {} : { seen: occasion.seen }),
    notices,
  };
  return { frame, disclosures };
}

/** The finished receipt of a payload, and the chain with it. */
export function sealed(
  payload: ReceiptPayload,
  ocmf: string,
  disclosures: readonly string[],
  { chain, signer, working, hash }: Issuing,
): Issued {
  const jws = signedJws(canonicalText(payload), signer.keyId, working);
  const next = chainWith(chain, jws, payload, working !== undefined, "", hash);
  const checkpoint = checkpointOver(payload.station.id, next.count, next.frontier, working, hash);
  return {
    jws,
    disclosures,
    ocmf,
    checkpoint,
    proof: proofOfNewest(chain.frontier),
    chain: { ...next, checkpoint: working === undefined ? "" : checkpoint },
  };
}
