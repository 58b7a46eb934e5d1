// Pricing many CDRs in one process: JSON Lines in, JSON Lines out, in order. A line that fails says why and stops
// nothing.
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { priceCdr } from "../core/cdr/cdr-pricing.js";
import { pricedJson } from "../core/cdr/priced-json.js";
import { readTariffList } from "../core/cdr/tariff-list.js";
import { deepestJson, parseBoundedJson } from "../core/json/bounded-json.js";
import { type Fault, isObject } from "../core/json/json-reader.js";
import type { OcpiVersion } from "../core/tariff/tariff.js";

const mostFaults = 5;

function wordsOf(faults: readonly Fault[]): string {
  const shown = faults.slice(0, mostFaults).map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  return `${shown.join("; ")}${faults.length > mostFaults ? `; and ${faults.length - mostFaults} more` : ""}`;
}

/** A CDR of years and its tariffs have fewer. */
const mostValues = 1_000_000;
const lineFields = ["name", "timezone", "tariffs", "cdr"];

/**
 * The answer to one line `{name, timezone, tariffs, cdr}`: `{name, …totals}` or `{name, error}`. A line without `tariffs`
 * is priced by those that its CDR carries. Never throws.
 */
export function priceLine(line: string, version?: OcpiVersion): { readonly ok: boolean; readonly answer: object } {
  const read = parseBoundedJson(line, { values: mostValues, depth: deepestJson });
  if (!read.ok) return { ok: false, answer: { name: null, error: `the line is not read: ${read.why}` } };
  const input = read.value;
  if (!isObject(input))
    return { ok: false, answer: { name: null, error: "expected an object {name, timezone, tariffs, cdr}" } };
  const name = input["name"] ?? null;
  const failed = (error: string): { ok: false; answer: object } => ({ ok: false, answer: { name, error } });
  const unknown = Object.keys(input).find((key) => !lineFields.includes(key));
  if (unknown !== undefined) return failed(`${unknown}: unknown field; expected name, timezone, tariffs and cdr`);
  if (typeof input["timezone"] !== "string")
    return failed("timezone: expected an IANA time zone such as Europe/Berlin");
  const { cdr } = input;
  const { tariffs, faults } = readTariffList(input["tariffs"] ?? (isObject(cdr) ? cdr["tariffs"] : undefined), version);
  if (faults.length > 0) return failed(wordsOf(faults));
  const result = priceCdr(tariffs, cdr, input["timezone"]);
  return result.ok ? { ok: true, answer: { name, ...pricedJson(result.priced) } } : failed(wordsOf(result.faults));
}

/**
 * Answers every line of `input`; true when none failed. Lines that are empty are passed over. Ends early, and false,
 * when nobody reads the answers any more (`| head`).
 */
export async function priceLines(input: Readable, output: Writable, version?: OcpiVersion): Promise<boolean> {
  let allGood = true;
  let goneAway = false;
  let goOn = (): void => undefined;
  output.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    goneAway = true;
    goOn();
  });
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (goneAway) return false;
    // What is trimmed may be a byte order mark too, which some shells put before the first line.
    const text = line.trim();
    if (text === "") continue;
    const { ok, answer } = priceLine(text, version);
    allGood &&= ok;
    if (!output.write(`${JSON.stringify(answer)}\n`))
      await new Promise<void>((resolve) => {
        goOn = resolve;
        output.once("drain", resolve);
      });
  }
  return allGood && !goneAway;
}
