// The chain as the receipt issuer continues it on a real disk: credits, recoveries and changes of key, and a book that holds
// by the first key alone.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Failure } from "../../../agent/core/failure.js";
import { issueReceipt } from "../../../agent/core/receipt/receipt.js";
import { emptyChain } from "../../../agent/core/receipt/receipt-chain.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import type { Signer } from "../../../agent/core/signing/signer.js";
import type { StationEvent } from "../../../agent/core/station/station-event.js";
import { parseTariff } from "../../../agent/core/tariff/tariff-reader.js";
import { exitCode } from "../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../agent/core/verify/verify.js";
import { Book } from "../../../agent/ledger/book/book.js";
import type { BookEntry } from "../../../agent/ledger/book/book-page.js";
import { sha256 } from "../../../agent/ledger/store/digest.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../agent/receipts/dispute/findings-text.js";
import { finishKeyChange, publicKeyFile, stagedFile, stageKey } from "../../../agent/receipts/key-rotation.js";
import { bookFileOf, proofFileOf, receiptFileOf } from "../../../agent/receipts/output/exports.js";
import type { IssuerState } from "../../../agent/receipts/receipt-chain.js";
import { ReceiptIssuer } from "../../../agent/receipts/receipt-issuer.js";
import { keyFile, newKey, openSigner, publicKeysIn, signerOf } from "../../../agent/receipts/signing-keys.js";
import {
  brokenSigner,
  littleBook,
  nameUser,
  settlement,
  startMs,
  station,
  timeZone,
} from "../../support/sample-receipt.js";

const test = suite("the receipt chain and its issuer");
const folder = mkdtempSync(join(tmpdir(), "chargetill-issuer-"));
const disk = new Disk();
const signer = openSigner(
  {
    folder,
    read: (path) => {
      const bytes = disk.read(path);
      return bytes === undefined ? undefined : { bytes, mode: disk.files.statSync(path).mode };
    },
    write: (path, text) => disk.replace(path, Buffer.from(text)),
  },
  true,
);
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [] };
const book = Book.open(disk, join(folder, "book"));
const now = { at: startMs, monoMs: 0, boot: "b", trust: "synced" as const };

const entryOf = (number: number, { jws, ocmf }: { readonly jws: string; readonly ocmf: string }): BookEntry => ({
  number,
  sessionId: `session-${number}`,
  cdrId: `cdr-${number}`,
  jws,
  ocmf,
  cdr: ocmf === "" ? null : { texts: {}, timeUnknown: false },
  issuedMs: 0,
  kind: ocmf === "" ? "start" : "sale",
});

/** What the issuers here put into the journal. */
const journalled: StationEvent[] = [];
const record = (event: StationEvent): void => void journalled.push(event);
let kept: IssuerState = { chain: emptyChain, pagination: 0, registers: [] };
const issuerOver = (by: typeof signer | ReturnType<typeof signerOf>): ReceiptIssuer =>
  new ReceiptIssuer({
    nameUser,
    station,
    timeZone,
    version: "0.1.0",
    book,
    state: { read: () => kept, write: (state) => void (kept = state) },
    signer: by,
    hash: sha256,
    record,
    cdr: () => ({ texts: {}, timeUnknown: false }),
    handOut: () => "",
    settled: () => undefined,
    numberGiven: () => false,
  });

test("the key is made for its owner alone", () => {
  assert.is(statSync(join(folder, "station.key")).mode & 0o777, 0o600);
});

