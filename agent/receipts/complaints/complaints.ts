// Complaints about receipts: opened by a driver or for one, answered and closed by the operator's people. What happened
// stands in the journal, without a word of what was written; the words lie in a table, and are forgotten.
import { join } from "node:path";
import type { Language } from "../../../config/languages.js";
import type { Moment } from "../../../drivers/driver.js";
import {
  type Complaint,
  type ComplaintAnswer,
  forgottenComplaint,
  mostOpenComplaints,
  mostPerReceipt,
  readAnswer,
  readComplaint,
  writtenDigest,
} from "../../core/complaints/complaint.js";
import { Failure } from "../../core/failure.js";
import { payloadOf, soldIn } from "../../core/receipt/receipt-payload.js";
import { receiptInstant } from "../../core/receipt/receipt-values.js";
import type { StationEvent } from "../../core/station/station-event.js";
import type { Book } from "../../ledger/book/book.js";
import { sha256 } from "../../ledger/store/digest.js";
import type { Disk } from "../../ledger/store/disk.js";
import { Table } from "../../ledger/store/table.js";
import {
  type ComplaintRows,
  complaintsFile,
  mostComplaints,
  noComplaints,
  parseComplaints,
} from "./complaint-table.js";

export type ComplaintParts = {
  readonly book: Pick<Book, "get" | "concerning">;
  /** Into the journal; durable when it returns. False while the station is closing. */
  readonly record: (event: StationEvent) => boolean;
  /** 128 random bits, as text. */
  readonly newSalt: () => string;
  /** Takes a sale back; answers the number of the credit. Throws Failure. */
  readonly credit: (receipt: number, order: { readonly reason: string; readonly by: string }, now: Moment) => number;
  readonly answerWithinMs: number;
};

/** Evidence from this long before a session is part of it: plug, card, and what the clock did. */
const leadMs = 86_400_000;

export class Complaints {
  readonly #table: Table<ComplaintRows>;
  readonly #parts: ComplaintParts;

