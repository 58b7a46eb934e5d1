// A backend's Tariff as this station takes it. OCPI backends add fields of their own, and one that says nothing of a
// price is left out; whatever could change an amount must be understood, or the tariff is refused: a restriction that
// is passed over is a wrong bill.
import { nearestName } from "../../../config/nearest-name.js";
import { isObject, type JsonObject } from "../../core/json/json-reader.js";
import { type Tariff, versionOf } from "../../core/tariff/tariff.js";
import { energyMixFields, parseTariff, tariffFields } from "../../core/tariff/tariff-reader.js";
import { bearsOnPrice } from "../../core/tariff/unknown-fields.js";

export type OcpiTariff =
  | { readonly ok: true; readonly tariff: Tariff }
  | { readonly ok: false; readonly id: string | undefined; readonly why: string };

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
  return only(plain, (name) => known.includes(name) || bearsOnPrice(name) || nearestName(name, known) !== undefined);
}

const only = (object: JsonObject, keeps: (name: string) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => keeps(name)));
