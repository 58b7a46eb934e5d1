// The list of sealed pages under the station's signature: a page exchanged together with its row is noticed, earlier
// keys still prove, a signer that fails stops no sale, and a book from before lists were signed is taken once.

import assert from "node:assert/strict";
import { suite } from "uvu";
import { Failure } from "../../../agent/core/failure.js";
import { issueKeyChange, issueReceipt } from "../../../agent/core/receipt/receipt.js";
import type { Signer } from "../../../agent/core/signing/signer.js";
import { Book } from "../../../agent/ledger/book/book.js";
import type { BookEntry } from "../../../agent/ledger/book/book-page.js";
import { sha256 } from "../../../agent/ledger/store/digest.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { inspectBook } from "../../../agent/ledger/upkeep/repair-book.js";
import { indexSigner } from "../../../agent/receipts/index-signature.js";
import { newKey, signerOf } from "../../../agent/receipts/signing-keys.js";
import { brokenSigner, chainOf, littleBook, occasion, settlement, signer } from "../../support/sample-receipt.js";
import { VolatileFiles } from "../../support/volatile-files.js";

const seals = suite("the seal on the book");
const index = "/book/index.json";
const next = signerOf(newKey());
const stranger = signerOf(newKey());

const entryOf = (number: number, jws: string, kind = "sale"): BookEntry => ({
  number,
  sessionId: `session-${number}`,
  cdrId: `cdr-${number}`,
  jws,
  ocmf: "",
  cdr: null,
  issuedMs: 0,
  kind,
});
const sold = littleBook(9).map(({ jws }, at) => entryOf(at + 1, jws, at === 0 ? "start" : "sale"));
const forged = littleBook(9, stranger).map(({ jws }, at) => entryOf(at + 1, jws, at === 0 ? "start" : "sale"));

/**
 * The book as a start opens it: by this signer, which need not work, and with these public keys in the state folder.
 */
function open(files: VolatileFiles, by: Signer | undefined = signer, keys: readonly Signer[] = [signer]): Book {
  let opened = false;
  const book = Book.open(new Disk(files), "/book", {
    pageEntries: 2,
    indexSigner: indexSigner(
      () => (opened ? by : undefined),
      () => keys.map(({ spkiHex }) => spkiHex),
    ),
  });
  opened = true;
  book.signList();
  return book;
}
function filled(entries: readonly BookEntry[], by: Signer = signer): VolatileFiles {
  const files = new VolatileFiles();
  const book = open(files, by);
  for (const entry of entries) book.append(entry);
  book.signList();
  return files;
}
const isDamaged =
  (word: RegExp) =>
  (cause: unknown): boolean =>
    cause instanceof Failure && cause.code === "book/damaged" && word.test(cause.message);
const signedRows = (files: VolatileFiles): number => Number(/"signed":(\d+)/.exec(files.peek(index).toString())?.[1]);
/** A book of before: the same pages, the list without a signature. */
function unsigned(entries: readonly BookEntry[]): VolatileFiles {
  const files = new VolatileFiles();
  const book = Book.open(new Disk(files), "/book", { pageEntries: 2 });
  for (const entry of entries) book.append(entry);
  return files;
}

seals("the list is signed as pages are sealed, and opens under the station's key", () => {
  const files = filled(sold);
  assert.equal(signedRows(files), 4);
  const before = files.peek(index);
  assert.equal(open(files).count(), 10);
  assert.deepEqual(files.peek(index), before, "a start signs nothing anew");
});

