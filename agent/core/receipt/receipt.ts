// The kinds of receipts: the start receipt that opens a chain, a sale, a credit, the recovery after a failed signer, and
// the change of the key.

import type { Settlement } from "../cdr/settlement.js";
import { shortForm } from "../codes/short-form.js";
import { hexText, utf8 } from "../number/bytes.js";
import { ocmfRecord } from "../ocmf/ocmf.js";
import type { HashFunction } from "../signing/merkle.js";
import { guardedSigner, ReceiptFault, type Signer } from "../signing/signer.js";
import { type Issued, type Issuing, type Occasion, receiptFrame, sealed, signedOrMarked } from "./issuing.js";
import { type ChainState, emptyChain } from "./receipt-chain.js";
import type { SalePayload } from "./receipt-payload.js";
import { personalValues } from "./receipt-token.js";
import { saleFields, tariffName } from "./sale-fields.js";
import { noTotals, totalsWith } from "./totals.js";

/**
 * The start receipt of zero: number 1, leaf 0, before a checkpoint of size 0. Throws when the signer fails: a chain is
 * not opened unsigned.
 */
export function openChain(occasion: Occasion, signer: Signer, hash: HashFunction): Issued {
  const issuing: Issuing = { chain: emptyChain, signer, working: signer, hash };
  const { frame, disclosures } = receiptFrame(occasion, { totals: noTotals }, issuing);
  return sealed({ ...frame, kind: "start" }, "", disclosures, issuing);
}

/**
 * The signed OCMF record and receipt of a settlement. Pure but for the signatures; where the signer fails the sale goes
 * on, marked. Throws ReceiptFault where the settlement contradicts itself or the chain: nothing is signed then.
 */
export function issueReceipt(
  settlement: Settlement,
  chain: ChainState,
  signer: Signer,
  hash: HashFunction,
  corrects?: number,
): Issued {
  const energyMilliWh = checkedEnergy(settlement, chain);
  const { id: tariffId } = tariffName(settlement.tariff);
  // Corrected, a session is priced anew: its energy was counted, and it as a sale, with the first receipt.
  const [energy, sales] = corrects === undefined ? [energyMilliWh, 1] : [0, 0];
  const totals = totalsWith(chain.totals, settlement.price, energy, sales);
  return signedOrMarked(chain, signer, hash, (issuing) => {
    // The displayed price is that of the first receipt's tariff.
    const { shown, ...facts } = settlement;
    const priced = { ...facts, tariffId, ...(corrects === undefined ? { shown } : {}) };
    const ocmf = ocmfRecord(priced, issuing.working);
    const short = shortForm(settlement, ocmf, signer.keyId, issuing.working, hash);
    const { frame, disclosures } = receiptFrame(settlement, { totals, ...personalValues(settlement) }, issuing);
    const payload: SalePayload = {
      ...frame,
      kind: "sale",
      sale: saleFields(settlement, ocmf, short),
      ...(corrects === undefined ? {} : { corrects }),
    };
    return sealed(payload, ocmf, disclosures, issuing);
  });
}

/** The energy of a settlement that follows on the chain, and whose bill and readings agree. */
function checkedEnergy({ receiptNumber, price, begin, end }: Settlement, chain: ChainState): number {
  if (receiptNumber !== chain.count + 1)
    throw new ReceiptFault(`receipt ${receiptNumber} does not follow on ${chain.count} receipts`);
  if (chain.count === 0)
    throw new ReceiptFault("the chain has not been opened: the first receipt is the start receipt of zero");
  const energyMilliWh = end.energyMilliWh - begin.energyMilliWh;
  if (price.energyMilliWh !== energyMilliWh)
    throw new ReceiptFault(`the bill has ${price.energyMilliWh} mWh, the meter's register ${energyMilliWh} mWh`);
  return energyMilliWh;
}

/**
 * A signed zero receipt that commits to the receipts that could not be signed. Throws SignerFailed when the signer
 * still fails.
 */
export function issueRecovery(occasion: Occasion, chain: ChainState, signer: Signer, hash: HashFunction): Issued {
  const { unsigned, ...rest } = chain;
  if (unsigned === undefined) throw new ReceiptFault("there is no unsigned receipt to recover from");
  const working = guardedSigner(signer);
  const issuing: Issuing = { chain: rest, signer: working, working, hash };
  const { frame, disclosures } = receiptFrame(occasion, { totals: chain.totals }, issuing);
  return sealed({ ...frame, kind: "recovery", unsigned }, "", disclosures, issuing);
}

/** What the new key signs at a change of keys. */
export const rotationText = (station: string, number: number, from: string, to: string): string =>
  `chargetill key change;${station};${number};${from};${to}`;

/**
 * The change of key as a receipt: signed by the old key, and inside it by the new one. Throws SignerFailed when either
 * fails.
 */
export function issueKeyChange(
  occasion: Occasion,
  chain: ChainState,
  old: Signer,
  next: Signer,
  hash: HashFunction,
): Issued {
  if (chain.unsigned !== undefined)
    throw new ReceiptFault("the key cannot change while receipts are unsigned: issue the recovery receipt first");
  const working = guardedSigner(old);
  const issuing: Issuing = { chain, signer: working, working, hash };
  const { frame, disclosures } = receiptFrame(occasion, { totals: chain.totals }, issuing);
  const proof = guardedSigner(next).sign(utf8(rotationText(frame.station.id, frame.number, old.keyId, next.keyId)));
  const key = { id: next.keyId, spki: next.spkiHex, signature: hexText(proof) };
  return sealed({ ...frame, kind: "key", next: key }, "", disclosures, issuing);
}