test("an issuer catches up with its book, and every kind of receipt it adds is in order", () => {
  for (const [at, issued] of littleBook(3, signer).entries()) book.append(entryOf(at + 1, issued));
  const issuer = issuerOver(signer);
  assert.is(issuer.chain.count, 4);
  assert.is(issuer.corrections.credit(2, { reason: "meter in doubt", by: "A. Operator" }, now), 5);
  assert.throws(() => issuer.corrections.credit(2, { reason: "again", by: "A. Operator" }, now));
  assert.throws(() => issuer.corrections.credit(1, { reason: "no sale", by: "A. Operator" }, now));
  assert.is(issuer.recover(now), null);

  const broken = { ...signer, sign: brokenSigner.sign, signDer: brokenSigner.signDer };
  book.append(entryOf(6, issueReceipt(settlement(6, { pagination: 4 }), issuer.chain, broken, sha256)));
  assert.is(issuerOver(broken).recover(now), null);
  // Nothing signed reaches over the unsigned tail yet: proofs rest on the last checkpoint that is.
  assert.match(proofFileOf(book, 2, ""), /\nCT-0042\n5\n/);
  assert.throws(() => receiptFileOf(book, 6, ""), /no signed checkpoint over 6/);
  const recovered = issuerOver(signer);
  assert.is(recovered.recover(now), 7);

  const next = signerOf(newKey());
  assert.is(recovered.changeKey(next, now), 8);
  const last = issueReceipt(settlement(9, { pagination: 5 }), recovered.chain, next, sha256);
  book.append(entryOf(9, last));

  const findings = verifyEvidence(
    [
      { name: "book", text: bookFileOf(book, last.checkpoint) },
      { name: "r9", text: receiptFileOf(book, 9, last.checkpoint) },
    ],
    pins,
    verifyTools(),
  );
  assert.is(exitCode(findings), 0, findingsText(findings));
});

test("a sale that was taken back is sold again by the right tariff: once, naming the first, and the book holds", () => {
  const books = Book.open(disk, join(folder, "corrections"));
  let state: IssuerState = { chain: emptyChain, pagination: 0, registers: [] };
  for (const [at, issued] of littleBook(3, signer).entries()) books.append(entryOf(at + 1, issued));
  const issuer = new ReceiptIssuer({
    nameUser,
    station,
    timeZone,
    version: "0.1.0",
    book: books,
    state: { read: () => state, write: (next) => void (state = next) },
    signer,
    hash: sha256,
    record,
    cdr: () => ({ texts: {}, timeUnknown: false }),
    handOut: () => "",
    settled: () => undefined,
    numberGiven: () => false,
  });
  const parsed = parseTariff({
    country_code: "DE",
    party_id: "ABC",
    id: "right",
    currency: "EUR",
    last_updated: "2026-11-01T00:00:00Z",
    elements: [{ price_components: [{ type: "ENERGY", price: 0.25, vat: 20, step_size: 1 }] }],
  });
  assert.ok(parsed.ok);
  if (!parsed.ok) return;
  assert.throws(() => issuer.corrections.correct(2, parsed.tariff, "cdr-new", now), /was not credited/);
  assert.is(issuer.corrections.credit(2, { reason: "wrong tariff", by: "A. Operator" }, now), 5);
  assert.is(issuer.corrections.correct(2, parsed.tariff, "cdr-new", now), 6);
  assert.throws(
    () => issuer.corrections.correct(2, parsed.tariff, "cdr-newer", now),
    /was corrected before, by receipt 6/,
  );
  const sold = payloadOf(books.get(6)?.jws ?? "");
  assert.is(sold?.kind === "sale" && sold.corrects, 2);
  const first = payloadOf(books.get(2)?.jws ?? "");
  if (sold?.kind !== "sale" || first?.kind !== "sale") throw new Error("not two sales");
  assert.is(sold.sale.energyKwh, first.sale.energyKwh);
  // 0.25 net and 20 % make 30 cents a kWh.
  const milliCents = Math.round(Number(sold.sale.energyKwh) * 1000) * 30;
  assert.is(sold.sale.price.due.gross, (Math.floor((milliCents + 500) / 1000) / 100).toFixed(2));
  const findings = verifyEvidence(
    [{ name: "book", text: bookFileOf(books, issuer.chain.checkpoint) }],
    pins,
    verifyTools(),
  );
  assert.is(exitCode(findings), 0, findingsText(findings));
});

test("a receipt file made from the book has its proof, whenever it is asked for", () => {
  for (const number of [1, 2, 5, 8]) {
    const findings = verifyEvidence([{ name: "r", text: receiptFileOf(book, number, "") }], pins, verifyTools());
    assert.is(exitCode(findings), 0, findingsText(findings));
  }
});

