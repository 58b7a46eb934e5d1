// What a usual session would cost now: the figure by which drivers compare.
import type { Language } from "../../../config/languages.js";
import { simulate } from "../../core/rating/simulate.js";
import type { Tariff } from "../../core/tariff/tariff.js";
import { moneyFigure } from "./figures.js";

/** The session that "now would cost" is about. */
const usualKwh = 20n;
export const usualEnergy = `${usualKwh} kWh`;

/** What the usual session would cost at full power, with the car gone when it is done. */
export function usualCost(
  tariff: Tariff,
  watts: number,
  atMs: number,
  timeZone: string,
  language: Language,
): string | undefined {
  try {
    const { price } = simulate(
      tariff,
      {
        startMs: atMs,
        powerKw: { digits: BigInt(Math.round(watts)), scale: 3 },
        until: { kwh: { digits: usualKwh, scale: 0 } },
        idleMs: 0,
        timeZone,
      },
      language,
    );
    return moneyFigure(price.due.gross, price.currency, language);
  } catch (error) {
    // A power so low that it would take a month: then nobody is told a figure.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
