// What became of a receipt since it was issued: the credit that took it back, and the sale that corrects it.

import { hexText, utf8 } from "../number/bytes.js";
import { payloadOf, type ReceiptPayload } from "../receipt/receipt-payload.js";
import type { HashFunction } from "../signing/merkle.js";

/** The numbers of a receipt's credit and of its correction. */
export type LaterReceipts = { readonly creditedBy?: number; readonly correctedBy?: number };

/**
 * What receipts (JWS, their signatures not judged) say of an earlier one; or, in words, why one of them says nothing of
 * it.
 */
export function laterIn(
  jws: string,
  { number, station }: Pick<ReceiptPayload, "number" | "station">,
  later: readonly string[],
  hash: HashFunction,
): LaterReceipts | string {
  let found: LaterReceipts = {};
  for (const text of later) {
    const payload = payloadOf(text);
    if (payload?.station.id !== station.id || payload.number <= number) return unrelated(payload);
    if (payload.kind === "credit" && payload.credit.number === number) {
      if (payload.credit.receipt !== hexText(hash(utf8(jws))))
        return `receipt ${payload.number} takes back another receipt ${number} than this one`;
      if (found.creditedBy !== undefined) return "it is taken back twice";
      found = { ...found, creditedBy: payload.number };
    } else if (payload.kind === "sale" && payload.corrects === number) {
      if (found.correctedBy !== undefined) return "it is corrected twice";
      found = { ...found, correctedBy: payload.number };
    } else if (payload.kind !== "key") return unrelated(payload);
  }
  return found;
}

const unrelated = (payload: ReceiptPayload | undefined): string =>
  `a receipt stands beside it that does not take it back or correct it (${payload?.number ?? "unread"})`;

/** In words; "" where nothing became of it. */
export const laterWords = ({ creditedBy, correctedBy }: LaterReceipts): string =>
  [
    ...(creditedBy === undefined ? [] : [`credited by receipt ${creditedBy}`]),
    ...(correctedBy === undefined ? [] : [`corrected by receipt ${correctedBy}`]),
  ].join(", ");
