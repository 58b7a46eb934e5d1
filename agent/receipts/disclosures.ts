// What opens the withheld parts of receipts: their running totals, cards and contracts. It lies beside the book, in pages
// by receipt number, because the book's pages are never written again and this may have to be forgotten. Without it every
// receipt, the chain and the book are as provable as before.
import { join } from "node:path";
import { z } from "zod";
import type { CdrPerson } from "../core/cdr/cdr-copies.js";
import { disclosuresOf, readDisclosure, type WithheldName, withheldNames } from "../core/disclosure/disclosure.js";
import { Failure } from "../core/failure.js";
import { payloadOf, soldIn } from "../core/receipt/receipt-payload.js";
import type { BookEntry } from "../ledger/book/book-page.js";
import type { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";

const disclosuresFolder = "disclosures";
/** Receipts in a page: some 30 kB, written again with each of them. */
export const receiptsInPage = 32;

const row = z.strictObject({
  number: z.int().min(1),
  disclosures: z.array(z.string().regex(/^[A-Za-z0-9_-]+$/)).max(withheldNames.length),
});
const page = z.strictObject({ receipts: z.array(row).max(receiptsInPage) });
type DisclosurePage = {
  readonly receipts: readonly { readonly number: number; readonly disclosures: readonly string[] }[];
};

/** Names what was read; throws where it does not fit. */
export const parseDisclosures = (value: unknown): DisclosurePage => page.parse(value) as DisclosurePage;
export const noDisclosures: DisclosurePage = { receipts: [] };

const pageOf = (number: number): number => Math.ceil(number / receiptsInPage);
const fileOf = (folder: string, index: number): string =>
  join(folder, disclosuresFolder, `page-${String(index).padStart(6, "0")}.json`);

/** The pages that there are, or were: those that are lost have left their mark. */
export function disclosurePages(disk: Disk, folder: string): string[] {
  const names = disk
    .list(join(folder, disclosuresFolder))
    .flatMap((name) => /^(page-\d{6}\.json)(?:\.made)?$/.exec(name)?.[1] ?? []);
  return [...new Set(names)].sort().map((name) => join(folder, disclosuresFolder, name));
}

/** A page made again from what is known of its receipts elsewhere. */
export function pageFrom(
  path: string,
  known: (number: number) => { readonly disclosures: readonly string[] } | undefined,
): DisclosurePage {
  const first = (Number(/page-(\d{6})\.json$/.exec(path)?.[1]) - 1) * receiptsInPage + 1;
  const numbers = Array.from({ length: receiptsInPage }, (_, at) => first + at);
  return {
    receipts: numbers.flatMap((number) => {
      const disclosures = known(number)?.disclosures;
      return disclosures === undefined ? [] : [{ number, disclosures }];
    }),
  };
}

/** What is disclosed of a receipt; none where it is forgotten. Throws table/damaged, disk/failed. */
export type ShownDisclosures = (number: number) => readonly string[];

const within = ({ receipts }: DisclosurePage, number: number): readonly string[] =>
  receipts.find((one) => one.number === number)?.disclosures ?? [];

/** For looking only: safe while an agent writes. A page is in memory at a time. */
export function viewDisclosures(disk: Disk, folder: string): ShownDisclosures {
  let read: { readonly index: number; readonly page: DisclosurePage } | undefined;
  return (number) => {
    const index = pageOf(number);
    if (read?.index !== index)
      read = { index, page: Table.view(disk, fileOf(folder, index), parseDisclosures, noDisclosures) };
    return within(read.page, number);
  };
}

export class Disclosures {
  #newest: { readonly index: number; readonly table: Table<DisclosurePage> } | undefined;
  /** The older page that was looked at last: a backlog is sent one receipt after the other. */
  #older: { readonly index: number; readonly page: DisclosurePage } | undefined;

  /** Opens the page of the newest receipt that there is and of the next one. Throws as `keep`. */
  constructor(
    private readonly disk: Disk,
    private readonly folder: string,
    count: number,
  ) {
    this.#page(Math.max(1, count));
    this.#page(count + 1);
  }

  /**
   * Keeps what opens a receipt; it lasts when this returns. The same receipt again is no write. Throws table/damaged,
   * disk/failed, disk/full.
   */
  keep(number: number, disclosures: readonly string[]): void {
    this.#page(number).update((before) =>
      before.receipts.some((one) => one.number === number)
        ? before
        : { receipts: [...before.receipts, { number, disclosures }] },
    );
  }

  /** What a page disclosed that cannot be read is as good as forgotten, until `repair` has made it again. */
  readonly of: ShownDisclosures = (number) => {
    const index = pageOf(number);
    if (index === this.#newest?.index) return within(this.#newest.table.data, number);
    if (index !== this.#older?.index) this.#older = { index, page: this.#view(index) };
    return within(this.#older.page, number);
  };

  #view(index: number): DisclosurePage {
    try {
      return Table.view(this.disk, fileOf(this.folder, index), parseDisclosures, noDisclosures);
    } catch (error) {
      if (error instanceof Failure && error.code === "table/damaged") return noDisclosures;
      throw error;
    }
  }

  /** Forgets all of a receipt but these; true where there was something to forget. Throws as `keep`. */
  forget(number: number, except: readonly WithheldName[]): boolean {
    const before = this.of(number);
    const left = disclosuresOf(before, except);
    if (left.length === before.length) return false;
    this.#page(number).update(({ receipts }) => ({
      receipts: receipts.map((one) => (one.number === number ? { number, disclosures: left } : one)),
    }));
    return true;
  }

  #page(number: number): Table<DisclosurePage> {
    const index = pageOf(number);
    if (this.#newest?.index === index) return this.#newest.table;
    this.#older = undefined;
    const table = Table.open<DisclosurePage>(this.disk, fileOf(this.folder, index), parseDisclosures, noDisclosures);
    // An older page is opened to forget something; the newest stays at hand.
    if (index >= (this.#newest?.index ?? 0)) this.#newest = { index, table };
    return table;
  }
}

/**
 * Whose a receipt is, for its CDR; the operator's name of the card where it is forgotten. A credit is of whom the sale
 * was that it takes back.
 */
export function personOf({ number, jws, concerns }: BookEntry, disclosures: ShownDisclosures): CdrPerson {
  const payload = payloadOf(jws);
  const isCredit = payload?.kind === "credit";
  const opened = disclosures(isCredit && concerns !== undefined ? concerns : number);
  const value = (name: WithheldName): string | undefined => {
    for (const text of opened) {
      const read = readDisclosure(text);
      if (read?.name === name && typeof read.value === "string") return read.value;
    }
    return undefined;
  };
  const known = soldIn(payload)?.token.user.id;
  const reference = value("reference");
  return {
    uid: value("card") ?? known ?? forgotten,
    contractId: value("contract") ?? known ?? forgotten,
    ...(reference === undefined ? {} : { reference }),
  };
}

/** Whether a sale's card was known, and is not any more: no backend may be told another name for it. */
export function isForgotten({ number, jws }: BookEntry, disclosures: ShownDisclosures): boolean {
  const payload = payloadOf(jws);
  if (payload === undefined || soldIn(payload) === undefined || payload.commitments.card === undefined) return false;
  return !disclosures(number).some((text) => readDisclosure(text)?.name === "card");
}

/** Why what is to be sent of it is kept back. */
export const forgottenWords = "whose it is was forgotten, or lost with a page of disclosures";

/** Stands in the CDR of a credit whose sale's card is forgotten. */
const forgotten = "FORGOTTEN";