test("no other receipt takes a number that a session was given", () => {
  const busy = new ReceiptIssuer({
    nameUser,
    station,
    timeZone,
    version: "0.1.0",
    book,
    state: { read: () => kept, write: (state) => void (kept = state) },
    signer,
    hash: sha256,
    record,
    cdr: () => ({ texts: {}, timeUnknown: false }),
    handOut: () => "",
    settled: () => undefined,
    numberGiven: () => true,
  });
  const before = book.count();
  for (const work of [
    () => busy.corrections.credit(2, { reason: "wrong", by: "A. Operator" }, now),
    () => busy.changeKey(signer, now),
  ])
    assert.throws(work, /a receipt is just being made/);
  assert.is(busy.recover(now), null);
  assert.is(book.count(), before);
});

/** An issuer of its own in a folder of its own, on a book that outlives it. */
function issuerIn(
  name: string,
  write: (event: StationEvent) => void,
  by: Signer = signer,
): { readonly issuer: ReceiptIssuer; readonly book: Book } {
  const own = Book.open(disk, join(folder, name));
  let state: IssuerState = { chain: emptyChain, pagination: 0, registers: [] };
  return {
    book: own,
    issuer: new ReceiptIssuer({
      nameUser,
      station,
      timeZone,
      version: "0.1.0",
      book: own,
      state: { read: () => state, write: (next) => void (state = next) },
      signer: by,
      hash: sha256,
      record: write,
      cdr: () => ({ texts: {}, timeUnknown: false }),
      handOut: () => "",
      settled: () => undefined,
      numberGiven: () => false,
    }),
  };
}
const powerOff = new Error("the power is off");

test("a receipt of which only the journal knows after a crash is booked at the next start, the same bytes, and none twice", () => {
  const written: StationEvent[] = [];
  const dying = (event: StationEvent): never => {
    written.push(event);
    throw powerOff;
  };
  const live = (event: StationEvent): void => void written.push(event);
  assert.throws(() => issuerIn("cut", dying).issuer.begin([], now), /power is off/);
  const first = issuerIn("cut", live);
  first.issuer.begin(written, { ...now, at: startMs + 60_000 });
  assert.is(first.book.count(), 1);
  assert.is(written.length, 1, "nothing is issued anew");
  const sale = issueReceipt(settlement(2, { pagination: 1 }), first.issuer.chain, signer, sha256);
  first.book.append(entryOf(2, sale));
  assert.throws(
    () => issuerIn("cut", dying).issuer.corrections.credit(2, { reason: "meter in doubt", by: "A. Operator" }, now),
    /power is off/,
  );
  const second = issuerIn("cut", live);
  second.issuer.begin(written, now);
  second.issuer.begin(written, now);
  assert.is(second.book.count(), 3);
  const credit = written.at(-1);
  assert.is(credit?.type === "ReceiptIssued" && credit.receipt.jws, second.book.get(3)?.jws);
  assert.is(second.issuer.recover(now), null);
  assert.throws(
    () => second.issuer.corrections.credit(2, { reason: "again", by: "A. Operator" }, now),
    /was credited before/,
  );
  const findings = verifyEvidence(
    [{ name: "book", text: bookFileOf(second.book, second.issuer.chain.checkpoint) }],
    pins,
    verifyTools(),
  );
  assert.is(exitCode(findings), 0, findingsText(findings));
});

test("a journal that knows of a receipt which does not follow on the book is damage, not a gap", () => {
  const written: StationEvent[] = [];
  const whole = issuerIn("gap", (event) => void written.push(event));
  whole.issuer.begin([], now);
  whole.book.append(entryOf(2, issueReceipt(settlement(2, { pagination: 1 }), whole.issuer.chain, signer, sha256)));
  issuerIn("gap", (event) => void written.push(event)).issuer.corrections.credit(
    2,
    { reason: "meter in doubt", by: "A. Operator" },
    now,
  );
  const shorter = issuerIn("shorter", () => undefined);
  assert.throws(
    () => shorter.issuer.begin(written.slice(1), now),
    /the journal holds receipt 3, which does not follow on the 0 receipts of the book: "chargetill repair"/,
  );
});

