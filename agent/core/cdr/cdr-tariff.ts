// A tariff as a version of OCPI writes it.

import { isObject } from "../json/json-reader.js";
import { type OcpiVersion, versionOf } from "../tariff/tariff.js";

const limitNames = { "2.2.1": ["excl_vat", "incl_vat"], "2.3.0": ["before_taxes", "after_taxes"] } as const;

/**
 * The tariff as this version of OCPI writes it; undefined where that cannot be done exactly (prices incl. tax have no
 * place in 2.2.1).
 * 2.3.0 added tax_included and preauthorize_amount and renamed the limits; 2.2.1 prices are always without tax. Where no
 * tax applies ("N/A"), 2.2.1 says so by naming no rate: a rate left standing once turned 5.00 into 5.95.
 */
export function tariffAs(version: OcpiVersion, tariff: unknown): unknown {
  const written = versionOf(tariff);
  if (written === version || !isObject(tariff)) return tariff;
  const { tax_included: taxIncluded, preauthorize_amount: _, ...rest } = tariff;
  const fields: Record<string, unknown> = rest;
  if (taxIncluded === "YES") return undefined;
  if (taxIncluded === "N/A") fields["elements"] = withoutRates(fields["elements"]);
  for (const limit of ["min_price", "max_price"]) {
    const amounts = fields[limit];
    if (!isObject(amounts)) continue;
    const [excl, incl] = limitNames[written].map((name) => amounts[name]);
    const [exclName, inclName] = limitNames[version];
    fields[limit] = { [exclName]: excl, ...(incl === undefined ? {} : { [inclName]: incl }) };
  }
  return version === "2.3.0" ? { ...fields, tax_included: "NO" } : fields;
}

function withoutRates(elements: unknown): unknown {
  const withoutRate = (component: unknown): unknown => {
    if (!isObject(component)) return component;
    const { vat: _, ...rest } = component;
    return rest;
  };
  if (!Array.isArray(elements)) return elements;
  return elements.map((element: unknown) =>
    isObject(element) && Array.isArray(element["price_components"])
      ? { ...element, price_components: element["price_components"].map(withoutRate) }
      : element,
  );
}
