// The file that the drivers' transparency software opens: one session's signed records with the public key, in its own
// small XML. Written and read without an XML library: the shape is fixed, and whatever departs from its meaning is
// refused rather than guessed at.

import { fromBase64, fromHex, fromUtf8, hexText } from "../number/bytes.js";

export type XmlValue = {
  readonly transactionId: string;
  readonly context: string;
  readonly record: string;
  readonly publicKey: string;
};

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const unescaped = (text: string): string =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/**
 * The XML of one session's record: pure ASCII, so that no declaration is needed. `transactionId` is the OCMF
 * pagination's number: the tool wants a decimal integer. A record that holds begin and end stands under
 * Transaction.Begin.
 */
export function ocmfXml(record: string, transactionId: number, spkiHex: string): string {
  return [
    "<values>",
    ` <value transactionId="${transactionId}" context="Transaction.Begin">`,
    `  <signedData format="OCMF" encoding="plain">${escaped(record)}</signedData>`,
    `  <publicKey encoding="plain">${spkiHex}</publicKey>`,
    " </value>",
    "</values>",
    "",
  ].join("\n");
}

type Tag = { readonly name: string; readonly attributes: ReadonlyMap<string, string>; readonly kind: "open" | "close" };
type Piece = Tag | string;

/** A file of signed values is some kilobytes; longer texts are not taken apart. */
const longestXml = 4_000_000;
const namespace = "http://transparenz.software/schema/2018/07";
const piecePattern =
  /<!--(?:(?!--)[\s\S])*-->|<(\/?)([A-Za-z]{1,40})((?:\s+[\w:.-]{1,40}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*>|[^<]+/g;
const attributePattern = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The tags and texts of an XML text without its comments, or undefined where something else stands in it. */
function piecesOf(text: string): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(piecePattern)) {
    if (match.index !== end) return undefined;
    end += match[0].length;
    const [whole, closing, name, attributes = ""] = match;
    if (name !== undefined) {
      const found = [...attributes.matchAll(attributePattern)].map(
        ([, key = "", double, single]) => [key, unescaped(double ?? single ?? "")] as const,
      );
      if (new Set(found.map(([key]) => key)).size !== found.length) return undefined;
      pieces.push({ name, attributes: new Map(found), kind: closing === "/" ? "close" : "open" });
    } else if (!whole.startsWith("<!--") && whole.trim() !== "") pieces.push(whole);
  }
  return end === text.length ? pieces : undefined;
}

/** What an element says in this encoding, as it stands there or decoded. */
function decoded(text: string, encoding: string): Uint8Array | string | undefined {
  const bare = unescaped(text).trim();
  switch (encoding) {
    case "plain":
      return bare;
    case "hex":
      return fromHex(bare.toLowerCase());
    case "base64":
      return fromBase64(bare);
    default:
      return undefined;
  }
}

/** Takes the pieces one after the other; undefined once they are not what was expected. */
class Pieces {
  #at = 0;
  constructor(private readonly pieces: readonly Piece[]) {}

  /** The next tag, where it has this name and kind. */
  tag(name: string, kind: Tag["kind"]): Tag | undefined {
    const next = this.pieces[this.#at];
    if (typeof next !== "object" || next.name !== name || next.kind !== kind) return undefined;
    this.#at += 1;
    return next;
  }

  text(): string {
    const next = this.pieces[this.#at];
    if (typeof next !== "string") return "";
    this.#at += 1;
    return next;
  }

  isAtEnd(): boolean {
    return this.#at === this.pieces.length;
  }
}

function textElement(pieces: Pieces, name: string): { readonly tag: Tag; readonly text: string } | undefined {
  const tag = pieces.tag(name, "open");
  if (tag === undefined) return undefined;
  const text = pieces.text();
  return pieces.tag(name, "close") === undefined ? undefined : { tag, text };
}

const hexKey = (key: Uint8Array | string | undefined): string | undefined => {
  if (typeof key !== "string") return key === undefined ? undefined : hexText(key);
  return /^(?:[0-9A-Fa-f]{2})*$/.test(key) ? key.toLowerCase() : undefined;
};

function valueIn(pieces: Pieces): XmlValue | undefined {
  const value = pieces.tag("value", "open");
  const signed = textElement(pieces, "signedData");
  const key = textElement(pieces, "publicKey");
  if (value === undefined || signed === undefined || key === undefined) return undefined;
  if (pieces.tag("value", "close") === undefined || signed.tag.attributes.get("format") !== "OCMF") return undefined;
  const transactionId = value.attributes.get("transactionId") ?? "";
  const context = value.attributes.get("context") ?? "";
  const data = decoded(signed.text, signed.tag.attributes.get("encoding") ?? "plain");
  const record = typeof data === "string" ? data : data === undefined ? undefined : fromUtf8(data);
  const publicKey = hexKey(decoded(key.text, key.tag.attributes.get("encoding") ?? "plain"));
  if (record === undefined || publicKey === undefined) return undefined;
  if (!/^\d{0,16}$/.test(transactionId) || !/^Transaction\.(?:Begin|End)$/.test(context)) return undefined;
  return { transactionId, context, record: record.trim(), publicKey };
}

/**
 * The values of such a file, as this station or another maker writes it (attributes in any order, comments, the
 * published namespace, hex in either case, data in hex or base64), or undefined where the text holds anything else.
 */
export function parseOcmfXml(text: string): readonly XmlValue[] | undefined {
  if (text.length > longestXml) return undefined;
  const body = text.replace(/^\ufeff?\s*(?:<\?xml [^<>]{0,200}\?>)?/, "");
  const pieces = piecesOf(body);
  if (pieces === undefined) return undefined;
  const rest = new Pieces(pieces);
  const root = rest.tag("values", "open");
  const given = root?.attributes.get("xmlns");
  if (root === undefined || (given !== undefined && given !== namespace)) return undefined;
  const values: XmlValue[] = [];
  while (rest.tag("values", "close") === undefined) {
    const value = valueIn(rest);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return rest.isAtEnd() ? values : undefined;
}
