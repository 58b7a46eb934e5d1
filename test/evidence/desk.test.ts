// The commands over a real state folder: book, desk table and journal as a station leaves them; and the receipts that no session leads to.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { creditEntry, keyChangeEntry, recoveryEntry } from "../../agent/chain-receipts.js";
import { emptyChain, issueReceipt, type ChainState } from "../../agent/core/receipt.js";
import { exitCode } from "../../agent/core/verdict.js";
import { verifyEvidence, type EvidenceFile } from "../../agent/core/verify.js";
import { disputeCommand } from "../../agent/dispute-command.js";
import { verifyBundle } from "../../agent/dispute.js";
import { verifyTools } from "../../agent/evidence.js";
import { findingsText } from "../../agent/findings-text.js";
import { openSigner, prepareNextKey, sha256 } from "../../agent/keys.js";
import { Book } from "../../agent/ledger/book.js";
import { Disk } from "../../agent/ledger/disk.js";
import type { Entry } from "../../agent/ledger/line.js";
import type { BookEntry } from "../../agent/ledger/page.js";
import { Table } from "../../agent/ledger/table.js";
import { receiptCommands } from "../../agent/receipt-commands.js";
import { keyStoreOn, openReceiptDesk, saveNew, sessionLines, signerIn } from "../../agent/receipt-desk.js";
import { brokenSigner, littleBook, occasion, settlement } from "./sale.js";

const test = suite("receipt desk");
const folder = mkdtempSync(join(tmpdir(), "chargetill-desk-"));
const disk = new Disk();
const signer = openSigner(keyStoreOn(disk, folder, undefined), true);
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [] };
const book = Book.open(disk, join(folder, "book"));
let chain: ChainState = emptyChain;

const sale = (number: number, jws: string, ocmf: string): BookEntry => ({ number, sessionId: `session-${number}`, cdrId: `cdr-${number}`, jws, ocmf, cdr: ocmf === "" ? null : '{"text":"{\\"id\\":1}"}', issuedMs: 0, kind: ocmf === "" ? "start" : "sale" });
for (const [at, issued] of littleBook(3, signer).entries()) {
  book.append(sale(at + 1, issued.jws, issued.ocmf));
  chain = issued.chain;
}
Table.open(disk, join(folder, "desk.json"), (value) => value as { chain: ChainState; pagination: number }, { chain, pagination: 3 });

const open = (): ReturnType<typeof openReceiptDesk> => openReceiptDesk(disk, folder, "en");
async function receipts(...words: string[]): Promise<string> {
  let out = "";
  await receiptCommands(open, (path, text) => saveNew(disk, path, text), (content) => void (out += Buffer.from(content).toString())).parseAsync(words, { from: "user" });
  return out;
}
const verdict = (...files: EvidenceFile[]): string => {
  const findings = verifyEvidence(files, pins, verifyTools());
  return `${exitCode(findings)}\n${findingsText(findings)}`;
};

test("the key is made for its owner alone and is found again", () => {
  assert.is(statSync(join(folder, "station.key")).mode & 0o777, 0o600);
  assert.is(signerIn(disk, folder).keyId, signer.keyId);
});

test("the newest receipt and the whole book hold, with the checkpoint that the station kept", async () => {
  assert.is(open().newest(), chain.checkpoint);
  assert.match(verdict({ name: "r4", text: await receipts("export", "4") }, { name: "book", text: await receipts("export", "--format", "book") }), /^0\n/);
  assert.is(await receipts("export", "4", "--format", "ocpi-cdr"), '{"id":1}\n');
});

test("what is written is for its owner alone, and nothing is written over", async () => {
  const path = join(folder, "receipt-2.json");
  await receipts("export", "2", "--out", path);
  assert.is(statSync(path).mode & 0o777, 0o600);
  try {
    await receipts("export", "3", "--out", path);
    assert.unreachable("it wrote over a file");
  } catch (error) {
    assert.match(error instanceof Error ? error.message : "", /is there already/);
  }
});

