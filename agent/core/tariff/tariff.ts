// An OCPI tariff (2.2.1 or 2.3.0, mod_tariffs), read once and strictly: what is unknown, misspelt or absurd is refused
// with its path, because a restriction that is silently ignored is a wrong bill.

import { compareDecimals, type Decimal } from "../../../config/decimal.js";
import type { Charge, ComponentType } from "./charge.js";
import { decimalWithin, type Fault, isObject, type JsonObject, JsonReader } from "./json-reader.js";
import { type Restrictions, readRestrictions } from "./restrictions.js";

export type OcpiVersion = "2.2.1" | "2.3.0";
const componentTypes = ["ENERGY", "TIME", "PARKING_TIME", "FLAT"] as const;

export type PriceComponent = {
  /** Where it stands: `elements[element].price_components[index]`. */
  readonly element: number;
  readonly index: number;
  readonly type: ComponentType;
  /** Per kWh, per hour, or once; before or with tax, as the tariff says. */
  readonly price: Decimal;
  /** Percent; absent = none applies (2.2.1) or none is stated (2.3.0). */
  readonly vat?: Decimal;
  /** Wh or seconds; 0 = no rounding. */
  readonly stepSize: number;
};

type TariffElement = {
  readonly index: number;
  readonly components: readonly PriceComponent[];
  readonly restrictions: Restrictions;
};

/** A floor or ceiling for a session's cost. */
export type PriceLimit = { readonly excl: Decimal; readonly incl?: Decimal };

/** An element with its component of one dimension: what the first-match rule walks over. */
export type Offer = { readonly element: TariffElement; readonly component: PriceComponent };

export type Tariff = {
  /** The JSON value it was read from, for receipts and CDRs. */
  readonly source: JsonObject;
  readonly version: OcpiVersion;
  readonly id: string;
  readonly currency: string;
  /** Whether `price` carries tax: 2.3.0's `tax_included`; a 2.2.1 tariff is always NO. */
  readonly taxIncluded: "YES" | "NO" | "N/A";
  readonly elements: readonly TariffElement[];
  readonly minPrice?: PriceLimit;
  readonly maxPrice?: PriceLimit;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly altText: readonly { readonly language: string; readonly text: string }[];
  readonly altUrl?: string;
  /** What may be charged, in the order of the elements. */
  readonly offers: Readonly<Record<Charge, readonly Offer[]>>;
  /** Whether any element looks at power, or at current. */
  readonly asksPower: boolean;
  readonly asksCurrent: boolean;
  /** Decimals that hold every price, and every tax percentage, of this tariff exactly. */
  readonly priceScale: number;
  readonly vatScale: number;
};

export type Parsed =
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
const componentFields = ["type", "price", "vat", "step_size"];
const elementFields = ["price_components", "restrictions"];
const tariffTypes = ["AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR"] as const;
const mostElements = 1000;
const mostComponents = 20;
/** More decimals than any price list has, few enough to print; and a price beyond any currency's need. */
const priceBounds = { places: 10, most: 1_000_000_000, negative: true };
const vatBounds = { places: 6, most: 100 };
const limitBounds = { places: 10, most: 1_000_000_000_000 };
const mostStep = 1_000_000_000;

