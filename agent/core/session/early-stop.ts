// A stop so soon after the start that it would cost the minimum price: the driver is told that before it is carried out.
import type { Moment } from "../../../drivers/driver.js";
import { moneyText } from "../number/money.js";
import { bill } from "../rating/session-bill.js";
import type { Sale } from "./sale.js";

/** A second tap or press sooner than this after the start may be a mistake: it cannot be taken back. */
const earlyStopMs = 60_000;

/** What a session that ends now would cost, "1.00 EUR", where it began within the last minute and costs its minimum. */
export function minimumOfEarlyStop({ opening, rating }: Sale, now: Moment): string | undefined {
  const begin = opening.begin.moment;
  if (begin.boot !== now.boot || now.monoMs - begin.monoMs >= earlyStopMs) return undefined;
  if (opening.tariff.minPrice === undefined) return undefined;
  const { adjustments, due, currency } = bill(rating);
  // Where no energy flowed the minimum is waived again, as the last adjustment.
  return adjustments.at(-1)?.kind === "min_price" ? `${moneyText(due.gross, currency)} ${currency}` : undefined;
}
