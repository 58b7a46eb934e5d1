// The sentence under each line of a bill, such as "22 min idle after 10 min grace, 0.10 EUR/min".

import { decimalText } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { localNumber } from "../number/local-number.js";
import { multiply, ratio, ratioOf, roundHalfUp } from "../number/money.js";
import { type Charge, isFee, isTime } from "../tariff/charge.js";
import type { PriceComponent, Tariff } from "../tariff/tariff.js";
import type { PriceWords } from "../words/language-words.js";
import { languageWords } from "../words/words.js";
import { durationInWords, kwhText, limitText, priceText } from "./price-text.js";

function unitPrice(component: PriceComponent, charge: Charge, currency: string, words: PriceWords): string {
  const price = ratioOf(component.price);
  if (charge === "ENERGY") return `${priceText(price, currency, words)}/kWh`;
  return isTime(charge)
    ? `${priceText(multiply(price, ratio(1n, 60n)), currency, words)}/min`
    : priceText(price, currency, words);
}

/** Units of 1/`per` as a duration or as kWh. */
function quantityText(quantity: bigint, charge: Charge, per: bigint, words: PriceWords): string {
  if (isTime(charge)) return durationInWords(Number(roundHalfUp(ratio(quantity * 3600n, per), 0)));
  return kwhText(Number(roundHalfUp(ratio(quantity * 1_000_000n, per), 0)), words);
}

/** What was used of a component, as far as its sentence needs it. */
export type UsedComponent = {
  readonly charge: Charge;
  readonly tariff: Tariff;
  /** Undefined = free energy. */
  readonly component: PriceComponent | undefined;
  /** Units of 1/`per` of a kWh, an hour or a piece. */
  readonly quantity: bigint;
  readonly graceMs: number;
  readonly fromMs: number;
};

/** What the lines of a bill share: the units of 1/`per` that they count in, and when the session began. */
export type LineFrame = { readonly per: bigint; readonly beganMs: number; readonly language: Language };

/** The sentence under a line of the bill. `steppedBy` is the part of the quantity that step_size added. */
export function usageSentence(usage: UsedComponent, steppedBy: bigint, { per, beganMs, language }: LineFrame): string {
  const words = languageWords[language].price;
  const { charge, component, tariff } = usage;
  const amount = isFee(charge) ? "" : quantityText(usage.quantity, charge, per, words);
  if (component === undefined) return `${amount}, ${words.free}`;
  const grace = usage.graceMs >= 1000 ? durationInWords(Math.round(usage.graceMs / 1000)) : undefined;
  const tax =
    component.vat !== undefined && tariff.taxIncluded === "NO"
      ? ` ${words.plusTax(localNumber(decimalText(component.vat), words.decimalMark))}`
      : "";
  const visible = isTime(charge) ? per / 3600n : per / 1_000_000n;
  const stepped = steppedBy >= visible ? ` (${words.used.more(quantityText(steppedBy, charge, per, words))})` : "";
  return `${usedText(charge, amount, grace, usage.fromMs > beganMs, words)}, ${unitPrice(component, charge, tariff.currency, words)}${tax}${stepped}`;
}

function usedText(
  charge: Charge,
  amount: string,
  grace: string | undefined,
  isLate: boolean,
  words: PriceWords,
): string {
  switch (charge) {
    case "ENERGY":
      return amount;
    case "TIME":
      return words.used.charging(amount);
    case "PARKING_TIME":
      return grace === undefined ? words.used.idle(amount) : words.used.idleAfter(amount, grace);
    case "FLAT":
      return isLate ? words.flatFee : words.session;
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

/** Why nothing, or nothing else, is charged, as a receipt says it. */
export const nothingFlowed = "no energy flowed: nothing is charged";
export const onlyReserved = "no energy flowed: only the reservation is charged";

/**
 * The sentence of what changed the sum of the lines: a limit, or that nothing is charged but the reservation, if one
 * was.
 */
export function adjustmentSentence(
  kind: "min_price" | "max_price" | "waived",
  tariff: Tariff,
  language: Language,
  isReserved = false,
): string {
  if (kind === "waived") return isReserved ? onlyReserved : nothingFlowed;
  const words = languageWords[language].price;
  const bound = kind === "min_price" ? tariff.minPrice : tariff.maxPrice;
  const text = bound === undefined ? "" : limitText(bound, tariff, language);
  return kind === "min_price" ? words.raised(text) : words.capped(text);
}
