// Repairs a damaged receipt book: the index from the pages, a page from the receipts that the journal still knows. A
// rebuilt sealed page must have the digest that the index or the next page names, so that a repair can never change
// what was once issued.

import { join } from "node:path";
import { storedJson } from "../../core/json/json-text.js";
import type { BookOptions } from "../book/book.js";
import { Book } from "../book/book.js";
import type { BookEntry, BookIndex, BookPage, SealedPage } from "../book/book-page.js";
import {
  emptyIndex,
  noPageDigest,
  pageName,
  pagesIn,
  parseEntry,
  parseIndex,
  parsePage,
  rowOfPage,
  sealedPageRow,
  sealedText,
} from "../book/book-page.js";
import { pageFile } from "../book/newest-page.js";
import { bookDamage, indexName } from "../book/sealed-pages.js";
import { type IndexSigner, type Receipts, signedIndex, unprovenPage } from "../book/signed-index.js";
import { CheckedFile } from "../store/checked-file.js";
import { CreationMarker } from "../store/creation-marker.js";
import { sha256Hex } from "../store/digest.js";
import type { Disk } from "../store/disk.js";
import type { RepairFinding } from "./repair.js";
import { complaintOf, setAside } from "./repair.js";

/** The receipt of a number as the journal and its evidence know it, or undefined. */
export type EvidenceReceipts = (number: number) => BookEntry | undefined;

type Plan = { readonly rebuilt: readonly BookPage[]; readonly index: BookIndex };

/** What else is known of the book. */
export type BookKnowledge = BookOptions & {
  /** The highest receipt number that anything beside the book knows of: a book that ends before it has lost some. */
  readonly issued?: number;
};

/** Looks at the whole book in `folder`, every page; writes nothing. Throws disk/failed. */
export function inspectBook(
  disk: Disk,
  folder: string,
  source: EvidenceReceipts,
  options: BookKnowledge = {},
): RepairFinding[] {
  const { issued = 0 } = options;
  const problem = complaintOf(() => {
    const book = Book.view(disk, folder, options);
    book.verifyAll();
    if (book.count() < issued)
      throw bookDamage(
        folder,
        `the book ends at receipt ${book.count()}, but ${issued} were issued: its newest page is an old copy, or was lost`,
      );
  });
  if (problem === undefined) return [];
  const plan = planOf(disk, folder, source, options);
  if (typeof plan === "string") return [{ path: folder, problem, remedy: plan }];
  const pages = plan.rebuilt.map(
    ({ page, first, entries }) => `page ${page} (receipts ${first} to ${first + entries.length - 1})`,
  );
  const remedy =
    `sets what is damaged aside in ${join(folder, "damaged")} and rebuilds ` +
    `${pages.length > 0 ? `${pages.join(", ")} from the journal, and ` : ""}the index from ` +
    `the pages`;
  return [{ path: folder, problem, remedy, repair: () => carryOut(disk, folder, plan) }];
}

/** What has to be rebuilt, or, as text, what a person has to do. */
function planOf(
  disk: Disk,
  folder: string,
  source: EvidenceReceipts,
  { indexSigner, issued = 0 }: BookKnowledge,
): Plan | string {
  const index = indexOf(disk, folder);
  const present = pagesIn(disk.list(folder));
  const newest = Math.max(1, ...present, (index?.sealed.length ?? 0) + 1);
  const rebuilt: BookPage[] = [];
  // Of the pages that are sound only their rows: a large book is larger than the memory of a Pi.
  const rows: SealedPage[] = [];
  let [first, previous] = [1, noPageDigest];
  let here = pageOf(disk, folder, 1);
  for (let page = 1; page <= newest; page += 1) {
    const next = pageOf(disk, folder, page + 1);
    const row = index?.sealed[page - 1];
    const wanted = row?.sha256 ?? next?.page.previous;
    const sound =
      here?.page.page === page &&
      here.page.first === first &&
      here.page.previous === previous &&
      (wanted === undefined || wanted === here.digest)
        ? here
        : undefined;
    const last = row ? row.first + row.count - 1 : next && next.page.first - 1;
    const isShort = sound !== undefined && page === newest && first - 1 + sound.page.entries.length < issued;
    const begun = { page, first, previous, entries: sound?.page.entries ?? [] };
    const whole =
      sound !== undefined && !isShort
        ? sound
        : rebuild(begun, page === newest ? undefined : last, page === newest, wanted, source);
    if (!whole) return byHand(folder, page, first, last);
    if (whole !== sound) rebuilt.push(whole.page);
    rows.push(rowOfPage(whole.page, whole.digest));
    [first, previous, here] = [first + whole.page.entries.length, whole.digest, next];
  }
  if (first <= issued) return byHand(folder, newest, first, issued);
  const sealed = rows.slice(0, -1);
  const signed =
    indexSigner === undefined
      ? { ...emptyIndex, sealed }
      : sealedAnew(disk, folder, receiptsIn(disk, folder, rows, rebuilt), sealed, index ?? emptyIndex, indexSigner);
  return typeof signed === "string" ? signed : { rebuilt, index: signed };
}

