// The promise of the ledger: cut the power at any operation, and what was acknowledged is there, what was torn is not.
// And the promise of this test: it notices when any one fsync is taken out of the program.
import assert from "node:assert/strict";
import { suite } from "uvu";
import { Failure } from "../../../agent/core/failure.js";
import { judge, Ledger, live } from "../../support/ledger-life.js";
import type { Wishes } from "../../support/volatile-files.js";
import { VolatileFiles } from "../../support/volatile-files.js";

const power = suite("power cuts");

/** Enough for a second page and segment, for letting go of one, and for a round after that. */
const lifeRounds = 3;

/** Runs a life until it ends or the disk throws. */
function run(files: VolatileFiles, pageEntries: number, rounds = lifeRounds): Ledger {
  const ledger = new Ledger();
  try {
    live(files, ledger, pageEntries, rounds);
  } catch (cause) {
    assert.ok(cause instanceof Failure && cause.code.startsWith("disk/"), String(cause));
  }
  return ledger;
}

/** The operations of a whole, uncut life that change the disk. */
function placesToCut(pageEntries: number): readonly number[] {
  const files = new VolatileFiles();
  run(files, pageEntries);
  return [...files.changes, files.operations + 1];
}

const isRed = (check: () => void): boolean => {
  try {
    check();
    return false;
  } catch {
    return true;
  }
};

/** Cuts at every operation in every way; `thenWhat` goes on with what the next boot finds. The number of cuts. */
function cutEverywhere(
  pageEntries: number,
  wishes: Wishes,
  thenWhat: (after: VolatileFiles, known: Ledger) => void,
  from = 0,
): number {
  let tried = 0;
  for (const cutAt of placesToCut(pageEntries)) {
    if (cutAt < from) continue;
    const before = new VolatileFiles({ ...wishes, cutAt });
    const ledger = run(before, pageEntries);
    for (const cut of before.possibleCuts()) {
      thenWhat(before.afterCut(cut), ledger.copy());
      tried += 1;
    }
  }
  return tried;
}

/**
 * Kills the process at every operation, starts again with `wishes`, and cuts the power once what that start read is
 * relied on.
 */
function killThenCutEverywhere(pageEntries: number, wishes: Wishes): number {
  let tried = 0;
  for (const cutAt of placesToCut(pageEntries)) {
    const killed = new VolatileFiles({ cutAt });
    const ledger = run(killed, pageEntries);
    const restarted = killed.afterKill(wishes);
    judge(restarted, ledger, pageEntries);
    for (const cut of restarted.possibleCuts()) {
      judge(restarted.afterCut(cut), ledger.copy(), pageEntries);
      tried += 1;
    }
  }
  return tried;
}

for (const pageEntries of [1, 2])
  power(`a cut at every operation loses nothing that was acknowledged (${pageEntries} receipts a page)`, () => {
    let nth = 0;
    const tried = cutEverywhere(pageEntries, {}, (after, known) => {
      judge(after, known, pageEntries);
      if (nth++ % 3 !== 0) return;
      // One in three goes on living where it stopped, and the next start finds both parts of that life.
      live(after, known, pageEntries, 1);
      judge(after.afterHardCut(), known, pageEntries);
    });
    assert.ok(tried > 350, `${tried} cuts`);
  });

power("a second cut, while the agent starts after the first, loses nothing either", () => {
  let nth = 0;
  let tried = 0;
  cutEverywhere(2, {}, (after, known) => {
    // Every fifteenth first cut, each with every second one.
    if (nth++ % 15 !== 0) return;
    const whole = after.copy();
    judge(whole, known.copy());
    for (const cutAt of whole.changes) {
      const starting = after.copy({ cutAt });
      assert.ok(
        isRed(() => judge(starting, known.copy())),
        "a start that is cut short comes to no end",
      );
      for (const cut of starting.possibleCuts()) {
        judge(starting.afterCut(cut), known.copy());
        tried += 1;
      }
    }
  });
  assert.ok(tried > 350, `${tried} cuts`);
});

power("what a start after a kill has read is still there after a cut", () => {
  for (const pageEntries of [1, 2]) assert.ok(killThenCutEverywhere(pageEntries, {}) > 100);
});

/** Whether some cut after the operation `from` finds the ledger wrong under these wishes. */
const cutNotices = (wishes: Wishes, pageEntries: number, from: number): boolean =>
  isRed(() => cutEverywhere(pageEntries, wishes, (after, known) => judge(after, known, pageEntries), from));

/** The fsyncs of a whole life, told apart by operation, file and phase (a start, a running agent). */
function syncsOfALife(rounds: number): VolatileFiles["syncs"] {
  const files = new VolatileFiles();
  run(files, 1, rounds);
  return files.syncs;
}

power("taking any one fsync, of a file or a folder, out of the program turns the check red", () => {
  const syncs = syncsOfALife(lifeRounds);
  const sites = [...new Set(syncs.map(({ site }) => site))];
  assert.ok(sites.length >= 20, sites.join("\n"));
  const unnoticed = sites.filter((without) => {
    const wishes: Wishes = { ignoreSync: (site) => site === without };
    return !cutNotices(wishes, 1, 0) && !isRed(() => killThenCutEverywhere(1, wishes));
  });
  assert.deepEqual(unnoticed, []);
});

power("leaving out one single fsync of a running agent, once, turns the check red", () => {
  // The last round is left whole: what follows an fsync is what shows that it was missing.
  const unnoticed = syncsOfALife(lifeRounds - 1).filter(
    ({ site, operation }, index) =>
      site.startsWith("run") && !cutNotices({ ignoreSync: (_, count) => count === index + 1 }, 1, operation),
  );
  assert.deepEqual(unnoticed, []);
});

power.run();
