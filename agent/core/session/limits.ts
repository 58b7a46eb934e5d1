// The limits at which a session ends by itself: energy, money, time, and a car that never takes any energy.
// Judged on every look at the meter, so a session can pass a limit by what flows between two looks, and by no more.

import type { ConnectorConfig } from "../../../config/schema.js";
import type { StopReason } from "../cdr/settlement.js";
import { durationInWords } from "../explain/price-text.js";
import { kwhExact } from "../number/energy-text.js";
import { compare, ratioOfText } from "../number/money.js";
import type { LivePrice } from "../rating/live-price.js";
import type { Acceptance } from "./opening.js";

export type SessionTotals = { readonly energyMilliWh: number; readonly elapsedMs: number; readonly price: LivePrice };

export type LimitReached = { readonly reason: StopReason; readonly detail: string };

/**
 * The limit that is reached, if any: the connector's own, or one that the session was granted. `noEnergyMs` = how long
 * a car may take none at all; 0 = for ever.
 */
export function limitReached(
  { energyMilliWh, elapsedMs, price }: SessionTotals,
  limits: ConnectorConfig["limits"],
  granted: Acceptance["limits"],
  noEnergyMs: number,
): LimitReached | undefined {
  const because = granted === undefined ? "" : `: ${granted.why}`;
  for (const [limit, why] of [
    [limits.energyKwh, ""],
    [granted?.energyKwh, because],
  ] as const)
    if (limit !== undefined && reaches(kwhExact(energyMilliWh), limit))
      return { reason: "EnergyLimitReached", detail: `the limit of ${limit} kWh is reached${why}` };
  for (const [limit, why] of [
    [limits.cost, ""],
    [granted?.cost, because],
  ] as const)
    if (limit !== undefined && reaches(price.ifStoppedNow.incl, limit))
      return { reason: "CostLimitReached", detail: `the limit of ${limit} ${price.currency} is reached${why}` };
  if (limits.time !== undefined && elapsedMs >= limits.time)
    return {
      reason: "TimeLimitReached",
      detail: `the limit of ${durationInWords(Math.round(limits.time / 1000))} is reached`,
    };
  if (noEnergyMs > 0 && energyMilliWh === 0 && elapsedMs >= noEnergyMs)
    return { reason: "TimeLimitReached", detail: `no energy flowed within ${Math.round(noEnergyMs / 60_000)} min` };
  return undefined;
}

/** Whether a decimal text is at least another; both come from schemas or from the rating. */
function reaches(amount: string, limit: string): boolean {
  return compare(ratioOfText(amount), ratioOfText(limit)) >= 0;
}
