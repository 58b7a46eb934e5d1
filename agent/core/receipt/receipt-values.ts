// Values of a receipt's payload read back: its schema vouches for their form, so that one that cannot be read is a
// fault of the receipt.
import { milliWhOfKwh } from "../number/energy-text.js";
import { ReceiptFault } from "../signing/signer.js";
import { parseIsoLocal } from "../time/iso-time.js";

/** Milliseconds since the epoch. Throws ReceiptFault. */
export function receiptInstant(text: string): number {
  const atMs = parseIsoLocal(text);
  if (atMs === undefined) throw new ReceiptFault(`a receipt's time "${text}" cannot be read`);
  return atMs;
}

/** Whole milliwatt-hours of a register value. Throws ReceiptFault. */
export function receiptMilliWh(kwh: string): number {
  const milliWh = milliWhOfKwh(kwh);
  if (milliWh === undefined) throw new ReceiptFault(`a receipt's register value "${kwh}" cannot be read`);
  return milliWh;
}
