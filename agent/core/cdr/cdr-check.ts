// Our own CDR, priced again by what is written in it: what a receiver would find different is a fault of ours, and
// better found here. Four decimals lose up to 0.1 Wh and 0.36 s, and a step may turn that into a whole Wh or second: so
// much may differ, and no more.

import { isObject } from "../json/json-reader.js";
import { add, compare, multiply, type Ratio, ratio, ratioOfText, subtract, zeroRatio } from "../number/money.js";
import { localTimeRule, type Price } from "../rating/price.js";
import { parseTariff } from "../tariff/tariff-reader.js";
import { billOfCdr, priceCdr } from "./cdr-pricing.js";
import type { Settlement } from "./settlement.js";

/** What four decimals and a step of one can shift, per priced line: kWh, hours, pieces. */
const slack = { kWh: ratio(12n, 10_000n), h: ratio(5n, 10_000n), x: zeroRatio } as const;
/** A published number is rounded to four decimals once. */
const rounding = ratio(1n, 10_000n);

/**
 * What a receiver that prices this CDR's text again finds different, in a sentence; undefined = nothing.
 * Not asked where a receiver cannot know the rule: an untrusted clock, or a session that was waived.
 */
export function wireDifference(text: string, settlement: Settlement): string | undefined {
  const { price } = settlement;
  if (
    price.timeRule !== localTimeRule ||
    settlement.timeTrust === "unsynced" ||
    price.adjustments.some(({ kind }) => kind === "waived")
  )
    return undefined;
  const tariff = parseTariff(settlement.tariff);
  if (!tariff.ok)
    return `the tariff of session ${settlement.sessionId} cannot be read again: ${tariff.faults[0]?.message ?? ""}`;
  const cdr: unknown = JSON.parse(text);
  const again = priceCdr([tariff.tariff], cdr, settlement.timeZone);
  if (!again.ok)
    return `CDR ${settlement.cdrId} cannot be priced again: ${again.faults.map(({ path, message }) => `${path}: ${message}`).join("; ")}`;
  if (!isObject(cdr)) return `CDR ${settlement.cdrId} is not an object`;
  const allowed = allowance(price);
  const found = billOfCdr(again.priced, "en");
  for (const side of ["excl", "incl"] as const) {
    const difference = subtract(ratioOfText(found.totalCost[side]), ratioOfText(price.totalCost[side]));
    if (compare(difference.n < 0n ? { n: -difference.n, d: difference.d } : difference, allowed) > 0)
      return (
        `CDR ${settlement.cdrId} says ${price.totalCost[side]} ${price.currency} ` +
        `${side === "incl" ? "with" : "without"} tax; priced again from its own numbers it is ` +
        `${found.totalCost[side]}`
      );
  }
  return undefined;
}

function allowance(price: Price): Ratio {
  return price.lines.reduce((sum, line) => {
    // The unit price may be without tax; twice covers every tax there is.
    return add(sum, multiply(multiply(ratioOfText(line.unitPrice), { n: 2n, d: 1n }), slack[line.unit]));
  }, rounding);
}