const byHand = (folder: string, page: number, first: number, last: number | undefined): string =>
  `${join(folder, pageName(page))} cannot be rebuilt from the journal: put ` +
  `the file back from a backup, or ask for the receipts from ${first}` +
  `${last === undefined ? "" : ` to ${last}`} that the backend has`;

/**
 * The index over what was found, signed. A repair signs no page that the station did not: as text, which one that is.
 */
function sealedAnew(
  disk: Disk,
  folder: string,
  receipts: Receipts,
  sealed: readonly SealedPage[],
  index: BookIndex,
  indexSigner: IndexSigner,
): BookIndex | string {
  const isKept =
    index.signed > 0 &&
    sealedText(index.sealed.slice(0, index.signed)) === sealedText(sealed.slice(0, index.signed)) &&
    indexSigner.verify(sealedText(sealed.slice(0, index.signed)), index.signature, receipts);
  const before: BookIndex = isKept ? { ...index, sealed } : { ...emptyIndex, sealed };
  const unproven = unprovenPage(
    before,
    indexSigner,
    receipts,
    index.signed > 0 || new CreationMarker(disk, `${folder}.signed`).stands,
  );
  if (unproven !== undefined)
    return (
      `${join(folder, pageName(unproven.page))}: receipt ${unproven.receipt ?? 0} ` +
      `bears no signature of this station: put the file back from a backup`
    );
  return signedIndex(sealed, before, indexSigner);
}

/** The receipts of the pages that were found, and of those that are rebuilt; a page in memory at a time. */
function receiptsIn(disk: Disk, folder: string, rows: readonly SealedPage[], rebuilt: readonly BookPage[]): Receipts {
  let read: BookPage | undefined;
  return {
    count: () => rows.reduce((sum, { count }) => sum + count, 0),
    get: (number) => {
      const row = sealedPageRow(rows, number);
      if (row === undefined) return undefined;
      if (read?.page !== row.page)
        read = rebuilt.find(({ page }) => page === row.page) ?? pageOf(disk, folder, row.page)?.page;
      return read?.entries[number - row.first];
    },
  };
}

type Whole = { readonly page: BookPage; readonly digest: string };

/**
 * The page made anew from its receipts, those that it still has and then the source's; undefined where one is missing
 * or it is not, byte for byte, the page that is wanted.
 */
function rebuild(
  begun: BookPage,
  last: number | undefined,
  newest: boolean,
  wanted: string | undefined,
  source: EvidenceReceipts,
): Whole | undefined {
  // How far the newest page went nobody else knows: it takes all that the journal has. Any other must be known to its
  // end.
  if (last === undefined && !newest) return undefined;
  const entries: BookEntry[] = [...begun.entries];
  for (let number = begun.first + entries.length; last === undefined || number <= last; number += 1) {
    const entry = source(number);
    if (!entry) break;
    entries.push(parseEntry(entry));
  }
  if (entries.length === 0 || (last !== undefined && entries.length !== last + 1 - begun.first)) return undefined;
  const page = parsePage(JSON.parse(storedJson({ ...begun, entries })));
  const digest = sha256Hex(storedJson(page));
  return wanted === undefined || wanted === digest ? { page, digest } : undefined;
}

function carryOut(disk: Disk, folder: string, { rebuilt, index }: Plan): void {
  // A folder that is gone as a whole is rebuilt as well.
  disk.makeFolder(folder);
  for (const page of rebuilt) {
    setAside(disk, join(folder, pageName(page.page)));
    pageFile(disk, folder, page.page).write(page);
  }
  setAside(disk, join(folder, indexName));
  indexFile(disk, folder).write(index);
}

const indexFile = (disk: Disk, folder: string): CheckedFile<BookIndex> =>
  new CheckedFile(disk, join(folder, indexName), parseIndex, "book/damaged");

function pageOf(disk: Disk, folder: string, page: number): Whole | undefined {
  const file = pageFile(disk, folder, page);
  let found: BookPage | undefined;
  complaintOf(() => (found = file.read()));
  return found && { page: found, digest: file.digest };
}

function indexOf(disk: Disk, folder: string): BookIndex | undefined {
  let found: BookIndex | undefined;
  complaintOf(() => (found = indexFile(disk, folder).read()));
  return found;
}