  private constructor(table: Table<ComplaintRows>, parts: ComplaintParts) {
    [this.#table, this.#parts] = [table, parts];
  }

  /** Throws Failure table/damaged, disk/failed. */
  static open(disk: Disk, folder: string, parts: ComplaintParts): Complaints {
    return new Complaints(Table.open(disk, join(folder, complaintsFile), parseComplaints, noComplaints), parts);
  }

  all(): readonly Complaint[] {
    return this.#table.data.complaints;
  }

  /** The open ones, the oldest first. */
  open(): readonly Complaint[] {
    return this.all().filter(({ end }) => end === undefined);
  }

  /** Throws Failure usage/invalid where there is none of that number. */
  get(number: number): Complaint {
    const found = this.all().find((one) => one.number === number);
    if (found === undefined) throw new Failure("usage/invalid", `there is no complaint ${number}`);
    return found;
  }

  /** About a receipt, the oldest first. */
  about(receipt: number): readonly Complaint[] {
    return this.all().filter((one) => one.receipt === receipt);
  }

  /** Evidence that is as old as this, epoch ms, must stay for the open complaints; undefined where there is none. */
  evidenceSinceMs(): number | undefined {
    const begun = this.open().map(({ sessionStartMs }) => sessionStartMs - leadMs);
    return begun.length === 0 ? undefined : Math.min(...begun);
  }

  /**
   * Takes a complaint about a receipt. What is said once more while it is open is the same complaint: whoever got no
   * answer may ask again. Throws Failure usage/invalid with the reason where it may not be.
   */
  take(
    receipt: number,
    given: { readonly reason?: unknown; readonly text?: unknown; readonly contact?: unknown },
    language: Language,
    now: Moment,
  ): Complaint {
    const words = readComplaint(given);
    if (typeof words === "string") throw new Failure("usage/invalid", words);
    const { reason, text, contact } = words;
    const earlier = this.about(receipt);
    const same = earlier.find(
      (one) =>
        one.end === undefined && one.reason === reason && one.written?.text === text && one.written.contact === contact,
    );
    if (same !== undefined) return same;
    const entry = this.#parts.book.get(receipt);
    const sold = entry === undefined ? undefined : soldIn(payloadOf(entry.jws));
    if (sold === undefined) throw new Failure("usage/invalid", `receipt ${receipt} is not of a sale or a reservation`);
    if (earlier.length >= mostPerReceipt)
      throw new Failure("usage/invalid", `there are ${mostPerReceipt} complaints about receipt ${receipt} already`);
    if (this.open().length >= mostOpenComplaints)
      throw new Failure("usage/invalid", `${mostOpenComplaints} complaints are open here already`);
    const written = { salt: this.#parts.newSalt(), text, ...(contact === undefined ? {} : { contact }) };
    const complaint: Complaint = {
      number: this.#table.data.last + 1,
      receipt,
      sessionId: sold.sessionId,
      sessionStartMs: receiptInstant(sold.start),
      reason,
      language,
      openedMs: now.at,
      dueMs: now.at + this.#parts.answerWithinMs,
      digest: writtenDigest(written, sha256),
      written,
      answers: [],
    };
    const { number, sessionId, dueMs, digest } = complaint;
    this.#record({ type: "ComplaintOpened", moment: now, number, receipt, sessionId, reason, dueMs, digest });
    this.#table.update(({ complaints }) => ({ last: number, complaints: [...roomIn(complaints), complaint] }));
    return complaint;
  }

  /** Answers a complaint that is open. Throws Failure usage/invalid. */
  answer(number: number, by: string, text: unknown, now: Moment): Complaint {
    const before = this.#openOne(number);
    const words = readAnswer(text);
    if (words === undefined) throw new Failure("usage/invalid", "an answer is one text of 1 to 1000 characters");
    const answer: ComplaintAnswer = { atMs: now.at, by, text: words };
    const last = before.answers.at(-1);
    if (last?.by === by && last.text === words) return before;
    const digest = writtenDigest({ salt: before.written?.salt ?? "", text: words }, sha256);
    const { receipt, sessionId } = before;
    this.#record({ type: "ComplaintAnswered", moment: now, number, receipt, sessionId, by, digest });
    return this.#put({ ...before, answers: [...before.answers, answer] });
  }

  /** Closes a complaint; `withCredit` takes the sale back too. Throws Failure usage/invalid, and as a credit does. */
  close(number: number, by: string, withCredit: boolean, now: Moment): Complaint {
    const before = this.#openOne(number);
    if (!withCredit) return this.#end(before, by, undefined, now);
    // The order stands on the disk before the credit is made: after a crash the two are found to belong together.
    const ordered = this.#put({ ...before, crediting: { by } });
    const credit = this.#creditOf(before.receipt) ?? this.#newCredit(ordered, by, now);
    return this.#end(ordered, by, credit, now);
  }

  /** Closes what was ordered to be credited, and was, before a crash could write it down. */
  resume(now: Moment): void {
    for (const one of this.open()) {
      const credit = one.crediting === undefined ? undefined : this.#creditOf(one.receipt);
      if (one.crediting !== undefined && credit !== undefined) this.#end(one, one.crediting.by, credit, now);
    }
  }

  /** Forgets what was written in complaints that were closed before a moment. Answers how many. */
  forgetClosedBefore(beforeMs: number): number {
    return this.#forget(({ end }) => end !== undefined && end.atMs < beforeMs);
  }

  /** Forgets what was written in the complaints about these receipts; those that are open stay. Answers how many. */
  forgetAbout(receipts: ReadonlySet<number>): number {
    return this.#forget(({ end, receipt }) => end !== undefined && receipts.has(receipt));
  }

  #forget(isMeant: (one: Complaint) => boolean): number {
    const meant = this.all().filter((one) => one.written !== undefined && isMeant(one));
    if (meant.length === 0) return 0;
    const numbers = new Set(meant.map(({ number }) => number));
    this.#table.update(({ last, complaints }) => ({
      last,
      complaints: complaints.map((one) => (numbers.has(one.number) ? forgottenComplaint(one) : one)),
    }));
    return meant.length;
  }

  #creditOf(receipt: number): number | undefined {
    return this.#parts.book.concerning(receipt).find(({ kind }) => kind === "credit")?.number;
  }

  #newCredit({ crediting: _, ...before }: Complaint, by: string, now: Moment): number {
    try {
      return this.#parts.credit(before.receipt, { reason: `complaint ${before.number}`, by }, now);
    } catch (error) {
      // What the issuer refuses was not begun: the complaint is open as it was.
      if (error instanceof Failure && error.code === "usage/invalid") this.#put(before);
      throw error;
    }
  }

  #end({ crediting: _, ...before }: Complaint, by: string, credit: number | undefined, now: Moment): Complaint {
    const outcome = credit === undefined ? "closed" : "credited";
    const { number, receipt, sessionId } = before;
    const made = { outcome, by, ...(credit === undefined ? {} : { credit }) } as const;
    this.#record({ type: "ComplaintClosed", moment: now, number, receipt, sessionId, ...made });
    return this.#put({ ...before, end: { atMs: now.at, ...made } });
  }

  #openOne(number: number): Complaint {
    const found = this.get(number);
    if (found.end !== undefined) throw new Failure("usage/invalid", `complaint ${number} is closed already`);
    return found;
  }

  #put(changed: Complaint): Complaint {
    this.#table.update(({ last, complaints }) => ({
      last,
      complaints: complaints.map((one) => (one.number === changed.number ? changed : one)),
    }));
    return changed;
  }

  #record(event: StationEvent): void {
    if (!this.#parts.record(event)) throw new Failure("agent/refused", "the station is closing and takes nothing more");
  }
}

/** Room for one more: of those that are over and forgotten the oldest goes. */
function roomIn(complaints: readonly Complaint[]): readonly Complaint[] {
  if (complaints.length < mostComplaints) return complaints;
  const over = complaints.findIndex(({ end, written }) => end !== undefined && written === undefined);
  const going = over >= 0 ? over : complaints.findIndex(({ end }) => end !== undefined);
  return complaints.filter((_, at) => at !== going);
}
