// How a session ended, in the receipt's language. The record says it in English, in sentences that are known here.

import { localNumber } from "../number/local-number.js";
import type { SaleFields } from "../receipt/receipt-payload.js";
import { stopDetails } from "../session/session-event.js";
import type { ReceiptWords } from "../words/language-words.js";

type Sentence = readonly [pattern: RegExp, words: (stops: ReceiptWords["stops"], found: string) => string];

const exact = (text: string): RegExp => new RegExp(`^${text}$`);

/** What the station writes, and how each language says it. "" = the reason says it all. */
const sentences: readonly Sentence[] = [
  [exact(stopDetails.card), ({ card }) => card],
  [exact(stopDetails.groupCard), ({ groupCard }) => groupCard],
  [/^stopped by button$/, ({ button }) => button],
  [/^the limit of ([^:]+) is reached/, ({ limit }, found) => limit(found)],
  [/^the sessions of this card have together reached its limit/, ({ cardLimit }) => cardLimit],
  [/^no energy flowed within (\d+) min$/, ({ noEnergy }, found) => noEnergy(found)],
  [/^no good meter value for (\d+) s/, ({ noMeterValue }, found) => noMeterValue(found)],
  [/^the meter still showed (\S+) W after/, ({ stillFlowing }, found) => stillFlowing(found)],
  [/^no end reading could be had/, ({ noEndReading }) => noEndReading],
  [/: no time is charged since the last reading before$/, ({ noTime }) => noTime],
];

/** The numbers of a limit with the language's decimal mark: "20,5 kWh". */
const localWords = (text: string, { decimalMark }: ReceiptWords): string =>
  text
    .split(" ")
    .map((word) => localNumber(word, decimalMark))
    .join(" ");

function sentenceIn(detail: string, words: ReceiptWords): string {
  for (const [pattern, told] of sentences) {
    const found = pattern.exec(detail);
    if (found !== null) return told(words.stops, localWords(found[1] ?? "", words));
  }
  return "";
}

/**
 * Why and how a session ended. English says it as it is recorded; another language in its own words, and leaves out what
 * has none (the name of a device's fault): the receipt file holds it.
 */
export function stopText({ reason, detail }: SaleFields["stop"], language: string, words: ReceiptWords): string {
  const told = language === "en" ? [detail] : detail.split("; ").map((part) => sentenceIn(part, words));
  const details = told.filter((text) => text !== "");
  return details.length === 0 ? words.reasons[reason] : `${words.reasons[reason]}: ${details.join("; ")}`;
}

/** Why the supply was interrupted, in the receipt's language. */
export function interruptionText(why: string, words: ReceiptWords): string {
  if (why === "power was lost") return words.reasons.PowerLoss;
  return why === "the agent was restarted" ? words.reasons.Reboot : why;
}
