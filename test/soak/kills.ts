// Real kills: the built agent, as a process of its own with files on a real disk, dies of SIGKILL at random moments and
// is started again. The bench's world lies in a file and goes on with the next start. At the end the book is exported
// and verified as anyone would.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { milliWhOfKwh } from "../../agent/core/number/energy-text.js";
import { payloadOf } from "../../agent/core/receipt/receipt-payload.js";
import { verifyEvidence } from "../../agent/core/verify/verify.js";
import { bookFormat, bookNote } from "../../agent/core/verify/verify-book.js";
import { Book } from "../../agent/ledger/book/book.js";
import { Disk } from "../../agent/ledger/store/disk.js";
import { pinsOf, verifyTools } from "../../agent/receipts/dispute/evidence-input.js";
import { loadConfig } from "../../config/load.js";
import { firstWorld } from "../../drivers/bench/bench.js";
import { scenarioCards } from "../../drivers/bench/scenario.js";
import type { Agenda, WorldAct, WorldState } from "../../drivers/bench/world.js";
import { WorldFile } from "../../drivers/bench/world-file.js";
import { freshFolder, RunningCommand } from "../support/command.js";
import { random } from "../support/random.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
/** Bench seconds per real second: a life of a quarter of a second is some ten minutes of the street. */
const speed = 2_400;
const shortestLongLifeMs = 200;
/** On a slow machine a life lasts longer, by how long the last start took: else nothing would ever happen in one. */
const lifeToStart = 0.4;
const visitMs = 5 * 60_000;
/** One kill in so many comes while the agent starts, from the first instruction on. */
const atStartOneIn = 3;
const startWithinMs = 600;

export type Killed = {
  readonly kills: number;
  readonly receipts: number;
  readonly began: number;
  readonly billedMilliWh: number;
};

/**
 * Kills may fall so that every tap was missed, most of all on a slow machine: then it goes on, up to this many times as
 * long.
 */
const longerAtMost = 4;

/**
 * Kills an agent so many times, and until a session began; lets the last one settle, and proves the books. `enough`
 * ends it sooner, once a session began.
 */
export async function killOften(kills: number, seed: number, enough: () => boolean = () => false): Promise<Killed> {
  const chance = random(seed);
  const folder = freshFolder();
  const config = join(folder, "station.yaml");
  const state = join(folder, "state");
  const demo = readFileSync(join(root, "config", "demo.yaml"), "utf8");
  // Slow looks at reader and meters: a life is short, and most of it must be street.
  const slow = demo
    .replace("poll: 400ms", "poll: 2s")
    .replaceAll("meter: { port: rs485,", "meter: { port: rs485, poll: 10s,");
  writeFileSync(
    config,
    slow
      .replace("state: /var/lib/chargetill-demo", `state: ${state}`)
      .replace(
        "bench: { seed: 1, speed: 1, scenario: demo }",
        `bench: { seed: ${seed % 1000}, speed: ${speed}, scenario: quiet }`,
      )
      .replace("tariffs/standard.json", join(root, "config", "tariffs", "standard.json"))
      .replace(/^uplinks:[\s\S]*$/m, ""),
  );
  const began = new Set<string>();
  const handedOut = new Map<number, string>();
  const hear = (out: string): void => {
    for (const [, id] of out.matchAll(/"type":"session-began"[^\n]*?"session":"([^"]+)"/g))
      if (id !== undefined) began.add(id);
    for (const [, number, file] of out.matchAll(/"type":"receipt"[^\n]*?"number":(\d+)[^\n]*?"file":"([^"]+)"/g))
      if (file !== undefined)
        handedOut.set(Number(number), (JSON.parse(readFileSync(file, "utf8")) as { jws: string }).jws);
  };
  let done = 0;
  let longestLifeMs = shortestLongLifeMs;
  mkdirSync(state);
  while (began.size === 0 ? done < kills * longerAtMost : done < kills && !enough()) {
    moreVisitors(config, state, chance);
    const agent = new RunningCommand(["run", "--config", config]);
    const atStart = chance() * atStartOneIn < 1;
    const bornMs = performance.now();
    if (!atStart) await agent.until(/"type":"started"/);
    if (!atStart) longestLifeMs = Math.max(shortestLongLifeMs, (performance.now() - bornMs) * lifeToStart);
    await new Promise((resolve) =>
      setTimeout(resolve, Math.floor(chance() * (atStart ? startWithinMs : longestLifeMs))),
    );
    agent.kill("SIGKILL");
    assert.equal(
      (await agent.ended).signal,
      "SIGKILL",
      `the agent ended by itself: ${agent.out.slice(-500)}${agent.err}`,
    );
    hear(agent.out);
    done += 1;
  }
  const settled = new Set([...Book.view(new Disk(), join(state, "book")).entries()].map(({ sessionId }) => sessionId));
  // A session may have begun that was killed before it could say so: the receipts to wait for are asked for by their
  // sessions.
  const left = [...began].filter((id) => !settled.has(id));
  const last = new RunningCommand(["run", "--config", config]);
  await last.until(/"type":"started"/);
  for (const id of left) await last.until(new RegExp(`"type":"receipt"[^\\n]*"session":"${id}"`));
  last.kill("SIGTERM");
  await last.ended;
  // What began meanwhile stays open in the journal: only what was sold before is asked for.
  hear(last.out.replaceAll('"type":"session-began"', ""));
  const proven = prove(state, seed, began, handedOut);
  rmSync(folder, { recursive: true, force: true });
  return { kills: done, ...proven };
}

