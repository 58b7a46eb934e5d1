// Where in a JSON text a path stands, so that a fault can name a line; which keys stand there twice, which JSON.parse
// hides; and where a text stops being JSON, which JSON.parse does not say in every version of Node.

export type Position = { readonly line: number; readonly column: number };
export type JsonMap = {
  /** Path, as in `elements[0].price_components[1].price`, to the offset of its key or value. */
  readonly offsets: ReadonlyMap<string, number>;
  /** Paths of keys that are stated again. */
  readonly doubled: readonly string[];
};

/** The text is no JSON from this offset on. */
export class JsonFault extends Error {
  override readonly name = "JsonFault";
  constructor(
    readonly offset: number,
    message: string,
  ) {
    super(message);
  }
}

/** Deeper texts than any OCPI object are not walked. */
const mostDepth = 64;

/** Maps every path of a JSON text. Throws JsonFault where it is none, or is nested too deeply. */
export function mapJson(text: string): JsonMap {
  const walker = new Walker(text);
  walker.document();
  return { offsets: walker.offsets, doubled: walker.doubled };
}

const strings = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const literals = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const spaces = /[ \t\n\r]*/y;

class Walker {
  readonly offsets = new Map<string, number>();
  readonly doubled: string[] = [];
  #at = 0;

  constructor(private readonly text: string) {}

  document(): void {
    this.#value("", 0);
    if (this.#at < this.text.length) this.#unexpected("the end of the text");
  }

  #unexpected(wanted: string): never {
    const found = this.#at >= this.text.length ? "the text ends" : `found ${JSON.stringify(this.text[this.#at])}`;
    throw new JsonFault(this.#at, `expected ${wanted}, ${found}`);
  }

  /** The text that the pattern takes from here, or a fault. */
  #take(pattern: RegExp, wanted: string): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.text) ?? this.#unexpected(wanted);
    this.#at += found.length;
    return found;
  }

  #space(): void {
    this.#take(spaces, "");
  }

  #value(path: string, depth: number): void {
    if (depth > mostDepth) throw new JsonFault(this.#at, `nested deeper than ${mostDepth} levels`);
    this.#space();
    if (!this.offsets.has(path)) this.offsets.set(path, this.#at);
    const first = this.text[this.#at];
    if (first === "{") this.#members(path, depth);
    else if (first === "[") this.#entries(path, depth);
    else if (first === '"') this.#take(strings, "a text that ends");
    else this.#take(literals, "a value");
    this.#space();
  }

  /** True after a comma, false after the closing bracket. */
  #more(close: string): boolean {
    const found = this.text[this.#at];
    if (found !== "," && found !== close) this.#unexpected(`"," or "${close}"`);
    this.#at += 1;
    return found === ",";
  }

  /** Steps over the closing bracket of a value with nothing in it. */
  #ends(close: string): boolean {
    const isEmpty = this.text[this.#at] === close;
    if (isEmpty) this.#at += 1;
    return isEmpty;
  }

  #members(path: string, depth: number): void {
    this.#at += 1;
    this.#space();
    if (this.#ends("}")) return;
    do {
      this.#space();
      const from = this.#at;
      const key = JSON.parse(this.#take(strings, "a field name in quotes")) as string;
      const own = path === "" ? key : `${path}.${key}`;
      if (this.offsets.has(own)) this.doubled.push(own);
      this.offsets.set(own, from);
      this.#space();
      this.#take(/:/y, '":"');
      this.#value(own, depth + 1);
    } while (this.#more("}"));
  }

  #entries(path: string, depth: number): void {
    this.#at += 1;
    this.#space();
    if (this.#ends("]")) return;
    let index = 0;
    do {
      this.#value(`${path}[${index}]`, depth + 1);
      index += 1;
    } while (this.#more("]"));
  }
}

/** The position of a path, or of the nearest thing around it that exists. */
export function positionOf(map: JsonMap, text: string, path: string): Position {
  let near = path;
  while (near !== "" && !map.offsets.has(near))
    near = near.slice(0, Math.max(0, Math.max(near.lastIndexOf("."), near.lastIndexOf("["))));
  return positionAt(text, map.offsets.get(near) ?? 0);
}

export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
