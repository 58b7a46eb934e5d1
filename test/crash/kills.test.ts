// The real process, really killed: fifty times here, thousands in the soak.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { killManyStations } from "../soak/kills.js";

const seed = Number(process.env["CHARGETILL_SEED"] ?? Math.floor(performance.timeOrigin % 1_000_000));
console.log(`seed ${seed} (CHARGETILL_SEED=${seed} repeats it)`);
const kills = 50;

const test = suite("kills");

test("an agent that is killed fifty times at random moments, also while it starts, loses no receipt and doubles none", async () => {
  const killed = await killManyStations(kills, seed);
  assert.ok(killed.kills >= kills);
  assert.ok(killed.began > 0 && killed.receipts > 2, JSON.stringify(killed));
});

test.run();
