// Reads the config file and says what is wrong in a technician's words: file:line:column: path: what is wrong, what was
// expected.
import { isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Document } from "yaml";
import type { z } from "zod";
import { loadMeterMap, MeterMapError, meterModelNames } from "./meter-map.js";
import { nearestName } from "./nearest-name.js";
import {
  doubledKeys,
  keyOffset,
  offsetOfKeyThatIsNoText,
  pathOf,
  pathText,
  placedDocument,
  valueOffset,
} from "./positions.js";
import { type Config, configSchema } from "./schema.js";

const largestFile = 1024 * 1024;

/** One fault of a config file, with its place (line and column count from 1; 0 = the file as a whole). */
export type ConfigFault = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
};

export type LoadedConfig = {
  readonly file: string;
  readonly config: Config;
  /** A path of the config as an absolute one: relative paths are meant beside the config file. */
  readonly resolve: (path: string) => string;
};

/** `station.yaml:12:5: connectors[0].meter.unitt: unknown key, did you mean "unit"?` */
export function faultLine(fault: ConfigFault): string {
  const place = fault.line > 0 ? `${fault.file}:${fault.line}:${fault.column}` : fault.file;
  return fault.path === "" ? `${place}: ${fault.message}` : `${place}: ${fault.path}: ${fault.message}`;
}

/** Reads and checks `file`. Never throws for what the file says: the faults are the answer. */
export function loadConfig(file: string): { ok: true; loaded: LoadedConfig } | { ok: false; faults: ConfigFault[] } {
  const whole = (message: string): { ok: false; faults: ConfigFault[] } => ({
    ok: false,
    faults: [{ file, line: 0, column: 0, path: "", message }],
  });
  let text: string;
  try {
    if (statSync(file).size > largestFile)
      return whole("the file is larger than 1 MiB; a station's config is a few KiB");
    const read = textOfBytes(readFileSync(file));
    if (typeof read !== "string") return { ok: false, faults: [{ file, path: "", ...read }] };
    text = read;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT")
      return whole("no such file; `chargetill config init` writes one, config/station.example.yaml explains it");
    if (code === "EACCES") return whole("this user may not read it: use sudo");
    return whole(`cannot be read (${code ?? String(cause)})`);
  }
  const checked = checkConfig(text, file);
  if (!checked.ok) return checked;
  return { ok: true, loaded: { file, config: checked.config, resolve: (path) => resolve(dirname(file), path) } };
}

type Unreadable = { readonly line: number; readonly column: number; readonly message: string };

/** The text of UTF-8 bytes, or where and why they are none. */
function textOfBytes(bytes: Buffer): string | Unreadable {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return { line: 0, column: 0, message: "the file is written in UTF-16: save it as UTF-8" };
  const text = bytes.toString("utf8");
  if (isUtf8(bytes)) return text;
  // What cannot be read comes out as U+FFFD.
  const before = text.slice(0, text.indexOf("\ufffd")).split("\n");
  return {
    line: before.length,
    column: (before.at(-1) ?? "").length + 1,
    message: "a letter here is not UTF-8 (it may be Latin-1 or Windows-1252): save the file as UTF-8",
  };
}

/** Checks the text of a config file; `file` is only the name that the faults bear. */
export function checkConfig(
  text: string,
  file: string,
): { ok: true; config: Config } | { ok: false; faults: ConfigFault[] } {
  const placed = placedDocument(text, "core");
  if (placed === undefined)
    return { ok: false, faults: [{ file, line: 0, column: 0, path: "", message: "nested deeper than any config" }] };
  const { document, place } = placed;
  const at = ({ offset, path, message }: Found): ConfigFault => ({ file, ...place(offset), path, message });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0)
    return refused(
      broken
        .slice(0, mostTold)
        .map(({ pos, message }) => at({ offset: pos[0], path: "", message: yamlWords(message) })),
      broken.length,
    );
  const keyless = offsetOfKeyThatIsNoText(document);
  if (keyless !== undefined)
    return refused([at({ offset: keyless, path: "", message: "a list or a section stands where a key should" })]);
  const doubled = doubledKeys(placed);
  if (doubled.length > 0)
    return refused(
      doubled.slice(0, mostTold).map((path) => at(doubledKey(path, document))),
      doubled.length,
    );
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return refused([{ file, line: 0, column: 0, path: "", message: `not valid YAML: ${message}` }]);
  }
  const result = configSchema.safeParse(value);
  if (result.success) {
    const unusable = unusableModels(result.data, document);
    return unusable.length === 0 ? { ok: true, config: result.data } : refused(unusable.map(at));
  }
  const single = result.error.issues.flatMap(singleIssues);
  return refused(
    single.slice(0, mostTold).flatMap((issue) => describe(issue, document).map(at)),
    single.length,
  );
}

/** So many faults are told of one file; more help nobody, and a file of another kind has thousands. */
const mostTold = 20;

/** The refusal of a file for these faults, by their place; `count` = how many there are in all. */
function refused(faults: readonly ConfigFault[], count = faults.length): { ok: false; faults: ConfigFault[] } {
  const told = [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
  const [first] = told;
  const more = {
    file: first?.file ?? "",
    line: 0,
    column: 0,
    path: "",
    message: `and ${count - mostTold} more faults`,
  };
  return { ok: false, faults: count > mostTold ? [...told, more] : told };
}

const yamlWords = (message: string): string => `not valid YAML: ${message}`;

function doubledKey(path: string, document: Document): Found {
  const parts = pathOf(path);
  const key = parts.at(-1) ?? "";
  return { offset: keyOffset(document, parts.slice(0, -1), key), path, message: "duplicate key: keep one" };
}

/** One issue for each unknown key, since one file may have thousands of them. */
function singleIssues(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  return issue.code === "unrecognized_keys" ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue];
}

