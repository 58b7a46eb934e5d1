// Fields that are missing or odd by themselves, whatever else the tariff says.

import { decimalText, digitsAt, tenTo } from "../../../config/decimal.js";
import { minorUnits } from "../number/money.js";
import type { Tariff } from "../tariff/tariff.js";
import { componentPath, type LintWarning } from "./lint-warning.js";

export function lintFields(tariff: Tariff, nowMs: number): LintWarning[] {
  const findings: LintWarning[] = [];
  for (const field of ["country_code", "party_id", "last_updated"])
    if (tariff.source[field] === undefined || tariff.source[field] === null)
      findings.push({ path: field, rule: "missing", message: "is required by OCPI; a backend may refuse the tariff" });
  if (tariff.endMs !== undefined && tariff.endMs <= nowMs)
    findings.push({
      path: "end_date_time",
      rule: "validity",
      message: "lies in the past: no session can start by this tariff",
    });
  if (tariff.taxIncluded === "YES")
    for (const component of tariff.elements.flatMap((element) => element.components))
      if (component.vat === undefined && component.price.digits !== 0n)
        findings.push({
          path: componentPath(component),
          rule: "tax",
          message: "includes tax of an unstated rate: the price before taxes is taken as the price",
        });
  if (tariff.taxIncluded === "N/A")
    for (const component of tariff.elements.flatMap((element) => element.components))
      if (component.vat !== undefined)
        findings.push({
          path: componentPath(component),
          rule: "tax",
          message: "states vat although tax_included is N/A: no tax is charged",
        });
  for (const component of tariff.elements.flatMap((element) => element.components))
    if (component.price.digits < 0n)
      findings.push({
        path: `${componentPath(component)}.price`,
        rule: "negative",
        message: "is negative: the driver is paid",
      });
  return findings;
}

/** Times are shown per minute: a price per hour that has no short price per minute is shown rounded. */
export function lintDisplay(tariff: Tariff): LintWarning[] {
  const places = minorUnits(tariff.currency) + 2;
  return tariff.elements
    .flatMap((element) => element.components)
    .flatMap((component): LintWarning[] => {
      if (component.type !== "TIME" && component.type !== "PARKING_TIME") return [];
      const scale = Math.max(component.price.scale, places);
      const digits = digitsAt(component.price, scale);
      if (digits % (60n * tenTo(scale - places)) === 0n) return [];
      return [
        {
          path: componentPath(component),
          rule: "per-minute",
          message:
            `${decimalText(component.price)} per hour is not an exact price per ` +
            `minute within ${places} decimals: a display has to round it`,
        },
      ];
    });
}
