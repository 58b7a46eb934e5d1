// Values that no field was meant to hold, as JSON text, and payloads with one of them in each of their fields in turn.
import { createRequire } from "node:module";
import type { Dialect } from "../../../agent/sync/ocpp/rpc/frame.js";

/** By what they are. */
export const hostileValues: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "a name of every object": '"constructor"',
    "a name that is a trap": '"__proto__"',
    "a method's name": '"toString"',
    blanks: '"   "',
    "an order to a terminal": '"\\u001b[2J\\u001b[31mred\\u0007"',
    "a turned direction": '"abc\\u202e\\u2066def"',
    "half a character": '"\\ud800"',
    "an object that is no text": '{"toString":1,"valueOf":1}',
    "a list": "[[]]",
    null: "null",
    "a number beyond all": "1e308",
    "less than nothing": "-1",
    "next to nothing": "1e-7",
    "a million characters": `"${"x".repeat(1_000_000)}"`,
    "a hundred thousand levels": `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
  }),
);

type Holder = Record<string, unknown>;
type Slot = { readonly path: string; readonly holder: Holder; readonly key: string };

function slotsOf(value: unknown, path = ""): Slot[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Holder;
  return Object.keys(holder).flatMap((key) => [
    { path: `${path}/${key}`, holder, key },
    ...slotsOf(holder[key], `${path}/${key}`),
  ]);
}

const marker = "\u0001here";

export type Hostile = { readonly what: string; readonly text: string };

/** The texts of a payload with a hostile value in each of its fields in turn; `payload` is left as it was. */
export function* hostileTexts(payload: unknown): Generator<Hostile> {
  const copy = structuredClone(payload);
  for (const { path, holder, key } of slotsOf(copy)) {
    const before = holder[key];
    holder[key] = marker;
    const text = JSON.stringify(copy);
    holder[key] = before;
    const [left = "", right = ""] = text.split(JSON.stringify(marker));
    for (const [name, value] of hostileValues) yield { what: `${path}: ${name}`, text: left + value + right };
  }
}

/** The texts of a payload with nothing in it, with one field left out, and of none at all. */
export function* sparseTexts(payload: unknown): Generator<Hostile> {
  for (const text of ["{}", "[]", "null", '""', "0"]) yield { what: text, text };
  const copy = structuredClone(payload);
  for (const { path, holder, key } of slotsOf(copy)) {
    const before = holder[key];
    delete holder[key];
    yield { what: `without ${path}`, text: JSON.stringify(copy) };
    holder[key] = before;
  }
}

type Schema = {
  readonly $id?: string;
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
};

/** A value with all that a schema knows, once. */
function sampleOf(schema: Schema, root: Schema, levels = 8): unknown {
  if (schema.$ref !== undefined)
    return sampleOf(root.definitions?.[schema.$ref.replace("#/definitions/", "")] ?? {}, root, levels);
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case "object":
      return Object.fromEntries(
        levels === 0
          ? []
          : Object.entries(schema.properties ?? {})
              .filter(([name]) => name !== "customData")
              .map(([name, member]) => [name, sampleOf(member, root, levels - 1)]),
      );
    case "array":
      return [sampleOf(schema.items ?? {}, root, levels - 1)];
    case "integer":
    case "number":
      return 1;
    case "boolean":
      return true;
    default:
      return schema.format === "date-time" ? "2099-01-01T00:00:00Z" : "x";
  }
}

const files = { "ocpp1.6": "ocpp1_6", "ocpp2.0.1": "ocpp2_0_1", "ocpp2.1": "ocpp2_1" } as const;

/** By action, a payload with all fields of each request or answer that a version's schemas have. */
export function samplesOf(dialect: Dialect, kind: "request" | "answer"): ReadonlyMap<string, unknown> {
  const schemas = createRequire(import.meta.url)(`ocpp-rpc/lib/schemas/${files[dialect]}.json`) as readonly Schema[];
  const name = kind === "request" ? /^urn:(.+?)(?:\.req|Request)$/ : /^urn:(.+?)(?:\.conf|Response)$/;
  return new Map(
    schemas.flatMap((schema) => {
      const action = name.exec(schema.$id ?? "")?.[1];
      return action === undefined ? [] : [[action, sampleOf(schema, schema)] as const];
    }),
  );
}

/** Whether a text could be shown: no order to a terminal, no turned direction, no half of a character. */
export const mayBeShown = (text: string): boolean =>
  !/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u.test(text);

/** All texts and names in a JSON value. */
export function* textsIn(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (!Array.isArray(value)) yield name;
    yield* textsIn(member);
  }
}
