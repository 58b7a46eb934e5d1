// Which receipt numbers were given, also by a later state of this station that was lost when an older backup of it was
// restored: numbers go on above them, and the book names the gap by receipts that stand for the lost ones.
import type { Moment } from "../../drivers/driver.js";
import { Failure } from "../core/failure.js";
import type { Occasion } from "../core/receipt/issuing.js";
import { issueLost } from "../core/receipt/lost-numbers.js";
import type { HashFunction } from "../core/signing/merkle.js";
import type { Signer } from "../core/signing/signer.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { Book } from "../ledger/book/book.js";
import type { NumberMark } from "./number-mark.js";
import type { GivenNumbers, ReceiptChain } from "./receipt-chain.js";

export type ReceiptNumbersParts = {
  readonly book: Book;
  readonly chain: ReceiptChain;
  readonly mark: NumberMark | undefined;
  /** The highest number beyond the book's end that the folder of receipt copies knows; 0 = none. */
  readonly handedOut: () => number;
  readonly occasion: (now: Moment) => Occasion;
  readonly signer: () => Signer;
  readonly hash: HashFunction;
  /** A receipt that is signed and not booked yet has the next number: no other may take it. */
  readonly numberSigned: () => boolean;
  readonly record: (event: StationEvent) => void;
};

/** Each lost number is a receipt: a typing error must not make a million of them. */
const mostLost = 10_000;

export class ReceiptNumbers {
  readonly #parts: ReceiptNumbersParts;
  #given: GivenNumbers | undefined;
  #unknown: string | undefined;

  constructor(parts: ReceiptNumbersParts) {
    this.#parts = parts;
  }

  /** Compares the book with what outlived it. Throws disk/failed, disk/full. */
  begin(now: Moment): void {
    const { book, chain, mark, handedOut } = this.#parts;
    const copies = handedOut();
    const marked = mark?.highest ?? 0;
    const last = Math.max(copies, marked);
    this.#given = chain.given;
    if (last > Math.max(book.count(), chain.given?.last ?? 0))
      this.#given = { last, known: marked === last ? "number mark" : "receipt files" };
    this.#unknown = mark?.lost;
    if (this.#unknown !== undefined && copies > 0)
      this.#unknown += ` (the copies of receipts here go up to ${copies}, which may not be the last one)`;
    if (this.#unknown === undefined && last > book.count() + mostLost)
      this.#unknown = `receipt ${last} is said to have been given, and the book ends at ${book.count()}`;
    if (this.#unknown === undefined) this.closeGap(now);
    mark?.raise(book.count());
  }

  /** Why nobody knows which number comes next, if so: a person has to name the last one. */
  get unknown(): string | undefined {
    return this.#unknown;
  }

  /** Whether the book's next number is free; what was lost before it is named in the book first. */
  closeGap(now: Moment): boolean {
    const { book, chain, mark, occasion, signer, hash, numberSigned, record } = this.#parts;
    if (this.#unknown !== undefined) return false;
    if (this.#given === undefined) return true;
    if (numberSigned()) return false;
    const given = this.#given;
    const lost = { first: book.count() + 1, ...given };
    if (lost.first <= lost.last) {
      record({ type: "NumbersLost", moment: now, ...lost });
      chain.remember(given);
      for (let number = lost.first; number <= lost.last; number += 1)
        chain.stand(issueLost(occasion(now), lost, chain.end, signer(), hash), now);
    }
    chain.remember(undefined);
    mark?.raise(book.count());
    this.#given = undefined;
    return true;
  }

  /**
   * A person names the last number that was given. Answers how many receipts are lost. Throws Failure agent/refused
   * where that cannot be, disk/failed, disk/full.
   */
  continueAfter(last: number, by: string, note: string, now: Moment): number {
    const { book, mark, numberSigned } = this.#parts;
    const count = book.count();
    if (last < count)
      throw new Failure("agent/refused", `receipt ${count} is in the book: the last number was ${count} at least`);
    if (last > count + mostLost)
      throw new Failure(
        "agent/refused",
        `the book ends at receipt ${count}: ${last} is more than ${mostLost} beyond it`,
      );
    if (numberSigned()) throw new Failure("agent/refused", "a receipt is just being made: try again in a few seconds");
    if (last > count) this.#given = { last, known: "person", by, note };
    else this.#parts.record({ type: "NumbersLost", moment: now, first: last + 1, last, known: "person", by, note });
    this.#unknown = undefined;
    mark?.named(last);
    this.closeGap(now);
    return last - count;
  }
}
