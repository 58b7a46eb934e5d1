// Reads an OCPI tariff once and strictly: what is unknown, misspelt or absurd is refused with its path, because a
// restriction that is silently ignored is a wrong bill.

import { compareDecimals } from "../../../config/decimal.js";
import { type Fault, isPresent, type JsonObject, JsonReader } from "../json/json-reader.js";
import { type Charge, chargeOf } from "./charge.js";
import { readElement } from "./element-reader.js";
import {
  type OcpiVersion,
  type PriceLimit,
  type Tariff,
  type TariffElement,
  type TariffOffer,
  versionOf,
} from "./tariff.js";
import { isNestedBeyond, tariffObject } from "./unknown-fields.js";

export type ParsedTariff =
  | { readonly ok: true; readonly tariff: Tariff }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const common = [
  "country_code",
  "party_id",
  "id",
  "currency",
  "type",
  "tariff_alt_text",
  "tariff_alt_url",
  "min_price",
  "max_price",
  "elements",
  "start_date_time",
  "end_date_time",
  "energy_mix",
  "last_updated",
];
export const tariffFields: Record<OcpiVersion, readonly string[]> = {
  "2.2.1": common,
  "2.3.0": [...common, "tax_included", "preauthorize_amount"],
};
export const energyMixFields: readonly string[] = [
  "is_green_energy",
  "energy_sources",
  "environ_impact",
  "supplier_name",
  "energy_product_name",
];
const tariffTypes = ["AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR"] as const;
const mostElements = 1000;
const mostAltTexts = 100;
const mostMixLevels = 6;
const limitBounds = { places: 10, most: 1_000_000_000_000 };

/**
 * Reads an OCPI tariff from its JSON value. The version is told by `tax_included` unless it is given.
 * Never throws: every fault comes back with its JSON path and, where a name looks misspelt, the name that was meant.
 */
export function parseTariff(json: unknown, options: { readonly version?: OcpiVersion } = {}): ParsedTariff {
  const checked = new JsonReader();
  const version = options.version ?? versionOf(json);
  const object = tariffObject(checked, json, () => "", tariffFields[version]);
  if (object === undefined) return { ok: false, faults: checked.faults };
  const identity = readIdentity(checked, object);
  checkUnpricedFields(checked, object);
  const validity = readValidity(checked, object);
  const taxIncluded =
    version === "2.2.1" ? "NO" : checked.oneOf(object["tax_included"], "tax_included", ["YES", "NO", "N/A"] as const);
  const limits = readLimits(checked, object, version);
  const elements = readElements(checked, object["elements"]);
  const altText = isPresent(object["tariff_alt_text"]) ? readAltText(checked, object["tariff_alt_text"]) : [];
  if (checked.faults.length > 0 || identity === undefined || taxIncluded === undefined)
    return { ok: false, faults: checked.faults };
  const altUrl = object["tariff_alt_url"];
  const tariff: Tariff = {
    source: object,
    version,
    ...identity,
    taxIncluded,
    elements,
    altText,
    ...limits,
    ...validity,
    ...(typeof altUrl === "string" ? { altUrl } : {}),
    offers: offersOf(elements),
    ...outlineOf(elements),
    warnings: checked.warnings,
  };
  return { ok: true, tariff };
}

function readIdentity(checked: JsonReader, object: JsonObject): Pick<Tariff, "id" | "currency"> | undefined {
  const id = checked.text(object["id"], "id", 36);
  // Tables are kept by tariff ids, and this name is none that an object can have.
  if (id === "__proto__") checked.fault("id", "this name cannot be used for a tariff");
  const currency = checked.text(object["currency"], "currency", 3);
  if (currency !== undefined && !/^[A-Z]{3}$/.test(currency))
    checked.fault("currency", `expected three capital letters such as EUR, found "${currency}"`);
  return id === undefined || currency === undefined ? undefined : { id, currency };
}

/** What no price depends on has to be well formed too: a backend gets the tariff as it stands. */
function checkUnpricedFields(checked: JsonReader, object: JsonObject): void {
  const optional = (name: string, check: (value: unknown, path: string) => unknown): void => {
    if (isPresent(object[name])) check(object[name], name);
  };
  optional("country_code", (value, path) => checked.text(value, path, 2));
  optional("party_id", (value, path) => checked.text(value, path, 3));
  optional("tariff_alt_url", (value, path) => checked.text(value, path, 255));
  optional("type", (value, path) => checked.oneOf(value, path, tariffTypes));
  optional("last_updated", (value, path) => checked.instant(value, path));
  optional("preauthorize_amount", (value, path) => checked.decimal(value, path, limitBounds));
  optional("energy_mix", (value, path) => {
    if (isNestedBeyond(value, mostMixLevels)) checked.fault(path, "nested too deeply for an energy mix");
    return checked.object(value, path, energyMixFields);
  });
}