seals("a book forged whole, with a right chain and right digests, is noticed at the start", () => {
  for (const other of [filled(forged, stranger), unsigned(forged)]) {
    const files = filled(sold);
    for (const path of other.allFiles().filter((each) => each.startsWith("/book/")))
      files.tamper(path, other.peek(path));
    assert.throws(
      () => open(files),
      isDamaged(/^\/book\/index\.json: the list of sealed pages does not bear this station's signature/),
    );
  }
});

seals("a page exchanged together with its row and the chain behind it is noticed", () => {
  const files = filled(sold);
  const other = filled([...sold.slice(0, 8), ...sold.slice(8).map((entry) => ({ ...entry, cdr: { another: true } }))]);
  const [mine, theirs] = [files.peek(index).toString(), other.peek(index).toString()];
  const third = filled([sold[0] as BookEntry, { ...(sold[1] as BookEntry), cdr: { another: true } }, ...sold.slice(2)]);
  for (const path of third.allFiles().filter((each) => each.startsWith("/book/page")))
    files.tamper(path, third.peek(path));
  const list = (text: string): string => /"sealed":\[.*?\]/.exec(text)?.[0] ?? "";
  assert.equal(list(mine), list(theirs), "only the newest page differs");
  const swapped = mine.replace(list(mine), list(third.peek(index).toString()));
  const data = /"data":(.*)\}\n$/s.exec(swapped)?.[1] ?? "";
  files.tamper(
    index,
    Buffer.from(`{"sha256":"${Buffer.from(sha256(Buffer.from(data))).toString("hex")}","data":${data}}\n`),
  );
  assert.throws(() => open(files), isDamaged(/does not bear this station's signature/));
});

seals("a list from before is taken as it is, signed, and from then on never taken unsigned without proof", () => {
  const files = unsigned(sold);
  const older = files.peek(index);
  assert.equal(open(files).count(), 10);
  assert.equal(signedRows(files), 4);
  // The old list again: its pages still prove themselves, so this one is taken; one with forged pages is not.
  const back = files.copy();
  back.tamper(index, older);
  assert.equal(open(back).count(), 10);
  const strange = files.copy();
  const other = unsigned(forged);
  for (const path of other.allFiles().filter((each) => each.startsWith("/book/")))
    strange.tamper(path, other.peek(path));
  assert.throws(() => open(strange), isDamaged(/nor does receipt 1 on page 1/));
});

seals("a signer that fails stops no sale; the list is signed when it is back", () => {
  const files = filled(sold.slice(0, 5));
  assert.equal(signedRows(files), 2);
  const book = open(files, brokenSigner);
  for (const entry of sold.slice(5)) book.append(entry);
  assert.equal(book.count(), 10);
  assert.equal(signedRows(files), 2, "the tail is not signed, what was signed still is");
  assert.equal(book.signList(), false);
  const again = open(files, brokenSigner);
  assert.equal(again.count(), 10, "its receipts prove the tail");
  assert.equal(open(files).signList(), true);
  assert.equal(signedRows(files), 4);
});

seals(
  "a tail of receipts that could not be signed is taken while the chain ends unsigned, and not behind a signed end",
  () => {
    const issued = littleBook(3);
    for (let number = 5; number < 9; number += 1)
      issued.push(issueReceipt(settlement(number), chainOf(issued), brokenSigner, sha256));
    const entries = issued.map(({ jws }, at) => entryOf(at + 1, jws));
    const files = filled(entries.slice(0, 4));
    const book = open(files, brokenSigner);
    for (const entry of entries.slice(4)) book.append(entry);
    assert.equal(open(files, brokenSigner).count(), 8);
    const hidden = files.copy();
    const blind = Book.open(new Disk(hidden), "/book", { pageEntries: 2 });
    blind.append({ ...(sold[8] as BookEntry), number: 9 });
    assert.throws(() => open(hidden, brokenSigner), isDamaged(/nor does receipt 5 on page 3/));
  },
);

seals(
  "after a change of key the old one still proves, from the key file or from the receipt of the change, and the list is signed anew",
  () => {
    const issued = littleBook(5);
    issued.push(issueKeyChange(occasion, chainOf(issued), signer, next, sha256));
    issued.push(issueReceipt(settlement(8), chainOf(issued), next, sha256));
    const files = filled(issued.map(({ jws }, at) => entryOf(at + 1, jws, at === 6 ? "key" : "sale")));
    assert.ok(files.peek(index).toString().includes(signer.keyId));
    assert.equal(open(files.copy(), next, [next, signer]).count(), 8);
    const lost = files.copy();
    assert.equal(open(lost, next, [next]).count(), 8);
    assert.ok(lost.peek(index).toString().includes(next.keyId));
    assert.throws(() => open(files.copy(), stranger, [stranger]), isDamaged(/signature/));
  },
);

seals("a repair signs what the station signed, and no forged page", () => {
  const signs = indexSigner(
    () => signer,
    () => [],
  );
  const files = filled(sold);
  files.tamper(index, Buffer.alloc(20));
  const [finding] = inspectBook(new Disk(files), "/book", () => undefined, { pageEntries: 2, indexSigner: signs });
  finding?.repair?.();
  assert.equal(signedRows(files), 4);
  assert.equal(open(files).count(), 10);
  const other = filled(forged, stranger);
  for (const path of other.allFiles().filter((each) => each.startsWith("/book/"))) files.tamper(path, other.peek(path));
  const [strange] = inspectBook(new Disk(files), "/book", () => undefined, { pageEntries: 2, indexSigner: signs });
  assert.equal(strange?.repair, undefined);
  assert.match(strange?.remedy ?? "", /page-00000001\.json: receipt 1 bears no signature of this station/);
});

seals.run();
