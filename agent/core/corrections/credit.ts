// The credit: a receipt of its own that takes a sale back.

import { creditForm } from "../codes/credit-form.js";
import { hexText, utf8 } from "../number/bytes.js";
import { negative } from "../receipt/decimal-text.js";
import { type Issued, type Occasion, receiptFrame, sealed, signedOrMarked } from "../receipt/issuing.js";
import type { ChainState } from "../receipt/receipt-chain.js";
import {
  type CreditedSale,
  type CreditPayload,
  payloadOf,
  type ReceiptPayload,
  soldIn,
} from "../receipt/receipt-payload.js";
import { totalsWith } from "../receipt/totals.js";
import type { HashFunction } from "../signing/merkle.js";
import { ReceiptFault, type Signer } from "../signing/signer.js";

/** What a person says of a credit. */
export type CreditOrder = Pick<CreditPayload["credit"], "cdrId" | "reason" | "by" | "refund">;

/** Where and when a receipt was sold, for the credit that takes it back. */
export function creditedSale(payload: ReceiptPayload): CreditedSale | undefined {
  const sold = soldIn(payload);
  if (sold === undefined) return undefined;
  const { start, startClock, end, endClock, connector } = sold;
  const { issuedAt, station } = payload;
  return { issuedAt, start, startClock, end, endClock, evseId: connector.evseId, location: station.location };
}

/**
 * Takes a sale back: a receipt of its own that names the first, which is never touched. `jws` is the receipt that is
 * taken back.
 */
export function issueCredit(
  occasion: Occasion,
  jws: string,
  order: CreditOrder,
  chain: ChainState,
  signer: Signer,
  hash: HashFunction,
): Issued {
  const sold = payloadOf(jws);
  const fields = soldIn(sold);
  const where = sold === undefined ? undefined : creditedSale(sold);
  if (sold === undefined || fields === undefined || where === undefined)
    throw new ReceiptFault("only the receipt of a sale can be credited");
  const { number } = sold;
  const { currency, due, taxes } = fields.price;
  const credit: Omit<CreditPayload["credit"], "short"> = {
    number,
    receipt: hexText(hash(utf8(jws))),
    sold: where,
    sessionId: fields.sessionId,
    ...order,
    currency,
    taxes: taxes.map((tax) => ({ ...tax, ...negatedSums(tax) })),
    due: negatedSums(due),
  };
  const totals = totalsWith(chain.totals, credit, 0, 0);
  return signedOrMarked(chain, signer, hash, (issuing) => {
    const { frame, disclosures } = receiptFrame(occasion, { totals }, issuing);
    const short = creditForm({ ...frame, credit }, signer.keyId, issuing.working);
    return sealed({ ...frame, kind: "credit", credit: { ...credit, short } }, "", disclosures, issuing);
  });
}

type Sums = { readonly net: string; readonly tax: string; readonly gross: string };

const negatedSums = ({ net, tax, gross }: Sums): Sums => ({
  net: negative(net),
  tax: negative(tax),
  gross: negative(gross),
});