/** 2.3.0 tells itself by `tax_included`. */
export function versionOf(json: unknown): OcpiVersion {
  return isObject(json) && json["tax_included"] !== undefined ? "2.3.0" : "2.2.1";
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function readComponent(
  checked: JsonReader,
  value: unknown,
  path: () => string,
  element: number,
  index: number,
): PriceComponent | undefined {
  if (!isObject(value)) return checked.object(value, path(), componentFields) as undefined;
  for (const key in value) if (!componentFields.includes(key)) checked.unknown(key, path(), componentFields);
  const given = value["type"];
  const type = componentTypes.find((one) => one === given) ?? checked.oneOf(given, `${path()}.type`, componentTypes);
  const price =
    decimalWithin(value["price"], priceBounds) ?? checked.decimal(value["price"], `${path()}.price`, priceBounds);
  const vat = present(value["vat"])
    ? (decimalWithin(value["vat"], vatBounds) ?? checked.decimal(value["vat"], `${path()}.vat`, vatBounds))
    : undefined;
  // A FLAT has no unit to step by, and tariffs in the field leave its step_size out.
  const stepSize =
    type === "FLAT" && !present(value["step_size"])
      ? 0
      : checked.whole(value["step_size"], path, ".step_size", mostStep);
  if (type === undefined || price === undefined || stepSize === undefined) return undefined;
  return vat === undefined ? { element, index, type, price, stepSize } : { element, index, type, price, vat, stepSize };
}

function readElement(checked: JsonReader, value: unknown, path: string, index: number): TariffElement | undefined {
  const object = checked.object(value, path, elementFields);
  if (object === undefined) return undefined;
  const restrictions = present(object["restrictions"])
    ? readRestrictions(checked, object["restrictions"], `${path}.restrictions`)
    : {};
  const list = checked.list(object["price_components"], `${path}.price_components`, mostComponents);
  if (list?.length === 0) checked.fault(`${path}.price_components`, "an element needs at least one price component");
  const components: PriceComponent[] = [];
  for (const [at, entry] of (list ?? []).entries()) {
    const component = readComponent(checked, entry, () => `${path}.price_components[${at}]`, index, at);
    if (component !== undefined) components.push(component);
  }
  if (restrictions?.reservation !== undefined)
    components.forEach((component) => {
      if (component.type === "ENERGY" || component.type === "PARKING_TIME")
        checked.fault(
          `${path}.price_components[${component.index}].type`,
          `a reservation has only FLAT and TIME, not ${component.type}`,
        );
    });
  return { index, components, restrictions: restrictions ?? {} };
}

function readLimit(checked: JsonReader, value: unknown, path: string, version: OcpiVersion): PriceLimit | undefined {
  const [exclName, inclName] =
    version === "2.3.0" ? (["before_taxes", "after_taxes"] as const) : (["excl_vat", "incl_vat"] as const);
  const object = checked.object(value, path, [exclName, inclName]);
  if (object === undefined) return undefined;
  const excl = checked.decimal(object[exclName], `${path}.${exclName}`, limitBounds);
  if (!present(object[inclName])) return excl === undefined ? undefined : { excl };
  const incl = checked.decimal(object[inclName], `${path}.${inclName}`, limitBounds);
  return excl === undefined || incl === undefined ? undefined : { excl, incl };
}

function readAltText(checked: JsonReader, value: unknown, path: string): { language: string; text: string }[] {
  const list = checked.list(value, path, 100) ?? [];
  return list.flatMap((entry, index) => {
    const object = checked.object(entry, `${path}[${index}]`, ["language", "text"]);
    if (object === undefined) return [];
    const language = checked.text(object["language"], `${path}[${index}].language`, 2);
    const text = checked.text(object["text"], `${path}[${index}].text`, 512);
    return language === undefined || text === undefined ? [] : [{ language, text }];
  });
}

/**
 * Sorts components by what they can be charged for. Of two components of one dimension in an element the first counts;
 * the lint says so.
 */
function offersOf(elements: readonly TariffElement[]): Record<Charge, Offer[]> {
  const offers: Record<Charge, Offer[]> = {
    ENERGY: [],
    TIME: [],
    PARKING_TIME: [],
    FLAT: [],
    RESERVATION_TIME: [],
    RESERVATION_FLAT: [],
    EXPIRY_TIME: [],
    EXPIRY_FLAT: [],
  };
  for (const element of elements) {
    const { reservation } = element.restrictions;
    for (const component of element.components) {
      const charge: Charge =
        reservation === undefined
          ? component.type
          : reservation === "RESERVATION"
            ? component.type === "FLAT"
              ? "RESERVATION_FLAT"
              : "RESERVATION_TIME"
            : component.type === "FLAT"
              ? "EXPIRY_FLAT"
              : "EXPIRY_TIME";
      const list = offers[charge];
      if (list.at(-1)?.element !== element) list.push({ element, component });
    }
  }
  return offers;
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}

/**
 * Reads an OCPI tariff from its JSON value. The version is told by `tax_included` unless it is given.
 * Never throws: every fault comes back with its JSON path and, where a name looks misspelt, the name that was meant.
 */
export function parseTariff(json: unknown, options: { readonly version?: OcpiVersion } = {}): Parsed {
  const checked = new JsonReader();
  const version = options.version ?? versionOf(json);
  const object = checked.object(json, "", tariffFields[version]);
  if (object === undefined) return { ok: false, faults: checked.faults };
  const optional = <Value>(
    name: string,
    read: (value: unknown, path: string) => Value | undefined,
  ): Value | undefined => (present(object[name]) ? read(object[name], name) : undefined);
  const id = checked.text(object["id"], "id", 36);
  const currency = checked.text(object["currency"], "currency", 3);
  if (currency !== undefined && !/^[A-Z]{3}$/.test(currency))
    checked.fault("currency", `expected three capital letters such as EUR, found "${currency}"`);
  for (const [name, most] of [
    ["country_code", 2],
    ["party_id", 3],
    ["tariff_alt_url", 255],
  ] as const)
    optional(name, (value, path) => checked.text(value, path, most));
  optional("type", (value, path) => checked.oneOf(value, path, tariffTypes));
  optional("last_updated", (value, path) => checked.instant(value, path));
  optional("preauthorize_amount", (value, path) => checked.decimal(value, path, limitBounds));
  optional("energy_mix", (value, path) => {
    if (isDeeperThan(value, 6)) checked.fault(path, "nested too deeply for an energy mix");
    return checked.object(value, path, energyMixFields);
  });
  const startMs = optional("start_date_time", (value, path) => checked.instant(value, path));
  const endMs = optional("end_date_time", (value, path) => checked.instant(value, path));
  if (startMs !== undefined && endMs !== undefined && endMs <= startMs)
    checked.fault("end_date_time", "the tariff ends before it starts");
  const taxIncluded =
    version === "2.2.1" ? "NO" : checked.oneOf(object["tax_included"], "tax_included", ["YES", "NO", "N/A"] as const);
  const minPrice = optional("min_price", (value, path) => readLimit(checked, value, path, version));
  const maxPrice = optional("max_price", (value, path) => readLimit(checked, value, path, version));
  if (
    minPrice !== undefined &&
    maxPrice !== undefined &&
    (compareDecimals(maxPrice.excl, minPrice.excl) < 0 ||
      (minPrice.incl !== undefined && maxPrice.incl !== undefined && compareDecimals(maxPrice.incl, minPrice.incl) < 0))
  )
    checked.fault("max_price", "is less than min_price");
  const list = checked.list(object["elements"], "elements", mostElements);
  if (list?.length === 0) checked.fault("elements", "a tariff needs at least one element");
  const elements: TariffElement[] = [];
  for (const [index, entry] of (list ?? []).entries()) {
    const element = readElement(checked, entry, `elements[${index}]`, index);
    if (element !== undefined) elements.push(element);
  }
  const altText = optional("tariff_alt_text", (value, path) => readAltText(checked, value, path)) ?? [];
  if (checked.faults.length > 0 || id === undefined || currency === undefined || taxIncluded === undefined)
    return { ok: false, faults: checked.faults };
  let priceScale = 0;
  let vatScale = 0;
  for (const { components } of elements)
    for (const { price, vat } of components) {
      priceScale = Math.max(priceScale, price.scale);
      vatScale = Math.max(vatScale, vat?.scale ?? 0);
    }
  const altUrl = object["tariff_alt_url"];
  const tariff: Tariff = {
    source: object,
    version,
    id,
    currency,
    taxIncluded,
    elements,
    altText,
    ...(minPrice === undefined ? {} : { minPrice }),
    ...(maxPrice === undefined ? {} : { maxPrice }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(endMs === undefined ? {} : { endMs }),
    ...(typeof altUrl === "string" ? { altUrl } : {}),
    offers: offersOf(elements),
    asksPower: elements.some(
      ({ restrictions }) => restrictions.minPowerKw !== undefined || restrictions.maxPowerKw !== undefined,
    ),
    asksCurrent: elements.some(
      ({ restrictions }) => restrictions.minCurrentA !== undefined || restrictions.maxCurrentA !== undefined,
    ),
    priceScale,
    vatScale,
  };
  return { ok: true, tariff };
}

/** Whether a session that starts at this instant is sold by the tariff: its start inclusive, its end exclusive. */
export function inForce(tariff: Tariff, atMs: number): boolean {
  return (
    (tariff.startMs === undefined || tariff.startMs <= atMs) && (tariff.endMs === undefined || atMs < tariff.endMs)
  );
}
