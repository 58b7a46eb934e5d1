// The real process, really killed. A dozen times here, thousands in the soak.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { killOften } from "../soak/kills.js";

const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(performance.timeOrigin % 1_000_000));
console.log(`seed ${seed} (CHARGETILL_SEED=${seed} repeats it)`);
/** A slow machine kills less often, but at least three times. */
const withinMs = 15_000;

const test = suite("kills");

test("an agent that is killed at random moments loses no receipt and doubles none", async () => {
  const from = performance.now();
  let rounds = 0;
  const killed = await killOften(12, seed, () => (rounds += 1) > 3 && performance.now() - from > withinMs);
  assert.ok(killed.kills >= 3);
  assert.ok(killed.began > 0 && killed.receipts > 1, JSON.stringify(killed));
});

test.run();
