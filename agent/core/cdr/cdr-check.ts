// Our own CDR, priced again by what is written in it: what a receiver would find different is a fault of ours, and
// better found here. Billed is only what four decimals can say, so nothing may differ.

import { isObject, type JsonObject } from "../json/json-reader.js";
import { localTimeRule, lowerOfBothRule, type Price } from "../rating/price.js";
import { type OcpiVersion, type Tariff, versionOf } from "../tariff/tariff.js";
import { wireCosts } from "./cdr-price.js";
import { billOfCdr, priceCdr } from "./cdr-pricing.js";
import type { CdrFacts } from "./settlement.js";
import { readTariffList } from "./tariff-list.js";

/**
 * What a receiver that prices this text again finds different, in a sentence; undefined = nothing. Priced is the text
 * alone, by the `tariffs` that stand in it; only where a version has no place for the tariff, by the one that is kept.
 * What the station gave beyond the tariff is the receipt's rule, and is taken from there: an unset clock, no energy.
 */
export function wireDifference(text: string, settlement: CdrFacts, version: OcpiVersion): string | undefined {
  try {
    return differenceOf(text, settlement, version);
  } catch (error) {
    // Whatever the engine finds impossible: such a text is not one to send.
    return `CDR ${settlement.cdrId} cannot be priced again: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function differenceOf(text: string, settlement: CdrFacts, version: OcpiVersion): string | undefined {
  const { price, cdrId } = settlement;
  const cdr: unknown = JSON.parse(text);
  if (!isObject(cdr)) return `CDR ${cdrId} is not an object`;
  const { tariffs, faults } = tariffsFor(cdr, settlement, version);
  const words = (all: typeof faults): string => all.map(({ path, message }) => `${path}: ${message}`).join("; ");
  if (faults.length > 0) return `the tariff of CDR ${cdrId} cannot be read again: ${words(faults)}`;
  const differences: string[] = [];
  for (const clockTrusted of clocksBehind(price)) {
    const mercy = { clockTrusted, freeWithoutEnergy: price.energyMilliWh === 0 };
    const again = priceCdr(tariffs, cdr, settlement.timeZone, mercy);
    const difference = again.ok
      ? costDifference(cdr, price, billOfCdr(again.priced, "en"), version, cdrId)
      : `CDR ${cdrId} cannot be priced again: ${words(again.faults)}`;
    if (difference === undefined) return undefined;
    differences.push(difference);
  }
  return differences[0];
}

/** By which clocks the price may have come about: of a clock that was set in between the lower price was charged. */
function clocksBehind({ timeRule }: Price): readonly boolean[] {
  if (timeRule === lowerOfBothRule) return [true, false];
  return [timeRule === localTimeRule];
}

function tariffsFor(
  cdr: JsonObject,
  settlement: CdrFacts,
  version: OcpiVersion,
): { readonly tariffs: readonly Tariff[]; readonly faults: ReturnType<typeof readTariffList>["faults"] } {
  const { tariff, price } = settlement;
  const read =
    cdr["tariffs"] === undefined
      ? readTariffList([tariff], versionOf(tariff))
      : readTariffList(cdr["tariffs"], version);
  // Under an unset clock the tariff was the last one that was known to be in force, whatever the date turned out to be.
  return price.timeRule === localTimeRule ? read : { ...read, tariffs: read.tariffs.map(undated) };
}

const undated = ({ startMs: _, endMs: __, ...tariff }: Tariff): Tariff => tariff;

const totals = [
  "totalCost",
  "totalFixedCost",
  "totalEnergyCost",
  "totalTimeCost",
  "totalParkingCost",
  "totalReservationCost",
] as const;

/** The costs that were found must be those of the receipt, to the last decimal, and those that the text states. */
function costDifference(
  cdr: JsonObject,
  price: Price,
  found: Price,
  version: OcpiVersion,
  cdrId: string,
): string | undefined {
  for (const total of totals)
    for (const side of ["excl", "incl"] as const)
      if (found[total][side] !== price[total][side])
        return (
          `the receipt of CDR ${cdrId} says ${price[total][side]} ${price.currency} ` +
          `${side === "incl" ? "with" : "without"} tax (${total}); priced again from the CDR's own text it is ` +
          `${found[total][side]}`
        );
  for (const [name, cost] of Object.entries(wireCosts(found, version)))
    if (JSON.stringify(cdr[name]) !== JSON.stringify(cost))
      return `CDR ${cdrId} says ${JSON.stringify(cdr[name])} (${name}); priced again it is ${JSON.stringify(cost)}`;
  return undefined;
}
