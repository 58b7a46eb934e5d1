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

/** OCPI has 16; backends add some of their own, and each is looked at. */
const mostFields = 100;
const longestId = 36;
/** OCPI's longest text has 512 characters; what is kept of a tariff goes into every CDR. */
const longestText = 1_000;

export function readOcpiTariff(row: unknown): OcpiTariff {
  const fields = isObject(row) ? Object.keys(row).length : 0;
  const id = isObject(row) && typeof row["id"] === "string" ? row["id"].slice(0, longestId) : undefined;
  if (fields > mostFields) return { ok: false, id, why: `${fields} fields; more than ${mostFields} are not read` };
  // What was cleaned at the door could be another's name.
  if (id !== undefined && (id.trim() === "" || id.includes("\ufffd")))
    return { ok: false, id, why: "id: expected a name that can be printed" };
  const kept = isObject(row) ? withoutForeign(row) : row;
  if (holdsLongText(kept)) return { ok: false, id, why: `a text of more than ${longestText} characters` };
  const parsed = parseTariff(kept);
  if (parsed.ok) return parsed;
  const [first] = parsed.faults;
  return { ok: false, id, why: `${first?.path ?? ""}: ${first?.message ?? ""}` };
}

/** A row that came in is nested no deeper than the door lets through. */
function holdsLongText(value: unknown): boolean {
  if (typeof value === "string") return value.length > longestText;
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([name, member]) => name.length > longestText || holdsLongText(member));
}

function withoutForeign(row: JsonObject): JsonObject {
  const known = tariffFields[versionOf(row)];
  const mix = row["energy_mix"];
  const plain = isObject(mix) ? { ...row, energy_mix: only(mix, (name) => energyMixFields.includes(name)) } : row;
  return only(plain, (name) => known.includes(name) || bearsOnPrice(name) || nearestName(name, known) !== undefined);
}

const only = (object: JsonObject, keeps: (name: string) => boolean): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => keeps(name)));
