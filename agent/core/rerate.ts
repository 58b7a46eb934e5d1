// Prices a session once more from its receipt alone: the samples, the tariff and the rule for the clock that stand in it.
import { localTimeRule } from "./bill.js";
import { canonicalText } from "./canonical.js";
import { languages } from "./explain.js";
import type { Price } from "./price.js";
import { advance, beginRating, bill, type Rating, type RatingOptions } from "./rating.js";
import type { SalePayload } from "./receipt-payload.js";
import { ReceiptFault } from "./signer.js";
import { parseTariff } from "./tariff.js";
import { samplesOf } from "./verify-sale.js";

/**
 * The price that the rating engine gives for the samples and the tariff on a receipt. The receipt does not name the language of its
 * sentences nor whether durations were known without a clock: of those readings, the one it agrees with is given, else the first.
 * Throws ReceiptFault where the tariff or the samples cannot be read, Error where time or energy run backwards.
 */
export function rerate(receipt: SalePayload): Price {
  const { sale, timeZone } = receipt;
  const parsed = parseTariff(sale.tariff.value);
  if (!parsed.ok) throw new ReceiptFault(`the tariff cannot be read: ${parsed.faults[0]?.path ?? ""}: ${parsed.faults[0]?.message ?? ""}`);
  const [first, ...rest] = samplesOf(sale) ?? [];
  if (first === undefined) throw new ReceiptFault("the samples cannot be read");
  const clockTrusted = sale.price.timeRule === localTimeRule;
  const options: RatingOptions[] = clockTrusted ? [{ timeZone, clockTrusted }] : [{ timeZone, clockTrusted }, { timeZone, clockTrusted, durationsKnown: false }];
  const stated = canonicalText(sale.price);
  const ratings = options.map((option) => rest.reduce<Rating>(advance, beginRating(parsed.tariff, option, first)));
  for (const rating of ratings)
    for (const language of languages) {
      const price = bill(rating, language);
      if (canonicalText(price) === stated) return price;
    }
  return bill(ratings[0] ?? beginRating(parsed.tariff, { timeZone, clockTrusted }, first));
}
