// The running totals that each receipt carries on: what was sold since the chain was opened, per currency and tax rate.

import { milliWhOfKwh } from "../number/energy-text.js";
import type { Price } from "../rating/price.js";
import { sumText } from "./decimal-text.js";
import type { ReceiptPayload, RunningTotals } from "./receipt-payload.js";

export const noTotals: RunningTotals = { sales: 0, energyMilliWh: 0, rates: [] };

type Sum = Pick<Price, "currency" | "taxes" | "due">;

/**
 * The totals after a sale; or, without energy, after a credit, whose amounts are turned, and after the sale that corrects
 * another one.
 */
export function totalsWith(
  before: RunningTotals,
  { currency, taxes, due }: Sum,
  energyMilliWh: number,
  sales: number,
): RunningTotals {
  const rates = [...before.rates];
  // A sale without any tax still is revenue.
  for (const { name, ratePercent, net, tax, gross } of taxes.length > 0
    ? taxes
    : [{ name: "none", ratePercent: "0", ...due }]) {
    const at = rates.findIndex(
      (rate) => rate.currency === currency && rate.name === name && rate.ratePercent === ratePercent,
    );
    const known = rates[at];
    if (known === undefined) rates.push({ currency, name, ratePercent, net, tax, gross });
    else
      rates[at] = {
        ...known,
        net: sumText(known.net, net),
        tax: sumText(known.tax, tax),
        gross: sumText(known.gross, gross),
      };
  }
  return { sales: before.sales + sales, energyMilliWh: before.energyMilliWh + energyMilliWh, rates };
}

/** The totals after a receipt, from those before it. */
export function totalsAfter(before: RunningTotals, payload: ReceiptPayload): RunningTotals {
  if (payload.kind === "sale") {
    const { price, energyKwh } = payload.sale;
    return payload.corrects === undefined
      ? totalsWith(before, price, milliWhOfKwh(energyKwh) ?? Number.NaN, 1)
      : totalsWith(before, price, 0, 0);
  }
  if (payload.kind === "reservation") return totalsWith(before, payload.reservation.price, 0, 1);
  if (payload.kind === "credit") return totalsWith(before, payload.credit, 0, 0);
  return before;
}
