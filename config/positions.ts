// Where things stand in a YAML or JSON text, so that a fault can name its line: told by the yaml package, which reads
// JSON too. It is slower than JSON.parse by far and is asked only once something is wrong.
import {
  CST,
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  Parser,
  parseDocument,
  visit,
} from "yaml";

/** Line and column count from 1. */
export type Position = { readonly line: number; readonly column: number };

export type PlacedDocument = { readonly document: Document; readonly place: (offset: number) => Position };

/** Deeper than any config, tariff or CDR is nested; yaml would recurse until its stack ends. */
const mostDepth = 64;

/**
 * A text as yaml reads it; undefined where it is nested too deeply. In the schema "json" a plain word that JSON does not
 * know is an error.
 */
export function placedDocument(text: string, schema: "core" | "json"): PlacedDocument | undefined {
  if (isDeeperThan(mostDepth, new Parser().parse(text))) return undefined;
  const lines = new LineCounter();
  // Keys of one name are told by `doubledKeys`: yaml compares each key with each before it, which takes minutes for many.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema, uniqueKeys: false });
  return {
    document,
    place: (offset) => {
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    },
  };
}

/** Whether collections stand in each other deeper than that; told without recursion. */
function isDeeperThan(most: number, tokens: Iterable<CST.Token>): boolean {
  const waiting = [...tokens].map((token) => ({ token, depth: 0 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > most) return true;
    const inside = token.type === "document" ? [token] : CST.isCollection(token) ? token.items : [];
    for (const { key, value } of inside as readonly CST.CollectionItem[])
      for (const inner of [key, value]) if (inner) waiting.push({ token: inner, depth: depth + 1 });
  }
  return false;
}

/** The last pair of that name: the one whose value a JSON parser keeps. */
function pairOf(node: unknown, key: PropertyKey): Pair | undefined {
  if (!isMap(node)) return undefined;
  return node.items.findLast((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
}

function childOf(node: unknown, key: PropertyKey): unknown {
  return isSeq(node) && typeof key === "number" ? node.items[key] : pairOf(node, key)?.value;
}

/** Where the value at `path` stands; for a missing one, where its nearest parent stands. */
export function valueOffset(document: Document, path: readonly PropertyKey[]): number {
  let at: unknown = document.contents;
  let offset = 0;
  for (let depth = 0; isNode(at); depth += 1) {
    offset = at.range?.[0] ?? offset;
    if (depth === path.length) break;
    at = childOf(at, path[depth] ?? "");
  }
  return offset;
}

/** Where the name of a member stands, or as `valueOffset` where there is no such member. */
export function keyOffset(document: Document, path: readonly PropertyKey[], key: PropertyKey): number {
  let at: unknown = document.contents;
  for (const part of path) at = childOf(at, part);
  const name = pairOf(at, key)?.key;
  return (isScalar(name) ? name.range?.[0] : undefined) ?? valueOffset(document, path);
}

/** Where the member or entry at `path` begins, its name included; for a missing one, the nearest thing around it. */
export function memberOffset(document: Document, path: readonly PropertyKey[]): number {
  let at: unknown = document.contents;
  let offset = isNode(at) ? (at.range?.[0] ?? 0) : 0;
  for (const part of path) {
    const name = pairOf(at, part)?.key;
    at = childOf(at, part);
    const start = isScalar(name) ? name : at;
    if (!isNode(start) || !start.range) break;
    offset = start.range[0];
  }
  return offset;
}

/** `["connectors", 0, "meter"]` as `connectors[0].meter`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

/** `pathText` read again; a name that holds a dot or a bracket is taken for several. */
export const pathOf = (text: string): PropertyKey[] =>
  [...text.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name = ""]) =>
    index === undefined ? name : Number(index),
  );

/** The paths of keys that are stated again, which JSON.parse drops all but the last of. */
export function doubledKeys({ document }: PlacedDocument): string[] {
  const doubled: string[] = [];
  const walk = (node: unknown, path: readonly PropertyKey[]): void => {
    if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...path, index]);
    if (!isMap(node)) return;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : "";
      if (seen.has(name)) doubled.push(pathText([...path, name]));
      seen.add(name);
      walk(value, [...path, name]);
    }
  };
  walk(document.contents, []);
  return doubled;
}

/** Where a list or a section stands in the place of a key; undefined where there is none. */
export function offsetOfKeyThatIsNoText(document: Document): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Pair: (_, { key }) => {
      if (!isNode(key) || isScalar(key)) return undefined;
      offset = key.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

/** How much of the text a complaint repeats. */
const shownLetters = 20;

function foundAt(text: string, offset: number): string {
  const [line = ""] = text.slice(offset, offset + shownLetters).split("\n", 1);
  return offset >= text.trimEnd().length ? "the text ends too early" : `unexpected ${JSON.stringify(line)}`;
}

/** A JSON string, which is passed over, or one of the slips that YAML allows and JSON does not. */
const stringsAndSlips = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|["'#]|,(?=\s*[}\]])/g;
const slipWords: ReadonlyMap<string, string> = new Map([
  ['"', "a text in quotes that JSON cannot read"],
  ["'", "JSON puts names and texts in double quotes"],
  ["#", "JSON has no comments"],
  [",", "a comma before the closing bracket"],
]);

/** Where a text that JSON.parse refuses stops being JSON, and what is amiss there; undefined where nobody can tell. */
export function jsonFault(
  text: string,
  { document }: PlacedDocument,
): { readonly offset: number; readonly message: string } | undefined {
  const faults = document.errors.map(({ pos: [offset] }) => ({ offset, message: foundAt(text, offset) }));
  for (const { 0: found, index } of text.matchAll(stringsAndSlips)) {
    const message = slipWords.get(found);
    if (message === undefined) continue;
    faults.push({ offset: index, message });
    break;
  }
  visit(document, {
    Pair: (_, { key, value }) => {
      if (value === null && isScalar(key) && key.range)
        faults.push({ offset: key.range[1], message: "a name without a value" });
    },
  });
  return faults.sort((a, b) => a.offset - b.offset)[0];
}
