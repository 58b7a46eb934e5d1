// What the fields of a frame mean. Card numbers, tracks and the terminal's card hash end here: of a card nothing leaves
// but its name, the last digits that the terminal leaves readable, the UID of a plain RFID card, and a keyed hash to know
// the same card by.
import { bcdDigits } from "./bcd.js";
import { type FieldSpan, walkFields } from "./field-walk.js";

/** Turns what identifies a card into a text that means something to this station alone. */
export type CardHasher = (identity: Uint8Array) => string;

/** A card as the terminal describes it. `maxHold` = the most that may be held on it, in minor units. */
export type ZvtCard = {
  readonly uid?: string;
  readonly key?: string;
  readonly applications: readonly string[];
  readonly maxHold?: number;
};

/** The fields that are used, where they are there and well formed; amounts in minor units, numbers as their digits. */
export type ZvtFields = {
  readonly result?: number;
  readonly amount?: number;
  readonly currency?: string;
  readonly trace?: string;
  readonly receipt?: string;
  readonly terminalId?: string;
  readonly authorisation?: string;
  readonly status?: number;
  readonly time?: string;
  readonly date?: string;
  readonly cardName?: string;
  readonly cardLast4?: string;
  /** Receipt numbers of holds that stand, of an answer that lists them. */
  readonly listed: readonly string[];
  readonly card: ZvtCard;
  /** The terminal's own words and number for a trouble. */
  readonly trouble?: string;
  readonly troubleCode?: string;
  /** Whether all bytes could be followed. */
  readonly isWhole: boolean;
};

const bmp = {
  amount: 0x04,
  container: 0x06,
  trace: 0x0b,
  time: 0x0c,
  date: 0x0d,
  status: 0x19,
  cardNumber: 0x22,
  result: 0x27,
  terminalId: 0x29,
  authorisation: 0x3b,
  currency: 0x49,
  receipt: 0x87,
  cardName: 0x8b,
} as const;
const tlv = {
  receipt: 0x08,
  receipts: 0x23,
  application: 0x43,
  uid: 0x4c,
  applications: 0x60,
  onCard: 0x62,
  maxHold: 0x1f0b,
  cardHash: 0x1f14,
  troubleCode: 0x1f16,
  trouble: 0x1f17,
} as const;

/** "No hold stands" in place of a receipt number. */
export const noReceipt = "FFFF";
/** Holds and cards' applications are listed up to so many. */
const mostListed = 200;

/** Reads the fields of `data` from `start` on, up to the first that cannot be followed. */
export function readFields(data: Uint8Array, start: number, hash: CardHasher): ZvtFields {
  const { spans, readTo } = walkFields(data, start);
  const all = (...path: readonly number[]): Uint8Array[] =>
    spans
      .filter((span) => isAt(span, path))
      .slice(0, mostListed)
      .map(({ from, to }) => data.subarray(from, to));
  const first = <T>(read: (bytes: Uint8Array) => T | undefined, ...path: readonly number[]): T | undefined => {
    const [bytes] = all(...path);
    return bytes === undefined ? undefined : read(bytes);
  };
  const inTlv = <T>(read: (bytes: Uint8Array) => T | undefined, ...path: readonly number[]): T | undefined =>
    first(read, bmp.container, ...path);
  const fields = {
    result: first(byteValue, bmp.result),
    amount: first(bcdValue, bmp.amount),
    currency: first(bcdDigits, bmp.currency),
    trace: first(bcdDigits, bmp.trace),
    receipt: first(receiptDigits, bmp.receipt),
    terminalId: first(bcdDigits, bmp.terminalId),
    authorisation: first(authorisationCode, bmp.authorisation),
    status: first(byteValue, bmp.status),
    time: first(bcdDigits, bmp.time),
    date: first(bcdDigits, bmp.date),
    cardName: first(shownText, bmp.cardName),
    cardLast4: first(lastDigits, bmp.cardNumber),
    trouble: inTlv(shownText, tlv.trouble),
    troubleCode: inTlv(hexDigits, tlv.troubleCode),
  };
  const uid = inTlv(hexDigits, tlv.uid);
  const key = inTlv(hash, tlv.cardHash);
  const maxHold = inTlv(bcdValue, tlv.maxHold);
  return {
    ...present(fields),
    listed: all(bmp.container, tlv.receipts, tlv.receipt).flatMap((bytes) => receiptDigits(bytes) ?? []),
    card: {
      ...present({ uid, key, maxHold }),
      applications: [
        ...all(bmp.container, tlv.applications, tlv.application),
        ...all(bmp.container, tlv.onCard, tlv.applications, tlv.application),
      ].map(hexDigits),
    },
    isWhole: readTo === data.length,
  };
}

const isAt = ({ path }: FieldSpan, wanted: readonly number[]): boolean =>
  path.length === wanted.length && wanted.every((tag, index) => path[index] === tag);

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that are not there. */
const present = <T extends object>(values: T): Present<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;

const byteValue = (bytes: Uint8Array): number | undefined => (bytes.length === 1 ? bytes[0] : undefined);
const hexDigits = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex").toUpperCase();

function bcdValue(bytes: Uint8Array): number | undefined {
  const digits = bytes.length <= 6 ? bcdDigits(bytes) : undefined;
  return digits === undefined ? undefined : Number(digits);
}

/** Four digits, or FFFF. */
function receiptDigits(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 2) return undefined;
  return bytes[0] === 0xff && bytes[1] === 0xff ? noReceipt : bcdDigits(bytes);
}

/**
 * The last four digits of a number whose middle the terminal has hidden (nibble E); of one that it has not hidden nothing
 * is taken. A last nibble F fills the byte.
 */
function lastDigits(bytes: Uint8Array): string | undefined {
  return /E(?:\d{0,2})(\d{4})F?$/.exec(hexDigits(bytes))?.[1];
}

/**
 * The bank's code, at most eight characters, filled up with zero bytes or spaces. It stands as it is, for payments are told
 * apart by it: eight digits are no card's number.
 */
function authorisationCode(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString("latin1").replace(/\0+$/, "").trim();
  return /^[\x20-\x7e]{1,8}$/.test(text) ? text : undefined;
}

const longestText = 120;
/** So many digits in a row, spaces and hyphens between them or not, could be a card's number. */
const numberLike = /\d(?:[ -]?\d){7,}/g;

/** A text that can be shown: printable characters of one line, and no run of digits that could be a card's number. */
function shownText(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.subarray(0, longestText))
    .toString("latin1")
    .replace(/[^\x20-\x7e\xa1-\xff]+/g, " ")
    .replace(numberLike, "…")
    .trim();
  return text === "" ? undefined : text;
}
