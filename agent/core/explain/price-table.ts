// Prices by the hour as a table: what hundreds of slots of a day-ahead tariff come to, a row an hour and a column a day.

import type { Language } from "../../../config/languages.js";
import { compare, type Ratio } from "../number/money.js";
import type { Charge } from "../tariff/charge.js";
import { holdsAt } from "../tariff/restrictions.js";
import type { PriceComponent, Tariff, TariffOffer } from "../tariff/tariff.js";
import { dateText, dayMs, timeOfDayText } from "../time/time.js";
import { languageWords } from "../words/words.js";
import { driverAmount, driverPrice, priceDecimals, priceNumber, stepText, taxText } from "./price-text.js";

const hourMs = 3_600_000;
/** Of more days than these a cell tells the least and the most of its hour; and so many stand beside each other. */
const mostDaysInFull = 3;
const mostDaysAbreast = 7;
/** Slots of later days are only counted. */
const mostDays = 14;
/** Fewer slots are told one by one. */
const fewestInTable = 13;

/** What is said in the line of the charge, and the rows below it. */
type PriceTable = { readonly heading: string; readonly rows: readonly string[] };

/** Slots that follow each other in the tariff, alike in all but the hours and the price. */
type Slots = { readonly slots: readonly TariffOffer[] };

/** The offers in their order, slots that make up a table together. */
export function withTables(tariff: Tariff, offers: readonly TariffOffer[]): readonly (TariffOffer | Slots)[] {
  const runs: TariffOffer[][] = [];
  for (const offer of offers) {
    const last = runs.at(-1);
    const before = last?.[0];
    if (before !== undefined && isSlot(before) && isSlot(offer) && isAlike(tariff, before.component, offer.component))
      last?.push(offer);
    else runs.push([offer]);
  }
  return runs.flatMap((run): readonly (TariffOffer | Slots)[] => (run.length < fewestInTable ? run : [{ slots: run }]));
}

/** A window of one day, or of each day, and nothing else. */
function isSlot({ element: { restrictions } }: TariffOffer): boolean {
  const { startMsOfDay, endMsOfDay, startDay, endDay, ...others } = restrictions;
  const isOfOneDay = startDay === undefined ? endDay === undefined : endDay === startDay + 1;
  return isOfOneDay && Object.keys(others).length === 0 && (startMsOfDay !== undefined || endMsOfDay !== undefined);
}

function isAlike(tariff: Tariff, a: PriceComponent, b: PriceComponent): boolean {
  const told = ({ vat, stepSize }: PriceComponent): string => `${vat?.digits} ${vat?.scale} ${stepSize}`;
  return told(a) === told(b) || tariff.taxIncluded === "N/A";
}

type Figure = { readonly text: string; readonly amount: Ratio };

/** The table of the slots of one charge. Throws RangeError where there is none. */
export function hourTable(
  tariff: Tariff,
  slots: readonly TariffOffer[],
  charge: Charge,
  language: Language,
): PriceTable {
  const words = languageWords[language].price;
  const amountOf = ({ component }: TariffOffer): Ratio => driverAmount(tariff, component, charge);
  const decimals = Math.max(...slots.map((slot) => priceDecimals(amountOf(slot), tariff.currency, words)));
  const figures: ReadonlyMap<TariffOffer, Figure> = new Map(
    slots.map((slot) => {
      const amount = amountOf(slot);
      return [slot, { text: priceNumber(amount, tariff.currency, words, decimals), amount }];
    }),
  );
  const byPrice = [...slots].sort((a, b) => compare(amountOf(a), amountOf(b)));
  const [least, most] = [byPrice[0], byPrice.at(-1)];
  if (least === undefined || most === undefined) throw new RangeError("a table of prices needs a slot");
  const from = driverPrice(tariff, least.component, charge, words);
  const to = driverPrice(tariff, most.component, charge, words);
  const heading =
    words.byTheHour(from, `${to}${taxText(tariff, most.component, words)}`) + stepText(most.component, charge, words);
  const days = [...new Set(slots.map(({ element }) => element.restrictions.startDay))];
  const told = days.slice(0, mostDays);
  const byDay = new Map(told.map((day) => [day, slots.filter(({ element }) => element.restrictions.startDay === day)]));
  const ofDay = (day: number | undefined): readonly TariffOffer[] => byDay.get(day) ?? [];
  const rows = Array.from({ length: Math.ceil(told.length / mostDaysAbreast) }, (_, block) => {
    const abreast = told.slice(block * mostDaysAbreast, (block + 1) * mostDaysAbreast);
    const head = ["", ...abreast.map((day) => (day === undefined ? "" : dateText(day)))];
    const hours = Array.from({ length: 24 }, (__, hour) =>
      abreast.map((day) => cellText(figuresIn(ofDay(day), day, hour, figures), days.length <= mostDaysInFull)),
    );
    return aligned([...(days[0] === undefined && days.length === 1 ? [] : [head]), ...mergedRows(hours)]);
  });
  const left = slots.filter(({ element }) => !told.includes(element.restrictions.startDay)).length;
  return { heading, rows: [...rows.flat(), ...(left === 0 ? [] : [`  ${words.morePrices(left)}`])] };
}

/** What holds in an hour of a day, part by part; undefined where none of the slots of that day does. */
function figuresIn(
  here: readonly TariffOffer[],
  day: number | undefined,
  hour: number,
  figures: ReadonlyMap<TariffOffer, Figure>,
): (Figure | undefined)[] {
  const [fromMs, toMs] = [hour * hourMs, (hour + 1) * hourMs];
  const borders = here
    .flatMap(({ element: { restrictions } }) => [restrictions.startMsOfDay ?? 0, restrictions.endMsOfDay ?? dayMs])
    .filter((ms) => ms > fromMs && ms < toMs);
  return [...new Set([fromMs, ...borders])]
    .sort((a, b) => a - b)
    .map((msOfDay) => here.find(({ element }) => holdsAt(element.restrictions, { day: day ?? 0, msOfDay, weekday: 0 })))
    .map((held) => (held === undefined ? undefined : figures.get(held)));
}

/** The figures of an hour: one where they are the same, each `inFull`, else the least and the most; "-" for none. */
function cellText(figures: readonly (Figure | undefined)[], inFull: boolean): string {
  const texts = figures.map((figure) => figure?.text ?? "-");
  if (new Set(texts).size === 1) return texts[0] ?? "-";
  if (inFull) return texts.join(" ");
  const known = figures.filter((figure) => figure !== undefined).sort((a, b) => compare(a.amount, b.amount));
  return `${known[0]?.text ?? ""}-${known.at(-1)?.text ?? ""}`;
}

/** Hours that say the same share a row. */
function mergedRows(hours: readonly (readonly string[])[]): string[][] {
  const rows: { from: number; to: number; cells: readonly string[] }[] = [];
  for (const [hour, cells] of hours.entries()) {
    const last = rows.at(-1);
    if (last !== undefined && last.cells.join("|") === cells.join("|")) last.to = hour + 1;
    else rows.push({ from: hour, to: hour + 1, cells });
  }
  return rows
    .filter(({ cells }) => cells.some((cell) => cell !== "-"))
    .map(({ from, to, cells }) => [`${timeOfDayText(from * hourMs)}-${timeOfDayText(to * hourMs)}`, ...cells]);
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
}
