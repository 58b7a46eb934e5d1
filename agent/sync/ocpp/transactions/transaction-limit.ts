// The limit of a transaction as OCPP 2.1 says it (TransactionLimitType, E16), read from an answer and said back. Pure.
import { decimalOf, decimalText, digitsAt } from "../../../../config/decimal.js";
import { isObject, isPresent } from "../../../core/json/json-reader.js";
import { kwhExact, requiredMilliWh } from "../../../core/number/energy-text.js";
import type { SessionLimits } from "../../../core/session/limits.js";
import { shortLine } from "../../../core/words/printable.js";
import { whNumber } from "./completed-transaction.js";

/** What TxCtrlr.SupportedLimits says: the station does not know how full the battery of a car is. */
export const supportedLimits = "maxCost,maxEnergy,maxTime";

/** A limit above this (Wh, seconds, units of money) is a mistake: no session ever comes there. */
const mostOfLimit = 1_000_000_000;
/** Decimals of a milliwatt-hour in Wh. */
const whDecimals = 3;

/** What an answer limits, and what of it cannot be obeyed, in words. */
export type ReadLimit = { readonly limits: SessionLimits; readonly unusable: readonly string[] };

/** The limit in the answer to a TransactionEvent; undefined where it names none. */
export function transactionLimitIn(answer: unknown): ReadLimit | undefined {
  const named = isObject(answer) ? answer["transactionLimit"] : undefined;
  if (!isObject(named)) return undefined;
  const unusable: string[] = [];
  const read = (name: string): ReturnType<typeof decimalOf> => {
    const value = named[name];
    if (!isPresent(value)) return undefined;
    // A limit below zero is passed by every session, as one of zero is.
    if (typeof value === "number" && value <= 0) return { digits: 0n, scale: 0 };
    const decimal = typeof value === "number" && value <= mostOfLimit ? decimalOf(value) : undefined;
    if (decimal === undefined) unusable.push(`${name} ${shortLine(JSON.stringify(value) ?? "", 40)} is not usable`);
    return decimal;
  };
  const [energy, cost, time] = [read("maxEnergy"), read("maxCost"), read("maxTime")];
  if (isPresent(named["maxSoC"]))
    unusable.push("maxSoC is not supported: the station does not know how full the battery is");
  return {
    limits: {
      ...(energy === undefined ? {} : { energyKwh: kwhExact(wholeAt(energy, whDecimals)) }),
      ...(cost === undefined ? {} : { cost: decimalText(cost) }),
      ...(time === undefined ? {} : { timeMs: wholeAt(time, 0) * 1000 }),
    },
    unusable,
  };
}

/** Limits as the station confirms them to the CSMS that has set them. */
export const transactionLimitOf = ({ energyKwh, cost, timeMs }: SessionLimits): Readonly<Record<string, number>> => ({
  ...(cost === undefined ? {} : { maxCost: Number(cost) }),
  ...(energyKwh === undefined ? {} : { maxEnergy: whNumber(requiredMilliWh(energyKwh)) }),
  ...(timeMs === undefined ? {} : { maxTime: timeMs / 1000 }),
});

/** In whole units of 10^-`scale`, the rest cut off: a limit is never passed by rounding. */
function wholeAt({ digits, scale }: NonNullable<ReturnType<typeof decimalOf>>, wanted: number): number {
  return scale <= wanted ? Number(digitsAt({ digits, scale }, wanted)) : Number(digits / 10n ** BigInt(scale - wanted));
}
