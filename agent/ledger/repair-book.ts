// Repairs a damaged receipt book: the index from the pages, a page from the receipts that the journal still knows. A rebuilt sealed page must
// have the digest that the index or the next page names, so that a repair can never change what was once issued.
import { join } from "node:path";
import { Book, indexName } from "./book.js";
import type { BookOptions } from "./book.js";
import { CheckedFile, jsonText, sha256Hex } from "./checked-file.js";
import type { Disk } from "./disk.js";
import { noPage, pageName, pagesIn, parseEntry, parseIndex, parsePage, sealedText } from "./page.js";
import type { BookEntry, Index, Page, SealedPage } from "./page.js";
import { complaintOf, setAside } from "./repair.js";
import type { Finding } from "./repair.js";

/** The receipt of a number as the journal and its evidence know it, or undefined. */
export type ReceiptSource = (number: number) => BookEntry | undefined;

type Plan = { readonly rebuilt: readonly Page[]; readonly sealed: readonly SealedPage[] };

/** Looks at the whole book in `folder`, every page; writes nothing. Throws disk/failed. */
export function inspectBook(disk: Disk, folder: string, source: ReceiptSource, options: BookOptions = {}): Finding[] {
  const problem = complaintOf(() => void Book.view(disk, folder, options).verifyAll());
  if (problem === undefined) return [];
  const plan = planOf(disk, folder, source);
  if (typeof plan === "string") return [{ path: folder, problem, remedy: plan }];
  const pages = plan.rebuilt.map(({ page, first, entries }) => `page ${page} (receipts ${first} to ${first + entries.length - 1})`);
  const remedy = `sets what is damaged aside in ${join(folder, "damaged")} and rebuilds ${pages.length > 0 ? `${pages.join(", ")} from the journal, and ` : ""}the index from the pages`;
  return [{ path: folder, problem, remedy, repair: () => carryOut(disk, folder, plan, options) }];
}

/** What has to be rebuilt, or, as text, what a person has to do. */
function planOf(disk: Disk, folder: string, source: ReceiptSource): Plan | string {
  const index = indexOf(disk, folder);
  const present = pagesIn(disk.list(folder));
  const newest = Math.max(1, ...present, (index?.sealed.length ?? 0) + 1);
  const rebuilt: Page[] = [];
  const rows: SealedPage[] = [];
  let [first, previous] = [1, noPage];
  let here = pageOf(disk, folder, 1);
  for (let page = 1; page <= newest; page += 1) {
    const next = pageOf(disk, folder, page + 1);
    const row = index?.sealed[page - 1];
    const wanted = row?.sha256 ?? next?.page.previous;
    const sound = here?.page.page === page && here.page.first === first && here.page.previous === previous && (wanted === undefined || wanted === here.digest);
    const last = row ? row.first + row.count - 1 : next && next.page.first - 1;
    const whole = sound ? here : rebuild({ page, first, previous }, page === newest ? undefined : last, page === newest, wanted, source);
    if (!whole)
      return `${join(folder, pageName(page))} cannot be rebuilt from the journal: put the file back from a backup, or ask for the receipts from ${first}${last === undefined ? "" : ` to ${last}`} that the backend has`;
    if (!sound) rebuilt.push(whole.page);
    rows.push({ page, first, count: whole.page.entries.length, sha256: whole.digest });
    [first, previous, here] = [first + whole.page.entries.length, whole.digest, next];
  }
  return { rebuilt, sealed: rows.slice(0, -1) };
}

type Whole = { readonly page: Page; readonly digest: string };

/** The page made anew from its receipts; undefined where one is missing or it is not, byte for byte, the page that is wanted. */
function rebuild(start: Omit<Page, "entries">, last: number | undefined, newest: boolean, wanted: string | undefined, source: ReceiptSource): Whole | undefined {
  // How far the newest page went nobody else knows: it takes all that the journal has. Any other must be known to its end.
  if (last === undefined && !newest) return undefined;
  const entries: BookEntry[] = [];
  for (let number = start.first; last === undefined || number <= last; number += 1) {
    const entry = source(number);
    if (!entry) break;
    entries.push(parseEntry(entry));
  }
  if (entries.length === 0 || (last !== undefined && entries.length !== last + 1 - start.first)) return undefined;
  const page = parsePage(JSON.parse(jsonText({ ...start, entries })));
  const digest = sha256Hex(jsonText(page));
  return wanted === undefined || wanted === digest ? { page, digest } : undefined;
}

function carryOut(disk: Disk, folder: string, { rebuilt, sealed }: Plan, options: BookOptions): void {
  for (const page of rebuilt) {
    setAside(disk, join(folder, pageName(page.page)));
    pageFile(disk, folder, page.page).write(page);
  }
  setAside(disk, join(folder, indexName));
  indexFile(disk, folder).write({ sealed, signature: options.seal?.sign(sealedText(sealed)) ?? "" });
}

const pageFile = (disk: Disk, folder: string, page: number): CheckedFile<Page> => new CheckedFile(disk, join(folder, pageName(page)), parsePage, "book/damaged");
const indexFile = (disk: Disk, folder: string): CheckedFile<Index> => new CheckedFile(disk, join(folder, indexName), parseIndex, "book/damaged");

function pageOf(disk: Disk, folder: string, page: number): Whole | undefined {
  const file = pageFile(disk, folder, page);
  let found: Page | undefined;
  complaintOf(() => (found = file.read()));
  return found && { page: found, digest: file.digest };
}

function indexOf(disk: Disk, folder: string): Index | undefined {
  let found: Index | undefined;
  complaintOf(() => (found = indexFile(disk, folder).read()));
  return found;
}
