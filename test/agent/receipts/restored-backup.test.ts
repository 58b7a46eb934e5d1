// The state folder is restored from a backup that is older than the last receipts. Once, their numbers were given again.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { exitCode } from "../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../agent/core/verify/verify.js";
import { verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../agent/receipts/dispute/findings-text.js";
import { bookFileOf, receiptFileOf } from "../../../agent/receipts/output/exports.js";
import { TestStation, testStationConfig } from "../../support/station/test-station.js";
import type { VolatileFiles } from "../../support/volatile-files.js";

const ada = "04A23B1C5D6E80";
const markFolder = "/number";
const copies = "/copies";

const stationOn = (keepsMark: boolean, files?: VolatileFiles): TestStation =>
  new TestStation(
    testStationConfig((config) => ({
      ...config,
      ...(keepsMark ? { numberMark: markFolder } : {}),
      receiptOutput: { folder: "../copies" },
    })),
    undefined,
    files,
  );

/** A car comes to connector 1, is charged, and goes. */
async function sale(station: TestStation): Promise<void> {
  await station.plug(1);
  await station.tap(ada);
  await station.clock.pass(2_000);
  await station.charge(1, 100, 20);
  await station.plug(1, false);
  await station.clock.pass(20_000);
}

const numbers = (station: TestStation): string[] =>
  [...station.services.book.entries()].map(({ number, kind }) => `${number} ${kind}`);
const faults = (station: TestStation): string[] => station.services.station.faults.all().map(({ code }) => code);

type Restored = { readonly station: TestStation; readonly held: readonly string[] };

/**
 * A station sold twice, a backup of its state was made, it sold twice more (receipts 4 and 5, which drivers hold), and
 * the backup came back. `outlived` = the folders that are as they were last; the others are gone.
 */
async function restored(outlived: readonly string[], keepsMark = true): Promise<Restored> {
  const { files, held } = await restoredFiles(outlived, keepsMark);
  const station = stationOn(keepsMark, files);
  for (const outlet of station.outlets.values()) outlet.energyMilliWh = 2_000_000;
  await station.clock.pass(20_000);
  return { station, held };
}

async function restoredFiles(
  outlived: readonly string[],
  keepsMark = true,
): Promise<{ readonly files: VolatileFiles; readonly held: readonly string[] }> {
  const station = stationOn(keepsMark);
  await sale(station);
  await sale(station);
  const files = station.files.copy();
  await sale(station);
  await sale(station);
  const held = [4, 5].map((number) =>
    receiptFileOf(station.services.book, number, station.services.issuer.chain.checkpoint),
  );
  await station.close();
  for (const folder of [markFolder, copies]) {
    for (const path of files.allFiles()) if (path.startsWith(`${folder}/`)) files.tamper(path, undefined);
    if (outlived.includes(folder))
      for (const path of station.files.allFiles())
        if (path.startsWith(`${folder}/`)) files.tamper(path, station.files.peek(path));
  }
  return { files, held };
}

/** The book by itself, and with the receipts that drivers hold of the time that was lost. */
function provenWith(station: TestStation, held: readonly string[]): string {
  const { book, issuer } = station.services;
  const key = { fingerprints: new Set([issuer.signer.keyId.slice(7)]), keys: [issuer.signer.spkiHex] };
  const findings = verifyEvidence(
    [
      { name: "book", text: bookFileOf(book, issuer.chain.checkpoint) },
      ...held.map((text, at) => ({ name: `copy ${at}`, text })),
    ],
    key,
    verifyTools(),
  );
  assert.is(exitCode(findings), 0, findingsText(findings));
  return findingsText(findings);
}

const test = suite("a state folder that was restored from an older backup");

for (const { what, outlived, known, keepsMark } of [
  { what: "the number mark", outlived: [markFolder], known: "number mark", keepsMark: true },
  { what: "the copies of receipts", outlived: [copies], known: "receipt files", keepsMark: false },
])
  test(`goes on above the numbers that ${what} knows, and its book names those that are lost`, async () => {
    const { station, held } = await restored(outlived, keepsMark);
    await sale(station);
    assert.equal(numbers(station), ["1 start", "2 sale", "3 sale", "4 lost", "5 lost", "6 sale"]);
    for (const number of [4, 5]) {
      const payload = payloadOf(station.services.book.get(number)?.jws ?? "");
      assert.equal(payload?.kind === "lost" ? payload.lost : undefined, { first: 4, last: 5, known });
    }
    assert.match(
      provenWith(station, held),
      /receipts 4 to 5 are not in this book: it was restored from an older backup, and names them as lost/,
    );
    await station.close();
    // The next start finds nothing more to do.
    const next = stationOn(keepsMark, station.files.afterKill());
    assert.is(next.services.book.count(), 6);
    await next.close();
  });

test("sells nothing where nothing outlived it, until a person has named the last number, and then goes on above it", async () => {
  const { station, held } = await restored([]);
  assert.equal([faults(station), station.outlet(1).shown], [["numbers/unknown"], "fault"]);
  await sale(station);
  assert.equal(numbers(station), ["1 start", "2 sale", "3 sale"]);
  assert.match(station.answers().at(-1) ?? "", /restored from a backup/);
  const now = station.clock.now();
  const { numbers: given } = station.services.issuer;
  assert.throws(() => given.continueAfter(2, "A. Technician", "a slip", now), /receipt 3 is in the book/);
  assert.throws(() => given.continueAfter(1_000_000, "A. Technician", "a slip", now), /more than 10000 beyond it/);
  assert.is(given.continueAfter(5, "A. Technician", "the backend has 5", now), 2);
  station.services.station.faults.mended("station", "numbers/");
  await sale(station);
  assert.equal(numbers(station).slice(3), ["4 lost", "5 lost", "6 sale"]);
  const payload = payloadOf(station.services.book.get(5)?.jws ?? "");
  assert.equal(payload?.kind === "lost" ? [payload.lost.by, payload.lost.note] : undefined, [
    "A. Technician",
    "the backend has 5",
  ]);
  provenWith(station, held);
  await station.close();
  const next = stationOn(true, station.files.afterKill());
  assert.equal(faults(next), []);
  await next.close();
});

test("needs no lost number where a person says that none was given since", async () => {
  const { station } = await restored([]);
  assert.is(station.services.issuer.numbers.continueAfter(3, "A. Technician", "it stood dark", station.clock.now()), 0);
  station.services.station.faults.mended("station", "numbers/");
  await sale(station);
  assert.equal(numbers(station).slice(3), ["4 sale"]);
  await station.close();
});

test("that loses its power while it names the lost numbers has each of them once", async () => {
  const { files, held } = await restoredFiles([markFolder]);
  let cuts = 0;
  for (let cutAt = 1; ; cutAt += 3) {
    const trying = files.copy({ cutAt });
    try {
      await stationOn(true, trying).close();
      break;
    } catch (error) {
      if (!trying.wasCut) throw error;
      cuts += 1;
    }
    const station = stationOn(true, trying.afterKill());
    assert.equal(numbers(station), ["1 start", "2 sale", "3 sale", "4 lost", "5 lost"], `cut at ${cutAt}`);
    provenWith(station, held);
    await station.close();
  }
  assert.ok(cuts > 10, `${cuts} cuts`);
});

test("is not suspected where the mark is moved with its station, and another station's mark is refused", () => {
  const station = stationOn(true);
  const files = station.files.afterKill();
  const mark = JSON.parse(files.peek(`${markFolder}/receipt-number.json`).toString()) as object;
  files.tamper(`${markFolder}/receipt-number.json`, Buffer.from(JSON.stringify({ ...mark, station: "OTHER" })));
  assert.throws(() => stationOn(true, files), /is the number mark of station OTHER/);
});

test.run();
