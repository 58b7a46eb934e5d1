// Which language a page is in: the one that was chosen, else the first that the browser asks for and we have, else the
// station's.
import { type Language, languages } from "../../../config/languages.js";
import { csPage } from "./cs.js";
import { dePage } from "./de.js";
import { enPage } from "./en.js";
import { esPage } from "./es.js";
import { frPage } from "./fr.js";
import { itPage } from "./it.js";
import { nlPage } from "./nl.js";
import type { PageWords } from "./page-words.js";
import { plPage } from "./pl.js";
import { svPage } from "./sv.js";

export const pageWords: Readonly<Record<Language, PageWords>> = {
  en: enPage,
  de: dePage,
  fr: frPage,
  es: esPage,
  nl: nlPage,
  it: itPage,
  pl: plPage,
  cs: csPage,
  sv: svPage,
};

/** More than any browser names. */
const mostNamed = 32;

const known = (name: string | undefined): Language | undefined => languages.find((language) => language === name);

/** `chosen` = the page's `?lang=`; `accepted` = Accept-Language (RFC 9110, 12.5.4). */
export function pageLanguage(chosen: string | undefined, accepted: string | undefined, station: Language): Language {
  const wanted = (accepted ?? "")
    .split(",", mostNamed)
    .map((part, order) => {
      const [tag = "", ...parameters] = part.trim().toLowerCase().split(";");
      const weight = parameters.map((one) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(one)?.[1]).find(Boolean);
      return { language: known(tag.split("-")[0]), weight: Number(weight ?? "1"), order };
    })
    .filter(({ language, weight }) => language !== undefined && weight > 0)
    .sort((a, b) => b.weight - a.weight || a.order - b.order);
  return known(chosen) ?? wanted[0]?.language ?? station;
}
