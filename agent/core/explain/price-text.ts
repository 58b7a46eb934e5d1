// Prices, energies and durations as text in a language.

import { type Decimal, decimalText, plainText } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { kwhExact } from "../number/energy-text.js";
import { localNumber } from "../number/local-number.js";
import { minorUnits, multiply, type Ratio, ratio, ratioOf, roundHalfUp } from "../number/money.js";
import { type Charge, isFee, isTime } from "../tariff/charge.js";
import { grossPrice } from "../tariff/component-selection.js";
import type { PriceComponent, PriceLimit, Tariff } from "../tariff/tariff.js";
import type { PriceWords } from "../words/language-words.js";
import { languageWords } from "../words/words.js";

/** A price with at least the currency's decimals and at most four: what stands on a display. */
export function priceText(price: Ratio, currency: string, words: PriceWords): string {
  return `${priceNumber(price, currency, words)} ${currency}`;
}

/** The same without the currency; for a column, with at least so many decimals as its finest price. */
export function priceNumber(price: Ratio, currency: string, words: PriceWords, least = minorUnits(currency)): string {
  const places = Math.max(least, 4);
  const text = plainText(roundHalfUp(price, places), places);
  const point = text.indexOf(".");
  const decimals = decimalsOf(text);
  const padded = decimals >= least ? text : `${text}${point < 0 ? "." : ""}${"0".repeat(least - decimals)}`;
  return localNumber(padded, words.decimalMark);
}

/** The decimals that a price is told with. */
export const priceDecimals = (price: Ratio, currency: string, words: PriceWords): number =>
  decimalsOf(priceNumber(price, currency, words).replace(words.decimalMark, "."));

function decimalsOf(text: string): number {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}

/** Whole seconds as people say them: "45 s", "22 min", "1 h 30 min". */
export function durationInWords(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  const parts = [
    hours > 0 ? `${hours} h` : "",
    minutes > 0 ? `${minutes} min` : "",
    rest > 0 || seconds === 0 ? `${rest} s` : "",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** Energy without decimals that say nothing: "2.5 kWh". */
export const kwhText = (milliWh: number, words: PriceWords): string =>
  `${localNumber(kwhExact(milliWh, 0), words.decimalMark)} kWh`;

/** What a driver pays per unit: with tax where the tariff knows it, times per minute. */
export function driverAmount(tariff: Tariff, component: PriceComponent, charge: Charge): Ratio {
  const gross = grossPrice(tariff, component);
  return isTime(charge) ? multiply(gross, ratio(1n, 60n)) : gross;
}

/** The same as text, with its unit. */
export function driverPrice(tariff: Tariff, component: PriceComponent, charge: Charge, words: PriceWords): string {
  const price = driverAmount(tariff, component, charge);
  const unit =
    charge === "ENERGY"
      ? words.perKwh
      : isTime(charge)
        ? words.perMinute
        : charge === "FLAT"
          ? words.perSession
          : words.once;
  return component.price.digits === 0n ? words.free : `${priceText(price, tariff.currency, words)} ${unit}`;
}

/** Whether tax is in that price, and how much. */
export function taxText(tariff: Tariff, component: PriceComponent, words: PriceWords): string {
  if (component.price.digits === 0n) return "";
  if (tariff.taxIncluded === "N/A") return ` (${words.noTax})`;
  if (component.vat !== undefined)
    return ` (${words.inclTax(localNumber(decimalText(component.vat), words.decimalMark))})`;
  if (tariff.taxIncluded === "YES") return ` (${words.taxInside})`;
  // In 2.2.1 no vat means that none applies; in 2.3.0 it means that nobody says how much.
  return ` (${tariff.version === "2.3.0" ? words.taxOnTop : words.noTax})`;
}

/** The step by which it is billed, where that is more than one unit. */
export function stepText(component: PriceComponent, charge: Charge, words: PriceWords): string {
  if (component.stepSize <= 1 || component.price.digits === 0n || isFee(charge)) return "";
  const step = charge === "ENERGY" ? kwhText(component.stepSize * 1000, words) : durationInWords(component.stepSize);
  return `, ${words.steps(step)}`;
}

/** A limit as a driver pays it: with tax where the tariff states that. */
export function limitText(limit: PriceLimit, tariff: Tariff, language: Language): string {
  const words = languageWords[language].price;
  const money = (value: Decimal): string => priceText(ratioOf(value), tariff.currency, words);
  return limit.incl === undefined ? money(limit.excl) : `${money(limit.incl)} ${words.taxInside}`;
}
