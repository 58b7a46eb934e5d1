// `chargetill repair` as the operator meets it: it looks, says, and touches nothing without --yes; what it mends, it
// mends from evidence.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Book } from "../../../agent/ledger/book/book.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { chargetill } from "../../support/cli/command-here.js";
import { freshFolder } from "../../support/command.js";

const sold = join(freshFolder(), "state");
const played = await chargetill("demo", "--once", "--json", "--data", sold);
const test = suite("chargetill repair");

/** A copy of the state folder in which the byte in the middle of a file is another one. */
function damaged(...files: readonly string[]): string {
  const folder = join(freshFolder(), "state");
  cpSync(sold, folder, { recursive: true });
  for (const file of files) {
    const bytes = readFileSync(join(folder, file));
    const middle = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    writeFileSync(join(folder, file), bytes);
  }
  return folder;
}
const snapshot = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${path.slice(folder.length)} ${readFileSync(path).toString("base64")}`);

test("finds nothing in a folder that is whole", async () => {
  assert.is(played.code, 0, played.err);
  const ended = await chargetill("repair", "--check", "--data", sold);
  assert.equal([ended.code, ended.out.trim()], [0, `${sold}: everything stored is intact`]);
});

test("finds nothing in a folder in which nothing has run yet, and leaves it empty", async () => {
  const folder = freshFolder();
  const ended = await chargetill("repair", "--yes", "--data", folder);
  assert.equal([ended.code, ended.out.trim()], [0, `${folder}: everything stored is intact`]);
  assert.equal(readdirSync(folder), []);
});

test("names a damaged journal with file and line, says what it would do, and changes nothing", async () => {
  const folder = damaged("journal/segment-00000001.jsonl");
  const before = snapshot(folder);
  const ended = await chargetill("repair", "--data", folder);
  assert.is(ended.code, 1);
  assert.match(ended.out, /segment-00000001\.jsonl, line \d+: /);
  assert.match(ended.out, /would be done: sets the segments aside/);
  assert.equal(snapshot(folder), before);
});

test("says of a damaged table of complaints that what is set aside is forgotten by nobody, and of others nothing", async () => {
  const folder = damaged();
  for (const name of ["complaints.json", "pushed-tariffs.json"]) writeFileSync(join(folder, name), "spoilt");
  const ended = await chargetill("repair", "--yes", "--json", "--data", folder);
  assert.is(ended.code, 0, ended.err);
  const { findings } = JSON.parse(ended.out) as { findings: { path: string; remedy: string }[] };
  const telling = findings.filter(({ remedy }) => remedy.includes("may name people and no term ends there"));
  assert.is(findings.length, 2);
  assert.equal(
    telling.map(({ path }) => path),
    [join(folder, "complaints.json")],
  );
});

test("names a signing key that cannot be used, which only a person can bring back", async () => {
  const folder = damaged();
  writeFileSync(join(folder, "station.key"), "-----BEGIN PRIVATE KEY-----\n");
  const ended = await chargetill("repair", "--yes", "--data", folder);
  assert.is(ended.code, 1);
  assert.match(ended.out, /station\.key: this is not a private key in PEM form\n {2}by hand: restore it from a backup/);
});

test("with --yes sets the damage aside and makes the rest whole; the receipts still hold", async () => {
  const folder = damaged("journal/segment-00000001.jsonl", "receipt-chain.json");
  const ended = await chargetill("repair", "--yes", "--data", folder);
  assert.is(ended.code, 0, ended.out + ended.err);
  assert.match(ended.out, /Everything stored is intact again\.$/m);
  const book = await chargetill("receipts", "export", "--format", "book", "--data", folder);
  const file = join(folder, "exported.book");
  writeFileSync(file, book.out);
  const verdict = await chargetill("verify", "--key", join(folder, "station.pub.pem"), file);
  assert.is(verdict.code, 0, verdict.out);
});

test("rebuilds a page from the journal, the start receipt with it: the same book to the byte, and nothing to do at a second look", async () => {
  const folder = damaged("book/page-00000001.json");
  const ended = await chargetill("repair", "--yes", "--data", folder);
  assert.is(ended.code, 0, ended.out + ended.err);
  assert.match(
    ended.out,
    /done: sets what is damaged aside .* and rebuilds page 1 \(receipts 1 to \d+\) from the journal/,
  );
  assert.equal(
    readFileSync(join(folder, "book", "page-00000001.json")),
    readFileSync(join(sold, "book", "page-00000001.json")),
  );
  assert.match((await chargetill("repair", "--data", folder)).out, /everything stored is intact/);
});

test("makes a page of disclosures again from the journal", async () => {
  const folder = damaged();
  const page = join(folder, "disclosures", "page-000001.json");
  const whole = readFileSync(page, "utf8");
  writeFileSync(page, whole.slice(0, -20));
  const ended = await chargetill("repair", "--yes", "--data", folder);
  assert.is(ended.code, 0, ended.err);
  assert.match(ended.out, /makes the table again from the journal/);
  assert.is(readFileSync(page, "utf8"), whole);
});

test("rebuilds a book whose whole folder is gone", async () => {
  const folder = damaged();
  rmSync(join(folder, "book"), { recursive: true });
  const ended = await chargetill("repair", "--yes", "--data", folder);
  assert.is(ended.code, 0, ended.err);
  // Where one page ended and the next began nobody knows any more; the receipts are the same to the byte.
  const receiptsIn = (state: string): unknown => [...Book.view(new Disk(), join(state, "book")).entries()];
  assert.equal(receiptsIn(folder), receiptsIn(sold));
});

test("a folder that is not there is no damaged one", async () => {
  const ended = await chargetill("repair", "--data", join(sold, "none"));
  assert.is(ended.code, 2);
  assert.match(ended.err, /none: no such state folder/);
});

test("says what only a person can do: a page that nothing can be rebuilt from", async () => {
  const folder = damaged("book/page-00000001.json");
  const segment = join(folder, "journal", "segment-00000001.jsonl");
  writeFileSync(segment, readFileSync(segment, "utf8").replaceAll("ReceiptIssued", "ReceiptWasted"));
  const ended = await chargetill("repair", "--yes", "--data", folder);
  assert.is(ended.code, 1);
  assert.match(ended.out, /by hand: .*put the file back from a backup/);
});

test.run();
