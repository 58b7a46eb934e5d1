// The real process, really killed: some times here, fifty in each CI run, thousands in the soak.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { killManyStations } from "../kills.js";

const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(performance.timeOrigin % 1_000_000));
console.log(`seed ${seed} (CHARGETILL_SEED=${seed} repeats it)`);
const kills = 12;
/** A machine that is busy with other things kills less often in this time, and says so. */
const withinMs = 90_000;

const test = suite("kills");

test("an agent that is killed many times at random moments, also while it starts, loses no receipt and doubles none", async () => {
  const from = performance.now();
  const killed = await killManyStations(kills, seed, () => performance.now() - from > withinMs);
  if (killed.kills < kills) console.log(`a slow machine: ${killed.kills} kills of ${kills} in ${withinMs / 1_000} s`);
  assert.ok(killed.kills >= kills || performance.now() - from > withinMs);
  assert.ok(killed.began > 0 && killed.receipts > 2, JSON.stringify(killed));
});

test.run();
