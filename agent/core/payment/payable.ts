// What of a receipt is booked on the hold that paid for its session.

import { compare, ratioOfText, zeroRatio } from "../number/money.js";
import type { Payable } from "../payment-facts.js";
import { minorOf } from "./minor-amount.js";

/**
 * Minor units to book: the total, never more than the hold, and nothing where no energy flowed. What lies between it and
 * the total is ours: the driver was promised that no more than the hold is ever taken.
 */
export function payableMinor({ gross, currency, energyKwh }: Payable, capMinor: number): number {
  if (compare(ratioOfText(energyKwh), zeroRatio) <= 0) return 0;
  return Math.max(0, Math.min(minorOf(gross, currency), capMinor));
}
