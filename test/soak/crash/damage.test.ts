// State folders spoilt in one place: an agent sells on with right books or says what is wrong, and never ends by
// itself. A seeded sample; `npm run soak -- damage` tries ten thousand, and cuts a table at every byte.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { inspectStateFolder } from "../../../agent/commands/repair.js";
import { Book } from "../../../agent/ledger/book/book.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { newKey, privatePem } from "../../../agent/receipts/signing-keys.js";
import { audit } from "../../support/street/books.js";
import { settledScene, spoilOften, startOn } from "../../support/street/damaged.js";
import { shortScenario } from "../../support/street/scenarios.js";
import { Street, stateFolder } from "../../support/street/street.js";

const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(performance.timeOrigin % 1_000_000));
console.log(`seed ${seed} (CHARGETILL_SEED=${seed} repeats it)`);
const spoilt = 40;

const test = suite("spoilt state folders");

test("a flipped bit, a cut, zeros, an empty, a missing or an old file never makes a wrong total, nor an agent that ends again and again", async () => {
  const { sells, refuses } = await spoilOften(spoilt, seed);
  assert.ok(sells > 0 && refuses > 0, `${sells} sold on, ${refuses} refused`);
});

test("a journal that lost its end after a receipt was numbered leads to the receipt that the book already has, and to no crash loop", async () => {
  const settled = await settledScene();
  try {
    const path =
      settled.street.files
        .allFiles()
        .filter((name) => name.startsWith(`${stateFolder}/journal/segment-`))
        .at(-1) ?? "";
    const text = settled.street.files.peek(path).toString("utf8");
    const steps = [...text.matchAll(/"type":"(ReceiptNumbered|ReceiptSigned|SessionEnded)"/g)];
    assert.ok(steps.length >= 9, `${steps.length} steps of settlements`);
    for (const { index } of steps) {
      const end = text.indexOf("\n", index) + 1;
      const { how } = await startOn(settled, { path, what: `cut at ${end}`, bytes: Buffer.from(text.slice(0, end)) });
      assert.equal(how, "sells");
    }
  } finally {
    await settled.street.close();
  }
});

test("a book and a receipt chain that were brought back together from an older backup are noticed by the journal, and repaired from it: no number is given twice", async () => {
  const street = await Street.open(shortScenario);
  try {
    const isOld = (path: string): boolean =>
      path.startsWith(`${stateFolder}/book`) || path.startsWith(`${stateFolder}/receipt-chain.json`);
    // The first of three sessions has its receipt by then.
    await street.live({ untilMs: street.before.clock.monoMs + 100_000 });
    const backup = street.files.copy();
    street.restarted();
    assert.equal((await street.live()).how, "scenario-over");
    const { entries } = audit(street);
    for (const path of street.files.allFiles().filter(isOld)) street.files.tamper(path, undefined);
    for (const path of backup.allFiles().filter(isOld)) street.files.tamper(path, backup.peek(path));
    // No backend that remembers.
    for (const path of street.files.allFiles().filter((name) => name.includes("/uplink-")))
      street.files.tamper(path, undefined);
    street.restarted();
    street.goOn(() => [], 60_000);
    await street.live({ untilMs: street.world.clock.monoMs + 60_000 });
    assert.match(
      street.seen.event.map((one) => (one.type === "fault" ? one.message : "")).join("\n"),
      /the receipt book ends at receipt \d, but the journal knows that \d were issued/,
    );
    for (const { repair } of inspectStateFolder(new Disk(street.files), stateFolder)) repair?.();
    assert.deepEqual(
      [...Book.view(new Disk(street.files), `${stateFolder}/book`).entries()].map(({ jws }) => jws),
      entries.map(({ jws }) => jws),
    );
  } finally {
    await street.close();
  }
});

test("another station's key is not taken for ours: nothing is sold until the right one is back", async () => {
  const settled = await settledScene();
  try {
    const { how, why } = await startOn(settled, {
      path: `${stateFolder}/station.key`,
      what: "another key",
      bytes: Buffer.from(privatePem(newKey())),
    });
    assert.equal(how, "refuses");
    assert.match(why, /station\.key: receipt \d+ was signed with another key \(sha256:[0-9a-f]{64}\); restore/);
  } finally {
    await settled.street.close();
  }
});

test.run();
