// The file that a driver takes home: the receipt, the public key it claims, the checkpoint that includes it and the
// proof that it does.
import type { Issued } from "./issuing.js";

export const receiptFileFormat = "chargetill receipt file 1";

/** The one note that such a file bears: it stands beside the signed part, and nobody may write there what they like. */
export const receiptFileNote =
  "A signed receipt. What it withholds stands in it as digests, and disclosures beside it open them: with the one of the " +
  "card whoever has this file has the card's UID. " +
  "Check it with: chargetill verify --key FILE|sha256:FINGERPRINT THIS-FILE";

export type ReceiptFile = {
  readonly format: typeof receiptFileFormat;
  readonly note: typeof receiptFileNote;
  readonly jws: string;
  /** What is told of the withheld; what is not stays a digest. */
  readonly disclosures: readonly string[];
  /** Only a claim: a verifier trusts the key it was told, not this one. */
  readonly publicKey: string;
  readonly checkpoint: string;
  readonly proof: readonly string[];
  /**
   * The receipts (JWS) that took this one back or corrected it, as far as the station knew when the file was made, with
   * the changes of key that lead to them; absent where there were none.
   */
  readonly later?: readonly string[];
};

/** A receipt is taken back once, and corrected once; the rest are changes of key. */
export const mostLater = 66;

/** The text of a receipt file: nothing that is withheld is told but by these disclosures. */
export function receiptFileText(
  receipt: Pick<Issued, "jws" | "checkpoint" | "proof">,
  publicKey: string,
  later: readonly string[] = [],
  disclosures: readonly string[] = [],
): string {
  const file: ReceiptFile = {
    format: receiptFileFormat,
    note: receiptFileNote,
    jws: receipt.jws,
    disclosures,
    publicKey,
    checkpoint: receipt.checkpoint,
    proof: receipt.proof,
    ...(later.length === 0 ? {} : { later }),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}
