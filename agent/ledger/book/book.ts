// The truth about settled sessions: every receipt ever issued, numbered from 1 without a gap, in lowdb pages of bounded
// size. Only the newest page is ever rewritten, so that the hundred-thousandth receipt costs what the hundredth did; a
// sealed page is known by its digest in the index and in the page after it. The book never silently becomes empty.

import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Failure } from "../../core/failure.js";
import { storedJson } from "../../core/json/json-text.js";
import { CreationMarker } from "../store/creation-marker.js";
import type { Disk } from "../store/disk.js";
import { type BookEntry, noPageDigest, pageName, pagesIn, parseEntry } from "./book-page.js";
import { NewestPage, pageFile } from "./newest-page.js";
import { bookDamage, indexName, mustFollow, SealedPages } from "./sealed-pages.js";
import type { IndexSigner } from "./signed-index.js";

export type BookOptions = {
  /** Receipts a page holds at most. */
  readonly pageEntries?: number;
  /**
   * A page that has reached this size takes no more: bounds the cost of an append when receipts are large. Default: by
   * the size of the book.
   */
  readonly pageBytes?: number;
  readonly indexSigner?: IndexSigner;
};

/** The book for those who only read. */
export type BookView = Omit<Book, "append">;

const defaultPageEntries = 64;
const smallestPageBytes = 32 * 1024;
const largestPageBytes = 256 * 1024;

export class Book {
  readonly #sealed: SealedPages;
  #newest: NewestPage;
  /** False for a look at a book of which nothing is there yet. */
  #isThere = false;
  /** The sealed page that the check in turn has come to; undefined before its first turn. */
  #turnOfCheck: number | undefined;

