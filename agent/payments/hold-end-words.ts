// What the log says of a payment that has ended.
import type { Hold } from "../core/payment/hold.js";
import { amountInWords } from "../core/payment/minor-amount.js";

/** How a payment ended, for the log. */
export function endWords({ number, state, bookedMinor, amount: { currency }, receipt, why }: Hold): string {
  if (state !== "booked") return `payment ${number} ${state}: ${why ?? "nothing was to be paid"}`;
  const booked =
    bookedMinor === undefined || bookedMinor === null
      ? "booked, amount not confirmed by the gateway"
      : `${amountInWords({ minor: bookedMinor, currency })} booked`;
  return `payment ${number}: ${booked} for receipt ${receipt ?? ""}`;
}