function readValidity(checked: JsonReader, object: JsonObject): Pick<Tariff, "startMs" | "endMs"> {
  const { start_date_time: start, end_date_time: end } = object;
  const startMs = isPresent(start) ? checked.instant(start, "start_date_time") : undefined;
  const endMs = isPresent(end) ? checked.instant(end, "end_date_time") : undefined;
  if (startMs !== undefined && endMs !== undefined && endMs <= startMs)
    checked.fault("end_date_time", "the tariff ends before it starts");
  return { ...(startMs === undefined ? {} : { startMs }), ...(endMs === undefined ? {} : { endMs }) };
}

function readLimits(
  checked: JsonReader,
  object: JsonObject,
  version: OcpiVersion,
): Pick<Tariff, "minPrice" | "maxPrice"> {
  const { min_price: min, max_price: max } = object;
  const minPrice = isPresent(min) ? readLimit(checked, min, "min_price", version) : undefined;
  const maxPrice = isPresent(max) ? readLimit(checked, max, "max_price", version) : undefined;
  if (minPrice !== undefined && maxPrice !== undefined && isBelow(maxPrice, minPrice))
    checked.fault("max_price", "is less than min_price");
  return { ...(minPrice === undefined ? {} : { minPrice }), ...(maxPrice === undefined ? {} : { maxPrice }) };
}

function isBelow(a: PriceLimit, b: PriceLimit): boolean {
  return (
    compareDecimals(a.excl, b.excl) < 0 ||
    (a.incl !== undefined && b.incl !== undefined && compareDecimals(a.incl, b.incl) < 0)
  );
}

function readLimit(checked: JsonReader, value: unknown, path: string, version: OcpiVersion): PriceLimit | undefined {
  const [exclName, inclName] =
    version === "2.3.0" ? (["before_taxes", "after_taxes"] as const) : (["excl_vat", "incl_vat"] as const);
  const object = checked.object(value, path, [exclName, inclName]);
  if (object === undefined) return undefined;
  const excl = checked.decimal(object[exclName], `${path}.${exclName}`, limitBounds);
  if (!isPresent(object[inclName])) return excl === undefined ? undefined : { excl };
  const incl = checked.decimal(object[inclName], `${path}.${inclName}`, limitBounds);
  return excl === undefined || incl === undefined ? undefined : { excl, incl };
}

function readElements(checked: JsonReader, value: unknown): TariffElement[] {
  const list = checked.list(value, "elements", mostElements);
  if (list?.length === 0) checked.fault("elements", "a tariff needs at least one element");
  return (list ?? [])
    .map((entry, index) => readElement(checked, entry, `elements[${index}]`, index))
    .filter((element) => element !== undefined);
}

function readAltText(checked: JsonReader, value: unknown): { language: string; text: string }[] {
  const list = checked.list(value, "tariff_alt_text", mostAltTexts) ?? [];
  return list.flatMap((entry, index) => {
    const path = `tariff_alt_text[${index}]`;
    const object = checked.object(entry, path, ["language", "text"]);
    if (object === undefined) return [];
    const language = checked.text(object["language"], `${path}.language`, 2);
    const text = checked.text(object["text"], `${path}.text`, 512);
    return language === undefined || text === undefined ? [] : [{ language, text }];
  });
}

/**
 * Sorts components by what they can be charged for. Of two components of one dimension in an element the first counts;
 * the lint says so.
 */
function offersOf(elements: readonly TariffElement[]): Record<Charge, TariffOffer[]> {
  const offers: Record<Charge, TariffOffer[]> = {
    ENERGY: [],
    TIME: [],
    PARKING_TIME: [],
    FLAT: [],
    RESERVATION_TIME: [],
    RESERVATION_FLAT: [],
    EXPIRY_TIME: [],
    EXPIRY_FLAT: [],
  };
  for (const element of elements)
    for (const component of element.components) {
      const list = offers[chargeOf(component.type, element.restrictions.reservation)];
      if (list.at(-1)?.element !== element) list.push({ element, component });
    }
  return offers;
}

/** What the engine asks of a tariff again and again. */
function outlineOf(
  elements: readonly TariffElement[],
): Pick<Tariff, "asksPower" | "asksCurrent" | "priceScale" | "vatScale"> {
  let [asksPower, asksCurrent, priceScale, vatScale] = [false, false, 0, 0];
  for (const { restrictions, components } of elements) {
    asksPower ||= restrictions.minPowerKw !== undefined || restrictions.maxPowerKw !== undefined;
    asksCurrent ||= restrictions.minCurrentA !== undefined || restrictions.maxCurrentA !== undefined;
    for (const { price, vat } of components) {
      priceScale = Math.max(priceScale, price.scale);
      vatScale = Math.max(vatScale, vat?.scale ?? 0);
    }
  }
  return { asksPower, asksCurrent, priceScale, vatScale };
}
