// What the receipt book is made of: entries in pages, and the index of the sealed pages. Shapes and their parsers;
// pure.

/**
 * One issued receipt, complete in itself: the signed bytes exactly as they were journalled, and what the uplink posts
 * for them.
 */
export type BookEntry = {
  /** From 1, without a gap. */
  readonly number: number;
  readonly sessionId: string;
  readonly cdrId: string;
  /** The whole receipt as compact JWS. */
  readonly jws: string;
  /** The OCMF record with its signature. */
  readonly ocmf: string;
  /** The OCPI CDR as JSON value; null where nothing is posted (the start receipt). */
  readonly cdr: unknown;
  readonly issuedMs: number;
  /** "start", "sale", "credit" …: the receipt's own word. */
  readonly kind: string;
  /** The earlier receipt that a credit takes back, or a correction stands for. */
  readonly concerns?: number;
};

export type BookPage = {
  readonly page: number;
  /** The number of its first receipt. */
  readonly first: number;
  /** SHA-256 (hex) of the data text of the page before; `noPage` on the first. */
  readonly previous: string;
  readonly entries: readonly BookEntry[];
};

export type SealedPage = {
  readonly page: number;
  readonly first: number;
  readonly count: number;
  readonly sha256: string;
  /**
   * Its receipts that concern an earlier one, each with that one: what became of a sale is known without a look at the
   * pages after it.
   */
  readonly concerns?: readonly { readonly number: number; readonly earlier: number }[];
};

/** The row of a page. */
export function rowOfPage({ page, first, entries }: Omit<BookPage, "previous">, sha256: string): SealedPage {
  const concerns = entries.flatMap(({ number, concerns: earlier }) =>
    earlier === undefined ? [] : [{ number, earlier }],
  );
  return { page, first, count: entries.length, sha256, ...(concerns.length === 0 ? {} : { concerns }) };
}

/**
 * `signature` covers the text of the first `signed` rows of `sealed` (see `sealedText`); "" and 0 where none were
 * signed: the book has no seal, its signer failed so far, or it was written before lists were signed.
 */
export type BookIndex = { readonly sealed: readonly SealedPage[]; readonly signature: string; readonly signed: number };

export const emptyIndex: BookIndex = { sealed: [], signature: "", signed: 0 };

export const noPageDigest = "0".repeat(64);

/** The file that holds a page. */
export const pageName = (page: number): string => `page-${String(page).padStart(8, "0")}.json`;

/** The pages among the names of a folder. */
export const pagesIn = (names: readonly string[]): number[] =>
  names.flatMap((name) => /^page-(\d{8})\.json$/.exec(name)?.[1] ?? []).map(Number);

/** The text that is signed: a line for each sealed page. */
export const sealedText = (sealed: readonly SealedPage[]): string =>
  sealed
    .map(({ page, first, count, sha256, concerns = [] }) => {
      const later = concerns.map(({ number, earlier }) => ` ${number}:${earlier}`).join("");
      return `${page} ${first} ${count} ${sha256}${later}\n`;
    })
    .join("");

/** The row of the sealed page that holds a receipt; its rows are in order. */
export function sealedPageRow(sealed: readonly SealedPage[], number: number): SealedPage | undefined {
  let low = 0;
  let high = sealed.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const row = sealed[middle];
    if (!row) return undefined;
    if (number < row.first) high = middle - 1;
    else if (number >= row.first + row.count) low = middle + 1;
    else return row;
  }
  return undefined;
}

type Fields = { readonly [key: string]: unknown };
const fieldsOf = (value: unknown, what: string): Fields => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError(`${what} is not an object`);
  return value as Fields;
};
function need(holds: boolean, what: string): asserts holds {
  if (!holds) throw new TypeError(what);
}
const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isDigest = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

const isEarlier = (value: unknown, number: number): boolean => isCount(value) && value >= 1 && value < number;

/**
 * The entry with its fields in one order, so that the same receipt makes the same page. Throws TypeError where the
 * value is no entry.
 */
export function parseEntry(value: unknown): BookEntry {
  const entry = fieldsOf(value, "a receipt");
  need(isCount(entry["number"]) && entry["number"] >= 1, "a receipt has no number");
  for (const key of ["sessionId", "cdrId", "jws", "ocmf", "kind"])
    need(typeof entry[key] === "string", `receipt ${entry["number"]}: ${key} is not text`);
  need(Number.isSafeInteger(entry["issuedMs"]), `receipt ${entry["number"]}: issuedMs is not whole milliseconds`);
  need(entry["cdr"] !== undefined, `receipt ${entry["number"]}: cdr is missing (null means none)`);
  const { number, sessionId, cdrId, jws, ocmf, cdr, issuedMs, kind, concerns } = entry as BookEntry;
  need(concerns === undefined || isEarlier(concerns, number), `receipt ${number}: it concerns no earlier receipt`);
  return {
    number,
    sessionId,
    cdrId,
    jws,
    ocmf,
    cdr,
    issuedMs,
    kind,
    ...(concerns === undefined ? {} : { concerns }),
  };
}

/** Throws TypeError where the value is no page, or where its receipts are not numbered without a gap. */
export function parsePage(value: unknown): BookPage {
  const page = fieldsOf(value, "a page");
  const { first, entries } = page;
  need(
    isCount(page["page"]) && isCount(first) && isDigest(page["previous"]) && Array.isArray(entries),
    "a page lacks a field",
  );
  for (const [index, entry] of entries.entries())
    need(parseEntry(entry).number === first + index, `receipt ${first + index} is missing in its page`);
  return page as BookPage;
}

function isConcern(value: unknown): boolean {
  const { number, earlier } = fieldsOf(value, "what a page concerns");
  return isCount(number) && isEarlier(earlier, number);
}

/** Throws TypeError where the value is no index, or where its pages leave a gap. */
export function parseIndex(value: unknown): BookIndex {
  const index = fieldsOf(value, "the index");
  need(Array.isArray(index["sealed"]) && typeof index["signature"] === "string", "the index lacks a field");
  let next = { page: 1, first: 1 };
  for (const each of index["sealed"]) {
    const { page, first, count, sha256, concerns = [] } = fieldsOf(each, "a sealed page");
    need(
      page === next.page && first === next.first && isCount(count) && count > 0 && isDigest(sha256),
      `the index breaks off at page ${next.page}`,
    );
    need(Array.isArray(concerns) && concerns.every(isConcern), `page ${next.page} says wrongly what it concerns`);
    next = { page: next.page + 1, first: next.first + count };
  }
  // Before lists were signed in part they had no such field: all of it was signed, or nothing.
  const { signature, signed = signature === "" ? 0 : index["sealed"].length } = index as Partial<BookIndex> &
    Pick<BookIndex, "signature">;
  need(
    isCount(signed) && signed <= index["sealed"].length && (signed === 0) === (signature === ""),
    "the index does not say which of its pages are signed",
  );
  return { sealed: index["sealed"] as SealedPage[], signature, signed };
}
