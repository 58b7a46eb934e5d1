// The file that a driver takes home: the receipt, the public key it claims, the checkpoint that includes it and the
// proof that it does.
import type { Issued } from "./issuing.js";

export const receiptFileFormat = "chargetill receipt file 1";

/** The one note that such a file bears: it stands beside the signed part, and nobody may write there what they like. */
export const receiptFileNote =
  "A signed receipt. It holds the whole UID of the card. " +
  "Check it with: chargetill verify --key FILE|sha256:FINGERPRINT THIS-FILE";

export type ReceiptFile = {
  readonly format: typeof receiptFileFormat;
  readonly note: typeof receiptFileNote;
  readonly jws: string;
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

/** The text of a receipt file. */
export function receiptFileText(
  receipt: Pick<Issued, "jws" | "checkpoint" | "proof">,
  publicKey: string,
  later: readonly string[] = [],
): string {
  const file: ReceiptFile = {
    format: receiptFileFormat,
    note: receiptFileNote,
    jws: receipt.jws,
    publicKey,
    checkpoint: receipt.checkpoint,
    proof: receipt.proof,
    ...(later.length === 0 ? {} : { later }),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}
