// What a driver must know before the start: the prices that hold now, those that may come to hold later in the session,
// and the next change.

import type { Language } from "../../../config/languages.js";
import { type Charge, isOfReservation } from "../tariff/charge.js";
import { chooseComponent } from "../tariff/component-selection.js";
import type { Conditions, Restrictions } from "../tariff/restrictions.js";
import type { PriceComponent, Tariff, TariffOffer } from "../tariff/tariff.js";
import { boundariesOf, nextTimeBoundary } from "../tariff/tariff-boundaries.js";
import { clockText, dayMs, localTime } from "../time/time.js";
import { languageWords } from "../words/words.js";
import { endingLines, type StationTerms } from "./ending-text.js";
import {
  altTextLines,
  chargeHeading,
  chargeLine,
  explainTariff,
  limitLines,
  offerText,
  type PriceInWords,
  tellingOrder,
  validityLines,
} from "./explain-tariff.js";
import { driverPrice, durationInWords, stepText, taxText } from "./price-text.js";

/** How far ahead a change of price is told, and at how many boundaries at most it is looked for. */
const lookAheadMs = 2 * dayMs;
const mostBoundaries = 500;

/**
 * What a driver must know before the start, at this instant, in AFIR's order; one entry per line of a display.
 * Prices are incl. tax where the tariff states it; times are per minute.
 */
export function priceBeforeStart(
  tariff: Tariff,
  atMs: number,
  timeZone: string,
  language: Language,
  terms: StationTerms = { idleGraceMs: 0, limits: {}, noEnergyMs: 0 },
): PriceInWords[] {
  const words = languageWords[language].price;
  const conditions = startConditions(atMs, timeZone);
  const lines = tellingOrder.flatMap((charge): PriceInWords[] => {
    if (isOfReservation(charge)) return [];
    const text = chargeText(tariff, charge, conditions, language, charge === "PARKING_TIME" ? terms.idleGraceMs : 0);
    const isLater = charge === "FLAT" && chooseComponent(tariff, charge, conditions) === undefined;
    return text === undefined ? [] : [chargeLine(charge, text, words, isLater)];
  });
  return [
    ...lines,
    ...limitLines(tariff, language),
    ...endingLines(terms, tariff.currency, language),
    ...validityLines(tariff, timeZone, language),
    ...changeLines(tariff, atMs, timeZone, language),
    ...altTextLines(tariff, language),
  ];
}

/** The same where the clock is not set: every price, and the rule by which one of them is charged. */
export function priceWithoutClock(
  tariff: Tariff,
  timeZone: string,
  language: Language,
  terms: StationTerms,
): PriceInWords[] {
  return [
    ...explainTariff(tariff, timeZone, language),
    ...endingLines(terms, tariff.currency, language),
    { kind: "text", text: lowestWithoutClock },
  ];
}

const lowestWithoutClock =
  "The clock is not set: time costs nothing, and of prices that change with time the lowest is charged.";

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

/** What is charged now, what may be later, and what of it is free; undefined where there is nothing to say. */
function chargeText(
  tariff: Tariff,
  charge: Charge,
  conditions: Conditions,
  language: Language,
  graceMs: number,
): string | undefined {
  const words = languageWords[language].price;
  const now = chooseComponent(tariff, charge, conditions);
  const later = laterOffers(tariff, charge, now);
  // That energy and idle time are free is said too.
  if (now === undefined && later.length === 0)
    return charge === "ENERGY" || charge === "PARKING_TIME" ? words.free : undefined;
  const nowText =
    now === undefined
      ? words.free
      : `${driverPrice(tariff, now, charge, words)}${taxText(tariff, now, words)}${stepText(now, charge, words)}`;
  const laterTexts = later.map((offer) => offerText(tariff, offer, charge, language));
  // A fee is charged once: the one of the start, or the first of those that may come.
  if (charge === "FLAT") return now === undefined ? laterTexts.join("; ") : nowText;
  const graceSeconds = Math.round(graceMs / 1000);
  const grace = graceSeconds > 0 ? [words.graceFree(durationInWords(graceSeconds))] : [];
  return [nowText, ...laterTexts, ...grace].join("; ");
}

/** Offers that may come to hold later in a session that starts now. */
function laterOffers(tariff: Tariff, charge: Charge, now: PriceComponent | undefined): TariffOffer[] {
  return tariff.offers[charge].filter(
    ({ element: { restrictions }, component }) => component !== now && dependsOnSession(restrictions),
  );
}

/** True where energy, power, current or duration decide, and not the clock alone. */
function dependsOnSession(restrictions: Restrictions): boolean {
  return (
    restrictions.minMilliWh !== undefined ||
    restrictions.maxMilliWh !== undefined ||
    restrictions.minPowerKw !== undefined ||
    restrictions.maxPowerKw !== undefined ||
    restrictions.minCurrentA !== undefined ||
    restrictions.maxCurrentA !== undefined ||
    restrictions.minDurationMs !== undefined ||
    restrictions.maxDurationMs !== undefined
  );
}

function changeLines(tariff: Tariff, atMs: number, timeZone: string, language: Language): PriceInWords[] {
  const words = languageWords[language].price;
  const change = nextChange(tariff, atMs, timeZone);
  if (change === undefined) return [];
  const price =
    change.component === undefined ? words.free : driverPrice(tariff, change.component, change.charge, words);
  const heading = chargeHeading(change.charge, words, change.charge === "FLAT" && !change.before);
  const text = `${clockText(timeZone, change.atMs)} ${heading} ${price}`;
  return [{ kind: "change", text: words.changes(text) }];
}

/** The first change of what charging or idling costs. */
function nextChange(
  tariff: Tariff,
  atMs: number,
  timeZone: string,
): { atMs: number; charge: Charge; before: boolean; component: PriceComponent | undefined } | undefined {
  const boundaries = boundariesOf(tariff);
  const charges: readonly Charge[] = ["ENERGY", "TIME", "FLAT", "PARKING_TIME"];
  const now = charges.map((charge) => chooseComponent(tariff, charge, startConditions(atMs, timeZone)));
  let next = atMs;
  for (let tries = 0; tries < mostBoundaries; tries += 1) {
    next = nextTimeBoundary(boundaries, { timeZone, clockTrusted: true }, undefined, next);
    if (next > atMs + lookAheadMs) return undefined;
    const then = startConditions(next, timeZone);
    for (const [index, charge] of charges.entries()) {
      const component = chooseComponent(tariff, charge, then);
      if (component !== now[index]) return { atMs: next, charge, before: now[index] !== undefined, component };
    }
  }
  return undefined;
}
