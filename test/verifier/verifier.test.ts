// The second verifier, in another language and written from FORMAT.md alone: it takes what the program makes, and refuses
// what the program refuses.

import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { canonicalText } from "../../agent/core/json/json-text.js";
import { sameAmount, sumText } from "../../agent/core/receipt/decimal-text.js";
import { issueReceipt, openChain } from "../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../agent/core/receipt/receipt-file.js";
import { payloadOf, type SalePayload } from "../../agent/core/receipt/receipt-payload.js";
import { signedJws } from "../../agent/core/signing/jws.js";
import { genesis, writeLine } from "../../agent/ledger/journal/journal-line.js";
import { sha256 } from "../../agent/ledger/store/digest.js";
import { disputeBundle } from "../../agent/receipts/dispute/dispute-bundle.js";
import { bookFileOf, newestCheckpoint } from "../../agent/receipts/output/exports.js";
import { freshFolder } from "../support/command.js";
import { isInstalled } from "../support/is-installed.js";
import { anySale, soldBy } from "../support/sale/random-sale.js";
import { entriesOf, littleBook, occasion, signer, sourceOf } from "../support/sample-receipt.js";
import { firstKey, secondKey } from "../support/vectors/vector-book.js";
import { makeVectors } from "../support/vectors/vector-files.js";

const test = suite("the second verifier");
const seed = Number(process.env["CHARGETILL_SEED"] ?? 17);
const times = Number(process.env["CHARGETILL_TIMES"] ?? 1);
const here = join(dirname(fileURLToPath(import.meta.url)), "../../../test/verifier");

