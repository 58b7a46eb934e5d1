// Prices a session again from what its receipt says: the same engine that made the bill, fed with the receipt's own samples and tariff.
import { advance, beginRating, bill } from "./rating.js";
import type { Price } from "./price.js";
import type { SalePayload } from "./receipt-payload.js";
import { parseTariff } from "./tariff.js";
import { samplesOf } from "./verify-sale.js";
import { chargedPrice } from "./waiver.js";

/** The price of the session of a receipt. Throws, in words, where samples or tariff cannot be read. */
export function rerate(receipt: SalePayload): Price {
  const { sale, timeZone } = receipt;
  const parsed = parseTariff(sale.tariff.value);
  if (!parsed.ok) throw new Error(`the tariff cannot be read: ${parsed.faults[0]?.path ?? ""}: ${parsed.faults[0]?.message ?? ""}`);
  const [first, ...rest] = samplesOf(sale) ?? [];
  if (first === undefined) throw new Error("the samples cannot be read");
  const last = rest.at(-1) ?? first;
  const rating = rest.reduce(advance, beginRating(parsed.tariff, { timeZone, clockTrusted: sale.begin.clock !== "unsynced" }, first));
  return chargedPrice(bill(rating), last.energyMilliWh - first.energyMilliWh);
}
