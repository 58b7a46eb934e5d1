// The newest page of the receipt book: the only one that is written again, once for each receipt.
import { join } from "node:path";
import { LowSync } from "lowdb";
import { CheckedFile } from "../store/checked-file.js";
import type { Disk } from "../store/disk.js";
import { type BookEntry, type BookPage, pageName, parsePage, rowOfPage, type SealedPage } from "./book-page.js";

export const pageFile = (disk: Disk, folder: string, page: number): CheckedFile<BookPage> =>
  new CheckedFile(disk, join(folder, pageName(page)), parsePage, "book/damaged");

export class NewestPage {
  readonly #file: CheckedFile<BookPage>;
  readonly #page: LowSync<BookPage>;

  /** As it will be where it is not on the disk yet: `read` or `write` comes next. */
  constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    page: BookPage,
  ) {
    this.#file = pageFile(disk, folder, page.page);
    this.#page = new LowSync<BookPage>(this.#file, page);
  }

  get data(): BookPage {
    return this.#page.data;
  }

  get digest(): string {
    return this.#file.digest;
  }

  get sizeBytes(): number {
    return this.#file.size;
  }

  /** Its row in the list, as soon as it is sealed. */
  get row(): SealedPage {
    return rowOfPage(this.#page.data, this.#file.digest);
  }

  /** What a receipt takes on it; undefined while there is none. */
  get bytesPerReceipt(): number | undefined {
    const { entries } = this.#page.data;
    return entries.length === 0 ? undefined : Math.ceil(this.#file.size / entries.length);
  }

  read(): void {
    this.#page.read();
  }

  write(): void {
    this.#page.write();
  }

  /** One more receipt; the page is as before where it could not be written. */
  extend(entry: BookEntry): void {
    const before = this.#page.data;
    this.#page.data = { ...before, entries: [...before.entries, entry] };
    try {
      this.#page.write();
    } catch (cause) {
      this.#page.data = before;
      throw cause;
    }
  }

  /** The page after it, which names its digest, written with its first receipt. */
  next(entry: BookEntry): NewestPage {
    const { page, sha256 } = this.row;
    const next = new NewestPage(this.disk, this.folder, {
      page: page + 1,
      first: entry.number,
      previous: sha256,
      entries: [entry],
    });
    next.write();
    return next;
  }
}
