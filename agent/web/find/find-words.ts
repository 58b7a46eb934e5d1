// The words of the page that finds a charge point, beside those of the driver's page.
import type { Language } from "../../../config/languages.js";

export type FindWords = {
  readonly title: string;
  readonly nearMe: string;
  readonly noPosition: string;
  readonly asked: (minutes: number) => string;
  readonly dead: string;
  readonly deadSince: (minutes: number) => string;
  readonly waiting: string;
  readonly unknown: string;
  readonly noStations: string;
  readonly onlyFree: string;
  readonly away: (km: string) => string;
};

export const findWords: Readonly<Record<Language, FindWords>> = {
  en: {
    title: "Find a charge point",
    nearMe: "Nearest first",
    noPosition: "Your position is not known here; the list is by name.",
    asked: (minutes) => (minutes < 1 ? "asked just now" : `asked ${minutes} min ago`),
    dead: "Does not answer",
    deadSince: (minutes) => `Does not answer; this is ${minutes} min old`,
    waiting: "Asking…",
    unknown: "state not known",
    noStations: "No stations are named in this page.",
    onlyFree: "Only those with a free bay",
    away: (km) => `${km} km away`,
  },
  de: {
    title: "Ladepunkt finden",
    nearMe: "Nächste zuerst",
    noPosition: "Ihr Standort ist hier nicht bekannt; die Liste ist nach Namen geordnet.",
    asked: (minutes) => (minutes < 1 ? "gerade abgefragt" : `vor ${minutes} min abgefragt`),
    dead: "Antwortet nicht",
    deadSince: (minutes) => `Antwortet nicht; Stand von vor ${minutes} min`,
    waiting: "Wird abgefragt…",
    unknown: "Zustand nicht bekannt",
    noStations: "In dieser Seite sind keine Stationen genannt.",
    onlyFree: "Nur mit freiem Ladeplatz",
    away: (km) => `${km} km entfernt`,
  },
  fr: {
    title: "Trouver une borne",
    nearMe: "La plus proche d'abord",
    noPosition: "Votre position n'est pas connue ici ; la liste est par nom.",
    asked: (minutes) => (minutes < 1 ? "interrogée à l'instant" : `interrogée il y a ${minutes} min`),
    dead: "Ne répond pas",
    deadSince: (minutes) => `Ne répond pas ; état d'il y a ${minutes} min`,
    waiting: "Interrogation…",
    unknown: "état inconnu",
    noStations: "Aucune station n'est nommée dans cette page.",
    onlyFree: "Seulement avec une place libre",
    away: (km) => `à ${km} km`,
  },
  es: {
    title: "Encontrar un punto de recarga",
    nearMe: "Primero el más cercano",
    noPosition: "Aquí no se conoce su posición; la lista va por nombre.",
    asked: (minutes) => (minutes < 1 ? "consultado ahora mismo" : `consultado hace ${minutes} min`),
    dead: "No responde",
    deadSince: (minutes) => `No responde; estado de hace ${minutes} min`,
    waiting: "Consultando…",
    unknown: "estado desconocido",
    noStations: "Esta página no nombra ninguna estación.",
    onlyFree: "Solo con plaza libre",
    away: (km) => `a ${km} km`,
  },
  nl: {
    title: "Laadpunt vinden",
    nearMe: "Dichtstbijzijnde eerst",
    noPosition: "Uw positie is hier niet bekend; de lijst staat op naam.",
    asked: (minutes) => (minutes < 1 ? "zojuist opgevraagd" : `${minutes} min geleden opgevraagd`),
    dead: "Antwoordt niet",
    deadSince: (minutes) => `Antwoordt niet; stand van ${minutes} min geleden`,
    waiting: "Wordt opgevraagd…",
    unknown: "toestand onbekend",
    noStations: "Op deze pagina zijn geen stations genoemd.",
    onlyFree: "Alleen met een vrije plek",
    away: (km) => `${km} km ver`,
  },
  it: {
    title: "Trovare un punto di ricarica",
    nearMe: "Prima il più vicino",
    noPosition: "La Sua posizione non è nota qui; l'elenco è per nome.",
    asked: (minutes) => (minutes < 1 ? "interrogata adesso" : `interrogata ${minutes} min fa`),
    dead: "Non risponde",
    deadSince: (minutes) => `Non risponde; stato di ${minutes} min fa`,
    waiting: "Interrogazione…",
    unknown: "stato sconosciuto",
    noStations: "In questa pagina non è indicata alcuna stazione.",
    onlyFree: "Solo con un posto libero",
    away: (km) => `a ${km} km`,
  },
  pl: {
    title: "Znajdź punkt ładowania",
    nearMe: "Najbliższe najpierw",
    noPosition: "Twoje położenie nie jest tu znane; lista jest według nazw.",
    asked: (minutes) => (minutes < 1 ? "sprawdzono teraz" : `sprawdzono ${minutes} min temu`),
    dead: "Nie odpowiada",
    deadSince: (minutes) => `Nie odpowiada; stan sprzed ${minutes} min`,
    waiting: "Sprawdzanie…",
    unknown: "stan nieznany",
    noStations: "Na tej stronie nie podano żadnej stacji.",
    onlyFree: "Tylko z wolnym stanowiskiem",
    away: (km) => `${km} km stąd`,
  },
  cs: {
    title: "Najít nabíjecí bod",
    nearMe: "Nejbližší první",
    noPosition: "Vaše poloha zde není známa; seznam je podle názvu.",
    asked: (minutes) => (minutes < 1 ? "dotázáno právě teď" : `dotázáno před ${minutes} min`),
    dead: "Neodpovídá",
    deadSince: (minutes) => `Neodpovídá; stav starý ${minutes} min`,
    waiting: "Dotazuje se…",
    unknown: "stav není znám",
    noStations: "Na této stránce není uvedena žádná stanice.",
    onlyFree: "Jen s volným místem",
    away: (km) => `${km} km daleko`,
  },
  sv: {
    title: "Hitta en laddpunkt",
    nearMe: "Närmast först",
    noPosition: "Din position är inte känd här; listan är efter namn.",
    asked: (minutes) => (minutes < 1 ? "frågad nyss" : `frågad för ${minutes} min sedan`),
    dead: "Svarar inte",
    deadSince: (minutes) => `Svarar inte; läget för ${minutes} min sedan`,
    waiting: "Frågar…",
    unknown: "läget är okänt",
    noStations: "Inga stationer nämns på den här sidan.",
    onlyFree: "Bara med ledig plats",
    away: (km) => `${km} km bort`,
  },
};
