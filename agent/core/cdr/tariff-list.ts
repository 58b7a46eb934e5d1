// A list of OCPI tariffs, as a CDR carries them (mod_cdrs, `tariffs`) or as they are handed in beside it.

import type { Fault } from "../json/json-reader.js";
import type { OcpiVersion, Tariff } from "../tariff/tariff.js";
import { parseTariff } from "../tariff/tariff-reader.js";

const mostTariffs = 100;

/** Reads the list; faults bear the path within the document whose field `tariffs` it is. */
export function readTariffList(
  value: unknown,
  version?: OcpiVersion,
): { readonly tariffs: readonly Tariff[]; readonly faults: readonly Fault[] } {
  const fault = (message: string) => ({ tariffs: [], faults: [{ path: "tariffs", message }] });
  if (!Array.isArray(value)) return fault("expected a list of tariffs");
  if (value.length > mostTariffs) return fault(`more than ${mostTariffs} are not taken`);
  const tariffs: Tariff[] = [];
  const faults: Fault[] = [];
  for (const [index, json] of value.entries()) {
    const read = parseTariff(json, version === undefined ? {} : { version });
    if (read.ok) tariffs.push(read.tariff);
    else for (const { path, message } of read.faults) faults.push({ path: under(`tariffs[${index}]`, path), message });
  }
  return { tariffs, faults };
}

const under = (parent: string, path: string): string => (path === "" ? parent : `${parent}.${path}`);
