// Damaged state folders: one file of a station is spoilt as a bad card would spoil it, and an agent starts on what is
// there. It sells on with right books, or it sells nothing and names what is wrong, in the same words at the next
// start; it never ends by itself.
import assert from "node:assert/strict";
import { milliWhOfKwh } from "../../../agent/core/number/energy-text.js";
import { payloadOf } from "../../../agent/core/receipt/receipt-payload.js";
import { verifyEvidence } from "../../../agent/core/verify/verify.js";
import { bookFormat, bookNote } from "../../../agent/core/verify/verify-book.js";
import { Book } from "../../../agent/ledger/book/book.js";
import { Disk } from "../../../agent/ledger/store/disk.js";
import { pinsOf, verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { random } from "../random.js";
import type { VolatileFiles } from "../volatile-files.js";
import { oneSession, shortScenario } from "./scenarios.js";
import { Street, type StreetOptions, stateFolder } from "./street.js";

const pageBytes = 4096;
/** Long enough for the first tries of services that cannot open, and for a session that was left open. */
const watchedMs = 100_000;
const tools = verifyTools();

export type Spoilt = { readonly path: string; readonly what: string; readonly bytes: Buffer | undefined };
/** What became of a start: it sells on, or it says what is wrong. */
export type Outcome = { readonly how: "sells" | "refuses"; readonly why: string };

/** A street at a moment of its scenario, and its files as they were some time before. */
export type Scene = { readonly street: Street; readonly older: readonly VolatileFiles[] };

/** A street on which all is settled. */
export const settledScene = (): Promise<Scene> => sceneOf(shortScenario, [60_000, 120_000, Number.POSITIVE_INFINITY]);

/** A settled street, one whose car charges, and one in the middle of three sessions. */
export async function openScenes(): Promise<Scene[]> {
  return [
    await settledScene(),
    await sceneOf(oneSession, [10_000, 35_000]),
    await sceneOf(shortScenario, [30_000, 90_000, 140_000]),
  ];
}

async function sceneOf(scenario: StreetOptions, stops: readonly number[]): Promise<Scene> {
  const street = await Street.open(scenario);
  const older: VolatileFiles[] = [];
  const { monoMs } = street.before.clock;
  for (const [index, stop] of stops.entries()) {
    const ended = await street.live(stop === Number.POSITIVE_INFINITY ? {} : { untilMs: monoMs + stop });
    assert.equal(ended.how, "scenario-over");
    street.restarted();
    if (index < stops.length - 1) older.push(street.files.copy());
  }
  return { street, older };
}

/** One spoilt file, by chance; the same chance spoils the same. */
export function spoil({ street, older }: Scene, chance: () => number): Spoilt {
  const below = (limit: number): number => Math.floor(chance() * limit);
  const paths = street.files.allFiles();
  const path = paths[below(paths.length)] ?? "";
  const bytes = Buffer.from(street.files.peek(path));
  const at = below(bytes.length);
  const kinds: readonly (() => Spoilt)[] = [
    () => {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
      return { path, what: `bit flip in byte ${at}`, bytes };
    },
    () => {
      const flips = 2 + below(30);
      for (let flip = 0; flip < flips; flip += 1) bytes[below(bytes.length)] = below(256);
      return { path, what: `${flips} random bytes`, bytes };
    },
    () => ({ path, what: `cut at ${at}`, bytes: bytes.subarray(0, at) }),
    () => {
      const from = Math.floor(at / pageBytes) * pageBytes;
      return { path, what: `zeros from ${from}`, bytes: bytes.fill(0, from, Math.min(bytes.length, from + pageBytes)) };
    },
    () => ({ path, what: "empty", bytes: Buffer.alloc(0) }),
    () => ({ path, what: "missing", bytes: undefined }),
    () => {
      const before = older.filter((files) => files.allFiles().includes(path));
      const copy = before[below(before.length)];
      return copy === undefined
        ? { path, what: "empty", bytes: Buffer.alloc(0) }
        : { path, what: "an old copy", bytes: copy.peek(path) };
    },
  ];
  return (kinds[below(kinds.length)] as () => Spoilt)();
}

/**
 * Starts twice on a street with this file spoilt, and judges. Throws with the mutation when anything is not as
 * promised.
 */
export async function startOn({ street }: Scene, spoilt: Spoilt): Promise<Outcome> {
  const after = await street.fork();
  try {
    after.files = street.files.copy();
    after.files.tamper(spoilt.path, spoilt.bytes);
    const first = await start(after);
    if (first.how === "refuses")
      assert.equal((await start(after)).why, first.why, "the second start refuses in the same words");
    return first;
  } catch (error) {
    throw new Error(`${spoilt.what} of ${spoilt.path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  } finally {
    await after.close();
  }
}

async function start(street: Street): Promise<Outcome> {
  street.restarted();
  const told = street.seen.event.length;
  const ended = await street.live({ untilMs: street.world.clock.monoMs + watchedMs });
  assert.equal(ended.how, "scenario-over", `the agent ended: ${JSON.stringify(ended)}`);
  const snapshot = street.agent?.snapshot();
  // A sealed page that rotted closes the services too, with all the rest open.
  const closed =
    snapshot?.keyId === "" ? snapshot.closed : snapshot?.faults.find(({ code }) => code === "book/damaged")?.message;
  if (closed !== undefined) {
    assert.match(closed, /\/state\/\S+|^the receipt book/, "what is damaged is named");
    assert.equal(
      street.seen.event.slice(told).some(({ type }) => type === "session-began"),
      false,
    );
    return { how: "refuses", why: closed };
  }
  judge(street);
  return { how: "sells", why: "" };
}

/**
 * What was handed out stands in the book as it was, no session has two receipts, all is proven, and no more is billed
 * than flowed.
 */
function judge(street: Street): void {
  const files = street.files.copy();
  const book = Book.view(new Disk(files), `${stateFolder}/book`);
  const entries = [...book.entries()];
  for (const [number, jws] of street.seen.receipts)
    assert.equal(entries[number - 1]?.jws, jws, `receipt ${number}, once handed out, stays what it is`);
  const sessions = entries.filter(({ kind }) => kind === "sale").map(({ sessionId }) => sessionId);
  assert.equal(new Set(sessions).size, sessions.length, "no session has two receipts");
  const pins = pinsOf(["station.pub.pem"], () => files.peek(`${stateFolder}/station.pub.pem`).toString("utf8"));
  const text = JSON.stringify({
    format: bookFormat,
    note: bookNote,
    station: street.loaded.config.station.id,
    receipts: entries.map(({ jws }) => jws),
    disclosures: entries.map(() => []),
    checkpoint: "",
  });
  const faults = verifyEvidence([{ name: "the book", text }], pins, tools).flatMap(({ checks }) =>
    checks
      .filter(({ verdict }) => verdict === "fails" || verdict === "unproven")
      .map(({ name, detail }) => `${name}: ${detail}`),
  );
  assert.deepEqual(faults, []);
  let billed = 0;
  for (const { jws } of entries) {
    const payload = payloadOf(jws);
    if (payload?.kind === "sale") billed += milliWhOfKwh(payload.sale.energyKwh) ?? Number.NaN;
  }
  const counted = Object.entries(street.world.outlets).reduce(
    (sum, [id, { registerMilliWh }]) =>
      sum + registerMilliWh - (street.before.outlets[Number(id)]?.registerMilliWh ?? 0),
    0,
  );
  assert.ok(billed <= counted, `${billed} mWh billed, ${counted} counted`);
  const copies = new Map<string, string>();
  for (const { id, body } of street.backend.posts) {
    assert.equal(body, copies.get(id) ?? body, `every copy of ${id} is the same to the byte`);
    copies.set(id, body);
  }
}

/** So many spoilt starts over all scenes; answers how they ended. */
export async function spoilOften(
  times: number,
  seed: number,
  say: (done: number) => void = () => undefined,
): Promise<{ readonly sells: number; readonly refuses: number }> {
  const chance = random(seed);
  const scenes = await openScenes();
  const ended = { sells: 0, refuses: 0 };
  try {
    for (let done = 1; done <= times; done += 1) {
      const scene = scenes[done % scenes.length];
      if (scene === undefined) break;
      ended[(await startOn(scene, spoil(scene, chance))).how] += 1;
      say(done);
    }
  } finally {
    for (const { street } of scenes) await street.close();
  }
  return ended;
}
