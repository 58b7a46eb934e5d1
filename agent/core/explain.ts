// Prices in plain words.
import { decimalText } from "./money.js";
import type { Use } from "./tally.js";
import type { PriceComponent, Tariff } from "./tariff.js";

export const languages = ["en", "de", "fr", "es", "nl"] as const;
export type Language = (typeof languages)[number];

export function whyOf(tariff: Tariff, component: PriceComponent, _language: Language): string {
  return JSON.stringify(tariff.elements[component.element]?.restrictions ?? {});
}

export function explainUse(use: Use, _steppedBy: bigint, _per: bigint, _language: Language): string {
  return `${use.charge} at ${decimalText(use.component.price)} ${use.tariff.currency}`;
}

export function explainLimit(kind: "min_price" | "max_price", _tariff: Tariff, _language: Language): string {
  return kind;
}
export function priceBeforeStart(tariff: Tariff, _at: number, _zone: string, _language: Language, _grace: number): string[] { return [tariff.id]; }
