// Our own CDR, priced again by what is written in it: what a receiver would find different is a fault of ours, and
// better found here. Billed is only what four decimals can say, so nothing may differ.

import { isObject } from "../json/json-reader.js";
import { localTimeRule } from "../rating/price.js";
import { parseTariff } from "../tariff/tariff-reader.js";
import { billOfCdr, priceCdr } from "./cdr-pricing.js";
import type { Settlement } from "./settlement.js";

/**
 * What a receiver that prices this CDR's text again finds different, in a sentence; undefined = nothing.
 * Not asked where a receiver cannot know the rule: an untrusted clock, or a session that was waived.
 */
export function wireDifference(text: string, settlement: Settlement): string | undefined {
  const { price } = settlement;
  if (
    price.timeRule !== localTimeRule ||
    settlement.startTrust === "unsynced" ||
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
  const found = billOfCdr(again.priced, "en");
  for (const side of ["excl", "incl"] as const)
    if (found.totalCost[side] !== price.totalCost[side])
      return (
        `CDR ${settlement.cdrId} says ${price.totalCost[side]} ${price.currency} ` +
        `${side === "incl" ? "with" : "without"} tax; priced again from its own numbers it is ` +
        `${found.totalCost[side]}`
      );
  return undefined;
}
