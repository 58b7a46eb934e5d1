// A tariff or CDR file on disk: read, checked for being JSON, and its faults named by file, line and column. Places are
// looked up only once there is a fault: what tells them is far slower than JSON.parse.

import { readFileSync } from "node:fs";
import {
  doubledKeys,
  jsonFault,
  memberOffset,
  type PlacedDocument,
  type Position,
  pathOf,
  placedDocument,
} from "../../config/positions.js";
import { Failure } from "../core/failure.js";
import { deepestJson, jsonCost } from "../core/json/bounded-json.js";
import { cleanJson } from "../core/json/clean-json.js";
import type { Fault } from "../core/json/json-reader.js";
import { namesAKeyTwice } from "../core/json/unique-json.js";
import { counted } from "../core/number/counted.js";
import type { OcpiVersion, Tariff } from "../core/tariff/tariff.js";
import { parseTariff } from "../core/tariff/tariff-reader.js";
import { errorCode } from "../ledger/store/disk.js";

/** `cleaned` = texts in it that hold what cannot be printed. */
export type JsonFile = {
  readonly path: string;
  readonly text: string;
  readonly json: unknown;
  readonly cleaned: number;
};

/** More than any tariff or CDR: a larger file is something else. */
const mostBytes = 32 * 1024 * 1024;
const mostValues = 2_000_000;
/** A larger text is not searched for the line of a fault: its path has to do. */
const mostPlaced = 512 * 1024;

/** Reads a JSON file. Throws Failure when it is missing, too large or not valid JSON. */
export function readJsonFile(path: string): JsonFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    const code = errorCode(cause);
    throw new Failure(
      "usage/invalid",
      code === "ENOENT" ? `${path}: no such file` : `${path}: cannot be read (${code ?? "unknown"})`,
      { cause },
    );
  }
  if (text.length > mostBytes)
    throw new Failure(
      "tariff/invalid",
      `${path}: larger than ${mostBytes / 1024 / 1024} MiB; this is neither a tariff nor a CDR`,
    );
  const cost = jsonCost(text, { values: mostValues, depth: deepestJson });
  if (typeof cost === "string")
    throw new Failure("tariff/invalid", `${path}: ${cost}; this is neither a tariff nor a CDR`);
  try {
    const { value, cleaned } = cleanJson(JSON.parse(text));
    return { path, text, json: value, cleaned };
  } catch (cause) {
    const placed = placesIn(text);
    const fault = placed && jsonFault(text, placed);
    const message = `not valid JSON: ${fault?.message ?? (cause as Error).message.replace(/\s+/g, " ")}`;
    const where = fault === undefined ? {} : placed?.place(fault.offset);
    throw new Failure("tariff/invalid", faultText(path, { path: "", message, ...where }), { cause });
  }
}

/** The text as the package for places reads it; undefined where it is too long or nested too deeply for it. */
const placesIn = (text: string): PlacedDocument | undefined =>
  text.length > mostPlaced ? undefined : placedDocument(text, "json");

/** A fault and where it stands; no place where the text is too long to look for one. */
export type PlacedFault = Fault & Partial<Position>;

/** Looks up where the faults of a file stand. */
export function placeFaults<F extends Fault>({ text }: JsonFile, faults: readonly F[]): (F & PlacedFault)[] {
  const placed = faults.length === 0 ? undefined : placesIn(text);
  return faults.map((fault) => ({
    ...fault,
    ...placed?.place(memberOffset(placed.document, pathOf(fault.path))),
  }));
}

/** `file:line:column: path: what is wrong`. */
export function faultText(file: string, { path, message, line, column }: PlacedFault): string {
  const where = line === undefined ? file : `${file}:${line}:${column}`;
  return `${where}: ${path === "" ? "" : `${path}: `}${message}`;
}

/** The lines of a complaint about a file, one for each fault. */
export const faultLines = (file: JsonFile, faults: readonly Fault[]): string =>
  placeFaults(file, faults)
    .map((fault) => faultText(file.path, fault))
    .join("\n");

/**
 * The tariff of a file, or its faults; a key stated twice is one, because a parser drops all but the last without a
 * word.
 */
export function tariffOfFile(
  file: JsonFile,
  version: OcpiVersion | undefined,
): { tariff: Tariff | undefined; faults: readonly Fault[] } {
  const parsed = parseTariff(file.json, version === undefined ? {} : { version });
  const faults = [...doubledIn(file.text), ...unprintableIn(file), ...(parsed.ok ? [] : parsed.faults)];
  return { tariff: parsed.ok && faults.length === 0 ? parsed.tariff : undefined, faults };
}

/** What is shown to drivers and goes into every CDR is mended where it is written. */
const unprintableIn = ({ cleaned }: JsonFile): Fault[] =>
  cleaned === 0
    ? []
    : [
        {
          path: "",
          message:
            `${counted(cleaned, "text")} with characters that cannot be printed: ` +
            "control characters, or marks that turn the direction of writing; take them out",
        },
      ];

function doubledIn(text: string): Fault[] {
  if (!namesAKeyTwice(text)) return [];
  const placed = placesIn(text);
  const paths = placed === undefined ? [""] : doubledKeys(placed);
  return paths.map((path) => ({ path, message: path === "" ? "a key is stated twice" : "stated twice" }));
}

/** Reads and checks a tariff file. Throws Failure with one line per fault. */
export function readTariff(path: string, version: OcpiVersion | undefined): Tariff {
  const file = readJsonFile(path);
  const { tariff, faults } = tariffOfFile(file, version);
  if (tariff === undefined) throw new Failure("tariff/invalid", faultLines(file, faults));
  return tariff;
}
