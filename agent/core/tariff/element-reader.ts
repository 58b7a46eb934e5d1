// Reads an element of an OCPI tariff: its price components and its restrictions.

import { decimalWithin, isPresent, type JsonReader } from "../json/json-reader.js";
import { componentTypes } from "./charge.js";
import { readRestrictions } from "./restrictions.js";
import type { PriceComponent, TariffElement } from "./tariff.js";
import { componentFields, elementFields, tariffObject } from "./unknown-fields.js";

const mostComponents = 20;
/** More decimals than any price list has, few enough to print; and a price beyond any currency's need. */
const priceBounds = { places: 10, most: 1_000_000_000, negative: true };
const vatBounds = { places: 6, most: 100 };
const mostStep = 1_000_000_000;

/** The element of that index; undefined where it is no object. Faults are noted in `checked`. */
export function readElement(
  checked: JsonReader,
  value: unknown,
  path: string,
  index: number,
): TariffElement | undefined {
  const element = tariffObject(checked, value, () => path, elementFields);
  if (element === undefined) return undefined;
  const restrictions = isPresent(element["restrictions"])
    ? (readRestrictions(checked, element["restrictions"], `${path}.restrictions`) ?? {})
    : {};
  const list = checked.list(element["price_components"], `${path}.price_components`, mostComponents);
  if (list?.length === 0) checked.fault(`${path}.price_components`, "an element needs at least one price component");
  const components = (list ?? [])
    .map((entry, at) => readComponent(checked, entry, () => `${path}.price_components[${at}]`, index, at))
    .filter((component) => component !== undefined);
  if (restrictions.reservation !== undefined)
    for (const component of components)
      if (component.type === "ENERGY" || component.type === "PARKING_TIME")
        checked.fault(
          `${path}.price_components[${component.index}].type`,
          `a reservation has only FLAT and TIME, not ${component.type}`,
        );
  return { index, components, restrictions };
}

function readComponent(
  checked: JsonReader,
  given: unknown,
  path: () => string,
  element: number,
  index: number,
): PriceComponent | undefined {
  const value = tariffObject(checked, given, path, componentFields);
  if (value === undefined) return undefined;
  const named = value["type"];
  const type = componentTypes.find((one) => one === named) ?? checked.oneOf(named, `${path()}.type`, componentTypes);
  const price =
    decimalWithin(value["price"], priceBounds) ?? checked.decimal(value["price"], `${path()}.price`, priceBounds);
  const vat = isPresent(value["vat"])
    ? (decimalWithin(value["vat"], vatBounds) ?? checked.decimal(value["vat"], `${path()}.vat`, vatBounds))
    : undefined;
  // A FLAT has no unit to step by, and tariffs in the field leave its step_size out.
  const stepSize =
    type === "FLAT" && !isPresent(value["step_size"])
      ? 0
      : checked.whole(value["step_size"], path, ".step_size", mostStep);
  if (type === undefined || price === undefined || stepSize === undefined) return undefined;
  return vat === undefined ? { element, index, type, price, stepSize } : { element, index, type, price, vat, stepSize };
}