type Found = { offset: number; path: string; message: string };

/** The meters whose model no file in config/meters describes, or one that cannot be used. */
function unusableModels({ connectors }: Config, document: Document): Found[] {
  const models = meterModelNames();
  return connectors.flatMap(({ meter: { model } }, index) => {
    const path = ["connectors", index, "meter", "model"];
    const found = (message: string): Found => ({
      offset: valueOffset(document, path),
      path: pathText(path),
      message,
    });
    if (!models.includes(model)) {
      const near = nearestName(model, models);
      const advice = near === undefined ? `known are: ${models.join(", ")}` : `did you mean "${near}"?`;
      return [found(`there is no meter model "${model}", ${advice}`)];
    }
    try {
      loadMeterMap(model);
      return [];
    } catch (error) {
      if (!(error instanceof MeterMapError)) throw error;
      return error.message.split("\n").map((fault) => found(`the map of "${model}" cannot be used: ${fault}`));
    }
  });
}

function describe(issue: z.core.$ZodIssue, document: Document): Found[] {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(path, document);
    return issue.keys.map((key) => {
      const near = nearestName(key, known);
      const advice = near
        ? `did you mean "${near}"?`
        : known.length > 0
          ? `expected one of: ${known.join(", ")}`
          : "remove it";
      return {
        offset: keyOffset(document, path, key),
        path: pathText([...path, key]),
        message: `unknown key, ${advice}`,
      };
    });
  }
  return [{ offset: valueOffset(document, path), path: pathText(path), message: wording(issue) }];
}

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") {
    // A field of its own words.
    if (issue.message.startsWith("expected ")) return issue.message;
    if (issue.input === undefined && /undefined/.test(issue.message))
      return `missing; expected ${article(issue.expected)}`;
    if (issue.expected === "string" && /received (number|-?Infinity|NaN)/i.test(issue.message))
      return "expected a text, found a number: put it in quotes";
    return `expected ${article(issue.expected)}, found ${found(issue.message)}`;
  }
  if (issue.code === "too_big" && issue.origin !== "string" && issue.origin !== "array")
    return `expected at most ${issue.maximum}`;
  if (issue.code === "too_small" && issue.origin !== "string" && issue.origin !== "array")
    return `expected at least ${issue.minimum}`;
  if (issue.code === "invalid_value")
    return (
      `expected ${issue.values.length > 1 ? "one of " : ""}` +
      `${issue.values.map((value) => (typeof value === "string" ? value : String(value))).join(", ")}`
    );
  if (issue.code === "invalid_union") {
    if ("options" in issue && Array.isArray(issue.options)) return `expected one of ${issue.options.join(", ")}`;
    const options = issue.errors
      .flat()
      .flatMap((inner) => (inner.code === "invalid_value" ? inner.values.map(String) : []));
    if (options.length > 0) return `expected one of ${options.join(", ")}`;
  }
  if (issue.code === "invalid_format" && issue.format === "url")
    return issue.message.startsWith("expected ")
      ? issue.message
      : "expected a web address such as https://example.org/ocpi/2.2.1/cdrs";
  return issue.message
    .replace(/^Invalid input: /, "")
    .replace(/^Too small: /, "too small: ")
    .replace(/^Too big: /, "too large: ");
}

/** What stands there in place of what was expected, by the last word of zod's message. */
const found = (message: string): string => {
  const word = /received (\w+)/.exec(message)?.[1] ?? "something else";
  return word === "null" || word === "undefined" ? "nothing" : article(word);
};

const article = (type: string): string =>
  type === "string"
    ? "a text"
    : type === "int"
      ? "a whole number"
      : type === "number"
        ? "a number"
        : type === "array"
          ? "a list"
          : type === "object" || type === "record"
            ? "a section"
            : type === "boolean"
              ? "true or false"
              : `a ${type}`;

/** The keys that the schema knows at `path`; of several kinds, those of the kind that stands there. */
function keysAt(path: readonly PropertyKey[], document: Document): string[] {
  let at: unknown = configSchema;
  for (const [depth, part] of path.entries()) {
    at =
      typeof part === "number"
        ? inner(at)["element"]
        : ((inner(at)["shape"] as Record<string, unknown> | undefined)?.[String(part)] ?? inner(at)["valueType"]);
    const { options, discriminator } = inner(at);
    if (!Array.isArray(options) || typeof discriminator !== "string") continue;
    const kind = document.getIn([...path.slice(0, depth + 1), discriminator]);
    at = options.find((option: unknown) =>
      (
        (inner((inner(option)["shape"] as Record<string, unknown> | undefined)?.[discriminator])["values"] as
          | unknown[]
          | undefined) ?? []
      ).includes(kind),
    );
  }
  return Object.keys((inner(at)["shape"] as object | undefined) ?? {});
}

/** Looks through optional, default and prefault wrappers to the type itself. */
function inner(schema: unknown): Record<string, unknown> {
  let def = (schema as { def?: Record<string, unknown> } | undefined)?.def ?? {};
  for (let depth = 0; depth < 8 && def["innerType"] !== undefined; depth += 1)
    def = (def["innerType"] as { def: Record<string, unknown> }).def;
  return def;
}
