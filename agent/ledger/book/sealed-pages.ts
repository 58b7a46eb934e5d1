// The sealed pages of the receipt book, which are never written again: the list of them (the index), with the station's
// signature, and the pages themselves, proven by their rows when they are read.
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { LowSync } from "lowdb";
import { Failure } from "../../core/failure.js";
import { CheckedFile } from "../store/checked-file.js";
import { CreationMarker } from "../store/creation-marker.js";
import type { Disk } from "../store/disk.js";
import {
  type BookEntry,
  type BookIndex,
  type BookPage,
  emptyIndex,
  noPageDigest,
  pageName,
  parseIndex,
  rowOfPage,
  type SealedPage,
  sealedPageRow,
} from "./book-page.js";
import { pageFile } from "./newest-page.js";
import { type IndexSigner, type Receipts, signedIndex, unprovenPage } from "./signed-index.js";

export const indexName = "index.json";

/** The complaint about a file or the folder: where, what, and what to do. */
export const bookDamage = (path: string, why: string): Failure =>
  new Failure(
    "book/damaged",
    `${path}: ${why}; no session can start until it is repaired: "chargetill repair" shows what can be saved`,
  );

/** Where a page must stand: after the one of that digest. */
export function mustFollow(folder: string, data: BookPage, page: number, first: number, previous: string): void {
  if (data.page !== page || data.first !== first || data.previous !== previous)
    throw bookDamage(join(folder, pageName(page)), "it does not continue from the page before");
}

export class SealedPages {
  readonly #file: CheckedFile<BookIndex>;
  readonly #index: LowSync<BookIndex>;
  /** Says that the list was signed once: from then on an unsigned one is no book from before. */
  readonly #signedOnce: CreationMarker;
  /** The page read last: receipts are asked for in runs. */
  #lastRead: BookPage | undefined;

  /** Empty, until it is read. */
  constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    private readonly signer: IndexSigner | undefined,
  ) {
    this.#file = new CheckedFile(disk, join(folder, indexName), parseIndex, "book/damaged");
    this.#index = new LowSync<BookIndex>(this.#file, emptyIndex);
    this.#signedOnce = new CreationMarker(disk, `${folder}.signed`);
  }

  get rows(): readonly SealedPage[] {
    return this.#index.data.sealed;
  }

  /** What the list takes on the disk. */
  get sizeBytes(): number {
    return this.#file.size;
  }

  read(): void {
    this.#index.read();
  }

  /** One more page, on the disk with the next `write`. */
  add(row: SealedPage): void {
    this.#index.data = { ...this.#index.data, sealed: [...this.rows, row] };
  }

  /** Writes the list of these pages, signed where the signer works. */
  write(rows: readonly SealedPage[]): void {
    this.#put(signedIndex(rows, this.#index.data, this.signer));
  }

  /** The receipt of that number, where it stands on a sealed page. Throws book/damaged. */
  get(number: number): BookEntry | undefined {
    const row = sealedPageRow(this.rows, number);
    return row && this.#page(row).entries[number - row.first];
  }

  /** Proves one page (from 1), read anew. Throws book/damaged. */
  verify(page: number): void {
    const row = this.rows[page - 1];
    if (!row) throw bookDamage(this.folder, `there is no sealed page ${page}`);
    this.#lastRead = undefined;
    this.#page(row);
  }

  /**
   * The station's signature over the list; the pages that it does not reach yet must prove themselves by their
   * receipts. Throws book/damaged.
   */
  proveList(receipts: Receipts): void {
    if (this.signer === undefined) return;
    const unproven = unprovenPage(this.#index.data, this.signer, receipts, this.#signedOnce.stands);
    if (unproven === undefined) return;
    const { page, receipt } = unproven;
    const nor = receipt === undefined ? "" : `, nor does receipt ${receipt} on page ${page}`;
    throw bookDamage(
      join(this.folder, indexName),
      `the list of sealed pages does not bear this station's signature${nor}`,
    );
  }

  /**
   * Signs the list where it is not signed to its end, or by a key of before. A signer that fails stops nothing: the
   * list stays as it is, and the answer is false. Throws disk/failed, disk/full.
   */
  sign(): boolean {
    const { sealed, signature, signed } = this.#index.data;
    if (this.signer === undefined || sealed.length === 0) return true;
    if (signed < sealed.length || !this.signer.isCurrent(signature)) {
      const next = signedIndex(sealed, this.#index.data, this.signer);
      if (next.signature !== signature) this.#put(next);
    }
    if (this.#index.data.signed > 0 && !this.#signedOnce.stands) this.#signedOnce.set();
    return this.#index.data.signed === sealed.length;
  }

  #page(row: SealedPage): BookPage {
    if (this.#lastRead?.page === row.page) return this.#lastRead;
    const file = pageFile(this.disk, this.folder, row.page);
    const page = file.read();
    if (file.digest !== row.sha256 || !isDeepStrictEqual(rowOfPage(page, file.digest), row))
      throw bookDamage(file.path, "it is not the page that was sealed");
    mustFollow(this.folder, page, row.page, row.first, this.rows[row.page - 2]?.sha256 ?? noPageDigest);
    this.#lastRead = page;
    return page;
  }

  #put(next: BookIndex): void {
    const before = this.#index.data;
    this.#index.data = next;
    try {
      this.#index.write();
    } catch (cause) {
      this.#index.data = before;
      throw cause;
    }
  }
}
