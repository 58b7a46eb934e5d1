// Faults that stand until somebody says that they are mended: what the journal knows of them, so that no restart lets a
// connector sell again whose contactor dropped out.
import { standsUntilSaid } from "../fault-table.js";
import { withoutKey } from "./map-without.js";
import type { StationEvent } from "./station-event.js";

type StandingFault = Extract<StationEvent, { type: "FaultRaised" }>;
/** By device and code, in the order in which they were raised. */
export type StandingFaults = ReadonlyMap<string, StandingFault>;

/** Under which key a fault of this kind stands; undefined for every other event. */
export const standingKey = (event: StationEvent): string | undefined =>
  (event.type === "FaultRaised" || event.type === "FaultCleared") && standsUntilSaid(event.code)
    ? `${event.device} ${event.code}`
    : undefined;

/** The faults that stand after an event; the same object where it changes none. */
export function reduceStanding(standing: StandingFaults, event: StationEvent): StandingFaults {
  const key = standingKey(event);
  if (key === undefined) return standing;
  // Said again for the journal's sake: it stands since it was raised first.
  if (event.type === "FaultRaised") return standing.has(key) ? standing : new Map(standing).set(key, event);
  return withoutKey(standing, key);
}
