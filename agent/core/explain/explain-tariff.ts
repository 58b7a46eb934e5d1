// A tariff in plain words, in the order that AFIR article 5 sets: per kWh, per minute, per session, and everything else
// after them.

import type { Language } from "../../../config/languages.js";
import { type Charge, isOfReservation } from "../tariff/charge.js";
import { asksTheClock } from "../tariff/restrictions.js";
import type { PriceLimit, Tariff, TariffOffer } from "../tariff/tariff.js";
import { clockText, dateText, localTime } from "../time/time.js";
import type { PriceWords } from "../words/language-words.js";
import { languageWords } from "../words/words.js";
import { hourTable, withTables } from "./price-table.js";
import { driverPrice, limitText, stepText, taxText } from "./price-text.js";
import { isLateFee, restrictionText } from "./restriction-text.js";

/** One line of a display. */
export type PriceInWords = {
  readonly kind:
    | "kwh"
    | "minute"
    | "session"
    | "idle"
    | "reservation"
    | "limit"
    | "validity"
    | "change"
    | "rounding"
    | "text";
  readonly text: string;
};

/** In the order that a driver must be told: kWh, minute, session, then the rest. */
export const tellingOrder: readonly Charge[] = [
  "ENERGY",
  "TIME",
  "FLAT",
  "PARKING_TIME",
  "RESERVATION_TIME",
  "RESERVATION_FLAT",
  "EXPIRY_TIME",
  "EXPIRY_FLAT",
];

/** Prices of one charge that are told one by one; more are only counted. */
const mostTold = 24;

/** The whole tariff: every offer with its restrictions, in the order in which it is tried. */
export function explainTariff(tariff: Tariff, timeZone: string, language: Language): PriceInWords[] {
  const words = languageWords[language].price;
  return [
    ...tellingOrder.flatMap((charge) => offerLines(tariff, charge, language)),
    ...limitLines(tariff, language),
    ...validityLines(tariff, timeZone, language),
    { kind: "rounding", text: words.roundedDown },
    ...altTextLines(tariff, language),
  ];
}

/** What a reservation costs by this tariff, used or not; nothing where it costs nothing. */
export const reservationPrices = (tariff: Tariff, language: Language): PriceInWords[] =>
  tellingOrder.filter(isOfReservation).flatMap((charge) => offerLines(tariff, charge, language));

function offerLines(tariff: Tariff, charge: Charge, language: Language): PriceInWords[] {
  const words = languageWords[language].price;
  const offers = tariff.offers[charge];
  if (offers.length === 0) return charge === "ENERGY" ? [chargeLine(charge, words.free, words)] : [];
  const parts = withTables(tariff, offers);
  const rows: string[] = [];
  const texts = parts.slice(0, mostTold).map((part, index) => {
    if ("slots" in part) {
      const table = hourTable(tariff, part.slots, charge, language);
      rows.push(...table.rows);
      return table.heading;
    }
    const isFallback = offers.length > 1 && index === parts.length - 1;
    return offerText(tariff, part, charge, language, isFallback ? words.otherwise : "");
  });
  if (parts.length > mostTold) texts.push(words.morePrices(parts.length - mostTold));
  return [
    chargeLine(charge, texts.join("; "), words, charge === "FLAT" && !isStartFee(offers)),
    ...rows.map((text): PriceInWords => ({ kind: kindOf(charge), text })),
  ];
}

/** Whether one of the fees is charged whenever a session begins, and none can come later. */
const isStartFee = (offers: readonly TariffOffer[]): boolean =>
  offers.every(({ element }) => !isLateFee(element.restrictions)) &&
  offers.some(({ element }) => !asksTheClock(element.restrictions));

/** What is said of one charge, under its heading; `mayComeLater`: a fee that need not be charged at the start. */
export function chargeLine(charge: Charge, text: string, words: PriceWords, mayComeLater = false): PriceInWords {
  return { kind: kindOf(charge), text: `${chargeHeading(charge, words, mayComeLater)}: ${text}` };
}

export function chargeHeading(charge: Charge, words: PriceWords, mayComeLater = false): string {
  const headings: Record<Charge, string> = {
    ENERGY: words.energy,
    TIME: words.charging,
    FLAT: mayComeLater ? words.flatFee : words.session,
    PARKING_TIME: words.idle,
    RESERVATION_TIME: words.reservation,
    RESERVATION_FLAT: words.reservationFee,
    EXPIRY_TIME: words.expiry,
    EXPIRY_FLAT: words.expiryFee,
  };
  return headings[charge];
}

function kindOf(charge: Charge): PriceInWords["kind"] {
  if (isOfReservation(charge)) return "reservation";
  if (charge === "ENERGY") return "kwh";
  if (charge === "TIME") return "minute";
  return charge === "FLAT" ? "session" : "idle";
}

/** The price of an offer with its tax, its restrictions and its step; `otherwise` = what is said where it has none. */
export function offerText(
  tariff: Tariff,
  { element, component }: TariffOffer,
  charge: Charge,
  language: Language,
  otherwise = "",
): string {
  const words = languageWords[language].price;
  const condition = restrictionText(element.restrictions, language) || otherwise;
  const price = `${driverPrice(tariff, component, charge, words)}${taxText(tariff, component, words)}`;
  return `${price}${condition === "" ? "" : ` ${condition}`}${stepText(component, charge, words)}`;
}

const isPositive = ({ excl, incl }: PriceLimit): boolean => excl.digits > 0n || (incl?.digits ?? 0n) > 0n;

/** Where a price is negative, a minimum of nothing says that nobody is paid. */
const mayPayDriver = ({ elements }: Tariff): boolean =>
  elements.some(({ components }) => components.some(({ price }) => price.digits < 0n));

/** The limits of the sum that can make a difference. */
export function limitLines(tariff: Tariff, language: Language): PriceInWords[] {
  const words = languageWords[language].price;
  const lines: PriceInWords[] = [];
  if (tariff.minPrice !== undefined && (isPositive(tariff.minPrice) || mayPayDriver(tariff)))
    lines.push({ kind: "limit", text: `${words.minimum} ${limitText(tariff.minPrice, tariff, language)}` });
  if (tariff.maxPrice !== undefined)
    lines.push({ kind: "limit", text: `${words.maximum} ${limitText(tariff.maxPrice, tariff, language)}` });
  return lines;
}

export function validityLines(tariff: Tariff, timeZone: string, language: Language): PriceInWords[] {
  const words = languageWords[language].price;
  const instantText = (atMs: number): string =>
    `${dateText(localTime(timeZone, atMs).day)} ${clockText(timeZone, atMs)}`;
  const lines: PriceInWords[] = [];
  if (tariff.startMs !== undefined)
    lines.push({ kind: "validity", text: words.validFrom(instantText(tariff.startMs)) });
  if (tariff.endMs !== undefined) lines.push({ kind: "validity", text: words.validUntil(instantText(tariff.endMs)) });
  return lines;
}

/** The tariff's own text in this language, else in English. */
export function altTextLines(tariff: Tariff, language: Language): PriceInWords[] {
  const own =
    tariff.altText.find((one) => one.language.toLowerCase() === language) ??
    tariff.altText.find((one) => one.language.toLowerCase() === "en");
  return own === undefined ? [] : [{ kind: "text", text: own.text }];
}
