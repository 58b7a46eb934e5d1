// A tariff or CDR file on disk: read, checked for being JSON, and its faults named by file, line and column.
import { readFileSync } from "node:fs";
import { Failure } from "../core/failure.js";
import { JsonFault, type JsonMap, mapJson, positionAt, positionOf } from "../core/tariff/json-positions.js";
import type { Fault } from "../core/tariff/json-reader.js";
import { type OcpiVersion, parseTariff, type Tariff } from "../core/tariff/tariff.js";

export type JsonFile = { readonly path: string; readonly text: string; readonly json: unknown; readonly map: JsonMap };

/** More than any tariff or CDR: a larger file is something else. */
const mostBytes = 32 * 1024 * 1024;

/** Reads a JSON file. Throws Failure when it is missing, too large or no JSON. */
export function readJsonFile(path: string): JsonFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    const code = (cause as { code?: string }).code;
    throw new Failure(
      "usage/invalid",
      code === "ENOENT" ? `${path}: there is no such file` : `${path}: cannot be read (${code ?? "unknown"})`,
      { cause },
    );
  }
  if (text.length > mostBytes)
    throw new Failure(
      "tariff/invalid",
      `${path}: larger than ${mostBytes / 1024 / 1024} MiB; this is no tariff and no CDR`,
    );
  try {
    return { path, text, map: mapJson(text), json: JSON.parse(text) as unknown };
  } catch (cause) {
    if (!(cause instanceof JsonFault))
      throw new Failure("tariff/invalid", `${path}: no valid JSON: ${(cause as Error).message}`, { cause });
    const { line, column } = positionAt(text, cause.offset);
    throw new Failure("tariff/invalid", `${path}:${line}:${column}: no valid JSON: ${cause.message}`, { cause });
  }
}

/** `file:line:column: path: what is wrong`. */
export function faultText(file: JsonFile, fault: Fault): string {
  const { line, column } = positionOf(file.map, file.text, fault.path);
  return `${file.path}:${line}:${column}: ${fault.path === "" ? "" : `${fault.path}: `}${fault.message}`;
}

/**
 * The tariff of a file, or its faults; a key stated twice is one, because a parser drops all but the last without a
 * word.
 */
export function tariffOfFile(
  file: JsonFile,
  version: OcpiVersion | undefined,
): { tariff: Tariff | undefined; faults: readonly Fault[] } {
  const parsed = parseTariff(file.json, version === undefined ? {} : { version });
  const doubled = file.map.doubled.map((path): Fault => ({ path, message: "stated twice" }));
  const faults = [...doubled, ...(parsed.ok ? [] : parsed.faults)];
  return { tariff: parsed.ok && faults.length === 0 ? parsed.tariff : undefined, faults };
}

/** Reads and checks a tariff file. Throws Failure with one line per fault. */
export function readTariff(path: string, version: OcpiVersion | undefined): Tariff {
  const file = readJsonFile(path);
  const { tariff, faults } = tariffOfFile(file, version);
  if (tariff === undefined)
    throw new Failure("tariff/invalid", faults.map((fault) => faultText(file, fault)).join("\n"));
  return tariff;
}
