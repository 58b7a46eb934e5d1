// A backend's Tariff as this station takes it. OCPI backends add fields of their own, and one that says nothing of a
// price is left out; whatever could change an amount must be understood, or the tariff is refused: a restriction that
// is passed over is a wrong bill.
import { nearestName } from "../../../config/nearest-name.js";
import { isObject, type JsonObject } from "../../core/json/json-reader.js";
import { type Tariff, versionOf } from "../../core/tariff/tariff.js";
import { energyMixFields, parseTariff, tariffFields } from "../../core/tariff/tariff-reader.js";

export type OcpiTariff =
  | { readonly ok: true; readonly tariff: Tariff }
  | { readonly ok: false; readonly id: string | undefined; readonly why: string };

/** A word in a name that speaks of money, tax, quantity or conditions. */
const bearsOnPrice = new RegExp(
  `^(?:${[
    "pric(?:e|es|ing)|costs?|fees?|tax(?:es)?|vat|rates?|discounts?|surcharges?|amounts?|charg(?:e|es|ing)",
    "bill(?:ed|ing)?|free|currency|elements?|components?|restrictions?|conditions?|limits?|min|max|minimum|maximum",
    "step|valid|validity|start|end|from|until|session|parking|idle|duration|minutes?|hours?|times?|kwh|energy|power",
  ].join("|")})$`,
);

const wordsOf = (name: string): string[] =>
  name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase());

export function readOcpiTariff(row: unknown): OcpiTariff {
  const parsed = parseTariff(isObject(row) ? withoutForeign(row) : row);
  if (parsed.ok) return parsed;
  const id = isObject(row) && typeof row["id"] === "string" ? row["id"] : undefined;
  const [first] = parsed.faults;
  return { ok: false, id, why: `${first?.path ?? ""}: ${first?.message ?? ""}` };
}

function withoutForeign(row: JsonObject): JsonObject {
  const known = tariffFields[versionOf(row)];
  const mix = row["energy_mix"];
  const plain = isObject(mix) ? { ...row, energy_mix: only(mix, (name) => energyMixFields.includes(name)) } : row;
  return only(
    plain,
    (name) =>
      known.includes(name) ||
      wordsOf(name).some((word) => bearsOnPrice.test(word)) ||
      nearestName(name, known) !== undefined,
  );
}

const only = (object: JsonObject, keeps: (name: string) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => keeps(name)));
