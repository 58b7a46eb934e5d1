// A warning of the lint: where in the tariff, by which rule, in words.

import type { Fault } from "../json/json-reader.js";
import type { PriceComponent } from "../tariff/tariff.js";

export type LintWarning = Fault & { readonly rule: string };

export type LintOptions = { readonly timeZone: string; readonly nowMs: number; readonly country?: string };

/** Where a component stands in the JSON. */
export function componentPath(component: PriceComponent): string {
  return `elements[${component.element}].price_components[${component.index}]`;
}
