// What is known of people beside the receipts, by card, and how it is forgotten: on a person's word, or when it is old
// enough. Receipts, chain, book and sums stay as they are.
import { personalNames, readDisclosure, type WithheldName } from "../../core/disclosure/disclosure.js";
import { payloadOf, soldIn } from "../../core/receipt/receipt-payload.js";
import type { Book } from "../../ledger/book/book.js";
import { type Disclosures, personOf, receiptsInPage, type ShownDisclosures } from "../disclosures.js";

/** Of a receipt what stays when its person is forgotten. */
const kept: readonly WithheldName[] = ["totals"];
/** Receipts that are read before other work has its turn: some ten milliseconds on a small machine. */
const readAtOnce = 20;

const otherWork = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type BookReceipts = Pick<Book, "count" | "get">;

/** The names of what is still disclosed of a person. */
export const personIn = (disclosures: readonly string[]): readonly WithheldName[] =>
  disclosures.flatMap((text) => {
    const name = readDisclosure(text)?.name;
    return name !== undefined && personalNames.includes(name) ? [name] : [];
  });

/** What the station holds of one card. */
export type CardTraces = {
  /** Receipts that bear the operator's name of it. */
  readonly receipts: readonly number[];
  /** Those of them of which card, contract or a reference are still known whole. */
  readonly known: readonly number[];
};

/** The receipts of a card, by its UID or by the operator's name of it (`name`). */
export async function tracesOf(
  book: BookReceipts,
  disclosures: ShownDisclosures,
  card: { readonly uid: string; readonly name: string },
): Promise<CardTraces> {
  const receipts: number[] = [];
  for (let number = 1; number <= book.count(); number += 1) {
    if (number % readAtOnce === 0) await otherWork();
    const entry = book.get(number);
    const token = entry === undefined ? undefined : soldIn(payloadOf(entry.jws))?.token;
    if (entry === undefined || token === undefined || !token.card.endsWith(card.uid.slice(-4))) continue;
    if (token.user.id === card.name || personOf(entry, disclosures).uid === card.uid) receipts.push(number);
  }
  return { receipts, known: receipts.filter((number) => personIn(disclosures(number)).length > 0) };
}

/** Receipts whose person was forgotten, and those that some backend still waits for. */
export type Forgotten = { readonly forgotten: readonly number[]; readonly waiting: readonly number[] };

/**
 * Forgets whose these receipts are, but of those that some backend has not acknowledged. Throws table/damaged,
 * disk/failed, disk/full.
 */
export async function forgetPerson(
  disclosures: Disclosures,
  numbers: readonly number[],
  isDone: (number: number) => boolean,
): Promise<Forgotten> {
  const waiting = numbers.filter((number) => !isDone(number));
  const forgotten: number[] = [];
  for (const number of numbers) {
    if (!waiting.includes(number) && disclosures.forget(number, kept)) forgotten.push(number);
    await otherWork();
  }
  return { forgotten, waiting };
}

/** Forgets people page by page as their receipts grow old, and goes on where it was the next time. */
export class PersonRetention {
  /** All receipts up to this one are forgotten, as far as they may be. */
  #through = 0;

  constructor(
    private readonly book: BookReceipts,
    private readonly disclosures: Disclosures,
  ) {}

  /**
   * Forgets whose the next page of receipts is, issued before `beforeMs`; true where more may be forgotten at once.
   * Throws as `forgetPerson` does.
   */
  forgetBefore(beforeMs: number, isDone: (number: number) => boolean): boolean {
    for (let left = receiptsInPage; left > 0; left -= 1) {
      const number = this.#through + 1;
      const entry = this.book.get(number);
      if (entry === undefined || entry.issuedMs >= beforeMs || !isDone(number)) return false;
      this.disclosures.forget(number, kept);
      this.#through = number;
    }
    return true;
  }
}
