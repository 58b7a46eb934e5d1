// The lines of a receipt's bill: what was billed and how it was worked out, in the currency's decimals, so that the
// column adds up to the total; what was not rounded stands beside it.

import { fixedText } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { adjustmentSentence } from "../explain/line-sentence.js";
import { localNumber } from "../number/local-number.js";
import { ratioOfText, roundHalfUp } from "../number/money.js";
import type { Price, PriceLine } from "../rating/price.js";
import { negative, productText, sameAmount, sixtiethText, sumText, trimDecimals } from "../receipt/decimal-text.js";
import type { ReceiptFrame, ReservationFields, SaleFields } from "../receipt/receipt-payload.js";
import { parseTariff } from "../tariff/tariff-reader.js";
import { parseIsoLocal } from "../time/iso-time.js";
import { minuteMs } from "../time/time.js";
import type { ReceiptWords } from "../words/language-words.js";
import { languageWords } from "../words/words.js";
import { type ClockFrame, clockFrame, spanText, translatedTerm } from "./receipt-terms.js";
import type { SheetRow, SheetSection } from "./sheet-row.js";

/** What was sold: a session, or a reservation alone. */
export type Sold = SaleFields | ReservationFields;

/** What the lines of one bill share. */
type BillFrame = {
  readonly sold: Sold;
  readonly clock: ClockFrame;
  readonly language: Language;
  readonly words: ReceiptWords;
  /** Decimals of the currency: those of what is due. */
  readonly places: number;
};

/** A unit price as the driver pays it, tax included, worked out exactly from the tariff's own figure. */
function grossUnitPrice(line: PriceLine, tariff: unknown): string {
  const isIncluded = (tariff as { readonly tax_included?: unknown } | null)?.tax_included === "YES";
  if (isIncluded) return line.unitPrice;
  return line.taxes.reduce(
    (sum, { ratePercent }) => sumText(sum, productText(line.unitPrice, productText(ratePercent, "0.01"))),
    line.unitPrice,
  );
}

/** Quantity and price of a line, each with its unit; "" = none. */
type Measured = {
  readonly quantity: string;
  readonly unit: string;
  readonly unitPrice: string;
  readonly per: string;
};

/**
 * Times are told in minutes and priced per minute, as drivers are quoted them, wherever that is exact; else the price is
 * that of an hour, and last the quantity too.
 */
function measured(line: PriceLine, tariff: unknown): Measured {
  const perUnit = grossUnitPrice(line, tariff);
  const unit = line.unit === "x" ? "" : line.unit;
  if (unit !== "h" || line.units % (minuteMs / 100) !== 0)
    return { quantity: line.quantity, unit, unitPrice: trimDecimals(perUnit, 2), per: unit };
  const perMinute = sixtiethText(perUnit);
  const quantity = String(line.units / minuteMs);
  return perMinute === undefined
    ? { quantity, unit: "min", unitPrice: trimDecimals(perUnit, 2), per: "h" }
    : { quantity, unit: "min", unitPrice: trimDecimals(perMinute, 2), per: "min" };
}

/** A tax and its rate, "MwSt. 19,5 %"; where the tariff states no rate, the tax alone. */
function rateText({ name, ratePercent }: { readonly name: string; readonly ratePercent: string }, words: ReceiptWords) {
  const tax = translatedTerm(name, words);
  return ratePercent === "" ? tax : `${tax} ${localNumber(ratePercent, words.decimalMark)} %`;
}

const roundedText = (amount: string, places: number): string =>
  fixedText(roundHalfUp(ratioOfText(amount), places), places);

/** A row of the bill: its amount in the currency's decimals, and all of them where that is not the same. */
function pricedRow(what: string, working: string, amount: string, { sold, words, places }: BillFrame) {
  const rounded = roundedText(amount, places);
  const text = (figure: string): string => `${localNumber(figure, words.decimalMark)} ${sold.price.currency}`;
  return {
    kind: "priced" as const,
    what,
    working,
    amount: text(rounded),
    ...(sameAmount(rounded, amount) ? {} : { exact: `${words.labels.exactly} ${text(trimDecimals(amount, 2))}` }),
  };
}