test("a change of key of which only the journal knows has happened: the staged key is taken up, not thrown away", () => {
  const state = join(folder, "keys");
  disk.makeFolder(state);
  const next = stageKey(disk, state);
  const written: StationEvent[] = [];
  const { issuer: old } = issuerIn("keys-book", (event) => void written.push(event));
  old.begin([], now);
  const dying = issuerIn("keys-book", (event) => {
    written.push(event);
    throw powerOff;
  });
  assert.throws(() => dying.issuer.changeKey(next, now), /power is off/);
  const issued = written.flatMap((event) => (event.type === "ReceiptIssued" ? [event.receipt] : []));
  finishKeyChange(disk, state, dying.book, () => issued);
  assert.is(publicKeysIn(disk.read(join(state, publicKeyFile))?.toString("utf8") ?? "")[0]?.spkiHex, next.spkiHex);
  const later = issuerIn("keys-book", () => undefined, next);
  later.issuer.begin(written, now);
  assert.is(later.book.get(2)?.kind, "key");
  // Without such a receipt nothing happened.
  stageKey(disk, state);
  finishKeyChange(disk, state, later.book, () => []);
  assert.is(disk.read(join(state, `${keyFile}.next`)), undefined);
});

test("a staged key that cannot be read is a fault with a name, and no crash of each start", () => {
  const state = join(folder, "unreadable");
  disk.makeFolder(state);
  for (const bytes of ["", "-----BEGIN PRIVATE KEY-----"]) {
    disk.replace(join(state, stagedFile), Buffer.from(bytes));
    assert.throws(
      () => finishKeyChange(disk, state, issuerIn("keys-book", () => undefined).book, () => []),
      (error: unknown) =>
        error instanceof Failure &&
        error.code === "key/unusable" &&
        /station\.key\.next: a change of key was begun/.test(error.message),
    );
  }
});

test("a chain file that was made anew follows a long book in one write, and counts on where the old one stood", () => {
  const long = Book.open(disk, join(folder, "long"));
  for (const [at, issued] of littleBook(40, signer).entries()) long.append(entryOf(at + 1, issued));
  let state: IssuerState = { chain: emptyChain, pagination: 0, registers: [] };
  let writes = 0;
  const open = (): ReceiptIssuer =>
    new ReceiptIssuer({
      nameUser,
      station,
      timeZone,
      version: "0.1.0",
      book: long,
      state: { read: () => state, write: (next) => void ([state, writes] = [next, writes + 1]) },
      signer,
      hash: sha256,
      record,
      cdr: () => ({ texts: {}, timeUnknown: false }),
      handOut: () => "",
      settled: () => undefined,
      numberGiven: () => false,
    });
  assert.is(open().chain.count, 41);
  assert.equal([state.chain.count, state.pagination, writes], [41, 40, 1]);
  open();
  assert.is(writes, 1, "nothing to follow is nothing to write");
});

test("a chain file of another history than the book's is damage with a name, and no crash of each start", () => {
  const other = Book.open(disk, join(folder, "other"));
  for (const [at, issued] of littleBook(3, signer).entries()) other.append(entryOf(at + 1, issued));
  let state: IssuerState = { chain: emptyChain, pagination: 0, registers: [] };
  const open = (): ReceiptIssuer =>
    new ReceiptIssuer({
      nameUser,
      station,
      timeZone,
      version: "0.1.0",
      book: other,
      state: { read: () => state, write: (next) => void (state = next) },
      signer,
      hash: sha256,
      record,
      cdr: () => ({ texts: {}, timeUnknown: false }),
      handOut: () => "",
      settled: () => undefined,
      numberGiven: () => false,
    });
  const { chain } = littleBook(1, signerOf(newKey())).at(-1) ?? { chain: emptyChain };
  state = { chain, pagination: 1, registers: [] };
  assert.throws(
    open,
    (error: unknown) =>
      error instanceof Failure &&
      error.code === "book/damaged" &&
      /receipt 3 of the book does not follow on the 2 receipts that receipt-chain.json remembers/.test(error.message),
  );
});

test("a credit is found at once after a restart, however long the book is", () => {
  const { book: own } = issuerIn("many", record);
  for (const [at, issued] of littleBook(40, signer).entries()) own.append(entryOf(at + 1, issued));
  assert.is(
    issuerIn("many", record).issuer.corrections.credit(2, { reason: "meter in doubt", by: "A. Operator" }, now),
    42,
  );
  const { corrections } = issuerIn("many", record).issuer;
  assert.throws(
    () => corrections.credit(2, { reason: "again", by: "A. Operator" }, now),
    /was credited before, by receipt 42/,
  );
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
