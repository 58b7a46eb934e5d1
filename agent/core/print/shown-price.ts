// The price that stood on the display before the start, made once more from the tariff in the receipt, as the station makes
// it: whoever doubts what was shown compares.
import { type Language, languages } from "../../../config/languages.js";
import type { StationTerms } from "../explain/ending-text.js";
import { reservationPrices } from "../explain/explain-tariff.js";
import { priceBeforeStart, priceWithoutClock } from "../explain/price-before-start.js";
import type { ReservationPayload, SaleFields, SalePayload } from "../receipt/receipt-payload.js";
import type { Tariff } from "../tariff/tariff.js";
import { parseTariff } from "../tariff/tariff-reader.js";
import { parseIsoLocal } from "../time/iso-time.js";

/**
 * Whether what was shown before a session is what its tariff says, or `whole`, of which that is a part. `fault` = it is
 * not; `unknown` = the receipt does not tell; neither = it is.
 */
export function shownAgain(
  { sale, timeZone, corrects }: SalePayload,
  whole?: Tariff,
): { readonly fault?: string; readonly unknown?: string } {
  const { shown, tariff, begin } = sale;
  const { terms } = shown;
  if (corrects !== undefined)
    return { unknown: `it is what was shown before the session of receipt ${corrects}, which this one corrects` };
  if (terms === undefined) return { unknown: "the receipt does not say which terms were shown with the price" };
  if (whole === undefined && tariff.cutFrom !== undefined)
    return { unknown: "the receipt holds a part of the tariff: give the whole as a file to compare what was shown" };
  const read = whole ?? tariffOf(tariff.value);
  const beginMs = parseIsoLocal(begin.at);
  if (read === undefined || beginMs === undefined) return { fault: "the tariff or the begin cannot be read" };
  const { language } = terms;
  const told = stationTerms(terms);
  // Under an unset clock all prices are told, since nobody knows which of them is in force.
  const texts = [
    priceBeforeStart(read, beginMs, timeZone, language, told),
    priceWithoutClock(read, timeZone, language, told),
  ].map((lines) => lines.map(({ text }) => text).join("\n"));
  return texts.includes(shown.text) ? {} : { fault: differenceWords(shown.text, texts[0] ?? "") };
}

/** Whether what was told before a reservation is what its tariff says. The receipt does not name the language. */
export function isToldByTariff({ reservation: { tariff, shown } }: ReservationPayload): boolean {
  const read = tariffOf(tariff.value);
  const text = (language: Language): string =>
    read === undefined
      ? ""
      : reservationPrices(read, language)
          .map((line) => line.text)
          .join("\n");
  return languages.some((language) => text(language) === shown.text);
}

const stationTerms = ({
  idleGraceMs,
  noEnergyMs,
  limits: { timeMs, ...limits },
}: NonNullable<SaleFields["shown"]["terms"]>): StationTerms => ({
  idleGraceMs,
  noEnergyMs,
  limits: { ...limits, ...(timeMs === undefined ? {} : { time: timeMs }) },
});

function tariffOf(value: unknown): Tariff | undefined {
  const parsed = parseTariff(value);
  return parsed.ok ? parsed.tariff : undefined;
}

/** The first line in which they differ. */
function differenceWords(shown: string, expected: string): string {
  const [stated, worked] = [shown.split("\n"), expected.split("\n")];
  const at = [...stated.keys(), stated.length].find((line) => stated[line] !== worked[line]) ?? 0;
  return `"${stated[at] ?? ""}" was shown, the tariff says "${worked[at] ?? ""}"`;
}
