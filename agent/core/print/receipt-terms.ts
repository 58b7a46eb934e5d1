// How a language writes what the engine says in English, and the times of a receipt.

import { nothingFlowed, onlyReserved } from "../explain/line-sentence.js";
import { roundingRule } from "../number/money.js";
import { localTimeRule, lowerOfBothRule, untaxedName, untrustedTimeRule } from "../rating/price.js";
import { isoLocal } from "../time/iso-time.js";
import type { ReceiptWords } from "../words/language-words.js";

const termNames: ReadonlyMap<string, keyof NonNullable<ReceiptWords["terms"]>> = new Map([
  [roundingRule, "rounding"],
  [localTimeRule, "localTime"],
  [untrustedTimeRule, "untrustedTime"],
  [lowerOfBothRule, "lowerOfBoth"],
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

/** "2026-03-28" as the language writes it. */
export const localDate = (iso: string, { date }: ReceiptWords): string =>
  date.replace("Y", iso.slice(0, 4)).replace("M", iso.slice(5, 7)).replace("D", iso.slice(8, 10));

/** What times need beside the clock: their date where a session sees more than one, their offset where it changes. */
export type ClockFrame = { readonly timeZone: string; readonly dated: boolean; readonly offset: boolean };

/** What the times between these moments need. */
export function clockFrame(moments: readonly number[], timeZone: string): ClockFrame {
  const texts = moments.map((atMs) => isoLocal(atMs, timeZone));
  return {
    timeZone,
    dated: new Set(texts.map((text) => text.slice(0, 10))).size > 1,
    // Where clocks are changed during a session, an hour is there twice or not at all.
    offset: new Set(texts.map((text) => text.slice(-6))).size > 1,
  };
}

/** "22:30-23:15"; "2026-03-28 22:30 - 2026-03-29 00:15" where the session sees two days. */
export function spanText(fromMs: number, toMs: number, frame: ClockFrame, words: ReceiptWords): string {
  const [from, to] = [isoLocal(fromMs, frame.timeZone), isoLocal(toMs, frame.timeZone)];
  const clock = (iso: string): string => `${iso.slice(11, 16)}${frame.offset ? iso.slice(-6) : ""}`;
  if (!frame.dated) return `${clock(from)}-${clock(to)}`;
  const isOneDay = from.slice(0, 10) === to.slice(0, 10);
  return isOneDay
    ? `${localDate(from, words)} ${clock(from)}-${clock(to)}`
    : `${localDate(from, words)} ${clock(from)} - ${localDate(to, words)} ${clock(to)}`;
}

/** When a session was: always with its date. */
export const datedSpan = (fromMs: number, toMs: number, timeZone: string, words: ReceiptWords): string =>
  spanText(fromMs, toMs, { ...clockFrame([fromMs, toMs], timeZone), dated: true }, words);
