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
  if (restrictions.startDay !== undefined) parts.push(words.fromDate(dateText(restrictions.startDay)));
  if (restrictions.endDay !== undefined) parts.push(words.untilDate(dateText(restrictions.endDay)));
  const bounds = (min: string | undefined, max: string | undefined): void => {
    if (min !== undefined) parts.push(words.atLeast(min));
    if (max !== undefined) parts.push(words.below(max));
  };
  const energy = (milliWh: number | undefined): string | undefined =>
    milliWh === undefined ? undefined : kwhText(milliWh, words);
  const given = (value: number | undefined, unit: string): string | undefined =>
    value === undefined ? undefined : `${localNumber(String(value), words.decimalMark)} ${unit}`;
  bounds(energy(restrictions.minMilliWh), energy(restrictions.maxMilliWh));
  bounds(given(restrictions.minPowerKw, "kW"), given(restrictions.maxPowerKw, "kW"));
  bounds(given(restrictions.minCurrentA, "A"), given(restrictions.maxCurrentA, "A"));
  if (restrictions.minDurationMs !== undefined)
    parts.push(words.after(durationInWords(restrictions.minDurationMs / 1000)));
  if (restrictions.maxDurationMs !== undefined)
    parts.push(words.first(durationInWords(restrictions.maxDurationMs / 1000)));
  return parts.join(", ");
}

/** Why a component was in force: the restrictions of its element that held; or that no element has such a price. */
export function whyOf(tariff: Tariff, component: PriceComponent | undefined, language: Language): string {
  const words = languageWords[language].price;
  if (component === undefined) return words.noElement;
  return restrictionText(tariff.elements[component.element]?.restrictions ?? {}, language) || words.always;
}
