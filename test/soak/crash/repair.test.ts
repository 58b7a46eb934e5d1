// `chargetill repair` on a state folder hurt in two hundred seeded ways: never a wrong total, nothing to do at a second
// look, and where it could repair all, the station sells again.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { inspectStateFolder } from "../../../agent/commands/repair.js";
import { Failure } from "../../../agent/core/failure.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { Book } from "../../../agent/ledger/book/book.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import type { RepairFinding } from "../../../agent/ledger/upkeep/repair.js";
import { random } from "../../support/random.js";
import { audit } from "../../support/street/books.js";
import { oneSession, shortScenario } from "../../support/street/scenarios.js";
import { Street, stateFolder } from "../../support/street/street.js";
import type { VolatileFiles } from "../../support/volatile-files.js";

const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(performance.timeOrigin % 1_000_000));
console.log(`seed ${seed} (CHARGETILL_SEED=${seed} repeats it)`);
const chance = random(seed);
const below = (limit: number): number => Math.floor(chance() * limit);
const wounds = 200;
const fullScenarios = 4;

const repairs = suite("repairing what was hurt");
const street = await Street.open(shortScenario);
assert.equal((await street.live()).how, "scenario-over");
const { entries } = audit(street);
const sound = street.files.copy();
sound.tamper(`${stateFolder}/reserve`, undefined);
/** Its loss is met by another kind of help: keys from a backup; the rest holds nothing that was sold. */
const isStore = (path: string): boolean =>
  /\/(?:book|journal)\/[^/]+$|\.json$|\.made$/.test(path) && !path.includes("/receipts/");

/** Of these only the name counts. */
const isBareMark = (path: string): boolean => path.endsWith(".made") && !path.endsWith("journal.made");

/** One to three wounds in one to three files of the store. */
function hurt(spared: (path: string) => boolean = () => false): {
  readonly files: VolatileFiles;
  readonly what: string;
} {
  const files = sound.copy();
  const paths = files.allFiles().filter((path) => isStore(path) && !spared(path));
  const told: string[] = [];
  for (let left = 1 + below(3); left > 0; left -= 1) {
    const path = paths[below(paths.length)] ?? "";
    const bytes = files.allFiles().includes(path) ? files.peek(path) : Buffer.alloc(0);
    const [from, length, kind] = [below(bytes.length), 1 + below(200), below(6)];
    if (kind === 0) files.tamper(path, undefined);
    else if (kind === 1) files.tamper(path, bytes.subarray(0, from));
    else if (kind === 2) files.tamper(path, Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]));
    else {
      for (let at = from; at < Math.min(bytes.length, from + length); at += 1)
        bytes[at] = kind === 3 ? 0 : kind === 4 ? below(256) : (bytes[at] ?? 0) ^ 1;
      files.tamper(path, bytes);
    }
    told.push(`${["gone", "cut", "spliced", "zeroed", "scrambled", "flipped"][kind] ?? ""} ${path} at ${from}`);
  }
  return { files, what: told.join("; ") };
}

/** What the book says was sold, or the complaint of one that cannot be read. */
function receiptsIn(files: VolatileFiles): readonly string[] | Failure {
  try {
    const book = Book.view(new Disk(files), `${stateFolder}/book`);
    book.verifyAll();
    return [...book.entries()].map(({ jws }) => jws);
  } catch (cause) {
    if (cause instanceof Failure) return cause;
    throw cause;
  }
}
const look = (files: VolatileFiles): RepairFinding[] => inspectStateFolder(new Disk(files), stateFolder);

repairs(`${wounds} seeded wounds: a book that opens holds every receipt, and what was repaired stays repaired`, () => {
  const truth = entries.map(({ jws }) => jws);
  const counted = { whole: 0, repaired: 0, byHand: 0 };
  for (let nth = 0; nth < wounds; nth += 1) {
    const { files, what } = hurt();
    const before = files.allFiles().map((path) => `${path} ${files.peek(path).toString("base64")}`);
    const findings = look(files);
    assert.deepEqual(
      files.allFiles().map((path) => `${path} ${files.peek(path).toString("base64")}`),
      before,
      `a look changes nothing: ${what}`,
    );
    for (const { path, problem, remedy, repair } of findings) {
      assert.match(path, /^\/state/, what);
      assert.ok(problem.length > 10 && remedy.length > 10, what);
      repair?.();
    }
    const left = look(files);
    const again = files.afterHardCut();
    for (const { repair } of left) assert.equal(repair, undefined, `a second run has nothing to do: ${what}`);
    const found = receiptsIn(again);
    if (left.length === 0) {
      assert.deepEqual(found, truth, `the same receipts: ${what}`);
      counted[findings.length === 0 ? "whole" : "repaired"] += 1;
    } else {
      // Shorter only where the book itself still says so.
      if (!(found instanceof Failure))
        assert.ok(found.length === truth.length || left.some(({ path }) => path.includes("/book")), what);
      counted.byHand += 1;
    }
  }
  console.log(`${counted.whole} without harm, ${counted.repaired} repaired, ${counted.byHand} left to a person`);
  assert.ok(counted.repaired > wounds / 4, JSON.stringify(counted));
});

repairs("after a repair the station sells again, numbers on, and the whole book proves itself", async () => {
  let sold = 0;
  for (let nth = 0; nth < wounds && sold < fullScenarios; nth += 1) {
    const { files, what } = hurt(isBareMark);
    const findings = look(files);
    if (findings.length === 0) continue;
    for (const { repair } of findings) repair?.();
    if (look(files).length > 0) continue;
    sold += 1;
    const after = await street.fork();
    try {
      after.files = files.afterHardCut();
      // An outbox that is made anew sends all again: the backend knows each by its id.
      after.seen.acknowledged.clear();
      after.goOn(oneSession.agenda, oneSession.scenarioMs);
      const ended = await after.live();
      assert.equal(ended.how, "scenario-over", `${what}: ${JSON.stringify(ended)}`);
      const audited = audit(after);
      assert.ok(audited.entries.length > entries.length, what);
      const last = payloadOf(audited.entries.at(-1)?.jws ?? "");
      assert.equal(last?.number, audited.entries.length);
    } catch (error) {
      throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    } finally {
      await after.close();
    }
  }
  assert.equal(sold, fullScenarios);
});

repairs.after(() => street.close());
repairs.run();
