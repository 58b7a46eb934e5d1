// The scenario that the demo plays: what cars, cards and the backend do, minute by minute. Quantities come from the seed.
import type { ShownCard } from "./terminal/terminal-bank.js";
import type { Agenda } from "./world.js";

const scenarioMinuteMs = 60_000;

/**
 * The bench's first moment: a Tuesday evening in Berlin, eight minutes before the standard tariff changes its price.
 */
export const scenarioStartsAt = Date.UTC(2026, 10, 24, 16, 52, 0);

/** The cards of the scenario by role; the config names those that are known. */
export const scenarioCards = { ada: "04A23B1C5D6E80", ben: "9F3C77E1", stranger: "04DEADBEEF1234" };

/** Who pays at the card terminal, by name; the number is a test card's and stands in no file. */
export const scenarioBankCards: Readonly<Record<"cleo", ShownCard>> = {
  cleo: { kind: "bank", number: "5555555555554444", name: "Mastercard", funds: 20_000 },
};

/** Somebody without a card of the operator, where a terminal is: money is held, the same card stops, the rest is let go. */
const bankCardActs = [
  { at: 66, act: { do: "plug", connector: 1, powerW: 7_000, wantsWh: 20_000 } as const },
  { at: 67, act: { do: "bank-card", card: "cleo" } as const },
  { at: 82, act: { do: "bank-card", card: "cleo" } as const },
  { at: 83, act: { do: "unplug", connector: 1 } as const },
];

/**
 * The scenario's agenda from `startMs` (monotonic) on: a known card, an unknown one, a price that changes while charging,
 * a backend that goes away, a session sold offline, one paid by bank card where there is a terminal, and the backend's
 * return.
 */
export function demoScenario(startMs: number, seed: number, reader: string, hasTerminal: boolean): Agenda {
  const spread = (low: number, high: number, salt: number): number =>
    low + ((seed * 7919 + salt * 104_729) % (high - low + 1));
  const tap = (uid: string) => ({ do: "present", reader, uids: [uid], forMs: 900 }) as const;
  return [
    ...(hasTerminal ? bankCardActs : []),
    { at: 0.5, act: { do: "plug", connector: 1, powerW: spread(100, 110, 1) * 100, wantsWh: 30_000 } as const },
    { at: 1, act: tap(scenarioCards.ada) },
    { at: 2, act: tap(scenarioCards.stranger) },
    { at: 24, act: { do: "backend", away: true } as const },
    { at: 30, act: tap(scenarioCards.ben) },
    {
      at: 30.5,
      act: { do: "plug", connector: 2, powerW: spread(68, 74, 2) * 100, wantsWh: spread(2_400, 2_900, 3) } as const,
    },
    { at: 35, act: tap(scenarioCards.ada) },
    { at: 37, act: { do: "unplug", connector: 1 } as const },
    { at: 75 + spread(0, 4, 4), act: { do: "unplug", connector: 2 } as const },
    { at: 84, act: { do: "backend", away: false } as const },
    { at: 90, act: { do: "scenario-ends" } as const },
  ].map(({ at, act }) => ({ monoMs: startMs + Math.round(at * scenarioMinuteMs), act }));
}