/** What verify.py says of files, and its exit code. */
function verified(
  keyId: string | undefined,
  paths: readonly string[],
): { readonly said: string; readonly exit: number } {
  const key = keyId === undefined ? [] : ["--key", keyId];
  const run = spawnSync("python3", [join(here, "verify.py"), ...key, ...paths], {
    encoding: "utf8",
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  assert.is(run.stderr, "");
  return { said: run.stdout, exit: run.status ?? -1 };
}

/** The files in a fresh folder. */
function written(files: ReadonlyMap<string, string | Uint8Array>): string[] {
  const folder = freshFolder();
  return [...files].map(([name, content]) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  });
}

const failed = (said: string): readonly string[] =>
  said.split("\n").flatMap((line) => /^FAILED +\S*\/([^/:]+):/.exec(line)?.[1] ?? []);

test("every vector holds by the first key, which leads to the second one", () => {
  const vectors = readdirSync(join(here, "vectors")).map((name) => join(here, "vectors", name));
  const { said, exit } = verified(firstKey.keyId, vectors);
  assert.is(exit, 0, said);
  assert.is(said.match(/^ok /gm)?.length, vectors.length);
});

test("without a key nothing is proven, and the second key does not lead back to the first", () => {
  const book = [join(here, "vectors/book.json")];
  assert.is(verified(undefined, book).exit, 3);
  assert.is(verified(secondKey.keyId, book).exit, 1);
});

test("receipts of whole random sessions hold, a book and an archive as they are exported too", () => {
  const files = new Map<string, string | Uint8Array>();
  const sales = fc.sample(anySale, { seed, numRuns: 6 * times });
  for (const [at, story] of sales.entries()) {
    const sold = { ...soldBy(story), receiptNumber: 2, pagination: 1 };
    const { chain } = openChain({ ...occasion, station: sold.station }, signer, sha256);
    const issued = issueReceipt(sold, chain, signer, sha256);
    files.set(`sale-${at}.json`, receiptFileText(issued, signer.spkiHex));
  }
  const source = sourceOf(entriesOf(littleBook(3)));
  const newest = newestCheckpoint(source, signer);
  const parts = { receipts: source, newest, language: "en", version: "0.1.0", signer, journal: journal() } as const;
  files.set("book.json", bookFileOf(source, newest));
  files.set("archive.zip", disputeBundle(parts, 2, false));
  files.set("personal.zip", disputeBundle(parts, 2, false, true));
  files.set("redacted.zip", disputeBundle(parts, 2, true));
  const { said, exit } = verified(signer.keyId, written(files));
  assert.is(exit, 0, said);
});

/** Lines of two segments, one of which names a card: in an archive their checks need not hold, nor their order. */
function journal(): readonly string[] {
  const moment = { at: 1_774_733_400_000, monoMs: 1_000, boot: "boot-1", trust: "synced" as const };
  const card = { type: "CardTapped", connector: 1, card: "04A1B2C3D4E5F6" };
  const tap = writeLine({ seq: 1, batch: [1, 1], moment, prev: genesis, event: card });
  const header = writeLine({ segment: 2, firstSeq: 2, prev: tap.check });
  const plug = { type: "PlugChanged", connector: 1, plugged: true };
  const next = writeLine({ seq: 2, batch: [2, 2], moment, prev: header.check, event: plug });
  return [tap.text.trimEnd(), next.text.trimEnd()];
}

test("a bill holds whose lines, each rounded to twelve decimals, add up to a little less than its total", () => {
  const sold = fc.sample(anySale, { seed: 17, numRuns: 200 }).map(soldBy).find(isAstray);
  if (sold === undefined) throw new Error("none of the sales is such a one");
  const { chain } = openChain({ ...occasion, station: sold.station }, signer, sha256);
  const issued = issueReceipt({ ...sold, receiptNumber: 2, pagination: 1 }, chain, signer, sha256);
  const file = new Map([["sale.json", receiptFileText(issued, signer.spkiHex)]]);
  const { said, exit } = verified(signer.keyId, written(file));
  assert.is(exit, 0, said);
});

const isAstray = ({ price }: ReturnType<typeof soldBy>): boolean => {
  const amounts = [...price.lines, ...price.adjustments].map(({ amount }) => amount.incl);
  return !sameAmount(amounts.reduce(sumText, "0"), price.totalCost.incl);
};

/** The vectors with one part changed so that some rule no longer holds; each must be refused. */
function forgeries(): ReadonlyMap<string, string | Uint8Array> {
  const { files } = makeVectors();
  const textOf = (name: string): string => Buffer.from(files.get(name) ?? []).toString();
  const changed = (name: string, change: (file: Record<string, unknown>) => unknown): string =>
    JSON.stringify(change(JSON.parse(textOf(name)) as Record<string, unknown>));
  const { receipts, disclosures } = JSON.parse(textOf("book.json")) as { receipts: string[]; disclosures: string[][] };
  const resigned = (at: number, change: (payload: SalePayload) => unknown): string =>
    signedJws(canonicalText(change(payloadOf(receipts[at - 1] ?? "") as SalePayload)), firstKey.keyId, firstKey);
  const book = (list: readonly string[]): string => changed("book.json", (file) => ({ ...file, receipts: list }));
  const replaced = (at: number, jws: string): string => book(receipts.map((one, i) => (i === at - 1 ? jws : one)));
  return new Map<string, string | Uint8Array>([
    ["removed-book.json", book(receipts.filter((_, at) => at !== 2))],
    ["swapped-book.json", book([receipts[0], receipts[2], receipts[1], ...receipts.slice(3)].map(String))],
    ["cut-book.json", book(receipts.slice(0, -1))],
    [
      "resigned-book.json",
      replaced(
        3,
        resigned(3, (payload) => ({ ...payload, notices: [] })),
      ),
    ],
    [
      "totals-book.json",
      replaced(
        10,
        resigned(3, (payload) => payload),
      ),
    ],
    ["dearer.json", changed("receipt-3.json", (file) => ({ ...file, jws: resigned(3, dearer) }))],
    ["credited.json", changed("receipt-3.json", (file) => ({ ...file, later: [receipts[3]] }))],
    ["twice-credited.json", changed("receipt-2.json", (file) => ({ ...file, later: [receipts[3], receipts[3]] }))],
    ["disclosed.json", changed("receipt-3.json", (file) => ({ ...file, disclosures: disclosures[3] }))],
    ["untold-book.json", changed("book.json", (file) => ({ ...file, disclosures: [] }))],
    ["other-totals-book.json", changed("book.json", (file) => ({ ...file, disclosures: [...disclosures].reverse() }))],
    ["free-note.json", changed("receipt-3.json", (file) => ({ ...file, note: "All is well." }))],
    ["extra.json", changed("receipt-3.json", (file) => ({ ...file, verified: true }))],
    ["other-root.json", changed("receipt-3.json", (file) => ({ ...file, checkpoint: textOf("checkpoint-10.txt") }))],
    ["twice.json", textOf("receipt-3.json").replace("{", '{"format":"chargetill receipt file 1",')],
    ["forked.json", changed("consistency-3-10.json", (file) => ({ ...file, proof: [] }))],
    ["commissioned.json", changed("commissioning.json", (file) => ({ ...file, keySpkiHex: secondKey.spkiHex }))],
    ["archive.zip", Buffer.concat([files.get("archive-3.zip") ?? Buffer.of(), Buffer.of(0)])],
    ["journal.jsonl", textOf("journal.jsonl").replace('"plugged":true', '"plugged":false')],
  ]);
}

const dearer = (payload: SalePayload): unknown => ({
  ...payload,
  sale: { ...payload.sale, price: { ...payload.sale.price, due: { net: "71.70", tax: "13.62", gross: "85.32" } } },
});

test("what was changed is refused, each for itself", () => {
  const files = forgeries();
  const book = written(new Map([["sound-book.json", Buffer.from(makeVectors().files.get("book.json") ?? [])]]));
  const { said, exit } = verified(firstKey.keyId, [...book, ...written(files)]);
  assert.is(exit, 1);
  assert.equal([...failed(said)].sort(), [...files.keys()].sort(), said);
});

if (isInstalled("python3")) test.run();
else console.log("SKIPPED the second verifier: python3 is not there");
