// A list of cards as other programs write it: CSV with a first line that names the columns, commas or semicolons,
// quotes or none. All of it is good, or each fault is named by line and column, and no row counts.
import { resolve } from "node:path";
import { type TokenConfig, tokenSchema } from "../../../config/schema.js";
import { readGiven } from "../../control/privileges.js";
import { Failure } from "../../core/failure.js";

const largestFile = 4 * 1024 * 1024;
const mostFaultsTold = 20;
const columns = ["uid", "contractId", "group", "tariff", "expires"] as const;

/** One cell, with the column in its line where it begins; both count from 1. */
type Cell = { readonly text: string; readonly column: number };

/** The cards of a file. Throws Failure usage/invalid with a line for each fault. */
export function cardsInFile(file: string): TokenConfig[] {
  return cardsOfCsv(file, bytesOf(file).toString("utf8"));
}

function bytesOf(file: string): Buffer {
  let bytes: Buffer | undefined;
  try {
    bytes = readGiven(resolve(file), largestFile);
  } catch (error) {
    throw new Failure(
      "usage/invalid",
      `${file}: cannot be read (${error instanceof Error ? error.message : String(error)})`,
      { cause: error },
    );
  }
  if (bytes === undefined)
    throw new Failure("usage/invalid", `${file}: larger than 4 MiB; this is not a list of cards`);
  return bytes;
}

/** The cards of a text; `file` is only the name that the faults bear. */
export function cardsOfCsv(file: string, text: string): TokenConfig[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const [first = "", ...rest] = lines;
  if (text.trim() === "")
    throw new Failure(
      "usage/invalid",
      `${file}: the file is empty; its first line names the columns, of ${columns.join(", ")}`,
    );
  const separator = first.includes(";") ? ";" : ",";
  const head = cellsOf(first, separator);
  const names = Array.isArray(head) ? head.map(({ text: name }) => name) : [first];
  const strange = names.filter((name) => !(columns as readonly string[]).includes(name));
  if (
    strange.length > 0 ||
    !names.includes("uid") ||
    !names.includes("contractId") ||
    new Set(names).size < names.length
  )
    throw new Failure(
      "usage/invalid",
      `${file}:1: the first line names the columns, each once, of ${columns.join(", ")}; uid and ` +
        `contractId must be there${strange.length > 0 ? `; not known: ${strange.join(", ")}` : ""}`,
    );
  const faults: string[] = [];
  const seen = new Map<string, number>();
  const rows = rest.flatMap((line, index): TokenConfig[] => {
    if (line.trim() === "") return [];
    const number = index + 2;
    const cells = cellsOf(line, separator);
    if (!Array.isArray(cells)) return fault(faults, `${file}:${number}:${cells.column}: ${cells.text}`);
    if (cells.length !== names.length)
      return fault(
        faults,
        `${file}:${number}:${cells[Math.min(cells.length, names.length + 1) - 1]?.column ?? 1}: ` +
          `${cells.length} columns where the first line names ${names.length}`,
      );
    const placeOf = (name: string): string => `${file}:${number}:${cells[names.indexOf(name)]?.column ?? 1}`;
    const row = cardOf(Object.fromEntries(names.map((name, column) => [name, cells[column]?.text])), placeOf);
    if (Array.isArray(row)) return fault(faults, ...row);
    const before = seen.get(row.uid);
    if (before !== undefined) return fault(faults, `${placeOf("uid")}: uid: the same card as in line ${before}`);
    seen.set(row.uid, number);
    return [row];
  });
  if (faults.length > 0)
    throw new Failure(
      "usage/invalid",
      [
        ...faults.slice(0, mostFaultsTold),
        `${faults.length} fault${faults.length === 1 ? "" : "s"}: no card of this file was enrolled`,
      ].join("\n"),
    );
  return rows;
}

function fault(faults: string[], ...found: readonly string[]): [] {
  faults.push(...found);
  return [];
}

/** A line's cells, quoted ones (RFC 4180) without their quotes; or one that holds what is wrong, where it is wrong. */
function cellsOf(line: string, separator: string): Cell[] | Cell {
  const cells: Cell[] = [];
  for (let at = 0; at <= line.length; ) {
    const quoted = /^\s*"((?:[^"]|"")*)"\s*/.exec(line.slice(at));
    const plain = line.slice(at, line.indexOf(separator, at) < 0 ? undefined : line.indexOf(separator, at));
    const taken = quoted === null ? plain : quoted[0];
    const text = quoted === null ? plain.trim() : (quoted[1] ?? "").replaceAll('""', '"').trim();
    if (quoted === null && plain.trim().startsWith('"'))
      return { text: "a quote that is opened and not closed", column: at + 1 };
    cells.push({ text, column: at + 1 + (taken.length - taken.trimStart().length) });
    at += taken.length;
    if (at < line.length && !line.startsWith(separator, at))
      return { text: `a quoted cell ends, and no ${separator} follows`, column: at + 1 };
    at += 1;
  }
  return cells;
}

/**
 * A card out of words, or its faults, each at the place of its word. Empty words count as not there; a UID may have
 * spaces, colons and hyphens in it.
 */
export function cardOf(
  words: Readonly<Record<string, string | undefined>>,
  placeOf: (name: string) => string,
): TokenConfig | string[] {
  const given = Object.fromEntries(
    Object.entries({ ...words, uid: words["uid"]?.toUpperCase().replaceAll(/[:\s-]/g, "") }).filter(
      ([, word]) => word !== undefined && word !== "",
    ),
  );
  const checked = tokenSchema.safeParse(given);
  if (checked.success) return checked.data;
  return checked.error.issues.map(({ path, message }) => {
    const name = path.join(".");
    return `${placeOf(name)}: ${name}: ${given[name] === undefined ? "missing" : message.replace(/^Invalid input: /, "")}`;
  });
}
