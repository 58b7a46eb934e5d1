// Prices a session once more from its receipt alone: the engine that made the bill, fed with the samples and the tariff
// that stand in it.

import { languages } from "../../../config/languages.js";
import { canonicalText } from "../json/json-text.js";
import { localTimeRule, lowerOfBothRule, type Price } from "../rating/price.js";
import { type Rating, ratingOf } from "../rating/rating.js";
import { type Sample, stationRules } from "../rating/sample.js";
import { bill, lowerOf, periods } from "../rating/session-bill.js";
import type { ReservationPayload, SaleFields, SalePayload } from "../receipt/receipt-payload.js";
import { ratedReservation, samplesOfReservation } from "../receipt/reservation-receipt.js";
import { receiptSamples } from "../receipt/sale-fields.js";
import { bothWays } from "../session/settle.js";
import { ReceiptFault } from "../signing/signer.js";
import type { Tariff } from "../tariff/tariff.js";
import { parseTariff } from "../tariff/tariff-reader.js";
import type { Rerated } from "./verify-sale.js";

/** The price and the charging periods of what a receipt says was sold. Throws as `rerateSale` does. */
export function rerate(receipt: SalePayload | ReservationPayload): Rerated {
  return receipt.kind === "sale" ? rerateSale(receipt) : rerateReservation(receipt);
}

function tariffOf({ tariff: { value } }: Pick<SaleFields, "tariff">): Tariff {
  const parsed = parseTariff(value);
  if (parsed.ok) return parsed.tariff;
  const [fault] = parsed.faults;
  throw new ReceiptFault(`the tariff cannot be read: ${fault?.path ?? ""}: ${fault?.message ?? ""}`);
}

function rerateReservation({ reservation, timeZone }: ReservationPayload): Rerated {
  const rating = ratedReservation(tariffOf(reservation), timeZone, samplesOfReservation(reservation));
  return agreeing(inEachLanguage(rating), canonicalText(reservation.price));
}

/** Of the possible readings the one whose price is the stated one, else the first. */
function agreeing(readings: Iterable<Rerated>, stated: string): Rerated {
  let first: Rerated | undefined;
  for (const reading of readings) {
    if (canonicalText(reading.price) === stated) return reading;
    first ??= reading;
  }
  if (first === undefined) throw new ReceiptFault("the session cannot be priced");
  return first;
}

function* inEachLanguage(rating: Rating): Generator<Rerated> {
  const charged = periods(rating);
  for (const language of languages) yield { price: bill(rating, language), periods: charged };
}

/**
 * The price and the charging periods of the session of a receipt. The receipt does not name the language of its
 * sentences, nor whether durations were known without a clock: of the possible readings the one it agrees with is
 * given, else the first. Throws ReceiptFault where the tariff or the samples cannot be read, Error where time or energy
 * run backwards.
 */
function rerateSale({ sale, timeZone }: SalePayload): Rerated {
  const tariff = tariffOf(sale);
  const samples = receiptSamples(sale) ?? [];
  if (samples.length === 0) throw new ReceiptFault("the samples cannot be read");
  return agreeing(readingsOf(tariff, sale.price.timeRule, timeZone, samples), canonicalText(sale.price));
}

function* readingsOf(
  tariff: Tariff,
  timeRule: Price["timeRule"],
  timeZone: string,
  samples: readonly Sample[],
): Generator<Rerated> {
  if (timeRule === lowerOfBothRule) {
    const { full, reduced } = bothWays(tariff, timeZone, samples);
    for (const language of languages) yield lowerOf(full, reduced, language);
    return;
  }
  const clockTrusted = timeRule === localTimeRule;
  const rules = stationRules(timeZone, clockTrusted);
  yield* inEachLanguage(ratingOf(tariff, rules, samples));
  if (!clockTrusted) yield* inEachLanguage(ratingOf(tariff, { ...rules, durationsKnown: false }, samples));
}
