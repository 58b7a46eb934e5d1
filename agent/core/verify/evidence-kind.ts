// What a file that was handed in is: told by its text alone.

import { isObject, type JsonObject } from "../json/json-reader.js";
import { fromBase64, fromHex, fromUtf8 } from "../number/bytes.js";
import { parseCheckpoint } from "../signing/checkpoint.js";
import { parseJws } from "../signing/jws.js";
import { consistencyFormat, parseProof } from "../signing/proof-file.js";
import { commissioningFormat } from "./commissioning.js";
import { bookFormat } from "./verify-book.js";

export type EvidenceFile = { readonly name: string; readonly text: string };

export type EvidenceKind =
  | "commissioning"
  | "receipt"
  | "book"
  | "jws"
  | "ocmf"
  | "xml"
  | "checkpoint"
  | "proof"
  | "consistency"
  | "tariff"
  | "unknown";

/** What a file is. */
export function evidenceKind(text: string): EvidenceKind {
  const format = formatOf(text);
  if (format === bookFormat) return "book";
  if (format === consistencyFormat) return "consistency";
  if (format === commissioningFormat) return "commissioning";
  if (format !== "") return "receipt";
  if (/^\ufeff?\s*<(\?xml|!--|values[\s>])/.test(text)) return "xml";
  if (parseJws(text.trim()) !== undefined) return "jws";
  if (ocmfIn(text) !== undefined) return "ocmf";
  if (parseCheckpoint(text) !== undefined) return "checkpoint";
  if (parseProof(text) !== undefined) return "proof";
  if (ocpiTariffIn(text) !== undefined) return "tariff";
  return "unknown";
}

/** The OCPI tariff in a text, as its JSON value; undefined where there is none. */
export function ocpiTariffIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    return isObject(value) && Array.isArray(value["elements"]) && typeof value["currency"] === "string"
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

/** The format that a file of ours names. */
const formatOf = (text: string): string => /^\s*\{\s*"format"\s*:\s*"([^"]{1,60})"/.exec(text)?.[1] ?? "";

/**
 * The OCMF record in a text: as it is, in base64, in hex, or in OCPP's signedMeterValue; undefined where there is none.
 */
export function ocmfIn(text: string): string | undefined {
  const bare = text.trim();
  if (bare.startsWith("OCMF|")) return bare;
  const bytes = fromHex(bare.toLowerCase()) ?? fromBase64(bare);
  const decoded = bytes === undefined ? undefined : fromUtf8(bytes);
  if (decoded?.startsWith("OCMF|") === true) return decoded;
  const field = /"(?:signedMeterData|signedMeterValue|signed_data|plain_data)"\s*:\s*"([^"\\]{1,8000})"/.exec(
    bare,
  )?.[1];
  return field === undefined || field === bare ? undefined : ocmfIn(field);
}
