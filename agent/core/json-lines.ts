// Where in a JSON text a path stands, so that a fault can name a line; and which keys stand there twice, which JSON.parse hides.
// It only walks texts that JSON.parse has already taken.

export type Position = { readonly line: number; readonly column: number };
export type JsonMap = {
  /** Path, as in `elements[0].price_components[1].price`, to the offset of its key or value. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Paths of keys that are stated again. */
  readonly doubled: readonly string[];
};

/** Deeper texts than any OCPI object are not walked. */
const mostDepth = 64;

/** Maps every path of a valid JSON text. */
export function mapJson(text: string): JsonMap {
  const offsets = new Map<string, number>();
  const doubled: string[] = [];
  let at = 0;
  const space = (): void => {
    while (/\s/.test(text[at] ?? "x")) at += 1;
  };
  const string = (): string => {
    const from = at;
    at += 1;
    while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    at += 1;
    return JSON.parse(text.slice(from, at)) as string;
  };
  const value = (path: string, depth: number): void => {
    if (depth > mostDepth) throw new RangeError("the JSON is nested too deeply");
    space();
    if (!offsets.has(path)) offsets.set(path, at);
    if (text[at] === '"') string();
    else if (text[at] === "{") members(path, depth);
    else if (text[at] === "[") entries(path, depth);
    else while (at < text.length && !/[\s,\]}]/.test(text[at] ?? "")) at += 1;
    space();
  };
  const members = (path: string, depth: number): void => {
    at += 1;
    space();
    while (text[at] !== "}") {
      const from = at;
      const key = string();
      const own = path === "" ? key : `${path}.${key}`;
      if (offsets.has(own)) doubled.push(own);
      offsets.set(own, from);
      space();
      at += 1;
      value(own, depth + 1);
      if (text[at] === ",") at += 1;
      space();
    }
    at += 1;
  };
  const entries = (path: string, depth: number): void => {
    at += 1;
    space();
    for (let index = 0; text[at] !== "]"; index += 1) {
      value(`${path}[${index}]`, depth + 1);
      if (text[at] === ",") at += 1;
      space();
    }
    at += 1;
  };
  value("", 0);
  return { offsets, doubled };
}

/** The position of a path, or of the nearest thing around it that exists. */
export function positionOf(map: JsonMap, text: string, path: string): Position {
  let near = path;
  while (near !== "" && !map.offsets.has(near)) near = near.slice(0, Math.max(0, Math.max(near.lastIndexOf("."), near.lastIndexOf("["))));
  return positionAt(text, map.offsets.get(near) ?? 0);
}

export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before[before.length - 1]?.length ?? 0) + 1 };
}
