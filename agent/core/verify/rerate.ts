// Prices a session once more from its receipt alone: the engine that made the bill, fed with the samples and the tariff
// that stand in it.

import { languages } from "../../../config/languages.js";
import { canonicalText } from "../json/json-text.js";
import { localTimeRule, lowerOfBothRule } from "../rating/price.js";
import { advance, beginRating, type Rating } from "../rating/rating.js";
import { type RatingOptions, stationRules } from "../rating/sample.js";
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
  const stated = canonicalText(reservation.price);
  const all = languages.map((language) => ({ price: bill(rating, language), periods: periods(rating) }));
  const again = all.find(({ price }) => canonicalText(price) === stated) ?? all[0];
  if (again === undefined) throw new ReceiptFault("the reservation cannot be priced");
  return again;
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
  const [first, ...rest] = samples;
  if (first === undefined) throw new ReceiptFault("the samples cannot be read");
  const clockTrusted = sale.price.timeRule === localTimeRule;
  const rules = stationRules(timeZone, clockTrusted);
  const options: RatingOptions[] = clockTrusted ? [rules] : [rules, { ...rules, durationsKnown: false }];
  const stated = canonicalText(sale.price);
  if (sale.price.timeRule === lowerOfBothRule) {
    const { full, reduced } = bothWays(tariff, timeZone, samples);
    const all = languages.map((language) => lowerOf(full, reduced, language));
    const again = all.find(({ price }) => canonicalText(price) === stated) ?? all[0];
    if (again !== undefined) return again;
  }
  let likeliest: Rerated | undefined;
  for (const option of options) {
    const rating = rest.reduce<Rating>(advance, beginRating(tariff, option, first));
    for (const language of languages) {
      const again = { price: bill(rating, language), periods: periods(rating) };
      if (canonicalText(again.price) === stated) return again;
      likeliest ??= again;
    }
  }
  if (likeliest === undefined) throw new ReceiptFault("the session cannot be priced");
  return likeliest;
}
