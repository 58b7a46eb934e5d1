// The settling of a session, step by step: each session gets one receipt and each number goes to one receipt, whatever
// was lost in a crash, by a repair, or with a card that lied about what it had written.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Failure } from "../../../agent/core/failure.js";
import { issueReceipt } from "../../../agent/core/receipt/receipt.js";
import { emptyChain } from "../../../agent/core/receipt/receipt-chain.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { available, type Session } from "../../../agent/core/session/session.js";
import type { SessionEvent } from "../../../agent/core/session/session-event.js";
import { reduceSession } from "../../../agent/core/session/session-reducer.js";
import type { Signer } from "../../../agent/core/signing/signer.js";
import type { StationEvent } from "../../../agent/core/station/station-event.js";
import { parseTariff } from "../../../agent/core/tariff/tariff-reader.js";
import { Book } from "../../../agent/ledger/book/book.js";
import { sha256 } from "../../../agent/ledger/store/digest.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import type { IssuerState } from "../../../agent/receipts/receipt-chain.js";
import { ReceiptIssuer } from "../../../agent/receipts/receipt-issuer.js";
import type { ConnectorConfig } from "../../../config/schema.js";
import {
  brokenSigner,
  meter,
  nameUser,
  reading,
  settlement,
  signer,
  startMs,
  station,
  tariff,
  timeZone,
} from "../../support/sample-receipt.js";
import { VolatileFiles } from "../../support/volatile-files.js";

const test = suite("the settling of a session");
const parsed = parseTariff(tariff);
if (!parsed.ok) throw new Error("the test's tariff cannot be read");
const minuteMs = 60_000;
const now = { at: startMs + 91 * minuteMs, monoMs: 91 * minuteMs, boot: "boot-1", trust: "synced" as const };
const connector = { ...settlement(2).connector } as ConnectorConfig;
const begin = reading(startMs, 1_234_500_000);
const end = { ...reading(startMs + 90 * minuteMs, 1_234_500_000 + 12_345_000), powerW: 0 };

/** A session that is over and has no number yet. */
function overSession(id: string): Session {
  const opening = {
    id,
    acceptance: { token: settlement(2).token, authMethod: "WHITELIST" as const },
    meter,
    tariff: parsed.ok ? parsed.tariff : (undefined as never),
    timeZone,
    shown: settlement(2).shown,
    begin,
  };
  const at = { moment: begin.moment, connector: 1 };
  const events: readonly SessionEvent[] = [
    { type: "PlugChanged", ...at, plugged: true },
    { type: "CardAccepted", ...at, acceptance: opening.acceptance },
    { type: "SessionBegan", ...at, opening },
    { type: "StopRequested", ...at, moment: end.moment, reason: "Local", detail: "stopped by card" },
    { type: "SessionEnded", ...at, moment: end.moment, reading: end, detail: "" },
  ];
  return events.reduce(reduceSession, available);
}

/** A book, its chain and its journal on one disk, which issuers come and go on. */
class ReceiptBooks {
  readonly files = new VolatileFiles();
  readonly book = Book.open(new Disk(this.files), "/book");
  readonly journal: StationEvent[] = [];
  state: IssuerState = { chain: emptyChain, pagination: 0, registers: [] };
  numberGiven = false;
  session: Session = available;

  issuer(by: Signer = signer): ReceiptIssuer {
    return new ReceiptIssuer({
      nameUser,
      station,
      timeZone,
      version: "0.1.0",
      book: this.book,
      state: { read: () => this.state, write: (state) => void (this.state = state) },
      signer: by,
      hash: sha256,
      record: (event) => void this.journal.push(event),
      cdr: () => ({ texts: {}, timeUnknown: false }),
      handOut: () => "",
      settled: () => undefined,
      numberGiven: () => this.numberGiven,
    });
  }

  /** Settles a session; the events that it was settled by. */
  settle(issuer: ReceiptIssuer, session: Session): readonly SessionEvent[] {
    this.session = session;
    const events: SessionEvent[] = [];
    issuer.settle(
      connector,
      () => (this.session.state === "settling" ? this.session : undefined),
      (event) => {
        events.push(event);
        this.session = reduceSession(this.session, event);
      },
      () => now,
    );
    return events;
  }

  /** Session ids of the book, by number from 1. */
  get sessions(): string[] {
    return [...this.book.entries()].map(({ sessionId }) => sessionId);
  }
}
const given = (session: Session, number: number): Session =>
  reduceSession(session, { type: "ReceiptNumbered", moment: now, connector: 1, number, pagination: number - 1 });

/** Books with their start receipt. */
function opened(by: Signer = signer): { readonly books: ReceiptBooks; readonly issuer: ReceiptIssuer } {
  const books = new ReceiptBooks();
  const issuer = books.issuer(by);
  issuer.begin([], now);
  return { books, issuer };
}

