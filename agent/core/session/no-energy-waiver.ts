// The one price that is not the tariff's: a session in which no energy flowed costs nothing, whatever fee or minimum
// the tariff names.

import { fixedText } from "../../../config/decimal.js";
import { minorUnits } from "../number/money.js";
import type { Price } from "../rating/price.js";

/** Why nothing is charged, as the receipt says it. */
export const nothingFlowed = "no energy flowed: nothing is charged";

const zero = { excl: "0", incl: "0" } as const;

/** What is charged for a session of `energyMilliWh` whose bill by the tariff is `price`. */
export function chargedPrice(price: Price, energyMilliWh: number): Price {
  if (energyMilliWh > 0) return price;
  const minus = (amount: string): string => (/^[0.]+$/.test(amount) ? "0" : `-${amount}`);
  const amount = { excl: minus(price.totalCost.excl), incl: minus(price.totalCost.incl) };
  const none = fixedText(0n, minorUnits(price.currency));
  return {
    ...price,
    taxShares: { total: [], fixed: [], energy: [], time: [], parking: [], reservation: [] },
    totalCost: zero,
    totalFixedCost: zero,
    totalEnergyCost: zero,
    totalTimeCost: zero,
    totalParkingCost: zero,
    totalReservationCost: zero,
    adjustments: [...price.adjustments, { kind: "waived", amount, sentence: nothingFlowed }],
    taxes: [],
    due: { net: none, tax: none, gross: none },
  };
}
