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

/** A price that tells more of power and current apart than that is no price for people: the rest is not looked at. */
const mostMomentary = 12;

/** Whether the bill may pass `cap` (incl. tax, a decimal text) before the session can be ended after the next look. */
export function mayPassCap({ rating, opening }: Sale, cap: string, ahead: LookAhead): boolean {
  const places = minorUnits(opening.tariff.currency);
  const limit = roundHalfUp(ratioOfText(cap), places);
  return grossAhead(rating, ahead).some((gross) => roundHalfUp(gross, places) > limit);
}

/**
 * What the bill may come to: at the horizon, and just before and just after each instant before it at which time alone
 * changes the price. On the way the car draws all it can, or nothing, or is idle; and it may turn idle at the very end,
 * by which a whole step of idle time may fall due on top. Where the price asks for power or current, any of them may
 * have been seen at the last look, and any other at the next one.
 */
function grossAhead(rating: Rating, { horizonMs, fullPowerW, stepMilliWh }: LookAhead): Ratio[] {
  const { last } = rating;
  const untilMs = last.atMs + horizonMs;
  const instants = [...boundariesWithin(rating, horizonMs), untilMs];
  const course = (activity: Activity, flowingW: number, [first, then]: readonly [Momentary, Momentary]): Ratio[] => {
    const { currentMilliA: _, ...known } = last;
    const now: Sample = { ...known, ...first, activity: last.activity === "suspended" ? "suspended" : activity };
    const begun = advance(rating, now);
    return instants.flatMap((atMs) => {
      const flowed = flowingW > 0 ? stepMilliWh + Math.ceil((flowingW * (atMs - last.atMs)) / 3_600) : 0;
      const onTheWay =
        first === then || atMs === last.atMs ? begun : advance(begun, { ...now, ...then, atMs: last.atMs + 1 });
      const energyMilliWh = last.energyMilliWh + flowed;
      const at = advance(onTheWay, { ...onTheWay.last, atMs: Math.max(atMs, onTheWay.last.atMs), energyMilliWh });
      if (activity !== "charging" || now.activity === "suspended") return [grossIfStopped(at)];
      const idle: Sample = { ...at.last, activity: "parking" };
      return [grossIfStopped(at), grossIfStopped(advance(advance(at, idle), { ...idle, atMs: idle.atMs + 1 }))];
    });
  };
  return momentaryPairs(rating, fullPowerW).flatMap((pair) => [
    ...course("charging", fullPowerW, pair),
    ...course("charging", 0, pair),
    ...course("parking", 0, pair),
  ]);
}

/** What a price may ask for at a look. */
type Momentary = Pick<Sample, "powerW" | "currentMilliA">;

/** What may be seen at the last look and at the next: only what a price tells apart, and the same where it asks nothing. */
function momentaryPairs(
  { last, progress: { tariff } }: Rating,
  fullPowerW: number,
): readonly (readonly [Momentary, Momentary])[] {
  const { currentMilliA: current } = last;
  const seen: Momentary = { powerW: fullPowerW, ...(current === undefined ? {} : { currentMilliA: current }) };
  if (!tariff.asksPower && !tariff.asksCurrent) return [[seen, seen]];
  const restrictions = tariff.elements.map((element) => element.restrictions);
  const thresholds = (bounds: readonly (number | undefined)[], seenValues: readonly number[]): readonly number[] => [
    ...new Set([0, ...seenValues, ...bounds.flatMap((bound) => (bound === undefined ? [] : [bound * 1_000]))]),
  ];
  const powers = thresholds(
    restrictions.flatMap((of) => [of?.minPowerKw, of?.maxPowerKw]),
    [last.powerW, fullPowerW],
  ).filter((powerW) => powerW <= fullPowerW);
  const currents: readonly (number | undefined)[] = tariff.asksCurrent
    ? thresholds(
        restrictions.flatMap((of) => [of?.minCurrentA, of?.maxCurrentA]),
        last.currentMilliA === undefined ? [] : [last.currentMilliA],
      )
    : [last.currentMilliA];
  const all = powers.flatMap((powerW) =>
    currents.map((currentMilliA): Momentary => ({ powerW, ...(currentMilliA === undefined ? {} : { currentMilliA }) })),
  );
  const few = all.slice(0, mostMomentary);
  return few.flatMap((first) => few.map((then) => [first, then] as const));
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
