// Fields of a tariff that OCPI does not know. OCPI 2.3.0 has a receiver pass over them (transport_and_format), and so
// they pass here, with a warning, where they cannot bear on a price. A slip of a known name, and a name that speaks of
// prices or of when they hold, stays a fault: what is passed over there is a wrong bill.

import { nearestName } from "../../../config/nearest-name.js";
import { didYouMean, isObject, type JsonObject, type JsonReader } from "../json/json-reader.js";
import { restrictionFields } from "./restrictions.js";

export const elementFields: readonly string[] = ["price_components", "restrictions"];
export const componentFields: readonly string[] = ["type", "price", "vat", "step_size"];

/** Names that are also a slip where they stand on another level of an element. */
const nested = [...elementFields, ...componentFields, ...restrictionFields];

/** Words by which a name speaks of money, tax, quantity, rounding or conditions. */
const pricingWords = new Set(
  (
    "price prices pricing cost costs fee fees rate rates amount amounts tax taxes vat discount discounts surcharge " +
    "surcharges markup factor multiplier percent percentage charge charges charging bill billed billing currency cap " +
    "limit limits round rounding step min minimum max maximum start end from until valid validity time times day days " +
    "hour hours minute minutes duration weekday holiday power current kw kwh wh energy volume flat parking idle session " +
    "grace free reservation element elements component components restriction restrictions condition conditions tier " +
    "tiers priority order"
  ).split(" "),
);

/** An unknown value that is nested more deeply than this is refused, as it would be carried into every receipt. */
const mostLevels = 6;

/** Whether a name speaks of a price or of when it holds: `priceRound`, `price_round` and `price-round` alike. */
export const bearsOnPrice = (name: string): boolean =>
  name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).some((word) => pricingWords.has(word.toLowerCase()));

/** Whether a JSON value has more levels than that. */
export function isNestedBeyond(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isNestedBeyond(inner, levels - 1));
}

/**
 * A tariff, an element or a component as an object, its unknown fields noted; undefined where it is none. `path` is only
 * built for what is noted.
 */
export function tariffObject(
  checked: JsonReader,
  value: unknown,
  path: () => string,
  known: readonly string[],
): JsonObject | undefined {
  if (!isObject(value)) return checked.object(value, path(), known) as undefined;
  for (const key in value) if (!known.includes(key)) checkUnknownField(checked, key, value[key], path(), known);
  return value;
}

/** Notes a field of a tariff, an element or a component that is not `known`: a fault, or a warning where it may pass. */
function checkUnknownField(
  checked: JsonReader,
  key: string,
  value: unknown,
  path: string,
  known: readonly string[],
): void {
  // To compare each of a hundred thousand names with all that are known would take a minute.
  if (checked.isFull) return checked.fault(path, "one unknown field too many: they are not all looked at");
  const meant = nearestName(key, known) ?? nearestName(key, nested);
  const at = path === "" ? key : `${path}.${key}`;
  if (meant !== undefined) checked.fault(at, `unknown field${didYouMean(key, [meant])}`);
  else if (bearsOnPrice(key))
    checked.fault(at, "unknown field, and its name speaks of prices or of when they hold: it cannot be passed over");
  else if (isNestedBeyond(value, mostLevels)) checked.fault(at, "unknown field, nested too deeply to be carried along");
  else checked.warn(at, "unknown-field", "is not a field of OCPI: it is passed over, and changes no price");
}