function lineRow(line: PriceLine, frame: BillFrame): SheetRow {
  const { sold, clock, words } = frame;
  const { currency } = sold.price;
  const { quantity, unit, unitPrice, per } = measured(line, sold.tariff.value);
  const number = (text: string): string => localNumber(text, words.decimalMark);
  const rates = line.taxes.map((rate) => rateText(rate, words)).join(", ");
  const isLate = line.dimension === "FLAT" && line.fromMs > (parseIsoLocal(sold.start) ?? Number.NaN);
  const working =
    `${number(quantity)}${unit === "" ? "" : ` ${unit}`} x ${number(unitPrice)} ${currency}` +
    `${per === "" ? "" : `/${per}`} ${words.labels.inclTax}${rates === "" ? "" : ` (${rates})`}`;
  const row = pricedRow(
    words.dimensions[isLate ? "LATE_FLAT" : line.dimension],
    line.dimension === "PARKING_TIME" ? `${words.labels.idleWhy}; ${working}` : working,
    line.amount.incl,
    frame,
  );
  return line.unit === "x" ? row : { ...row, span: spanText(line.fromMs, line.toMs, clock, words) };
}

/** What the rounded lines lack of the total, or have too much: a line of its own, so that the column adds up. */
function roundingRow(frame: BillFrame): SheetRow[] {
  const { price } = frame.sold;
  const shown = [...price.lines, ...price.adjustments].reduce(
    (sum, { amount }) => sumText(sum, roundedText(amount.incl, frame.places)),
    "0",
  );
  if (sameAmount(shown, price.due.gross)) return [];
  const missing = sumText(price.due.gross, negative(shown));
  return [pricedRow(frame.words.labels.rounding, translatedTerm(price.rounding, frame.words), missing, frame)];
}

/** The bill of what was sold, line by line, with its total and its taxes. */
export function receiptBill(sold: Sold, { timeZone }: ReceiptFrame, language: Language): SheetSection {
  const words = languageWords[language].receipt;
  const { price } = sold;
  const { labels } = words;
  const moments = [sold.start, sold.end].map((iso) => parseIsoLocal(iso) ?? Number.NaN).filter(Number.isFinite);
  const ofLines = price.lines.flatMap(({ fromMs, toMs, unit }) => (unit === "x" ? [] : [fromMs, toMs]));
  const clock = clockFrame([...moments, ...ofLines], timeZone);
  const places = price.due.gross.split(".")[1]?.length ?? 0;
  const frame: BillFrame = { sold, clock, language, words, places };
  const adjusted = { min_price: labels.minimum, max_price: labels.maximum, waived: labels.waived };
  return {
    name: "price",
    heading: `${labels.price} (${price.currency}, ${labels.inclTax})`,
    rows: [
      ...price.lines.map((line) => lineRow(line, frame)),
      ...price.adjustments.map((adjustment) =>
        pricedRow(adjusted[adjustment.kind], adjustmentWords(adjustment, frame), adjustment.amount.incl, frame),
      ),
      ...roundingRow(frame),
      ...sumRows(price.due, price.taxes, price.currency, words),
    ],
  };
}

/** The payload holds the sentence of a limit in the station's language; here it is said in that of the receipt. */
function adjustmentWords({ kind, sentence }: Price["adjustments"][number], { sold, language, words }: BillFrame) {
  const parsed = kind === "waived" ? undefined : parseTariff(sold.tariff.value);
  return parsed?.ok === true ? adjustmentSentence(kind, parsed.tariff, language) : translatedTerm(sentence, words);
}

/** The total, and below it each tax with what it was charged on. */
export function sumRows(
  due: Price["due"],
  taxes: Price["taxes"],
  currency: string,
  words: ReceiptWords,
): readonly SheetRow[] {
  const { labels } = words;
  const number = (text: string): string => localNumber(text, words.decimalMark);
  const amount = (text: string): string => `${number(text)} ${currency}`;
  return [
    { kind: "sum", label: labels.total, amount: amount(due.gross), strong: true },
    ...taxes.map(
      (row): SheetRow => ({
        kind: "sum",
        strong: false,
        amount: amount(row.gross),
        label:
          `${rateText(row, words)}: ${labels.net} ${number(row.net)} + ` +
          `${labels.tax} ${number(row.tax)} = ${labels.gross}`,
      }),
    ),
  ];
}
