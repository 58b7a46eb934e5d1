// The seal on the list of sealed pages: the station's signature, so that a page exchanged together with its row is
// noticed too. A signer may fail: then the list is signed as far as it was, and the pages behind that must prove
// themselves by the signatures of their receipts.

import type { BookEntry, BookIndex, SealedPage } from "./book-page.js";
import { sealedText } from "./book-page.js";

/** The receipts, for those who look for earlier keys among them. */
export type Receipts = { count(): number; get(number: number): BookEntry | undefined };

/** Signs and proves with the station's keys: `text` is the canonical list, the signature is text too. */
export type IndexSigner = {
  /** Throws where there is no signer yet, or it fails. */
  sign(text: string): string;
  /** True for a signature of any key that this station signed with, the present one or one of before. */
  verify(text: string, signature: string, receipts: Receipts): boolean;
  /** True for a signature of the key that signs now, or while no key is at hand. */
  isCurrent(signature: string): boolean;
  /** True for a receipt that bears the station's signature, or none while the chain ends unsigned. */
  vouches(entry: BookEntry, receipts: Receipts): boolean;
};

/**
 * The index over `sealed`, which begins with the rows of `before`: signed to its end where the signer works, else as
 * far as it was. Throws nothing.
 */
export function signedIndex(
  sealed: readonly SealedPage[],
  before: BookIndex,
  indexSigner: IndexSigner | undefined,
): BookIndex {
  if (indexSigner !== undefined && sealed.length > 0) {
    const text = sealedText(sealed);
    try {
      return { sealed, signature: indexSigner.sign(text), signed: sealed.length };
    } catch {
      // A sale is never lost over a signature; the list is signed when the signer is back.
    }
  }
  return { sealed, signature: before.signature, signed: before.signed };
}

/**
 * The first page that nothing proves, with the receipt on it that fails; undefined where the list holds. Throws
 * book/damaged for a page that cannot be read.
 */
export function unprovenPage(
  { sealed, signature, signed }: BookIndex,
  indexSigner: IndexSigner,
  receipts: Receipts,
  wasSigned: boolean,
): { readonly page: number; readonly receipt?: number } | undefined {
  if (signed > 0 && !indexSigner.verify(sealedText(sealed.slice(0, signed)), signature, receipts)) return { page: 1 };
  // A book from before lists were signed is taken as it is, once: from its first signature on this is over.
  if (signed === 0 && !wasSigned) return undefined;
  for (const { page, first, count } of sealed.slice(signed))
    for (let number = first; number < first + count; number += 1) {
      const entry = receipts.get(number);
      if (entry === undefined || !indexSigner.vouches(entry, receipts)) return { page, receipt: number };
    }
  return undefined;
}
