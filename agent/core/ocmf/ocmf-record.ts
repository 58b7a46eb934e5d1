// An OCMF record taken apart, of this station or of another maker: the format leaves room in the order of keys, in the
// spelling of hex, in white space and in fields of a reading that repeat the reading before. What it means is the same.

import { parseUniqueJson } from "../json/unique-json.js";
import { fromBase64, fromHex, hexText } from "../number/bytes.js";
import { milliWhOfKwh } from "../number/energy-text.js";
import { unsignedMark } from "../signing/signer.js";
import { parseOcmfTime } from "../time/iso-time.js";
import { signatureText } from "./ocmf.js";

export type OcmfReading = {
  /** Undefined where TM cannot be read; `mark` is the clock's: U, I, S or R. */
  readonly atMs: number | undefined;
  readonly mark: string;
  readonly kind: string;
  readonly milliWh: number | undefined;
  /** The reading's fields; those that it leaves out are the ones of the reading before. */
  readonly raw: Readonly<Record<string, unknown>>;
};

export type OcmfRecord = {
  /** The signed text between the pipes. */
  readonly payload: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly readings: readonly OcmfReading[];
  /** Absent where the unsigned mark stands in its place. */
  readonly signature?: Uint8Array;
};

/** Why a text is not read as an OCMF record. */
export type UnreadRecord = { readonly unread: string };

/** Longer texts are not taken apart. */
const longestForeignRecord = 1_000_000;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Fields that a reading may leave out where they repeat the reading before (OCMF, table of readings). */
const repeated = ["RI", "RU", "RT", "EF", "ST"] as const;

function withRepeats(raw: Readonly<Record<string, unknown>>, before: OcmfReading | undefined): Record<string, unknown> {
  const fields: Record<string, unknown> = { ...raw };
  for (const name of repeated)
    if (!Object.hasOwn(raw, name) && before !== undefined && Object.hasOwn(before.raw, name))
      fields[name] = before.raw[name];
  return fields;
}

/** A register in kWh as a number, or as a text with its decimals. */
function milliWhOfValue(value: unknown): number | undefined {
  // A number as JavaScript prints it keeps up to fifteen digits: all that nine digits of kWh and five decimals need.
  if (typeof value === "number") return milliWhOfKwh(String(value));
  return typeof value === "string" ? milliWhOfKwh(value) : undefined;
}

function readingOf(raw: unknown, before: OcmfReading | undefined): OcmfReading {
  const fields = withRepeats(isRecord(raw) ? raw : {}, before);
  const time = typeof fields["TM"] === "string" ? fields["TM"] : "";
  return {
    atMs: parseOcmfTime(time),
    mark: /^.{28} ([UISR])$/.exec(time)?.[1] ?? "",
    kind: typeof fields["TX"] === "string" ? fields["TX"] : "",
    milliWh: milliWhOfValue(fields["RV"]),
    raw: fields,
  };
}

function readingsOf(list: unknown): readonly OcmfReading[] {
  const readings: OcmfReading[] = [];
  for (const raw of Array.isArray(list) ? list : []) readings.push(readingOf(raw, readings.at(-1)));
  return readings;
}

const defaults = { SA: "ECDSA-secp256r1-SHA256", SE: "hex", SM: "application/x-der" } as const;

/** The bytes of the third part of a record; its fields but SD may be left out, and stand in any order. */
function signatureOf(mark: Readonly<Record<string, unknown>>): Uint8Array | UnreadRecord {
  for (const [name, value] of Object.entries(mark)) {
    if (name !== "SD" && !Object.hasOwn(defaults, name))
      return { unread: `its signature part has a field ${JSON.stringify(name).slice(0, 40)}, a form not read here` };
    if (typeof value !== "string") return { unread: `${name} of its signature part is not a text` };
  }
  const { SA, SE, SM, SD } = { ...defaults, ...mark } as Readonly<Record<string, string>>;
  if (SA !== defaults.SA)
    return { unread: `it is signed by ${String(SA).slice(0, 60)}, a form not read here (read: ${defaults.SA})` };
  if (SM !== defaults.SM) return { unread: `its signature is ${String(SM).slice(0, 60)}, a form not read here` };
  if (SE !== "hex" && SE !== "base64")
    return { unread: `its signature is written in ${String(SE).slice(0, 60)}, a form not read here` };
  const bytes = SE === "hex" ? fromHex((SD ?? "").toLowerCase()) : fromBase64(SD ?? "");
  return bytes ?? { unread: `its signature SD is not ${SE}` };
}

/** Takes a record of any maker apart; its signature is not judged. `unread` says why it cannot be read. */
export function readOcmf(text: string): OcmfRecord | UnreadRecord {
  if (text.length > longestForeignRecord) return { unread: `it is longer than ${longestForeignRecord} characters` };
  const [head, payload, signed, ...more] = text.split("|");
  if (head !== "OCMF" || payload === undefined || signed === undefined || more.length > 0)
    return { unread: "it does not have the form OCMF|payload|signature" };
  const fields = parseUniqueJson(payload);
  const mark = parseUniqueJson(signed);
  if (!isRecord(fields)) return { unread: "its payload is not a JSON object with each key once" };
  if (!isRecord(mark)) return { unread: "its signature part is not a JSON object with each key once" };
  const readings = readingsOf(fields["RD"]);
  if (mark["SD"] === unsignedMark) return { payload, fields, readings };
  const signature = signatureOf(mark);
  return "unread" in signature ? signature : { payload, fields, readings, signature };
}

/**
 * A record in the form that this station writes, to the byte: undefined where the text is anything else. Its signature
 * is not judged.
 */
export function parseOcmf(text: string): OcmfRecord | undefined {
  const signed = /^OCMF\|[\x20-\x7b\x7d\x7e]+\|([\x20-\x7b\x7d\x7e]+)$/.exec(text)?.[1];
  if (signed === undefined) return undefined;
  const record = readOcmf(text);
  if ("unread" in record) return undefined;
  const own = record.signature === undefined ? unsignedMark : hexText(record.signature);
  return signed === signatureText(own) ? record : undefined;
}
