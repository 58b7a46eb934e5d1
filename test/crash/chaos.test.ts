// A short run of the seeded chaos: some hours of a street on which everything fails at random. `npm run soak` plays weeks.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chaos, chaosText } from "../soak/chaos.js";

const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(performance.timeOrigin % 1_000_000));
console.log(`seed ${seed} (CHARGETILL_SEED=${seed} repeats it)`);
const enoughMs = 10_000;

const test = suite("chaos");

test("whatever fails, the receipts bill what the meters counted, and the backend has each once", async () => {
  const from = performance.now();
  const report = await chaos(seed, () => performance.now() - from > enoughMs);
  console.log(chaosText(report));
  assert.ok(report.receipts > 1);
});

test.run();
