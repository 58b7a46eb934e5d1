// Thousands of short lives of the ledger on a disk that forgets: each ends in a power cut, a kill or a failing
// operation, the next goes on with what is left, and after each the judge looks for what was acknowledged. Arguments:
// lives (10000), seed (1).
import { Failure } from "../../agent/core/failure.js";
import { judge, Ledger, live } from "../support/ledger-life.js";
import { random } from "../support/random.js";
import type { Fault, Wishes } from "../support/volatile-files.js";
import { VolatileFiles } from "../support/volatile-files.js";

const lives = Number(process.argv[2] ?? 10_000);
const seed = Number(process.argv[3] ?? 1);
/** Lives on one store before a new one is begun: most bugs need a fresh store. */
const livesOnAStore = 8;
const chance = random(seed);
const below = (limit: number): number => Math.floor(chance() * limit);
const codes: readonly Fault["code"][] = ["EIO", "ENOSPC", "EROFS", "EMFILE"];
const counted = { cuts: 0, kills: 0, faults: 0, receipts: 0 };

/** How this life ends: at an operation that a life of this length may reach or not. */
function fate(): Wishes {
  const at = 1 + below(350);
  const shortWrites = below(4) === 0;
  if (below(3) > 0) return { cutAt: at, shortWrites };
  return {
    fault: { at, forever: below(2) === 0, done: below(2) === 0, code: codes[below(codes.length)] ?? "EIO" },
    shortWrites,
  };
}

let files = new VolatileFiles();
let ledger = new Ledger();
let pageEntries = 2;
for (let life = 1; life <= lives; life += 1) {
  if (life % livesOnAStore === 0) {
    counted.receipts += ledger.ackedReceipts;
    [files, ledger, pageEntries] = [new VolatileFiles(), new Ledger(), 1 + below(3)];
  }
  const wishes = fate();
  const living = files.afterKill(wishes);
  try {
    live(living, ledger, pageEntries, 1 + below(4));
  } catch (cause) {
    if (!(cause instanceof Failure && cause.code.startsWith("disk/")))
      throw new Error(`seed ${seed}, life ${life}: ${String(cause)}`, { cause });
    if (wishes.fault) counted.faults += 1;
  }
  const cuts = living.possibleCuts();
  const cut = below(4) > 0 ? cuts[below(cuts.length)] : undefined;
  files = cut ? living.afterCut(cut) : living.afterKill();
  counted[cut ? "cuts" : "kills"] += 1;
  try {
    judge(files, ledger, pageEntries);
  } catch (cause) {
    throw new Error(`seed ${seed}, life ${life}, ${JSON.stringify({ wishes, cut })}: ${String(cause)}`, { cause });
  }
}
console.log(
  `ledger: ${lives} lives (seed ${seed}): ${counted.cuts} power cuts, ${counted.kills} kills, ${counted.faults} failed operations, ${counted.receipts} receipts; nothing lost, nothing doubled`,
);
