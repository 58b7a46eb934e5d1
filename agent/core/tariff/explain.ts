// Prices in plain words: the sentence under each line of a bill, a whole tariff, and what a driver must know before the
// start, in the order that AFIR article 5 sets: per kWh, per minute, per session, and everything else after them.

import { type Decimal, decimalText, plainText } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { kwhExact } from "../number/energy-text.js";
import { localNumber } from "../number/local-number.js";
import { minorUnits, multiply, type Ratio, ratio, ratioOf, roundHalfUp } from "../number/money.js";
import { type Words, wordsOf } from "../number/words.js";
import { clockText, dateText, dayMs, localTime } from "../time/time.js";
import { choose, grossPrice } from "./component-selection.js";
import type { Conditions, Restrictions } from "./restrictions.js";
import type { Charge, Offer, PriceComponent, PriceLimit, Tariff } from "./tariff.js";
import { boundariesOf, nextTimeBoundary } from "./tariff-boundaries.js";

/** A price with at least the currency's decimals and at most four: what stands on a display. */
export function priceText(price: Ratio, currency: string, words: Words): string {
  const least = minorUnits(currency);
  const places = Math.max(least, 4);
  const text = plainText(roundHalfUp(price, places), places);
  const point = text.indexOf(".");
  const decimals = point < 0 ? 0 : text.length - point - 1;
  const padded = decimals >= least ? text : `${text}${point < 0 ? "." : ""}${"0".repeat(least - decimals)}`;
  return `${localNumber(padded, words.decimal)} ${currency}`;
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

function timeOfDay(ms: number): string {
  const minutes = ms / 60_000;
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** The restrictions of an element in words; empty where there are none. */
export function restrictionText(restrictions: Restrictions, language: Language): string {
  const words = wordsOf[language];
  const parts: string[] = [];
  const { startMsOfDay: start, endMsOfDay: end } = restrictions;
  if (restrictions.weekdays !== undefined)
    parts.push(words.on(words.days.filter((_, day) => ((restrictions.weekdays ?? 0) & (1 << day)) !== 0).join(", ")));
  if (start !== undefined && end !== undefined) parts.push(words.window(timeOfDay(start), timeOfDay(end)));
  else if (start !== undefined) parts.push(words.fromTime(timeOfDay(start)));
  else if (end !== undefined) parts.push(words.untilTime(timeOfDay(end)));
  if (restrictions.startDay !== undefined) parts.push(words.fromDate(dateText(restrictions.startDay)));
  if (restrictions.endDay !== undefined) parts.push(words.untilDate(dateText(restrictions.endDay)));
  const bounds = (min: string | undefined, max: string | undefined): void => {
    if (min !== undefined) parts.push(words.atLeast(min));
    if (max !== undefined) parts.push(words.below(max));
  };
  const energy = (milliWh: number | undefined): string | undefined =>
    milliWh === undefined ? undefined : kwhText(milliWh, words);
  const given = (value: number | undefined, unit: string): string | undefined =>
    value === undefined ? undefined : `${localNumber(String(value), words.decimal)} ${unit}`;
  bounds(energy(restrictions.minMilliWh), energy(restrictions.maxMilliWh));
  bounds(given(restrictions.minPowerKw, "kW"), given(restrictions.maxPowerKw, "kW"));
  bounds(given(restrictions.minCurrentA, "A"), given(restrictions.maxCurrentA, "A"));
  if (restrictions.minDurationMs !== undefined)
    parts.push(words.after(durationInWords(restrictions.minDurationMs / 1000)));
  if (restrictions.maxDurationMs !== undefined)
    parts.push(words.first(durationInWords(restrictions.maxDurationMs / 1000)));
  return parts.join(", ");
}

/** Why a component was in force: the restrictions of its element that held. */
export function whyOf(tariff: Tariff, component: PriceComponent, language: Language): string {
  return restrictionText(tariff.elements[component.element]?.restrictions ?? {}, language) || wordsOf[language].always;
}

/** What is priced by time. */
export function isTime(charge: Charge): boolean {
  return charge === "TIME" || charge === "PARKING_TIME" || charge === "RESERVATION_TIME" || charge === "EXPIRY_TIME";
}

/** Energy without decimals that say nothing: "2.5 kWh". */
export const kwhText = (milliWh: number, words: Words): string =>
  `${localNumber(kwhExact(milliWh, 0), words.decimal)} kWh`;

/** A limit as a driver pays it: with tax where the tariff states that. */
export function limitText(limit: PriceLimit, tariff: Tariff, language: Language): string {
  const words = wordsOf[language];
  const money = (value: Decimal): string => priceText(ratioOf(value), tariff.currency, words);
  return limit.incl === undefined ? money(limit.excl) : `${money(limit.incl)} ${words.taxInside}`;
}

/** In the order that a driver must be told: kWh, minute, session, then the rest. */
const tellingOrder: readonly Charge[] = [
  "ENERGY",
  "TIME",
  "FLAT",
  "PARKING_TIME",
  "RESERVATION_TIME",
  "RESERVATION_FLAT",
  "EXPIRY_TIME",
  "EXPIRY_FLAT",
];

function heading(charge: Charge, words: Words): string {
  const headings: Record<Charge, string> = {
    ENERGY: words.energy,
    TIME: words.charging,
    FLAT: words.session,
    PARKING_TIME: words.idle,
    RESERVATION_TIME: words.reservation,
    RESERVATION_FLAT: words.reservationFee,
    EXPIRY_TIME: words.expiry,
    EXPIRY_FLAT: words.expiryFee,
  };
  return headings[charge];
}

/** What a driver pays: with tax where the tariff knows it, times per minute. */
function driverPrice(tariff: Tariff, component: PriceComponent, charge: Charge, words: Words): string {
  const gross = grossPrice(tariff, component);
  const price = isTime(charge) ? multiply(gross, ratio(1n, 60n)) : gross;
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

function taxText(tariff: Tariff, component: PriceComponent, words: Words): string {
  if (component.price.digits === 0n) return "";
  if (tariff.taxIncluded === "N/A") return ` (${words.noTax})`;
  if (component.vat !== undefined) return ` (${words.inclTax(localNumber(decimalText(component.vat), words.decimal))})`;
  if (tariff.taxIncluded === "YES") return ` (${words.taxInside})`;
  // In 2.2.1 no vat means that none applies; in 2.3.0 it means that nobody says how much.
  return ` (${tariff.version === "2.3.0" ? words.taxOnTop : words.noTax})`;
}

function stepText(component: PriceComponent, charge: Charge, words: Words): string {
  if (component.stepSize <= 1 || component.price.digits === 0n || charge.endsWith("FLAT")) return "";
  const step = charge === "ENERGY" ? kwhText(component.stepSize * 1000, words) : durationInWords(component.stepSize);
  return `, ${words.steps(step)}`;
}

function offerText(
  tariff: Tariff,
  offer: Offer,
  charge: Charge,
  isLast: boolean,
  alone: boolean,
  language: Language,
): string {
  const words = wordsOf[language];
  const restriction = restrictionText(offer.element.restrictions, language);
  const condition = restriction !== "" ? ` ${restriction}` : isLast && !alone ? ` ${words.otherwise}` : "";
  return `${driverPrice(tariff, offer.component, charge, words)}${taxText(tariff, offer.component, words)}${condition}${stepText(offer.component, charge, words)}`;
}

export type PriceInWords = {
  readonly kind: "kwh" | "minute" | "session" | "idle" | "reservation" | "limit" | "validity" | "change" | "text";
  readonly text: string;
};

function kindOf(charge: Charge): PriceInWords["kind"] {
  if (charge === "ENERGY") return "kwh";
  if (charge === "TIME") return "minute";
  if (charge === "FLAT") return "session";
  return charge === "PARKING_TIME" ? "idle" : "reservation";
}

function limitLines(tariff: Tariff, language: Language): PriceInWords[] {
  const words = wordsOf[language];
  const lines: PriceInWords[] = [];
  if (tariff.minPrice !== undefined)
    lines.push({ kind: "limit", text: `${words.minimum} ${limitText(tariff.minPrice, tariff, language)}` });
  if (tariff.maxPrice !== undefined)
    lines.push({ kind: "limit", text: `${words.maximum} ${limitText(tariff.maxPrice, tariff, language)}` });
  return lines;
}

function altTextLines(tariff: Tariff, language: Language): PriceInWords[] {
  const own =
    tariff.altText.find((one) => one.language.toLowerCase() === language) ??
    tariff.altText.find((one) => one.language.toLowerCase() === "en");
  return own === undefined ? [] : [{ kind: "text", text: own.text }];
}

function instantText(atMs: number, timeZone: string): string {
  return `${dateText(localTime(timeZone, atMs).day)} ${clockText(timeZone, atMs)}`;
}

function validityLines(tariff: Tariff, timeZone: string, language: Language): PriceInWords[] {
  const words = wordsOf[language];
  const lines: PriceInWords[] = [];
  if (tariff.startMs !== undefined)
    lines.push({ kind: "validity", text: words.validFrom(instantText(tariff.startMs, timeZone)) });
  if (tariff.endMs !== undefined)
    lines.push({ kind: "validity", text: words.validUntil(instantText(tariff.endMs, timeZone)) });
  return lines;
}

/** The whole tariff: every offer with its restrictions, in the order in which it is tried. */
export function explainTariff(tariff: Tariff, timeZone: string, language: Language): PriceInWords[] {
  const words = wordsOf[language];
  const lines = tellingOrder.flatMap((charge): PriceInWords[] => {
    const offers = tariff.offers[charge];
    if (offers.length === 0)
      return charge === "ENERGY" ? [{ kind: "kwh", text: `${words.energy}: ${words.free}` }] : [];
    const texts = offers.map((offer, index) =>
      offerText(tariff, offer, charge, index === offers.length - 1, offers.length === 1, language),
    );
    return [{ kind: kindOf(charge), text: `${heading(charge, words)}: ${texts.join("; ")}` }];
  });
  return [
    ...lines,
    ...limitLines(tariff, language),
    ...validityLines(tariff, timeZone, language),
    ...altTextLines(tariff, language),
  ];
}

function startConditions(atMs: number, timeZone: string): Conditions {
  return {
    local: localTime(timeZone, atMs),
    energyMilliWh: 0,
    durationMs: 0,
    lowCurrentA: undefined,
    highCurrentA: undefined,
    lowPowerKw: undefined,
    highPowerKw: undefined,
  };
}

/** Offers that may come to hold later in a session that starts now: by energy, power, current or duration. */
function laterOffers(tariff: Tariff, charge: Charge, now: PriceComponent | undefined): Offer[] {
  return tariff.offers[charge].filter(
    ({ element: { restrictions }, component }) =>
      component !== now &&
      (restrictions.minMilliWh !== undefined ||
        restrictions.maxMilliWh !== undefined ||
        restrictions.minPowerKw !== undefined ||
        restrictions.maxPowerKw !== undefined ||
        restrictions.minCurrentA !== undefined ||
        restrictions.maxCurrentA !== undefined ||
        restrictions.minDurationMs !== undefined ||
        restrictions.maxDurationMs !== undefined),
  );
}

/** The first change within two days of what charging, or standing idle, costs. */
function nextChange(
  tariff: Tariff,
  atMs: number,
  timeZone: string,
): { atMs: number; charge: Charge; component: PriceComponent | undefined } | undefined {
  const boundaries = boundariesOf(tariff);
  const charges: readonly Charge[] = ["ENERGY", "TIME", "FLAT", "PARKING_TIME"];
  const now = charges.map((charge) => choose(tariff, charge, startConditions(atMs, timeZone)));
  let next = atMs;
  for (let tries = 0; tries < 500; tries += 1) {
    next = nextTimeBoundary(boundaries, { timeZone, clockTrusted: true }, undefined, next);
    if (next > atMs + 2 * dayMs) return undefined;
    const then = startConditions(next, timeZone);
    for (const [index, charge] of charges.entries()) {
      const component = choose(tariff, charge, then);
      if (component !== now[index]) return { atMs: next, charge, component };
    }
  }
  return undefined;
}

/**
 * What a driver must know before the start, at this instant, in AFIR's order; one entry per line of a display.
 * Prices are incl. tax where the tariff states it; times are per minute. `idleGraceMs`: the station's own free start of
 * each idle stretch.
 */
export function priceBeforeStart(
  tariff: Tariff,
  atMs: number,
  timeZone: string,
  language: Language,
  idleGraceMs = 0,
): PriceInWords[] {
  const words = wordsOf[language];
  const conditions = startConditions(atMs, timeZone);
  const lines = tellingOrder.flatMap((charge): PriceInWords[] => {
    if (charge.startsWith("RESERVATION") || charge.startsWith("EXPIRY")) return [];
    const now = choose(tariff, charge, conditions);
    const later = laterOffers(tariff, charge, now);
    const always = charge === "ENERGY" || charge === "PARKING_TIME";
    if (now === undefined && later.length === 0)
      return always ? [{ kind: kindOf(charge), text: `${heading(charge, words)}: ${words.free}` }] : [];
    const nowText =
      now === undefined
        ? words.free
        : `${driverPrice(tariff, now, charge, words)}${taxText(tariff, now, words)}${stepText(now, charge, words)}`;
    const laterText = later.map((offer) => `; ${offerText(tariff, offer, charge, false, false, language)}`).join("");
    const grace =
      charge === "PARKING_TIME" && idleGraceMs > 0
        ? `; ${words.graceFree(durationInWords(Math.round(idleGraceMs / 1000)))}`
        : "";
    return [{ kind: kindOf(charge), text: `${heading(charge, words)}: ${nowText}${laterText}${grace}` }];
  });
  const change = nextChange(tariff, atMs, timeZone);
  const changeLines: PriceInWords[] =
    change === undefined
      ? []
      : [
          {
            kind: "change",
            text: words.changes(
              `${clockText(timeZone, change.atMs)} ${heading(change.charge, words)} ${change.component === undefined ? words.free : driverPrice(tariff, change.component, change.charge, words)}`,
            ),
          },
        ];
  return [
    ...lines,
    ...limitLines(tariff, language),
    ...validityLines(tariff, timeZone, language),
    ...changeLines,
    ...altTextLines(tariff, language),
  ];
}
