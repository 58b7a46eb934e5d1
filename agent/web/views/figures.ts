// Figures as a driver reads them, in a language: energy, money, power, time.
import { fixedText } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { durationInWords } from "../../core/explain/price-text.js";
import { kwhDisplay } from "../../core/number/energy-text.js";
import { localNumber } from "../../core/number/local-number.js";
import { divide, minorUnits, moneyText, ratio, ratioOfText, roundHalfUp } from "../../core/number/money.js";
import { localDate } from "../../core/print/receipt-terms.js";
import { clockText, dateText, localTime } from "../../core/time/time.js";
import { languageWords } from "../../core/words/words.js";
import type { PushedSession } from "../link/frames.js";
import type { PageWords } from "../words/page-words.js";

const mark = (language: Language) => languageWords[language].price.decimalMark;

/** An energy, cut to three decimals: no more is shown than was metered. */
export const energyFigure = (milliWh: number, language: Language): string =>
  `${localNumber(kwhDisplay(milliWh), mark(language))} kWh`;

/** An amount, rounded to the currency's minor unit. */
export const moneyFigure = (amount: string, currency: string, language: Language): string =>
  `${localNumber(moneyText(amount, currency), mark(language))} ${currency}`;

/** A power in kW with one decimal. */
export const powerFigure = (watts: number, language: Language): string =>
  `${localNumber((Math.max(0, watts) / 1000).toFixed(1).replace(/\.0$/, ""), mark(language))} kW`;

/** A duration in whole minutes, of which one that has begun counts not yet; below one, in seconds. */
export const durationFigure = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return durationInWords(seconds < 60 ? seconds : seconds - (seconds % 60));
};

/** The wall clock at the station; with its date where that is not today. */
export function timeFigure(timeZone: string, atMs: number, nowMs: number, language: Language): string {
  const time = clockText(timeZone, atMs);
  const { day } = localTime(timeZone, atMs);
  if (day === localTime(timeZone, nowMs).day) return time;
  return `${localDate(dateText(day), languageWords[language].receipt)} ${time}`;
}

/** The unit prices of a session, incl. tax: `0.49 EUR per kWh + 0.10 EUR per minute`. */
export function unitPriceFigure(
  { perKwh, perHour, idlePerHour }: PushedSession["unitPrices"],
  { currency, isIdle }: { readonly currency: string; readonly isIdle: boolean },
  { language, words }: { readonly language: Language; readonly words: PageWords },
): string {
  const price = (amount: string, parts: bigint, unit: string): string => {
    const places = Math.max(4, minorUnits(currency));
    const text = fixedText(roundHalfUp(divide(ratioOfText(amount), ratio(parts, 1n)), places), places);
    return `${localNumber(text.replace(/0{1,2}$/, ""), mark(language))} ${currency} ${unit}`;
  };
  const parts = [
    ...(perKwh === undefined ? [] : [price(perKwh, 1n, words.perKwh)]),
    ...(perHour === undefined || isIdle ? [] : [price(perHour, 60n, words.perMinute)]),
    ...(idlePerHour === undefined || !isIdle ? [] : [price(idlePerHour, 60n, words.perMinuteIdle)]),
  ];
  return parts.length === 0 ? words.free : parts.join(" + ");
}
