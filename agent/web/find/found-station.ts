// What the documents of a station (OCPI Location and Tariffs) say to who looks for a bay. They come from the network:
// what is not as it should be is left out, and said to be not known.

import type { Language } from "../../../config/languages.js";
import { isObject, type JsonObject } from "../../core/json/json-reader.js";
import type { Tariff } from "../../core/tariff/tariff.js";
import { parseTariff } from "../../core/tariff/tariff-reader.js";
import { cleanedText } from "../../core/words/printable.js";
import { usualCost } from "../views/usual-cost.js";

type BayCount = {
  readonly free: number;
  readonly taken: number;
  readonly broken: number;
  readonly unknown: number;
};

export type FoundStation = {
  readonly name: string;
  readonly place: string;
  readonly position: GeoPosition | undefined;
  readonly timeZone: string;
  readonly bays: BayCount;
  readonly offers: readonly { readonly watts: number; readonly tariff: Tariff }[];
};

/** Degrees. */
export type GeoPosition = { readonly latitude: number; readonly longitude: number };

/** More of a document is not read. */
const mostBays = 200;
const longestText = 120;

const textIn = (value: unknown): string => (typeof value === "string" ? cleanedText(value.slice(0, longestText)) : "");
const listIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.slice(0, mostBays).filter(isObject) : [];

/** What `/locations.json` and `/tariffs.json` say; undefined where the first is no list of Locations. */
export function readStation(locations: unknown, tariffs: unknown): FoundStation | undefined {
  const [location] = listIn(locations);
  if (location === undefined) return undefined;
  const evses = listIn(location["evses"]);
  const known = new Map(
    listIn(tariffs).flatMap((source): [string, Tariff][] => {
      const read = parseTariff(source);
      return read.ok ? [[textIn(source["id"]), read.tariff]] : [];
    }),
  );
  const connectors = evses.flatMap((evse) => listIn(evse["connectors"]));
  return {
    name: textIn(location["name"]),
    place: [textIn(location["address"]), `${textIn(location["postal_code"])} ${textIn(location["city"])}`.trim()]
      .filter((part) => part !== "")
      .join(", "),
    position: positionIn(location["coordinates"]),
    timeZone: textIn(location["time_zone"]),
    bays: countOf(evses.map(({ status }) => textIn(status))),
    offers: connectors.flatMap((connector) => {
      const [id] = Array.isArray(connector["tariff_ids"]) ? connector["tariff_ids"] : [];
      const tariff = known.get(textIn(id));
      const watts = connector["max_electric_power"];
      return tariff === undefined || typeof watts !== "number" || !(watts > 0) ? [] : [{ watts, tariff }];
    }),
  };
}

function positionIn(value: unknown): GeoPosition | undefined {
  if (!isObject(value)) return undefined;
  const [latitude, longitude] = [Number(textIn(value["latitude"])), Number(textIn(value["longitude"]))];
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && !(latitude === 0 && longitude === 0)
    ? { latitude, longitude }
    : undefined;
}

function countOf(statuses: readonly string[]): BayCount {
  const count = (...wanted: readonly string[]): number => statuses.filter((status) => wanted.includes(status)).length;
  const free = count("AVAILABLE");
  const taken = count("CHARGING", "BLOCKED", "RESERVED");
  const broken = count("OUTOFORDER", "INOPERATIVE");
  return { free, taken, broken, unknown: statuses.length - free - taken - broken };
}

/** What 20 kWh would cost there now, each different figure once. */
export function usualCosts({ offers, timeZone }: FoundStation, atMs: number, language: Language): readonly string[] {
  const costs = offers.flatMap(({ watts, tariff }) => {
    try {
      return usualCost(tariff, watts, atMs, timeZone, language) ?? [];
    } catch {
      // A time zone that this browser does not know: no figure is better than a wrong one.
      return [];
    }
  });
  return [...new Set(costs)];
}

const earthKm = 6_371;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Kilometres along the earth's surface. */
export function distanceKm(from: GeoPosition, to: GeoPosition): number {
  const a =
    Math.sin(radians(to.latitude - from.latitude) / 2) ** 2 +
    Math.cos(radians(from.latitude)) *
      Math.cos(radians(to.latitude)) *
      Math.sin(radians(to.longitude - from.longitude) / 2) ** 2;
  return 2 * earthKm * Math.asin(Math.min(1, Math.sqrt(a)));
}
