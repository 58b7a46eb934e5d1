// JSON from outside is looked at before it is parsed: a few kilobytes, packed, can make millions of objects, and a nest
// of brackets as deep as the stack. What a text would cost is counted on the text itself, in one pass that keeps nothing.

export type JsonBounds = {
  /** Objects, lists and their members and entries together: each costs memory, however short it is written. */
  readonly values: number;
  /** Objects and lists within each other. */
  readonly depth: number;
};

/** `values` = how many it holds, by `jsonCost`. */
export type BoundedJson =
  | { readonly ok: true; readonly value: unknown; readonly values: number }
  | { readonly ok: false; readonly why: string };

/** No message of OCPI or OCPP and no file of ours is nested so deeply. */
export const deepestJson = 64;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
/** `[` and `{`, and `]` and `}`, differ in this bit alone. */
const curly = 0x20;
const opens = 0x7b;
const closes = 0x7d;

/**
 * How many values a text holds, empty lists and objects twice; or, in words, why it holds more than it may. Whether it
 * is JSON is not asked.
 */
export function jsonCost(text: string, { values, depth }: JsonBounds): number | string {
  let [counted, open] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = stringEnd(text, at);
      continue;
    }
    const bracket = code | curly;
    if (bracket === opens) {
      counted += 1;
      open += 1;
      if (open > depth) return `nested deeper than ${depth} levels`;
    } else if (bracket === closes) open -= 1;
    else if (code === comma) counted += 1;
    if (counted > values) return `more than ${values} values`;
  }
  return counted;
}

/** Where the string that begins at `from` has its last quote; the end of the text where it has none. */
export function stringEnd(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}

/** The value of a text within its bounds, or why it has none. Never throws. */
export function parseBoundedJson(text: string, bounds: JsonBounds): BoundedJson {
  const cost = jsonCost(text, bounds);
  if (typeof cost === "string") return { ok: false, why: cost };
  try {
    return { ok: true, value: JSON.parse(text) as unknown, values: cost };
  } catch {
    return { ok: false, why: "not valid JSON" };
  }
}
