// The running totals that each receipt carries on: what was sold since the chain was opened, per currency and tax rate.
// Decimal texts are added exactly, as integers with a common scale.
import type { Price } from "./price.js";
import type { RunningTotals } from "./receipt-payload.js";
import { ReceiptFault } from "./signer.js";

export const noTotals: RunningTotals = { sales: 0, energyMilliWh: 0, rates: [] };

type Scaled = { readonly units: bigint; readonly scale: number };

function scaled(text: string): Scaled {
  const parts = /^(-?)(\d{1,30})(?:\.(\d{1,18}))?$/.exec(text);
  if (parts === null) throw new ReceiptFault(`"${text.slice(0, 40)}" is not a decimal amount`);
  const decimals = parts[3] ?? "";
  return { units: BigInt(`${parts[1]}${parts[2]}${decimals}`), scale: decimals.length };
}

const atScale = ({ units, scale }: Scaled, wanted: number): bigint => units * 10n ** BigInt(wanted - scale);

/** The exact sum of two decimal texts, with as many decimals as the longer of the two. */
export function sumText(a: string, b: string): string {
  const left = scaled(a);
  const right = scaled(b);
  const scale = Math.max(left.scale, right.scale);
  const sum = atScale(left, scale) + atScale(right, scale);
  const digits = (sum < 0n ? -sum : sum).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${sum < 0n ? "-" : ""}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ""}`;
}

/** The decimal text with its sign turned. */
export const negative = (text: string): string => (/^0*(\.0*)?$/.test(text.replace(/^-/, "")) ? text : text.startsWith("-") ? text.slice(1) : `-${text}`);

/** True where two decimal texts are the same number. */
export function sameAmount(a: string, b: string): boolean {
  const left = scaled(a);
  const right = scaled(b);
  const scale = Math.max(left.scale, right.scale);
  return atScale(left, scale) === atScale(right, scale);
}

type Sum = Pick<Price, "currency" | "taxes" | "due">;

/** The totals after a sale (or, with turned amounts and no energy, after a credit). */
export function totalsWith(before: RunningTotals, { currency, taxes, due }: Sum, energyMilliWh: number, sales: number): RunningTotals {
  const rates = [...before.rates];
  // A sale without any tax still is revenue.
  for (const { name, ratePercent, net, tax, gross } of taxes.length > 0 ? taxes : [{ name: "none", ratePercent: "0", ...due }]) {
    const at = rates.findIndex((rate) => rate.currency === currency && rate.name === name && rate.ratePercent === ratePercent);
    const known = rates[at];
    if (known === undefined) rates.push({ currency, name, ratePercent, net, tax, gross });
    else rates[at] = { ...known, net: sumText(known.net, net), tax: sumText(known.tax, tax), gross: sumText(known.gross, gross) };
  }
  return { sales: before.sales + sales, energyMilliWh: before.energyMilliWh + energyMilliWh, rates };
}
