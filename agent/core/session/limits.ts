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

/** What one session may take at most; what is not stated is not limited. */
export type SessionLimits = { readonly energyKwh?: string; readonly cost?: string; readonly timeMs?: number };

/** The limits that one backend has set for a session while it runs. */
export type BackendLimits = { readonly by: string; readonly limits: SessionLimits };

/** Limits of a session beside its connector's; `why` says whose they are. */
export type GrantedLimits = SessionLimits & { readonly why: string };

/** What a session was granted when its card was accepted, and what backends have set since: the nearest counts. */
export function grantedLimits({
  opening: { acceptance },
  backendLimits,
}: {
  readonly opening: { readonly acceptance: Pick<Acceptance, "limits"> };
  readonly backendLimits: readonly BackendLimits[];
}): readonly GrantedLimits[] {
  const later = backendLimits.map(({ by, limits }) => ({ ...limits, why: `set by ${by}` }));
  return acceptance.limits === undefined ? later : [acceptance.limits, ...later];
}

/**
 * The limit that is reached, if any: the connector's own, or one that the session was granted. `noEnergyMs` = how long
 * a car may take none at all; 0 = for ever.
 */
export function limitReached(
  { energyMilliWh, elapsedMs, price }: SessionTotals,
  limits: ConnectorConfig["limits"],
  granted: readonly GrantedLimits[],
  noEnergyMs: number,
): LimitReached | undefined {
  const all: readonly (SessionLimits & { readonly why?: string })[] = [ownLimits(limits), ...granted];
  for (const { energyKwh, why } of all)
    if (energyKwh !== undefined && reaches(kwhExact(energyMilliWh), energyKwh))
      return { reason: "EnergyLimitReached", detail: isReached(`${energyKwh} kWh`, why) };
  for (const { cost, why } of all)
    if (cost !== undefined && reaches(price.ifStoppedNow.incl, cost))
      return { reason: "CostLimitReached", detail: isReached(`${cost} ${price.currency}`, why) };
  for (const { timeMs, why } of all)
    if (timeMs !== undefined && elapsedMs >= timeMs)
      return { reason: "TimeLimitReached", detail: isReached(durationInWords(Math.round(timeMs / 1000)), why) };
  if (noEnergyMs > 0 && energyMilliWh === 0 && elapsedMs >= noEnergyMs)
    return { reason: "TimeLimitReached", detail: `no energy flowed within ${Math.round(noEnergyMs / 60_000)} min` };
  return undefined;
}

/** A connector's own limits, as those of a session are written. */
export const ownLimits = ({ energyKwh, cost, time }: ConnectorConfig["limits"]): SessionLimits => ({
  ...(energyKwh === undefined ? {} : { energyKwh }),
  ...(cost === undefined ? {} : { cost }),
  ...(time === undefined ? {} : { timeMs: time }),
});

/** Limits in words: "0.100 kWh, 5.00 EUR, 30 min". */
export const limitsInWords = ({ energyKwh, cost, timeMs }: SessionLimits, currency: string): string =>
  [
    energyKwh === undefined ? [] : `${energyKwh} kWh`,
    cost === undefined ? [] : `${cost} ${currency}`,
    timeMs === undefined ? [] : durationInWords(Math.round(timeMs / 1000)),
  ]
    .flat()
    .join(", ");

/** Whether the same is limited to the same. */
export const areSameLimits = (a: SessionLimits, b: SessionLimits): boolean =>
  a.energyKwh === b.energyKwh && a.cost === b.cost && a.timeMs === b.timeMs;

const isReached = (limit: string, why: string | undefined): string =>
  `the limit of ${limit} is reached${why === undefined ? "" : `: ${why}`}`;

/** Whether a decimal text is at least another; both come from schemas or from the rating. */
function reaches(amount: string, limit: string): boolean {
  return compare(ratioOfText(amount), ratioOfText(limit)) >= 0;
}
