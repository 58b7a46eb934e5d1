// What the station itself adds to a tariff, in words: the free start of an idle stretch and the limits at which it ends a
// session.
import type { Language } from "../../../config/languages.js";
import type { ConnectorConfig } from "../../../config/schema.js";
import { requiredMilliWh } from "../number/energy-text.js";
import { ratioOfText } from "../number/money.js";
import { languageWords } from "../words/words.js";
import type { PriceInWords } from "./explain-tariff.js";
import { durationInWords, kwhText, priceText } from "./price-text.js";

/** What a connector adds to its tariff. `noEnergyMs`: how long a car may take no energy at all; 0 = for ever. */
export type StationTerms = {
  readonly idleGraceMs: number;
  readonly limits: ConnectorConfig["limits"];
  readonly noEnergyMs: number;
};

/** The limits at which a session ends by itself, on one line; none where there is no limit. */
export function endingLines(
  { limits, noEnergyMs }: StationTerms,
  currency: string,
  language: Language,
): PriceInWords[] {
  const words = languageWords[language].price;
  const { energyKwh, cost, time } = limits;
  const duration = (ms: number): string => durationInWords(Math.round(ms / 1000));
  const ends = [
    ...(energyKwh === undefined ? [] : [words.endsAt(kwhText(requiredMilliWh(energyKwh), words))]),
    ...(cost === undefined ? [] : [words.endsAt(priceText(ratioOfText(cost), currency, words))]),
    ...(time === undefined ? [] : [words.endsAfter(duration(time))]),
    ...(noEnergyMs === 0 ? [] : [words.endsWithout(duration(noEnergyMs))]),
  ];
  return ends.length === 0 ? [] : [{ kind: "limit", text: words.ends(ends.join(", ")) }];
}
