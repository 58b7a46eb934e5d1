// How a language writes what the engine says in English, and the times of a receipt.

import { nothingFlowed, onlyReserved } from "../explain/line-sentence.js";
import { roundingRule } from "../number/money.js";
import { localTimeRule, untaxedName, untrustedTimeRule } from "../rating/price.js";
import type { ReceiptWords } from "../words/language-words.js";

const termNames: ReadonlyMap<string, keyof NonNullable<ReceiptWords["terms"]>> = new Map([
  [roundingRule, "rounding"],
  [localTimeRule, "localTime"],
  [untrustedTimeRule, "untrustedTime"],
  ["VAT", "vat"],
  [untaxedName, "untaxed"],
  [nothingFlowed, "nothingFlowed"],
  [onlyReserved, "onlyReserved"],
]);

/** A rule or name of the engine as the language says it; what has no words of its own stays as it is. */
export function translatedTerm(text: string, { terms }: ReceiptWords): string {
  const name = termNames.get(text);
  return name === undefined ? text : (terms?.[name] ?? text);
}

/** `2026-03-28T22:30:00.000+01:00` as the language writes it, the offset kept: "28.03.2026 22:30:00 +01:00". */
export function localTimeText(iso: string, { date }: ReceiptWords): string {
  const [, year = "", month = "", day = "", time = "", offset = ""] =
    /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)\.\d{3}([+-]\d\d:\d\d)$/.exec(iso) ?? [];
  if (year === "") return iso;
  return `${date.replace("Y", year).replace("M", month).replace("D", day)} ${time} ${offset}`;
}
