// The commands of the station, as frames.
import { bcdBytes } from "./bcd.js";
import { noReceipt } from "./fields.js";
import { zvtFrameBytes } from "./frame.js";
import { control } from "./messages.js";

/** Minor units of a currency by its number of ISO 4217, `0978` for the euro. */
export type ZvtAmount = { readonly minor: number; readonly currency: string };

/** The station prints, wants to hear what the display says, and nobody starts or ends a payment at the terminal. */
const stationConfig = 0xde;
/** The terminal decides how the card pays, Geldkarte excepted. */
const byTerminalsChoice = 0x40;
const chipCard = 0x10;
/** No text and no beep while it waits for a card: the station says what to do. */
const silent = 0x02;

const minorField = (minor: number): number[] => [0x04, ...bcdBytes(String(minor), 6)];
const currencyField = (currency: string): number[] => [0x49, ...bcdBytes(currency, 2)];
const paymentType = [0x19, byTerminalsChoice];
const receiptField = (receipt: string): number[] => [
  0x87,
  ...(receipt === noReceipt ? [0xff, 0xff] : bcdBytes(receipt, 2)),
];

/** What the station writes beside a hold: a prefix that the acquirer names, and up to 20 characters of its own. */
export type OwnReference = { readonly prefix: string; readonly text: string };

function referenceField({ prefix, text }: OwnReference): number[] {
  const inner = [...tlvField([0x1f, 0x62], ascii(prefix)), ...tlvField([0x1f, 0x63], ascii(text))];
  return tlvField([0x06], tlvField([0xe9], inner));
}

const tlvField = (tag: readonly number[], value: readonly number[]): number[] => [
  ...tag,
  ...shortLength(value),
  ...value,
];

function shortLength(value: readonly number[]): number[] {
  if (value.length > 127) throw new RangeError("a field of a command holds at most 127 bytes");
  return [value.length];
}

function ascii(text: string): number[] {
  if (!/^[\x20-\x7e]{1,40}$/.test(text))
    throw new RangeError(`${JSON.stringify(text)} is not 1 to 40 ASCII characters`);
  return [...Buffer.from(text, "latin1")];
}

export const ackFrame = zvtFrameBytes(control.ack);
/** Says that the station knows no such frame. */
export const unknownFrame = zvtFrameBytes(control.unknownFunction);

const commandFrame = (kind: number, ...data: readonly number[]): Uint8Array =>
  zvtFrameBytes(kind, Uint8Array.from(data));

/** The first command of each connection. */
export const registrationFrame = (password: string, currency: string): Uint8Array =>
  commandFrame(control.registration, ...bcdBytes(password, 3), stationConfig, ...bcdBytes(currency, 2));
export const statusFrame = (password: string): Uint8Array =>
  commandFrame(control.statusEnquiry, ...bcdBytes(password, 3));
/** Waits so many seconds for a card: chip and contactless, all kinds; the answer tells UID, hash and applications. */
export const readCardFrame = (seconds: number): Uint8Array =>
  commandFrame(
    control.readCard,
    seconds,
    ...[0x19, chipCard, 0xfc, silent],
    ...[0x06, 0x08, 0x1f, 0x15, 0x01, 0xd0, 0x1f, 0x60, 0x01, 0x07],
  );
export const holdFrame = ({ minor, currency }: ZvtAmount, reference: OwnReference): Uint8Array =>
  commandFrame(
    control.hold,
    ...minorField(minor),
    ...currencyField(currency),
    ...paymentType,
    ...referenceField(reference),
  );
/** Gives back `amount` of a hold and books the rest; at some acquirers it books `amount` and gives back the rest. */
export const partialReversalFrame = (receipt: string, amount: ZvtAmount): Uint8Array =>
  bookingFrame(control.partialReversal, receipt, amount);
/** Books `amount` of a hold and gives back the rest. */
export const bookTotalFrame = (receipt: string, amount: ZvtAmount): Uint8Array =>
  bookingFrame(control.bookTotal, receipt, amount);
const bookingFrame = (kind: number, receipt: string, { minor, currency }: ZvtAmount): Uint8Array =>
  commandFrame(kind, ...receiptField(receipt), ...minorField(minor), ...paymentType, ...currencyField(currency));
export const releaseFrame = (receipt: string, currency: string): Uint8Array =>
  commandFrame(control.release, ...paymentType, ...receiptField(receipt), ...currencyField(currency));
/** Asks which holds stand; changes nothing. */
export const openHoldsFrame = commandFrame(control.partialReversal, ...receiptField(noReceipt));
export const endOfDayFrame = (password: string): Uint8Array => commandFrame(control.endOfDay, ...bcdBytes(password, 3));
/** The receipt of the terminal's last payment once more. */
export const repeatReceiptFrame = (password: string): Uint8Array =>
  commandFrame(control.repeatReceipt, ...bcdBytes(password, 3));
export const initialisationFrame = (password: string): Uint8Array =>
  commandFrame(control.initialisation, ...bcdBytes(password, 3));
/** Prepares a terminal that asks for it: its line, its keys, its card profiles. */
export const diagnosisFrame = commandFrame(control.diagnosis, ...[0x06, 0x03, 0x1b, 0x01, 0x04]);
/** Ends what the terminal is doing, such as waiting for a card. */
export const stopFrame = commandFrame(control.abortByStation);

/** Lines of the terminal's display, and their length where its manual names none. */
const mostDisplayLines = 8;
export const displayColumns = 24;

/** Shows up to eight lines until something else is shown; what is longer is cut. */
export const displayFrame = (lines: readonly string[]): Uint8Array =>
  commandFrame(
    control.displayText,
    ...[0xf0, 0x00],
    ...lines.slice(0, mostDisplayLines).flatMap((line, index) => {
      const text = [...Buffer.from(plainAscii(line).slice(0, displayColumns), "latin1")];
      return [0xf1 + index, 0xf0 + Math.floor(text.length / 10), 0xf0 + (text.length % 10), ...text];
    }),
  );

/** Which letters a terminal shows beyond ASCII differs from make to make: they are spelled without their marks. */
const plainAscii = (text: string): string =>
  text
    .replace(/[äöüÄÖÜ]/g, (letter) => `${letter.normalize("NFD").charAt(0)}e`)
    .replaceAll("ß", "ss")
    .replaceAll("ł", "l")
    .normalize("NFD")
    .replace(/[^\x20-\x7e]/g, "");
