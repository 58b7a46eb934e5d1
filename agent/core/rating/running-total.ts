// What a session comes to after some slices, in a size that does not depend on their number: what a display and a limit
// need at every sample.

import { isFee } from "../tariff/charge.js";
import type { Tariff } from "../tariff/tariff.js";
import { usagesOfSlice } from "./component-usage.js";
import type { Slice } from "./slice.js";
import { billedOf, countUsage, type MeteredUsage, meteredKinds, noUsage } from "./step-rounding.js";
import { addTaxed, applyLimits, noAmount, type TaxedAmount, taxedAmount } from "./taxed.js";

export type RunningTotal = {
  readonly sum: TaxedAmount;
  readonly metered: MeteredUsage;
  readonly feeCharged: boolean;
  readonly reservationFeeCharged: boolean;
};

export const noRunningTotal: RunningTotal = {
  sum: noAmount,
  metered: noUsage,
  feeCharged: false,
  reservationFeeCharged: false,
};

/** The total after one more slice. A reservation counts as used: whether it expired is known only at its end. */
export function addSlice(total: RunningTotal, slice: Slice, per: bigint): RunningTotal {
  let { sum, metered, feeCharged, reservationFeeCharged } = total;
  for (const usage of usagesOfSlice(slice, per, false)) {
    if (isFee(usage.charge) && (usage.charge === "FLAT" ? feeCharged : reservationFeeCharged)) continue;
    feeCharged ||= usage.charge === "FLAT";
    reservationFeeCharged ||= usage.charge === "RESERVATION_FLAT";
    sum = addTaxed(sum, taxedAmount(usage, per));
    metered = countUsage(metered, usage);
  }
  return { sum, metered, feeCharged, reservationFeeCharged };
}

/** What was used so far, under the maximum; and the bill if the session ended now. */
export type RunningFigures = { readonly accrued: TaxedAmount; readonly ifStopped: TaxedAmount };

/** The figures of a total. */
export function runningFigures({ sum, metered }: RunningTotal, per: bigint, tariff: Tariff): RunningFigures {
  const billed = billedOf(metered, per);
  let stepped = sum;
  for (const kind of meteredKinds) {
    const last = metered.last[kind];
    const surplus = billed[kind] - metered.totals[kind];
    if (last !== undefined && surplus !== 0n)
      stepped = addTaxed(stepped, taxedAmount({ ...last, quantity: surplus }, per));
  }
  return {
    accrued: applyLimits(sum, tariff, { min: false }).total,
    ifStopped: applyLimits(stepped, tariff, { min: true }).total,
  };
}