test("a session gets the next number, is signed, booked and settled, in this order", () => {
  const { books, issuer } = opened();
  const events = books.settle(issuer, overSession("A"));
  assert.equal(
    events.map(({ type }) => type),
    ["ReceiptNumbered", "ReceiptSigned", "SessionSettled"],
  );
  assert.equal(books.sessions, ["", "A"]);
  const receipt = payloadOf(books.book.get(2)?.jws ?? "");
  // 12.345 kWh at 0.50 and a start fee of 1.00, and 19 % on both: 7.1725 x 1.19 = 8.535275.
  assert.is(receipt?.kind === "sale" && receipt.sale.price.due.gross, "8.54");
});

test("a number that was given to a session, and went to another receipt after the journal lost its end, is not given twice", () => {
  const { books, issuer } = opened();
  // B was given number 2; the journal lost what came then, and A was sold under that number meanwhile.
  const numbered = given(overSession("B"), 2);
  books.settle(issuer, overSession("A"));
  const events = books.settle(issuer, numbered);
  assert.equal(
    events.map((event) => (event.type === "ReceiptNumbered" ? event.number : event.type)),
    [3, "ReceiptSigned", "SessionSettled"],
  );
  assert.equal(books.sessions, ["", "A", "B"]);
  assert.equal(
    [2, 3].map((number) => payloadOf(books.book.get(number)?.jws ?? "")?.number),
    [2, 3],
  );
});

test("a number that was given and is still free is kept over a restart", () => {
  const { books } = opened();
  const events = books.settle(books.issuer(), given(overSession("A"), 2));
  assert.equal(
    events.map(({ type }) => type),
    ["ReceiptSigned", "SessionSettled"],
  );
  assert.equal(books.sessions, ["", "A"]);
});

test("a session whose receipt is in the book, though the journal lost the lines that say so, gets no second one", () => {
  const { books, issuer } = opened();
  books.settle(issuer, overSession("A"));
  const events = books.settle(books.issuer(), overSession("A"));
  assert.equal(
    events.map((event) => (event.type === "SessionSettled" ? event.number : event.type)),
    [2],
  );
  assert.equal(books.sessions, ["", "A"]);
});

test("while a session has a number and no receipt, a recovery leaves that number alone", () => {
  const { books } = opened();
  books.settle(books.issuer(brokenSigner), overSession("A"));
  const issuer = books.issuer();
  books.numberGiven = true;
  assert.is(issuer.recover(now), null);
  assert.is(books.book.count(), 2);
  books.numberGiven = false;
  assert.is(issuer.recover(now), 3);
});

test("a book that ends before its chain is an old copy: nothing is issued on it", () => {
  const { books, issuer } = opened();
  books.settle(issuer, overSession("A"));
  const old = new ReceiptBooks();
  old.state = books.state;
  assert.throws(() => old.issuer(), /the receipt book ends at receipt 0, but 2 were issued/);
});

test("a book and a chain that end before the journal are old copies together: nothing is issued on them", () => {
  const { books, issuer } = opened();
  const settled = books.settle(issuer, overSession("A"));
  const old = new ReceiptBooks();
  assert.throws(
    () => old.issuer().begin([...settled.filter(({ type }) => type === "SessionSettled")], now),
    /the receipt book ends at receipt 0, but the journal knows that 2 were issued/,
  );
  assert.is(old.book.count(), 0);
});

test("a receipt that stands in the journal and could not be booked keeps its number: until the next start no other is issued", () => {
  const { books, issuer } = opened();
  books.settle(issuer, overSession("A"));
  books.files.fill(true);
  assert.throws(() => issuer.corrections.credit(2, { reason: "meter in doubt", by: "A. Operator" }, now));
  books.files.fill(false);
  const owes = (error: unknown): boolean =>
    error instanceof Failure && /receipt 3 stands in the journal but could not be booked/.test(error.message);
  assert.throws(() => issuer.corrections.credit(2, { reason: "again", by: "A. Operator" }, now), owes);
  assert.throws(() => books.settle(issuer, overSession("B")), owes);
  const next = books.issuer();
  next.begin(books.journal, now);
  assert.is(books.book.count(), 3);
  books.settle(next, overSession("B"));
  assert.equal(books.sessions, ["", "A", "A", "B"]);
});

test("a receipt that was signed before a crash is booked with those bytes, and not made anew", () => {
  const { books, issuer } = opened();
  const numbered = given(overSession("A"), 2);
  const made = issueReceipt(settlement(2, { sessionId: "A", pagination: 1 }), issuer.chain, signer, sha256);
  const signed = reduceSession(numbered, {
    type: "ReceiptSigned",
    moment: now,
    connector: 1,
    signed: { number: 2, ...made, cdr: { texts: {}, timeUnknown: false } },
  });
  books.settle(books.issuer(), signed);
  assert.is(books.book.get(2)?.jws, made.jws);
});

test.run();
