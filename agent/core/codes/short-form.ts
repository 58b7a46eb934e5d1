// The short signed form of a receipt, for the QR code: at most 300 bytes, signed by itself, readable without the
// receipt. Layout, eleven fields joined by ";":
//   CT1 ; station id ; receipt number ; start ; end ; begin kWh ; end kWh ; total with currency ; record ; key ;
// signature Times are local with offset to the second, followed by the clock's mark (S, I or U); `record` is the first
// 16 bytes of SHA-256 over the OCMF record, `key` the first 8 bytes of the key's fingerprint (both hex), `signature`
// ES256 (r || s, base64url) over all before its ";".
import type { TimeTrust } from "../../../drivers/driver.js";
import type { Settlement } from "../cdr/settlement.js";
import { base64url, fromBase64url, hexText, utf8 } from "../number/bytes.js";
import { kwhExact } from "../number/energy-text.js";
import { markSegment } from "../signing/jws.js";
import type { HashFunction } from "../signing/merkle.js";
import type { Signer } from "../signing/signer.js";
import { isoLocal } from "../time/iso-time.js";

/** The longest text that is taken for a short form. */
const longestShortForm = 300;

/** How a time in the short form says what its clock was: set, running on since, or not set. */
export const clockMarks: Record<TimeTrust, string> = { synced: "S", holdover: "I", unsynced: "U" };
const seconds = (atMs: number, zone: string): string => isoLocal(atMs, zone).replace(/\.\d{3}/, "");

/** The short form of a settlement. Without a signer the mark stands in the signature's place. */
export function shortForm(
  settlement: Settlement,
  ocmf: string,
  keyId: string,
  signer: Pick<Signer, "sign"> | undefined,
  hash: HashFunction,
): string {
  const { station, receiptNumber, startMs, startTrust, endMs, endTrust, timeZone, begin, end, price } = settlement;
  const text = [
    "CT1",
    station.id,
    receiptNumber,
    `${seconds(startMs, timeZone)}${clockMarks[startTrust]}`,
    `${seconds(endMs, timeZone)}${clockMarks[endTrust]}`,
    kwhExact(begin.energyMilliWh),
    kwhExact(end.energyMilliWh),
    `${price.due.gross}${price.currency}`,
    hexText(hash(utf8(ocmf)).slice(0, 16)),
    keyInForm(keyId),
  ].join(";");
  return signedForm(text, signer);
}

/** How a form names its key: the first 8 bytes of the fingerprint, in hex. */
export const keyInForm = (keyId: string): string => keyId.replace("sha256:", "").slice(0, 16);

/** A form's text with its signature behind it. Without a signer the mark stands in its place. */
export const signedForm = (text: string, signer: Pick<Signer, "sign"> | undefined): string =>
  `${text};${signer === undefined ? markSegment : base64url(signer.sign(utf8(text)))}`;

export type ShortForm = {
  readonly text: string;
  readonly station: string;
  readonly number: number;
  readonly start: string;
  readonly end: string;
  readonly startClock: string;
  readonly endClock: string;
  readonly beginKwh: string;
  readonly endKwh: string;
  readonly total: string;
  readonly currency: string;
  readonly record: string;
  readonly key: string;
  readonly signature: Uint8Array;
};

const instant = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d`;
const kwh = String.raw`(\d+\.\d{3,6})`;
/** Station, number, start and end each with the mark of its clock, registers, total, record, key; signature. */
const shortFormPattern = new RegExp(
  String.raw`^(CT1;([A-Za-z0-9.-]{1,25});([1-9]\d{0,15});(${instant})([SIU]);(${instant})([SIU]);${kwh};${kwh};` +
    String.raw`(-?\d+(?:\.\d+)?)([A-Z]{3});([0-9a-f]{32});([0-9a-f]{16}));([\w-]+)$`,
);

/** The parts of a scanned text by the pattern of a form; an address in front of it is left out. Null where it is none. */
export function partsOfForm(scanned: string, pattern: RegExp): RegExpExecArray | null {
  const whole = scanned.slice(scanned.lastIndexOf("#") + 1).trim();
  return whole.length > longestShortForm ? null : pattern.exec(whole);
}

/**
 * A short form taken apart (an address in front of it, as a phone reads it from the code, is left out); undefined where
 * it is none.
 */
export function parseShortForm(scanned: string): ShortForm | undefined {
  const parts = partsOfForm(scanned, shortFormPattern);
  if (parts === null) return undefined;
  const [
    ,
    text = "",
    station = "",
    number,
    start = "",
    startClock = "",
    end = "",
    endClock = "",
    beginKwh = "",
    endKwh = "",
    total = "",
    currency = "",
    record = "",
    key = "",
    signed = "",
  ] = parts;
  const signature = fromBase64url(signed);
  if (signature === undefined) return undefined;
  return {
    text,
    station,
    number: Number(number),
    start,
    startClock,
    end,
    endClock,
    beginKwh,
    endKwh,
    total,
    currency,
    record,
    key,
    signature,
  };
}
