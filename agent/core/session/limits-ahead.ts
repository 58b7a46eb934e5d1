// What is left until each limit at which a running session ends by itself: what a driver sees count down.
import type { ConnectorConfig } from "../../../config/schema.js";
import { durationInWords } from "../explain/price-text.js";
import { kwhDisplay, requiredMilliWh } from "../number/energy-text.js";
import { compare, moneyText, publishedText, ratioOfText, subtract, zeroRatio } from "../number/money.js";
import { type GrantedLimits, ownLimits, type SessionTotals } from "./limits.js";

/** A limit and what is left until it, both in words: "80 kWh", "12.345 kWh". */
export type LimitAhead = { readonly at: string; readonly left: string };

/** The limits of a session that runs, the nearer of each kind, as `limitReached` judges them. */
export function limitsAhead(
  { energyMilliWh, elapsedMs, price }: SessionTotals,
  limits: ConnectorConfig["limits"],
  granted: readonly GrantedLimits[],
  noEnergyMs: number,
): readonly LimitAhead[] {
  const all = [ownLimits(limits), ...granted];
  const energy = leastDecimal(all.map(({ energyKwh }) => energyKwh));
  const cost = leastDecimal(all.map((one) => one.cost));
  const timeMs = Math.min(...all.map((one) => one.timeMs ?? Number.POSITIVE_INFINITY));
  const { currency, ifStoppedNow } = price;
  const money = (amount: string): string => `${moneyText(amount, currency)} ${currency}`;
  const duration = (ms: number): string => durationInWords(Math.ceil(Math.max(0, ms) / 1000));
  const ahead: LimitAhead[] = [];
  if (energy !== undefined) {
    const left = Math.max(0, requiredMilliWh(energy) - energyMilliWh);
    ahead.push({ at: `${energy} kWh`, left: `${kwhDisplay(left)} kWh` });
  }
  if (cost !== undefined) {
    const left = subtract(ratioOfText(cost), ratioOfText(ifStoppedNow.incl));
    ahead.push({ at: money(cost), left: money(publishedText(compare(left, zeroRatio) < 0 ? zeroRatio : left)) });
  }
  if (Number.isFinite(timeMs)) ahead.push({ at: duration(timeMs), left: duration(timeMs - elapsedMs) });
  if (noEnergyMs > 0 && energyMilliWh === 0)
    ahead.push({ at: `${duration(noEnergyMs)} without any energy`, left: duration(noEnergyMs - elapsedMs) });
  return ahead;
}

/** The smallest of the decimals that are stated. */
export function leastDecimal(amounts: readonly (string | undefined)[]): string | undefined {
  return amounts
    .filter((amount) => amount !== undefined)
    .reduce<string | undefined>(
      (best, amount) => (best === undefined || compare(ratioOfText(amount), ratioOfText(best)) < 0 ? amount : best),
      undefined,
    );
}
