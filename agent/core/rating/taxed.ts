// Amounts with their tax: of one use, summed per rate, and held within a tariff's limits. All exact; nothing is rounded
// here.

import { type Decimal, digitsAt, tenTo } from "../../../config/decimal.js";
import { add, compare, divide, multiply, type Ratio, ratioOf, subtract, zeroRatio } from "../number/money.js";
import type { PriceLimit, Tariff } from "../tariff/tariff.js";
import type { ComponentUsage } from "./component-usage.js";

/** Tax of one rate; `rate` absent = the tariff states none. */
type TaxPart = { readonly rate: Decimal | undefined; readonly net: Ratio; readonly tax: Ratio };
export type TaxedAmount = { readonly excl: Ratio; readonly incl: Ratio; readonly parts: readonly TaxPart[] };

export const noAmount: TaxedAmount = { excl: zeroRatio, incl: zeroRatio, parts: [] };

function sameRate(a: Decimal | undefined, b: Decimal | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.digits === b.digits && a.scale === b.scale);
}

/** The amount of one use, with its tax. */
export function taxedAmount(usage: ComponentUsage, per: bigint): TaxedAmount {
  const { tariff, component } = usage;
  if (component === undefined) return noAmount;
  const scale = tenTo(tariff.priceScale);
  const base = usage.quantity * digitsAt(component.price, tariff.priceScale);
  const rate = tariff.taxIncluded === "N/A" ? undefined : component.vat;
  const hundred = 100n * tenTo(tariff.vatScale);
  const d = per * scale * hundred;
  if (rate === undefined) {
    const amount = { n: base * hundred, d };
    return { excl: amount, incl: amount, parts: [{ rate, net: amount, tax: zeroRatio }] };
  }
  const percent = digitsAt(rate, tariff.vatScale);
  if (tariff.taxIncluded === "NO") {
    const net = { n: base * hundred, d };
    const tax = { n: base * percent, d };
    return { excl: net, incl: { n: base * (hundred + percent), d }, parts: [{ rate, net, tax }] };
  }
  const gross = { n: base * hundred, d };
  const net = { n: base * hundred, d: per * scale * (hundred + percent) };
  return { excl: net, incl: gross, parts: [{ rate, net, tax: { n: base * percent, d: net.d } }] };
}

export function addTaxed(a: TaxedAmount, b: TaxedAmount): TaxedAmount {
  if (a.parts.length === 0) return b;
  if (b.parts.length === 0) return a;
  const parts = [...a.parts];
  for (const part of b.parts) {
    const at = parts.findIndex((one) => sameRate(one.rate, part.rate));
    const before = parts[at];
    if (before === undefined) parts.push(part);
    else parts[at] = { rate: part.rate, net: add(before.net, part.net), tax: add(before.tax, part.tax) };
  }
  return { excl: add(a.excl, b.excl), incl: add(a.incl, b.incl), parts };
}

type Adjusted = { readonly kind: "min_price" | "max_price" | "waived"; readonly excl: Ratio; readonly incl: Ratio };
export type LimitedAmount = { readonly total: TaxedAmount; readonly adjustments: readonly Adjusted[] };

/** Net and tax of every rate, stretched to new totals in proportion. */
function stretchTo(total: TaxedAmount, excl: Ratio, incl: Ratio): TaxedAmount {
  const tax = subtract(total.incl, total.excl);
  const newTax = subtract(incl, excl);
  if (total.excl.n === 0n || (tax.n === 0n && newTax.n !== 0n)) {
    // Nothing to stretch: the new tax is of the rate that explains it, or of none that is stated (never 1.00 of "0 %").
    const explains = ({ rate }: TaxPart): boolean =>
      rate !== undefined && compare(multiply(excl, ratioOf(rate)), multiply(newTax, { n: 100n, d: 1n })) === 0;
    return { excl, incl, parts: [{ rate: total.parts.find(explains)?.rate, net: excl, tax: newTax }] };
  }
  const net = divide(excl, total.excl);
  const share = tax.n === 0n ? zeroRatio : divide(newTax, tax);
  return {
    excl,
    incl,
    parts: total.parts.map((part) => ({
      rate: part.rate,
      net: multiply(part.net, net),
      tax: multiply(part.tax, share),
    })),
  };
}

function limit(total: TaxedAmount, bound: PriceLimit, beyond: (a: Ratio, b: Ratio) => boolean): TaxedAmount {
  const exclBound = ratioOf(bound.excl);
  const clampExcl = beyond(total.excl, exclBound);
  if (bound.incl === undefined) {
    if (!clampExcl) return total;
    // Only the net figure is limited: the gross follows in proportion.
    return stretchTo(
      total,
      exclBound,
      total.excl.n === 0n ? exclBound : divide(multiply(total.incl, exclBound), total.excl),
    );
  }
  const inclBound = ratioOf(bound.incl);
  const clampIncl = beyond(total.incl, inclBound);
  if (!clampExcl && !clampIncl) return total;
  return stretchTo(total, clampExcl ? exclBound : total.excl, clampIncl ? inclBound : total.incl);
}

/**
 * Net and gross are held within min_price and max_price, each by its own figure (OCPI mod_tariffs, notes on min_price
 * and max_price).
 */
export function applyLimits(sum: TaxedAmount, tariff: Tariff, which: { readonly min: boolean }): LimitedAmount {
  let total = sum;
  const adjustments: Adjusted[] = [];
  const step = (
    kind: Adjusted["kind"],
    bound: PriceLimit | undefined,
    beyond: (a: Ratio, b: Ratio) => boolean,
  ): void => {
    if (bound === undefined) return;
    const after = limit(total, bound, beyond);
    if (after !== total)
      adjustments.push({ kind, excl: subtract(after.excl, total.excl), incl: subtract(after.incl, total.incl) });
    total = after;
  };
  if (which.min) step("min_price", tariff.minPrice, (a, b) => compare(a, b) < 0);
  step("max_price", tariff.maxPrice, (a, b) => compare(a, b) > 0);
  return { total, adjustments };
}
