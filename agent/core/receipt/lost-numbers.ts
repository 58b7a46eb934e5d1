// Numbers of receipts that are in other hands and not in this book: the station was brought back from a backup that is
// older than they are. No such number is given to another sale: a receipt over nothing stands in its place and says so,
// so that the book goes on without a gap, and whoever holds the lost receipt is not told that it was forged.
import type { HashFunction } from "../signing/merkle.js";
import type { Signer } from "../signing/signer.js";
import type { LostNumbers } from "../station/station-event.js";
import { type Issued, type Occasion, receiptFrame, sealed, signedOrMarked } from "./issuing.js";
import type { ChainState } from "./receipt-chain.js";
import type { ReceiptPayload } from "./receipt-payload.js";

/** The receipt that stands for the next number of the chain, which is one of the lost ones. */
export function issueLost(
  occasion: Occasion,
  lost: LostNumbers,
  chain: ChainState,
  signer: Signer,
  hash: HashFunction,
): Issued {
  return signedOrMarked(chain, signer, hash, (issuing) => {
    const { frame, disclosures } = receiptFrame(occasion, { totals: chain.totals }, issuing);
    return sealed({ ...frame, kind: "lost", lost }, "", disclosures, issuing);
  });
}

/** The stretches of lost numbers that a book names, each once. */
export function lostStretches(payloads: readonly ReceiptPayload[]): readonly LostNumbers[] {
  return payloads.flatMap((payload) =>
    payload.kind === "lost" && payload.number === payload.lost.first ? [payload.lost] : [],
  );
}

/** Whether a number is one of a stretch. */
export const isLost = (stretches: readonly LostNumbers[], number: number): boolean =>
  stretches.some(({ first, last }) => number >= first && number <= last);

/** What a person is told of them; "" where none is lost. */
export const lostWords = (stretches: readonly LostNumbers[]): string =>
  stretches
    .map(
      ({ first, last, known }) =>
        `; ${first === last ? `receipt ${first} is` : `receipts ${first} to ${last} are`} not in this book: it was ` +
        `restored from an older backup, and names them as lost (known by: ${known})`,
    )
    .join("");
