// Prices that cannot be shown as a country asks.

import type { Tariff } from "../tariff/tariff.js";
import { componentPath, type LintWarning } from "./lint-warning.js";

const europeanUnion = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" ");

export function lintCountry(tariff: Tariff, country: string | undefined): LintWarning[] {
  if (country === undefined) return [];
  const findings: LintWarning[] = [];
  const note = (path: string, message: string): number =>
    findings.push({ path, rule: "country", message: `${country}: ${message}` });
  const eu = europeanUnion.includes(country);
  const energy = tariff.offers.ENERGY.some(({ component }) => component.price.digits > 0n);
  const priced = tariff.elements
    .flatMap((element) => element.components)
    .filter((component) => component.price.digits > 0n);
  if (eu && !energy && priced.length > 0)
    note(
      "elements",
      `no price per kWh: for ad-hoc charging AFIR (EU 2023/1804) article 5(4) asks for one from 50 kW ` +
        `on${country === "DE" ? ", and PAngV section 14 at every public charge point" : ""}`,
    );
  if (country === "GB" && !energy && priced.length > 0)
    note("elements", "no price per kWh: the Public Charge Point Regulations 2023 ask for the price in pence per kWh");
  if (country === "GB" && tariff.offers.TIME.some(({ component }) => component.price.digits > 0n))
    note(
      "elements",
      "a price per hour of charging cannot be shown in pence per kWh (Public Charge Point Regulations 2023)",
    );
  if (eu || country === "GB") {
    for (const component of priced)
      if (tariff.taxIncluded === "NO" && component.vat === undefined)
        note(
          componentPath(component),
          "has no vat: the price incl. tax, which a consumer must be shown, cannot be told",
        );
    for (const [name, limit] of [
      ["min_price", tariff.minPrice],
      ["max_price", tariff.maxPrice],
    ] as const)
      if (limit !== undefined && limit.incl === undefined && tariff.taxIncluded !== "N/A")
        note(name, "has no figure incl. tax, which a consumer must be shown");
  }
  return findings;
}

/**
 * A rate of tax that was left out, of all components or of some. Of the countries that have rules of their own above
 * those speak, and the United States know no such tax.
 */
export function lintMissingRate(tariff: Tariff, country: string | undefined): LintWarning[] {
  const isToldElsewhere =
    country === "GB" || country === "US" || (country !== undefined && europeanUnion.includes(country));
  if (tariff.taxIncluded !== "NO" || isToldElsewhere) return [];
  const priced = tariff.elements.flatMap(({ components }) => components).filter(({ price }) => price.digits !== 0n);
  const silent = priced.filter(({ vat }) => vat === undefined);
  const isOld = tariff.version === "2.2.1";
  if (silent.length === priced.length && silent.length > 0)
    return [
      {
        path: "elements",
        rule: "tax",
        message: isOld
          ? "no component states vat: no tax is charged, and the prices are paid as they stand"
          : "tax comes on top, and no component states vat: what a driver pays cannot be told",
      },
    ];
  return silent.map((component) => ({
    path: componentPath(component),
    rule: "tax",
    message: `states no vat, as others do: ${isOld ? "no tax is charged on it" : "what a driver pays cannot be told"}`,
  }));
}
