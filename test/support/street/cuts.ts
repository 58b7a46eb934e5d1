// One cut, kill or fault, and what follows: the next agent starts on what is left, the scenario ends, the books are
// audited.
import assert from "node:assert/strict";
import type { Cut, Fault, Wishes } from "../volatile-files.js";
import { audit } from "./books.js";
import { Street, type StreetOptions } from "./street.js";

/** Starts that may fail before one must come through. */
const mostLives = 6;

/** The operations of an uncut scenario that change the disk: the places to cut. */
export async function placesToCut(scenario: StreetOptions): Promise<{
  readonly places: readonly number[];
  readonly operations: number;
  readonly syncs: Street["files"]["syncs"];
}> {
  const street = await Street.open(scenario);
  try {
    const { how } = await street.live();
    assert.equal(how, "scenario-over");
    audit(street);
    return {
      places: [...street.files.changes, street.files.operations + 1],
      operations: street.files.operations,
      syncs: street.files.syncs,
    };
  } finally {
    await street.close();
  }
}

/**
 * Cuts the power at an operation, in each way that `choose` picks of those possible; answers how many ways were tried.
 */
export async function cutPower(
  scenario: StreetOptions,
  cutAt: number,
  choose: (cuts: readonly Cut[]) => readonly Cut[],
  wishes: Wishes = {},
): Promise<number> {
  const street = await Street.open({ ...scenario, wishes: { ...wishes, cutAt } });
  try {
    await street.live();
    const cuts = choose(street.files.possibleCuts());
    for (const cut of cuts) {
      const after = await street.fork();
      try {
        after.powerCut(cut, 20_000, wishes);
        await finish(after);
      } catch (error) {
        throw told(error, `power cut at operation ${cutAt}, ${cut.bytes} bytes, names ${JSON.stringify(cut.names)}`);
      } finally {
        await after.close();
      }
    }
    return cuts.length;
  } finally {
    await street.close();
  }
}

/**
 * Kills the process at an operation; the machine and its cache go on, and a later power cut finds what the next start
 * relied on.
 */
export async function killAt(scenario: StreetOptions, at: number): Promise<void> {
  const street = await Street.open({ ...scenario, wishes: { cutAt: at } });
  try {
    await street.live();
    street.restarted();
    await finish(street);
  } catch (error) {
    throw told(error, `kill at operation ${at}`);
  } finally {
    await street.close();
  }
}

/** One operation fails, once or from then on; then the disk is well again and the next start settles. */
export async function failAt(scenario: StreetOptions, fault: Fault): Promise<void> {
  const street = await Street.open({ ...scenario, wishes: { fault } });
  try {
    const ended = await street.live();
    assert.ok(ended.how !== "exit" || ended.code === 75, `the agent asks for 75, not ${ended.code}`);
    if (ended.how === "exit")
      assert.deepEqual(
        Object.values(street.world.coils).filter((closed) => closed),
        [],
        "contactors are open when it ends",
      );
    street.restarted();
    await finish(street);
  } catch (error) {
    throw told(
      error,
      `${fault.code} at operation ${fault.at}, ${fault.forever ? "from then on" : "once"}, ${fault.done ? "done" : "not done"}`,
    );
  } finally {
    await street.close();
  }
}

/** Agents start until one sees the scenario out; then the books must be right. */
export async function finish(street: Street): Promise<void> {
  for (let life = 0; life < mostLives; life += 1) {
    const ended = await street.live();
    if (ended.how === "scenario-over") {
      audit(street);
      return;
    }
    if (ended.how !== "exit") throw new Error(`the scenario does not end: ${JSON.stringify(ended)}`);
    street.restarted();
  }
  throw new Error(`no agent came through in ${mostLives} starts`);
}

function told(error: unknown, what: string): Error {
  return new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

/**
 * Fsyncs that no scenario can miss, and why: what they write is made anew by every start that finds it missing or torn.
 */
export const madeAnew: ReadonlyMap<string, string> = new Map([
  [
    " fsync /state/station.pub.pem.new",
    "each start compares the file with the key that signs; only older keys, which no scenario has, hang on this fsync",
  ],
  [" fsync /state/reserve.new", "holds nothing but room: a start that finds it short takes it again"],
  [" fsync /state/reserve.#.new", "holds nothing but a name: a start that misses it takes it again"],
]);

/**
 * Whether a program without the fsyncs of `site` is caught by some cut of the scenario, also by one after a kill and a
 * start.
 */
export async function noticesWithout(
  scenario: StreetOptions,
  site: string,
  places: readonly number[],
  syncs: Street["files"]["syncs"],
): Promise<boolean> {
  const wishes: Wishes = { ignoreSync: (name) => name === site };
  // What follows an fsync shows that it was missing: the operations after it, the last one first, since most is relied
  // on then.
  const after = syncs.filter((sync) => sync.site === site).map(({ operation }) => operation);
  const near = after.flatMap((operation) => {
    const [next, ...later] = places.filter((place) => place > operation).slice(0, nearPlaces);
    // A new file's bytes are missed once its name is the old one's: the rename comes next, so the place behind it is
    // tried first.
    return next === undefined ? [] : site.endsWith(".new") ? [...later, next] : [next, ...later];
  });
  // A folder that was never fsynced shows at the very end; a file's bytes may have been written anew by then.
  const end = places.slice(-1);
  const tried = [...new Set(/\.(new|jsonl)$/.test(site) ? [...near, ...end] : [...end, ...near])];
  for (const place of tried) {
    if (await isRed(() => cutPower(scenario, place, harshest, wishes))) return true;
    if (await isRed(() => killThenCut(scenario, place, wishes))) return true;
  }
  return false;
}

const nearPlaces = 4;

/** Bytes lost; every name lost, every name kept, and each name alone lost or kept. */
function harshest(cuts: readonly Cut[]): readonly Cut[] {
  return cuts.filter(({ bytes, names }) => {
    const kept = names.filter(Boolean).length;
    return bytes === "lost" && (kept === 0 || kept === names.length || kept === 1 || kept === names.length - 1);
  });
}

/** A kill, a start that reads what is there and sells on, and a power cut at its end. */
async function killThenCut(scenario: StreetOptions, at: number, wishes: Wishes): Promise<void> {
  const street = await Street.open({ ...scenario, wishes: { cutAt: at } });
  try {
    await street.live();
    street.restarted(wishes);
    await street.live();
    for (const cut of harshest(street.files.possibleCuts())) {
      const after = await street.fork();
      try {
        after.powerCut(cut, 20_000, wishes);
        await finish(after);
      } finally {
        await after.close();
      }
    }
  } finally {
    await street.close();
  }
}

async function isRed(check: () => Promise<unknown>): Promise<boolean> {
  try {
    await check();
    return false;
  } catch {
    return true;
  }
}
