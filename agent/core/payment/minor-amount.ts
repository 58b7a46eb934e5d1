// Amounts in whole minor units, as gateways take them, and the decimal texts of receipts, prices and the config.

import { fixedText } from "../../../config/decimal.js";
import type { MinorAmount } from "../../../drivers/payment-gateway.js";
import { minorUnits, ratioOfText, roundHalfUp } from "../number/money.js";

/** A decimal text of a currency in minor units: "50.00" EUR = 5000. Throws RangeError for other text. */
export function minorOf(text: string, currency: string): number {
  const minor = Number(roundHalfUp(ratioOfText(text), minorUnits(currency)));
  if (!Number.isSafeInteger(minor)) throw new RangeError(`an amount of ${text} ${currency} is beyond any payment`);
  return minor;
}

/** Minor units as a decimal text in the currency's own places: 5000 EUR = "50.00". */
export const minorText = (minor: number, currency: string): string => fixedText(BigInt(minor), minorUnits(currency));

/** "50.00 EUR". */
export const amountInWords = ({ minor, currency }: MinorAmount): string => `${minorText(minor, currency)} ${currency}`;