  private constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    private readonly options: BookOptions,
  ) {
    this.#sealed = new SealedPages(disk, folder, options.indexSigner);
    this.#newest = new NewestPage(disk, folder, { page: 1, first: 1, previous: noPageDigest, entries: [] });
  }

  /**
   * Opens the book in `folder` (made on the very first run): proves the index, that every sealed page is there, and the
   * newest page. Throws book/damaged with the file, disk/failed, disk/full.
   */
  static open(disk: Disk, folder: string, options: BookOptions = {}): Book {
    disk.makeFolder(folder);
    // What a killed run renamed and did not fsync is about to be relied on.
    disk.syncFolder(folder);
    const marker = new CreationMarker(disk, folder);
    const book = new Book(disk, folder, options);
    const marked = marker.stands;
    if (!marked) book.#begin();
    if (book.#load()) book.#sealed.write(book.#sealed.rows);
    if (!marked) marker.set();
    return book;
  }

  /**
   * A look without a hand, safe while an agent writes: the book as it stands now, empty before the first run. Throws
   * book/damaged, disk/failed.
   */
  static view(disk: Disk, folder: string, options: BookOptions = {}): BookView {
    return Book.#viewTrying(disk, folder, options, 3);
  }

  /** While we look, the agent may turn a page between two of our reads: look again, a few times. */
  static #viewTrying(disk: Disk, folder: string, options: BookOptions, triesLeft: number): BookView {
    const book = new Book(disk, folder, options);
    try {
      if (new CreationMarker(disk, folder).stands || disk.list(folder).length > 0) book.#load();
      return book;
    } catch (cause) {
      if (triesLeft > 1 && cause instanceof Failure && cause.code === "book/damaged")
        return Book.#viewTrying(disk, folder, options, triesLeft - 1);
      throw cause;
    }
  }

  /** How many receipts there are, which is the number of the newest. */
  count(): number {
    const { first, entries } = this.#newest.data;
    return first - 1 + entries.length;
  }

  /** The newest receipt, or undefined while there is none. */
  last(): BookEntry | undefined {
    const count = this.count();
    return count === 0 ? undefined : this.get(count);
  }

  /**
   * The receipt of that number, or undefined where there is none. Throws book/damaged when its page does not match the
   * index.
   */
  get(number: number): BookEntry | undefined {
    const { first, entries } = this.#newest.data;
    if (!Number.isSafeInteger(number) || number < 1 || number > this.count()) return undefined;
    if (number >= first) return entries[number - first];
    return this.#sealed.get(number);
  }

  /** All receipts from `from` on, oldest first, one page in memory at a time. Throws book/damaged. */
  *entries(from = 1): Generator<BookEntry> {
    for (let number = Math.max(1, from); number <= this.count(); number += 1) {
      const entry = this.get(number);
      if (!entry) throw bookDamage(this.folder, `receipt ${number} is missing`);
      yield entry;
    }
  }

  /**
   * The receipts that concern this one, its credit and its correction, in their order: only the pages that hold them
   * are read. Throws book/damaged.
   */
  concerning(number: number): readonly BookEntry[] {
    return [...this.#sealed.rows, this.#newest.row]
      .flatMap(({ concerns = [] }) => concerns.filter(({ earlier }) => earlier === number))
      .map((later) => {
        const entry = this.get(later.number);
        if (entry === undefined) throw bookDamage(this.folder, `receipt ${later.number} is missing`);
        return entry;
      });
  }

  /**
   * Adds the next receipt; it lasts when this returns. The same receipt again is no trouble and no write (a settlement
   * is tried again after a power cut); another one under a number that is taken, or a number that leaves a gap, is
   * book/damaged. Throws disk/failed, disk/full.
   */
  append(entry: BookEntry): void {
    // What will be read back, not what was handed in, is compared and kept.
    const kept = parseEntry(JSON.parse(storedJson(entry)));
    const count = this.count();
    if (kept.number <= count) {
      if (isDeepStrictEqual(this.get(kept.number), kept)) return;
      throw bookDamage(
        this.folder,
        `receipt ${kept.number} stands in the book with other content than the one to be added`,
      );
    }
    if (kept.number !== count + 1)
      throw bookDamage(this.folder, `receipt ${kept.number} cannot follow receipt ${count}: those between are missing`);
    if (this.#isFull()) this.#turn(kept);
    else this.#newest.extend(kept);
  }

  /**
   * Proves every page on the disk, the newest too. Throws book/damaged at the first that does not hold. Takes seconds
   * with a large book.
   */
  verifyAll(): { readonly pages: number; readonly receipts: number } {
    if (!this.#isThere) return { pages: 0, receipts: 0 };
    for (const { page } of this.#sealed.rows) this.verifySealed(page);
    const newest = pageFile(this.disk, this.folder, this.#newest.data.page);
    const more = newest.read().entries.length - this.#newest.data.entries.length;
    // While we only look, the agent may have added to it.
    if (more < 0 || (more === 0 && newest.digest !== this.#newest.digest))
      throw bookDamage(newest.path, "it is not the page that was written last");
    return { pages: this.sealedPages + 1, receipts: this.count() };
  }

  /**
   * Proves the next `count` sealed pages in turn, from the first again after the last: a full check takes seconds with
   * a large book and would hold up the meters, so maintenance takes a few pages a minute. The first turn begins after
   * a `share` (0 to 1) of the book. Throws book/damaged, and comes back to that page until it holds.
   */
  verifyNext(count = 1, share = 0): void {
    let done = this.#turnOfCheck ?? Math.floor(this.sealedPages * share);
    this.#turnOfCheck = done;
    for (let left = Math.min(count, this.sealedPages); left > 0; left -= 1) {
      const page = (done % this.sealedPages) + 1;
      this.verifySealed(page);
      done = page;
      this.#turnOfCheck = page;
    }
  }

  /**
   * Proves one sealed page (1 … sealedPages), for maintenance, which takes them in turn. Throws book/damaged.
   */
  verifySealed(page: number): void {
    this.#sealed.verify(page);
  }

  /**
   * Signs the list of sealed pages where it is not signed to its end, or by a key of before; asked at each start and
   * each minute. A signer that fails stops nothing: the list stays as it is, the answer is false, and this is asked
   * again. Throws disk/failed, disk/full.
   */
  signList(): boolean {
    return this.#sealed.sign();
  }

  get sealedPages(): number {
    return this.#sealed.rows.length;
  }

  /** How many receipts stand on sealed pages, which are never written again. */
  get sealedReceipts(): number {
    return this.#newest.data.first - 1;
  }

  /**
   * What a receipt takes on the disk, by the newest page: for a forecast of how many more there is room for. Undefined
   * while there is none.
   */
  get bytesPerReceipt(): number | undefined {
    return this.#newest.bytesPerReceipt;
  }

  /** A first run, or one that was cut short: what is not there yet is made empty. */
  #begin(): void {
    const names = this.disk.list(this.folder);
    if (names.includes(indexName)) return;
    if (pagesIn(names).length === 0) this.#newest.write();
    this.#sealed.write([]);
  }

  /**
   * Reads and proves what every start needs; its cost hardly grows with the book. True when the index on the disk is
   * one page behind.
   */
  #load(): boolean {
    const pages = new Set(pagesIn(this.disk.list(this.folder)));
    this.#isThere = true;
    this.#sealed.read();
    const { rows } = this.#sealed;
    for (const { page } of rows)
      if (!pages.has(page)) throw bookDamage(join(this.folder, pageName(page)), "the page is missing");
    for (const page of pages)
      if (page > rows.length + 2)
        throw bookDamage(join(this.folder, indexName), `it does not know of page ${page}: it is an old copy`);
    const last = rows.at(-1);
    this.#readNewest(rows.length + 1, last ? last.first + last.count : 1, last?.sha256 ?? noPageDigest);
    this.#sealed.proveList(this);
    if (!pages.has(rows.length + 2)) return false;
    // A cut fell between the first receipt of the new page and the index: the new page proves the one before.
    const { row } = this.#newest;
    this.#readNewest(row.page + 1, row.first + row.count, row.sha256);
    this.#sealed.add(row);
    return true;
  }

  #readNewest(page: number, first: number, previous: string): void {
    this.#newest = new NewestPage(this.disk, this.folder, { page, first, previous, entries: [] });
    this.#newest.read();
    mustFollow(this.folder, this.#newest.data, page, first, previous);
  }

  #isFull(): boolean {
    const { pageEntries = defaultPageEntries, pageBytes = this.#cheapestPageBytes() } = this.options;
    const { entries } = this.#newest.data;
    return entries.length > 0 && (entries.length >= pageEntries || this.#newest.sizeBytes >= pageBytes);
  }

  /**
   * The page size that wears the card least: a receipt rewrites half a page of B bytes, and its share r/B of the index
   * of I bytes, which is rewritten as often as a page is full. The sum is least where B² = 2·I·r.
   */
  #cheapestPageBytes(): number {
    const best = Math.round(Math.sqrt(2 * this.#sealed.sizeBytes * (this.bytesPerReceipt ?? 0)));
    return Math.min(largestPageBytes, Math.max(smallestPageBytes, best));
  }

  /**
   * Seals the newest page and begins the next one with this receipt: first the new page, which names the old one's
   * digest, then the index.
   */
  #turn(entry: BookEntry): void {
    const { row } = this.#newest;
    const next = this.#newest.next(entry);
    this.#sealed.write([...this.#sealed.rows, row]);
    this.#newest = next;
  }
}
