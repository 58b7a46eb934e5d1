// One text for one JSON value, so that a digest or a stored copy names the value and not its spelling. Three styles
// share one writer: the canonical one, whose bytes are signed and hashed (keys sorted by UTF-16 code unit, numbers as
// JavaScript writes them: the rules of RFC 8785), the one for backends (members in the order they stand, numbers without
// exponent, as OCPI wants them), and the one for our own files (in order, numbers as they are). Absent members are left
// out, as JSON does; what JSON would change in silence (NaN, undefined in a list) is refused.
import { decimalText, requiredDecimal } from "../../../config/decimal.js";

type Style = { readonly isSorted: boolean; readonly number: (value: number) => string };

/** Digits of the longest number there is when it is written out: 5e-324 has 324 decimals. */
const longestNumber = 400;

const canonical: Style = { isSorted: true, number: String };
const wire: Style = {
  isSorted: false,
  number: (value) => {
    const text = String(value);
    return text.includes("e") ? decimalText(requiredDecimal(value, longestNumber)) : text;
  },
};

/** A Date, a Map or a Buffer has fields that are not what it says. */
function isPlain(value: object): boolean {
  const kind: unknown = Object.getPrototypeOf(value);
  return kind === Object.prototype || kind === null;
}

/** The text of a JSON value; throws TypeError on what JSON cannot say (NaN, functions, dates, undefined in an array). */
function written(value: unknown, style: Style): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} is not a JSON number`);
      return style.number(value);
    case "object": {
      if (value === null) return "null";
      let text = "";
      if (Array.isArray(value)) {
        for (const entry of value) text += `${text === "" ? "" : ","}${written(entry, style)}`;
        return `[${text}]`;
      }
      if (!isPlain(value)) throw new TypeError(`a ${value.constructor.name} is not JSON`);
      const keys = Object.keys(value);
      for (const key of style.isSorted ? keys.sort() : keys) {
        const member = (value as Record<string, unknown>)[key];
        if (member !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${written(member, style)}`;
      }
      return `{${text}}`;
    }
    default:
      throw new TypeError(`a ${typeof value} is not JSON`);
  }
}

/** The canonical text, which is signed and hashed. Throws TypeError for what JSON cannot say. */
export const canonicalText = (value: unknown): string => written(value, canonical);

/** The text that backends get: the same value in the same order always gives the same bytes. Throws as above. */
export const wireJson = (value: unknown): string => written(value, wire);

/**
 * The text that journal, book and tables keep. Throws as above. A table of fifty thousand rows is written by the engine
 * itself, in a fifth of the time: meters are looked at by the same thread.
 */
export function storedJson(value: unknown): string {
  refuseForeign(value);
  return JSON.stringify(value);
}

/** Throws TypeError for what JSON cannot say, or would say otherwise. */
function refuseForeign(value: unknown): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} is not a JSON number`);
      return;
    case "object":
      if (value === null) return;
      if (Array.isArray(value)) {
        // A hole is met as undefined, which JSON would make null.
        for (const entry of value) refuseForeign(entry);
        return;
      }
      if (!isPlain(value)) throw new TypeError(`a ${value.constructor.name} is not JSON`);
      for (const member of Object.values(value)) if (member !== undefined) refuseForeign(member);
      return;
    default:
      throw new TypeError(`a ${typeof value} is not JSON`);
  }
}

/**
 * The path and the two figures at the first place where two JSON values differ, or undefined where they say the same.
 */
export function firstDifference(
  stated: unknown,
  found: unknown,
  path = "",
): { readonly path: string; readonly stated: string; readonly found: string } | undefined {
  const here = (): { path: string; stated: string; found: string } => ({
    path,
    stated: shown(stated),
    found: shown(found),
  });
  if (stated === null || found === null || typeof stated !== "object" || typeof found !== "object")
    return stated === found ? undefined : here();
  if (Array.isArray(stated) !== Array.isArray(found)) return here();
  const left = stated as Record<string, unknown>;
  const right = found as Record<string, unknown>;
  for (const key of [...new Set([...Object.keys(left), ...Object.keys(right)])]) {
    const difference = firstDifference(left[key], right[key], path === "" ? key : `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

const shown = (value: unknown): string => (value === undefined ? "nothing" : canonicalText(value).slice(0, 80));
