// Short scenarios for the crash tests: a few sessions in a few minutes of bench time, with every ending that a session
// can have.
import { scenarioCards } from "../../../drivers/bench/scenario.js";
import type { Agenda, WorldAct } from "../../../drivers/bench/world.js";
import type { StreetOptions } from "./street.js";

const tap = (uid: string): WorldAct => ({ do: "present", reader: "front", uids: [uid], forMs: 2_500 });
/** One minute before the standard tariff changes its price. */
const startsAt = Date.UTC(2026, 10, 24, 16, 59, 0);

/** Seconds after the start, and what happens then. */
const acts: readonly (readonly [number, WorldAct])[] = [
  [4, { do: "plug", connector: 1, powerW: 10_500, wantsWh: 30_000 }],
  [8, tap(scenarioCards.ada)],
  [20, tap(scenarioCards.ben)],
  [25, { do: "plug", connector: 2, powerW: 7_000, wantsWh: 150 }],
  [75, tap(scenarioCards.ada)],
  [80, { do: "backend", away: true }],
  [95, { do: "unplug", connector: 1 }],
  [118, { do: "unplug", connector: 2 }],
  [130, { do: "plug", connector: 1, powerW: 9_000, wantsWh: 30_000 }],
  [135, tap(scenarioCards.ben)],
  [150, { do: "backend", away: false }],
  [160, { do: "unplug", connector: 1 }],
];

/**
 * Three sessions: stopped by card across a change of price, a car that was full, a cable pulled under load while the
 * backend is away.
 */
export const shortScenario: StreetOptions = {
  scenarioMs: 165_000,
  startsAt,
  agenda: (startMs): Agenda => acts.map(([seconds, act]) => ({ monoMs: startMs + seconds * 1_000, act })),
};

/** One session, from plug to unplug: the least that has everything in it. */
export const oneSession: StreetOptions = {
  scenarioMs: 88_000,
  startsAt: startsAt + 30_000,
  agenda: (startMs): Agenda =>
    acts.flatMap(([seconds, act]): Agenda[number][] => {
      if (seconds === 4 || seconds === 8) return [{ monoMs: startMs + seconds * 1_000, act }];
      if (seconds === 75) return [{ monoMs: startMs + 70_000, act }];
      if (seconds === 95) return [{ monoMs: startMs + 78_000, act }];
      return [];
    }),
};
