// Every place of the scenarios at which something can be cut, killed or failed, in every way; over and over until so many
// were tried.

import { random } from "../support/random.js";
import { cutPower, failAt, killAt, madeAnew, noticesWithout, placesToCut } from "../support/street/cuts.js";
import { oneSession, shortScenario } from "../support/street/scenarios.js";
import type { Fault } from "../support/volatile-files.js";

const tellEvery = 500;
const codes: readonly Fault["code"][] = ["EIO", "ENOSPC", "EROFS", "EMFILE"];

/** Tries at least `wanted` cuts, kills and faults; throws with the first that loses something. */
export async function soakCuts(wanted: number, seed: number, say: (line: string) => void): Promise<void> {
  if (wanted === 0) return;
  const chance = random(seed);
  const tried = { cuts: 0, kills: 0, faults: 0 };
  const total = (): number => tried.cuts + tried.kills + tried.faults;
  let told = 0;
  for (;;) {
    for (const scenario of [oneSession, shortScenario]) {
      const { places, operations, syncs } = await placesToCut(scenario);
      for (const at of places) {
        tried.cuts += await cutPower(scenario, at, (cuts) => cuts);
        await killAt(scenario, at);
        tried.kills += 1;
        const fault: Fault = {
          at: 1 + Math.floor(chance() * operations),
          forever: chance() < 0.5,
          done: chance() < 0.5,
          code: codes[Math.floor(chance() * codes.length)] ?? "EIO",
        };
        await failAt(scenario, fault);
        tried.faults += 1;
        if (total() - told >= tellEvery)
          say(
            `${tried.cuts} power cuts, ${tried.kills} kills, ${tried.faults} disk faults: nothing lost, nothing twice`,
          );
        if (total() - told >= tellEvery) told = total();
        if (total() >= wanted)
          return say(`${tried.cuts} power cuts, ${tried.kills} kills, ${tried.faults} disk faults survived`);
      }
      for (const site of new Set(syncs.map((sync) => sync.site)))
        if (!madeAnew.has(site) && !(await noticesWithout(scenario, site, places, syncs)))
          throw new Error(`nobody notices that this is missing: ${site}`);
      say(
        `every fsync of the agent is needed: taking any one away was noticed (but ${[...madeAnew].map(([site, why]) => `${site.trim()}: ${why}`).join("; ")})`,
      );
    }
  }
}
