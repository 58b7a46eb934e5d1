// The sentence under each line of a bill, such as "22 min idle after 10 min grace, 0.10 EUR/min".

import { decimalText } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { localNumber } from "../number/local-number.js";
import { multiply, ratio, ratioOf, roundHalfUp } from "../number/money.js";
import { type Words, wordsOf } from "../number/words.js";
import { durationInWords, isTime, kwhText, limitText, priceText } from "../tariff/explain.js";
import type { Charge, PriceComponent, Tariff } from "../tariff/tariff.js";
import { type ComponentUsage, isFee } from "./component-usage.js";

function unitPrice(component: PriceComponent, charge: Charge, currency: string, words: Words): string {
  const price = ratioOf(component.price);
  if (charge === "ENERGY") return `${priceText(price, currency, words)}/kWh`;
  return isTime(charge)
    ? `${priceText(multiply(price, ratio(1n, 60n)), currency, words)}/min`
    : priceText(price, currency, words);
}

/** Units of 1/`per` as a duration or as kWh. */
function quantityText(quantity: bigint, charge: Charge, per: bigint, words: Words): string {
  if (isTime(charge)) return durationInWords(Number(roundHalfUp(ratio(quantity * 3600n, per), 0)));
  return kwhText(Number(roundHalfUp(ratio(quantity * 1_000_000n, per), 0)), words);
}

/**
 * The sentence under a line of the bill, such as "22 min idle after 10 min grace, 0.10 EUR/min". `steppedBy` is the
 * part that step_size added.
 */
export function usageSentence(usage: ComponentUsage, steppedBy: bigint, per: bigint, language: Language): string {
  const words = wordsOf[language];
  const { charge, component, tariff } = usage;
  const amount = isFee(charge) ? "" : quantityText(usage.quantity, charge, per, words);
  const grace = usage.graceMs >= 1000 ? durationInWords(Math.round(usage.graceMs / 1000)) : undefined;
  const tax =
    component.vat !== undefined && tariff.taxIncluded === "NO"
      ? ` ${words.plusTax(localNumber(decimalText(component.vat), words.decimal))}`
      : "";
  const visible = isTime(charge) ? per / 3600n : per / 1_000_000n;
  const stepped = steppedBy >= visible ? ` (${words.used.more(quantityText(steppedBy, charge, per, words))})` : "";
  return `${usedText(charge, amount, grace, words)}, ${unitPrice(component, charge, tariff.currency, words)}${tax}${stepped}`;
}

function usedText(charge: Charge, amount: string, grace: string | undefined, words: Words): string {
  switch (charge) {
    case "ENERGY":
      return amount;
    case "TIME":
      return words.used.charging(amount);
    case "PARKING_TIME":
      return grace === undefined ? words.used.idle(amount) : words.used.idleAfter(amount, grace);
    case "FLAT":
      return words.session;
    case "RESERVATION_TIME":
      return words.used.reserved(amount);
    case "EXPIRY_TIME":
      return words.used.expired(amount);
    case "RESERVATION_FLAT":
      return words.reservationFee;
    case "EXPIRY_FLAT":
      return words.expiryFee;
    default:
      return charge satisfies never;
  }
}

/** The sentence of a limit that took effect. */
export function limitSentence(kind: "min_price" | "max_price", tariff: Tariff, language: Language): string {
  const words = wordsOf[language];
  const bound = kind === "min_price" ? tariff.minPrice : tariff.maxPrice;
  const text = bound === undefined ? "" : limitText(bound, tariff, language);
  return kind === "min_price" ? words.raised(text) : words.capped(text);
}
