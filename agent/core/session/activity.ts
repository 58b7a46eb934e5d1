// Does the car ask for power? Told from the meter alone: under `idlePowerW` for `idleAfterMs` means it does not.
// The first `idleGraceMs` of each such stretch are `grace` (free), then `parking` begins.
import type { Activity } from "../tariff/period.js";

export type ActivityRules = { readonly idlePowerW: number; readonly idleAfterMs: number; readonly idleGraceMs: number };

/** `lowSinceMs`: since when the power is low, on the session's time line; null = the car draws. */
export type ActivityTrack = { readonly activity: Activity; readonly lowSinceMs: number | null };

export const drawingTrack: ActivityTrack = { activity: "charging", lowSinceMs: null };

/** The track after a reading of `powerW` at `atMs`; the same object when nothing changed. */
export function trackActivity(
  before: ActivityTrack,
  atMs: number,
  powerW: number,
  rules: ActivityRules,
): ActivityTrack {
  if (Math.abs(powerW) >= rules.idlePowerW) return before.lowSinceMs === null ? before : drawingTrack;
  const lowSinceMs = before.lowSinceMs ?? atMs;
  const lowForMs = atMs - lowSinceMs;
  const activity: Activity =
    lowForMs < rules.idleAfterMs ? "charging" : lowForMs < rules.idleAfterMs + rules.idleGraceMs ? "grace" : "parking";
  return activity === before.activity && before.lowSinceMs !== null ? before : { activity, lowSinceMs };
}