/**
 * While nobody runs: cars for the next minutes, one after the other at each connector, when the street's agenda runs
 * out.
 */
function moreVisitors(config: string, state: string, chance: () => number): void {
  const read = loadConfig(config);
  if (!read.ok || read.loaded.config.bench === undefined) throw new Error(`${config} cannot be read`);
  const file = new WorldFile<WorldState>(join(state, "bench.world"));
  const world = file.saved() ?? firstWorld(read.loaded.config, read.loaded.config.bench);
  if (!world.agenda.some(({ act }) => act.do === "plug")) {
    const visits = [1, 2].flatMap((connector) =>
      [0, 1, 2].flatMap((turn): Agenda => {
        const at = world.clock.monoMs + 60_000 + turn * visitMs + connector * 20_000;
        const tap: WorldAct = {
          do: "present",
          reader: "front",
          uids: [connector === 1 ? scenarioCards.ada : scenarioCards.ben],
          forMs: 5_000,
        };
        const stop: Agenda = chance() < 0.5 ? [{ monoMs: at + visitMs - 60_000, act: tap }] : [];
        return [
          { monoMs: at, act: { do: "plug", connector, powerW: 10_000, wantsWh: 5_000 } },
          { monoMs: at + 5_000, act: tap },
          ...stop,
          { monoMs: at + visitMs - 30_000, act: { do: "unplug", connector } },
        ];
      }),
    );
    file.save({ ...world, agenda: [...world.agenda, ...visits] });
  }
  file.close();
}

/** So many kills, shared by stations of their own that run side by side: one to a core. Their sums. */
export async function killManyStations(
  kills: number,
  seed: number,
  enough?: () => boolean,
  stations = 2,
): Promise<Killed> {
  const each = await Promise.all(
    Array.from({ length: stations }, (_, index) => killOften(Math.ceil(kills / stations), seed + index, enough)),
  );
  const sum = (of: (one: Killed) => number): number => each.reduce((total, one) => total + of(one), 0);
  return {
    kills: sum((one) => one.kills),
    receipts: sum((one) => one.receipts),
    began: sum((one) => one.began),
    billedMilliWh: sum((one) => one.billedMilliWh),
  };
}

function prove(
  state: string,
  seed: number,
  began: ReadonlySet<string>,
  handedOut: ReadonlyMap<number, string>,
): Omit<Killed, "kills"> {
  const book = Book.open(new Disk(), join(state, "book"));
  book.verifyAll();
  const entries = [...book.entries()];
  const pins = pinsOf([join(state, "station.pub.pem")], (path) => readFileSync(path, "utf8"));
  const text = JSON.stringify({
    format: bookFormat,
    note: bookNote,
    station: "CT-DEMO",
    receipts: entries.map(({ jws }) => jws),
    disclosures: entries.map(() => []),
    checkpoint: "",
  });
  const faults = verifyEvidence([{ name: "the book", text }], pins, verifyTools()).flatMap(({ subject, checks }) =>
    checks
      .filter(({ verdict }) => verdict === "fails" || verdict === "unproven")
      .map(({ name, verdict, detail }) => `${subject}: ${name}: ${verdict}: ${detail}`),
  );
  assert.deepEqual(faults, []);
  const sessions = entries.flatMap(({ kind, sessionId }) => (kind === "sale" ? [sessionId] : []));
  assert.equal(new Set(sessions).size, sessions.length, "no session has two receipts");
  assert.deepEqual(
    [...began].filter((id) => !sessions.includes(id)),
    [],
    "every session that began has its receipt",
  );
  for (const [number, jws] of handedOut)
    assert.equal(entries[number - 1]?.jws, jws, `receipt ${number} stays what was handed out`);
  let billedMilliWh = 0;
  for (const { jws } of entries) {
    const payload = payloadOf(jws);
    if (payload?.kind === "sale") billedMilliWh += milliWhOfKwh(payload.sale.energyKwh) ?? Number.NaN;
  }
  const world = new WorldFile<WorldState>(join(state, "bench.world")).saved();
  const counted = Object.entries(world?.outlets ?? {}).reduce(
    (sum, [id, outlet]) => sum + outlet.registerMilliWh - (1_234_000 + Number(id) * 111_000 + (seed % 1000)) * 1_000,
    0,
  );
  assert.ok(billedMilliWh <= counted, `${billedMilliWh} mWh billed, ${counted} counted`);
  return { receipts: entries.length, began: began.size, billedMilliWh };
}

export async function soakKills(kills: number, seed: number, say: (line: string) => void): Promise<void> {
  for (let done = 0; done < kills; ) {
    const killed = await killManyStations(Math.min(100, kills - done), seed + done);
    done += killed.kills;
    say(
      `${done} real kills survived; this time ${killed.receipts} receipts over ${killed.billedMilliWh / 1_000_000} kWh`,
    );
  }
}
