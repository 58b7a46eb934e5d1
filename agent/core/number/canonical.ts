// One text for one JSON value, so that a digest names the value and not its spelling: keys sorted by UTF-16 code unit,
// no spaces, numbers and strings as JavaScript writes them (the rules of RFC 8785). Absent members are left out, as
// JSON does.

/** The canonical text of a JSON value; throws on what JSON cannot say (NaN, functions, undefined in an array). */
export function canonicalText(value: unknown): string {
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} is not a JSON number`);
      return JSON.stringify(value);
    case "object": {
      if (value === null) return "null";
      let text = "";
      if (Array.isArray(value)) {
        for (const entry of value) text += `${text === "" ? "" : ","}${canonicalText(entry)}`;
        return `[${text}]`;
      }
      for (const key of Object.keys(value).sort()) {
        const member = (value as Record<string, unknown>)[key];
        if (member !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalText(member)}`;
      }
      return `{${text}}`;
    }
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
