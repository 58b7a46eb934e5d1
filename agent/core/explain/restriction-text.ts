// When a price holds, in words.

import type { Language } from "../../../config/languages.js";
import { localNumber } from "../number/local-number.js";
import type { Restrictions } from "../tariff/restrictions.js";
import type { PriceComponent, Tariff } from "../tariff/tariff.js";
import { dateText, timeOfDayText } from "../time/time.js";
import { languageWords } from "../words/words.js";
import { durationInWords, kwhText } from "./price-text.js";

/** The restrictions of an element in words; empty where there are none. */
export function restrictionText(restrictions: Restrictions, language: Language): string {
  const words = languageWords[language].price;
  const parts: string[] = [];
  const { startMsOfDay: start, endMsOfDay: end } = restrictions;
  if (restrictions.weekdays !== undefined)
    parts.push(words.on(words.days.filter((_, day) => ((restrictions.weekdays ?? 0) & (1 << day)) !== 0).join(", ")));
  if (start !== undefined && end !== undefined) parts.push(words.window(timeOfDayText(start), timeOfDayText(end)));
  else if (start !== undefined) parts.push(words.fromTime(timeOfDayText(start)));
  else if (end !== undefined) parts.push(words.untilTime(timeOfDayText(end)));
  const { startDay, endDay } = restrictions;
  if (startDay !== undefined && endDay === startDay + 1) parts.push(words.onDate(dateText(startDay)));
  else {
    if (startDay !== undefined) parts.push(words.fromDate(dateText(startDay)));
    if (endDay !== undefined) parts.push(words.untilDate(dateText(endDay)));
  }
  const bounds = (min: string | undefined, max: string | undefined): void => {
    if (min !== undefined) parts.push(words.atLeast(min));
    if (max !== undefined) parts.push(words.below(max));
  };
  const energy = (milliWh: number | undefined): string | undefined =>
    milliWh === undefined ? undefined : kwhText(milliWh, words);
  const given = (value: number | undefined, unit: string): string | undefined =>
    value === undefined ? undefined : `${localNumber(String(value), words.decimalMark)} ${unit}`;
  const { minMilliWh, minPowerKw, minCurrentA } = restrictions;
  bounds(energy(unlessZero(minMilliWh)), energy(restrictions.maxMilliWh));
  bounds(given(unlessZero(minPowerKw), "kW"), given(restrictions.maxPowerKw, "kW"));
  bounds(given(unlessZero(minCurrentA), "A"), given(restrictions.maxCurrentA, "A"));
  const min = boundInWords(unlessZero(restrictions.minDurationMs));
  const max = boundInWords(restrictions.maxDurationMs);
  if (min !== undefined && max !== undefined) parts.push(words.durations(min, max));
  else if (min !== undefined) parts.push(words.after(min));
  else if (max !== undefined) parts.push(words.first(max));
  return parts.join(", ");
}

/** A lower bound of nothing excludes nothing. */
const unlessZero = (bound: number | undefined): number | undefined => (bound === 0 ? undefined : bound);

const boundInWords = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : durationInWords(ms / 1000);

/**
 * Whether a fee of an element with these restrictions can begin only after the session has: their other conditions do
 * not hold at its start.
 */
export function isLateFee(restrictions: Restrictions): boolean {
  const { minMilliWh, minDurationMs } = restrictions;
  return (minMilliWh ?? 0) > 0 || (minDurationMs ?? 0) > 0 || asksMomentary(restrictions);
}

/** Whether they ask for power or current, which change from moment to moment. */
export const asksMomentary = ({ minPowerKw, maxPowerKw, minCurrentA, maxCurrentA }: Restrictions): boolean =>
  [minPowerKw, maxPowerKw, minCurrentA, maxCurrentA].some((bound) => bound !== undefined);

/** Why a component was in force: the restrictions of its element that held; or that no element has such a price. */
export function whyOf(tariff: Tariff, component: PriceComponent | undefined, language: Language): string {
  const words = languageWords[language].price;
  if (component === undefined) return words.noElement;
  return restrictionText(tariff.elements[component.element]?.restrictions ?? {}, language) || words.always;
}
