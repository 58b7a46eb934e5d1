// Whether a JSON value has the shape that a JSON Schema names: the few words of the schema language that our own
// schemas use. The published schema is thereby the one the verifier enforces, and a word that is not known here is
// refused loudly.

import { namesAKeyTwice } from "./unique-json.js";

type Schema = { readonly [word: string]: unknown };

const known = new Set([
  "$schema",
  "$id",
  "$defs",
  "$ref",
  "title",
  "description",
  "type",
  "const",
  "enum",
  "pattern",
  "minimum",
  "minItems",
  "maxItems",
  "items",
  "prefixItems",
  "properties",
  "required",
  "additionalProperties",
  "anyOf",
]);

const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  // Beyond 2^53 nobody knows which whole number was meant.
  return Number.isSafeInteger(value) ? "integer" : typeof value;
};

/** The first place where the value departs from the schema, in words; undefined where it has its shape. */
export function shapeFault(
  value: unknown,
  schema: Schema,
  root: Schema = schema,
  path = "the receipt",
): string | undefined {
  for (const word of Object.keys(schema))
    if (!known.has(word)) throw new TypeError(`the schema word "${word}" is not known here`);
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const target = (root["$defs"] as Record<string, Schema>)[reference.replace("#/$defs/", "")];
    if (target === undefined) throw new TypeError(`the schema has no ${reference}`);
    return shapeFault(value, target, root, path);
  }
  const type = schema["type"];
  const actual = typeOf(value);
  const allowed = Array.isArray(type) ? (type as string[]) : typeof type === "string" ? [type] : undefined;
  if (allowed !== undefined && !allowed.includes(actual) && !(actual === "integer" && allowed.includes("number")))
    return `${path} is ${actual}, expected ${allowed.join(" or ")}`;
  if ("const" in schema && value !== schema["const"]) return `${path} is not ${JSON.stringify(schema["const"])}`;
  if (Array.isArray(schema["enum"]) && !schema["enum"].includes(value))
    return `${path} is not one of ${schema["enum"].join(", ")}`;
  if (
    typeof value === "string" &&
    typeof schema["pattern"] === "string" &&
    !new RegExp(schema["pattern"], "u").test(value)
  )
    return `${path} is not written as ${schema["pattern"]}`;
  if (typeof value === "number" && typeof schema["minimum"] === "number" && value < schema["minimum"])
    return `${path} is below ${schema["minimum"]}`;
  if (Array.isArray(schema["anyOf"])) {
    const faults = (schema["anyOf"] as Schema[]).map((choice) => shapeFault(value, choice, root, path));
    if (!faults.includes(undefined)) return faults[0];
  }
  if (Array.isArray(value)) return itemsFault(value, schema, root, path);
  if (actual === "object") return membersFault(value as Record<string, unknown>, schema, root, path);
  return undefined;
}

function itemsFault(value: readonly unknown[], schema: Schema, root: Schema, path: string): string | undefined {
  const { minItems, maxItems, items, prefixItems } = schema;
  if (typeof minItems === "number" && value.length < minItems) return `${path} has fewer than ${minItems} entries`;
  if (typeof maxItems === "number" && value.length > maxItems) return `${path} has more than ${maxItems} entries`;
  const first = (prefixItems ?? []) as Schema[];
  for (const [index, entry] of value.entries()) {
    const shape = first[index] ?? (items as Schema | undefined);
    const fault = shape === undefined ? undefined : shapeFault(entry, shape, root, `${path}[${index}]`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function membersFault(value: Record<string, unknown>, schema: Schema, root: Schema, path: string): string | undefined {
  const properties = (schema["properties"] ?? {}) as Record<string, Schema>;
  for (const name of (schema["required"] ?? []) as string[])
    if (!Object.hasOwn(value, name)) return `${path} lacks "${name}"`;
  for (const [name, member] of Object.entries(value)) {
    const shape = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (shape === undefined) {
      if (schema["additionalProperties"] === false) return `${path} has "${name}", which is not known`;
      continue;
    }
    const fault = shapeFault(member, shape, root, `${path}.${name}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A JSON text that has a shape, as its value; else what is wrong with it. `what` names it. */
export function shapedJson<T>(text: string, shape: { readonly [word: string]: unknown }, what: string): T | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `${what} is not valid JSON: it was truncated or changed`;
  }
  // Two readers would read two files.
  if (namesAKeyTwice(text)) return `${what} names a key twice: one of the two was put in`;
  return shapeFault(value, shape, shape, what) ?? (value as T);
}
