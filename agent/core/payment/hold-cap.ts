// The cap of a session that is paid by a hold: it ends before its total incl. tax passes what is held, since nothing
// beyond can be booked. Looked ahead with the engine itself: whatever the car does until the contactor has opened, the
// bill that would follow is worked out and held against the cap.

import type { Config, ConnectorConfig } from "../../../config/schema.js";
import { minorUnits, type Ratio, ratioOfText, roundHalfUp } from "../number/money.js";
import { grossIfStopped, nextBoundary } from "../rating/live-price.js";
import { advance, type Rating } from "../rating/rating.js";
import type { Sample } from "../rating/sample.js";
import type { Opening } from "../session/opening.js";
import { openSale, type Sale } from "../session/sale.js";
import type { Activity } from "../tariff/period.js";

/** What may happen until the session has ended, after the last reading. */
export type LookAhead = {
  /** Until the next look, and from then until no current flows: a poll, its answer, the stop's ramp-down. */
  readonly horizonMs: number;
  /** The most that can flow: the connector's own, or what flows now where that is more. */
  readonly fullPowerW: number;
  /** A register that moves in steps may hide so much that has flowed already. */
  readonly stepMilliWh: number;
};

/** How far must be looked ahead at a connector; `sinceMs` = how old the last reading is. */
export function lookAheadAt(
  { meter, maxPowerW }: Pick<ConnectorConfig, "meter" | "maxPowerW">,
  timing: Pick<Config["timing"], "contactor">,
  { stepMilliWh, powerW, sinceMs }: { readonly stepMilliWh: number; readonly powerW: number; readonly sinceMs: number },
): LookAhead {
  return {
    horizonMs: sinceMs + meter.poll + meter.timeout + timing.contactor,
    fullPowerW: Math.max(maxPowerW, Math.ceil(powerW)),
    stepMilliWh,
  };
}

/** Why a session may not begin on its hold: it would have to end at once. Undefined where it may, or has no hold. */
export function whyBelowLeastTotal(opening: Opening, ahead: LookAhead): string | undefined {
  const { hold, limits } = opening.acceptance;
  if (hold === undefined || limits?.cost === undefined) return undefined;
  return mayPassCap(openSale(opening), limits.cost, ahead)
    ? `the amount that is held, ${limits.cost} ${opening.tariff.currency}, is below the least that a session costs`
    : undefined;
}

/** More instants at which the price changes are not looked at one by one: the horizon is some seconds long. */
const mostBoundaries = 8;

/** Whether the bill may pass `cap` (incl. tax, a decimal text) before the session can be ended after the next look. */
export function mayPassCap({ rating, opening }: Sale, cap: string, ahead: LookAhead): boolean {
  const places = minorUnits(opening.tariff.currency);
  const limit = roundHalfUp(ratioOfText(cap), places);
  return grossAhead(rating, ahead).some((gross) => roundHalfUp(gross, places) > limit);
}

/**
 * What the bill may come to: at the horizon, and just before and just after each instant before it at which time alone
 * changes the price. On the way the car draws all it can, or nothing, or is idle; and it may turn idle at the very end,
 * by which a whole step of idle time may fall due on top.
 */
function grossAhead(rating: Rating, { horizonMs, fullPowerW, stepMilliWh }: LookAhead): Ratio[] {
  const { last } = rating;
  const instants = [...boundariesWithin(rating, horizonMs), last.atMs + horizonMs];
  const course = (activity: Activity, powerW: number): Ratio[] => {
    const { currentMilliA: _, ...known } = last;
    const now: Sample = { ...known, activity: last.activity === "suspended" ? "suspended" : activity, powerW };
    const begun = advance(rating, now);
    return instants.flatMap((atMs) => {
      const flowed = powerW > 0 ? stepMilliWh + Math.ceil((powerW * (atMs - last.atMs)) / 3_600) : 0;
      const at = advance(begun, { ...now, atMs, energyMilliWh: last.energyMilliWh + flowed });
      if (activity !== "charging" || now.activity === "suspended") return [grossIfStopped(at)];
      const idle: Sample = { ...at.last, activity: "parking" };
      return [grossIfStopped(at), grossIfStopped(advance(advance(at, idle), { ...idle, atMs: atMs + 1 }))];
    });
  };
  return [...course("charging", fullPowerW), ...course("charging", 0), ...course("parking", 0)];
}

/** The instants at which time alone changes the price, each with the millisecond before it. */
function boundariesWithin(rating: Rating, horizonMs: number): number[] {
  const untilMs = rating.last.atMs + horizonMs;
  const instants: number[] = [];
  let at = rating;
  for (let tries = 0; tries < mostBoundaries; tries += 1) {
    const atMs = nextBoundary(at);
    if (atMs === undefined || atMs >= untilMs) return instants;
    instants.push(Math.max(rating.last.atMs, atMs - 1), atMs);
    at = advance(at, { ...at.last, atMs });
  }
  return instants;
}