test("a dispute is one command, and its archive holds", async () => {
  const path = join(folder, "dispute.zip");
  await disputeCommand(open, (name, bytes) => saveNew(disk, name, bytes), () => undefined).parseAsync(["2", "--out", path], { from: "user" });
  const findings = verifyBundle(path, disk.read(path) ?? Buffer.alloc(0), pins, verifyTools());
  assert.is(exitCode(findings), 0, findingsText(findings));
});

test("a credit, a recovery and a change of key go into the book, and the book holds with the first key alone", async () => {
  const credit = creditEntry(book, 2, "meter in doubt", occasion, chain, signer);
  book.append(credit.entry);
  assert.throws(() => creditEntry(book, 2, "again", occasion, credit.issued.chain, signer), /taken back already, by receipt 5/);
  assert.throws(() => creditEntry(book, 1, "no sale", occasion, credit.issued.chain, signer), /no sale/);

  assert.is(recoveryEntry(occasion, credit.issued.chain, signer), undefined);
  const unsigned = issueReceipt(settlement(6, { pagination: 4 }), credit.issued.chain, brokenOf(), sha256);
  book.append(sale(6, unsigned.jws, unsigned.ocmf));
  assert.is(recoveryEntry(occasion, unsigned.chain, brokenOf()), undefined);
  const recovery = recoveryEntry(occasion, unsigned.chain, signer);
  assert.ok(recovery);
  if (recovery === undefined) return;
  book.append(recovery.entry);

  const store = keyStoreOn(disk, folder, undefined);
  const next = prepareNextKey(store);
  const change = keyChangeEntry(occasion, recovery.issued.chain, signer, next);
  // Cut here, the old key goes on; once the book has the receipt, the new one does.
  assert.is(openSigner(store, false, signer.keyId).keyId, signer.keyId);
  book.append(change.entry);
  assert.is(openSigner(store, false, next.keyId).keyId, next.keyId);
  assert.is(signerIn(disk, folder).keyId, next.keyId);
  assert.throws(() => openSigner(store, false, signer.keyId), /newest receipt names/);
  const last = issueReceipt(settlement(9, { pagination: 5 }), change.issued.chain, next, sha256);
  book.append(sale(9, last.jws, last.ocmf));
  // The station's table is behind by five receipts, as after a crash: the checkpoint is signed anew with the key it has now.
  assert.match(verdict({ name: "book", text: await receipts("export", "--format", "book") }), /^0\n/);
  assert.match(await receipts("list"), /takes back 2: meter in doubt/);
});

/** The station's own key in a device that fails. */
const brokenOf = (): typeof signer => ({ ...signer, sign: brokenSigner.sign, signDer: brokenSigner.signDer });

test("the journal of a session holds its own entries and the station's, and no other card", () => {
  const moment = { at: 0, monoMs: 0, boot: "b", trust: "synced" as const };
  const events = [
    { type: "CardAccepted", connector: 1, uid: "AAAAAAAA" },
    { type: "CardAccepted", connector: 2, uid: "BBBBBBBB" },
    { type: "SessionBegan", connector: 1, opening: { id: "s1", acceptance: { token: { uid: "AAAAAAAA" } } } },
    { type: "ClockChanged" },
    { type: "CardRefused", uid: "CCCCCCCC" },
    { type: "MeterRead", connector: 2 },
    { type: "SessionSettled", connector: 1 },
    { type: "MeterRead", connector: 1 },
  ];
  const lines = sessionLines(events.map((event, at): Entry<(typeof events)[number]> => ({ seq: at + 1, moment, event })), "s1");
  assert.equal(lines.map((line) => (JSON.parse(line) as Entry<{ type: string }>).event.type), ["CardAccepted", "SessionBegan", "ClockChanged", "SessionSettled"]);
  assert.equal(sessionLines([], "s1"), []);
});

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();
