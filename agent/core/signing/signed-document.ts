// A document of the station other than a receipt: one JSON value as a JWS (ES256) with the public key beside it. Each
// kind has a type of its own, so that none can be taken for another, nor for a receipt.
import { shapedJson } from "../json/json-shape.js";
import { canonicalText } from "../json/json-text.js";
import { fromHex, hexText } from "../number/bytes.js";
import { parseJws, signedJws } from "./jws.js";
import { type CheckTools, isOwnSignature, type Signer } from "./signer.js";

/** What a kind of document is called, and the JSON Schema of its value. */
export type DocumentKind = {
  readonly format: string;
  /** The `typ` of its JWS. */
  readonly type: string;
  readonly shape: { readonly [word: string]: unknown };
};

type DocumentFile = { readonly format: string; readonly keySpkiHex: string; readonly jws: string };

export type SignedDocument<T> = {
  readonly keySpkiHex: string;
  readonly value: T;
  /** False where it was changed since it was signed, or signed by another key than the one beside it. */
  readonly isSigned: boolean;
};

/** The signed document as a file's text. Throws when the signer fails. */
export function signedDocument(kind: DocumentKind, value: unknown, signer: Signer): string {
  const jws = signedJws(canonicalText(value), signer.keyId, signer, kind.type);
  return `${JSON.stringify({ format: kind.format, keySpkiHex: signer.spkiHex, jws } satisfies DocumentFile)}\n`;
}

/** A document taken apart, its key not judged; or, in words, why it is none. Never throws on what a file may hold. */
export function readDocument<T>(kind: DocumentKind, text: string, tools: CheckTools): SignedDocument<T> | string {
  const file = shapedJson<DocumentFile>(text, fileShape(kind), "the file");
  if (typeof file === "string") return file;
  const spki = fromHex(file.keySpkiHex);
  const jws = parseJws(file.jws, kind.type);
  if (spki === undefined || jws?.keyId !== `sha256:${hexText(tools.hash(spki))}`)
    return `the signed part is not a ${kind.format} under the key in the file`;
  const value = shapedJson<T>(jws.payload, kind.shape, "the signed part");
  if (typeof value === "string") return value;
  const isSigned =
    jws.signature !== undefined && isOwnSignature(tools, file.keySpkiHex, jws.input, jws.signature, "ieee-p1363");
  return { keySpkiHex: file.keySpkiHex, value, isSigned };
}

const fileShape = ({ format }: DocumentKind): { readonly [word: string]: unknown } => ({
  type: "object",
  additionalProperties: false,
  required: ["format", "keySpkiHex", "jws"],
  properties: {
    format: { const: format },
    keySpkiHex: { type: "string", pattern: "^[0-9a-f]{100,400}$" },
    jws: { type: "string" },
  },
});
