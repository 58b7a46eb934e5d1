// Seeded chaos: visitors come and go while meters, readers, pins, disk, clock, backend, process and power fail at
// random. The books are compared after every event, and audited as a whole when the street is quiet; a seed repeats a
// run to the letter.

import type { Agent } from "../../agent/app/agent.js";
import { askAgent } from "../../agent/control/control-socket.js";
import type { Bench } from "../../drivers/bench/bench.js";
import { scenarioCards } from "../../drivers/bench/scenario.js";
import type { Agenda, WorldAct } from "../../drivers/bench/world.js";
import { random } from "../support/random.js";
import { audit } from "../support/street/books.js";
import { Street } from "../support/street/street.js";
import type { Fault } from "../support/volatile-files.js";
import { LiveBooks } from "./live-books.js";
import { type Chance, mishaps, type Scene, sendTechnician } from "./mishaps.js";

const minuteMs = 60_000;
/** A round: so long come visitors, and so many of them per connector at most. */
const roundMs = 150 * minuteMs;
const mostLives = 40;
/** A clock that is further behind than this has lost the date. */
const mostAstrayMs = 3 * 365 * 86_400_000;

export type ChaosReport = {
  readonly rounds: number;
  readonly lives: number;
  readonly receipts: number;
  readonly looks: number;
  readonly injected: ReadonlyMap<string, number>;
  readonly simulatedMs: number;
};

/** Plays rounds of chaos until `enough` says so; throws with the round's number when the books are wrong. */
export async function chaos(seed: number, enough: (report: ChaosReport) => boolean, prove = 8): Promise<ChaosReport> {
  const chance = chanceOf(seed);
  const injected = new Map<string, number>();
  const count = (name: string): void => void injected.set(name, (injected.get(name) ?? 0) + 1);
  const street = await Street.open({
    seed: 1,
    scenarioMs: roundMs,
    agenda: (startMs) => visitors(startMs, chance),
    change: (config) => ({
      ...config,
      connectors: config.connectors.map((one) => ({
        ...one,
        meter: { ...one.meter, poll: 10_000, timeout: 60, lostAfter: 40_000 },
      })),
      readers: { front: { driver: "mfrc522", spi: { bus: 0, device: 0 }, poll: 2_000, debounce: 2_000 } },
      timing: { ...config.timing, journalReading: 30_000 },
    }),
  });
  const books = new LiveBooks(street);
  let report: ChaosReport = { rounds: 0, lives: 0, receipts: 0, looks: 0, injected, simulatedMs: 0 };
  try {
    for (let round = 1; ; round += 1) {
      await playRound(street, books, chance, count);
      books.catchUp();
      const { entries } = audit(street, { unbilled: books.unbilledMilliWh(), prove: round % prove === 0 });
      report = {
        looks: books.looks,
        rounds: round,
        lives: street.lives,
        receipts: entries.length,
        injected,
        simulatedMs: street.world.clock.monoMs - street.before.clock.monoMs,
      };
      if (enough(report)) {
        audit(street, { unbilled: books.unbilledMilliWh() });
        return report;
      }
      street.goOn((startMs) => visitors(startMs, chance), roundMs);
    }
  } catch (error) {
    throw new Error(
      `seed ${seed}, round ${report.rounds + 1}, life ${street.lives}, after ${[...injected].map(([name, times]) => `${times} x ${name}`).join(", ")}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  } finally {
    await street.close();
  }
}

/** Lives until the round is over. */
async function playRound(
  street: Street,
  books: LiveBooks,
  chance: Chance,
  count: (name: string) => void,
): Promise<void> {
  for (let life = 0; life < mostLives; life += 1) {
    // The last lives are calm, so that every round comes to an end.
    const calm = life > mostLives / 2;
    const ending = calm
      ? "calm"
      : chance.of(["cut", "cut at a start", "kill", "fault", "leave", "calm", "calm"] as const);
    const at = chance.between(20, 900);
    const fault: Fault = {
      at,
      forever: chance.between(0, 1) === 0,
      done: chance.between(0, 1) === 0,
      code: chance.of(["EIO", "ENOSPC", "EROFS", "EMFILE"]),
    };
    const wishes: { cutAt?: number; fault?: Fault; shortWrites: boolean } = { shortWrites: chance.between(0, 9) === 0 };
    if (ending === "cut" || ending === "kill") wishes.cutAt = at;
    if (ending === "fault") wishes.fault = fault;
    street.restarted(wishes);
    books.catchUp();
    // Now and then the disk that ended a life is still ill when the next one begins.
    const stillIll = !calm && chance.between(0, 2) === 0;
    if (!stillIll) street.disk.code = undefined;
    street.disk.slowMs = 0;
    await street.backend.become("well");
    const { world } = street;
    const begins = (agent: Agent): boolean => agent.snapshot().connectors.some(({ state }) => state === "starting");
    const ended = await street.live({
      during: (bench, agent) => play(street, books, bench, agent, chance, calm, count),
      look: (bench, agent) => {
        books.look(agent, bench);
        // Within the next writes: the meter is being asked, the session is being opened.
        if (ending === "cut at a start" && wishes.cutAt === undefined && begins(agent))
          wishes.cutAt = street.files.operations + chance.between(1, 8);
      },
      nothingParked: true,
      ...(ending === "leave" ? { untilMs: world.clock.monoMs + chance.between(1, 90) * minuteMs } : {}),
    });
    street.files.fill(false);
    // A disk that fails from some operation on, at the start, keeps the agent waiting for ever: somebody changes the
    // card.
    if (ended.how === "stuck" && ending !== "fault") throw new Error(`the street does not come to rest: ${ended.why}`);
    if (ended.how === "scenario-over" && ending !== "leave") return;
    count(
      ended.how === "exit"
        ? "ended by a disk or pin"
        : ending === "kill"
          ? "kill"
          : ending === "cut at a start"
            ? "power cut during a session's start"
            : ending === "cut"
              ? "power cut"
              : "restart",
    );
    if (ended.how === "cut" && ending !== "kill")
      street.powerCut(chance.of(street.files.possibleCuts()), chance.between(1, 120) * 30_000);
  }
  throw new Error(`no agent saw the round out in ${mostLives} lives`);
}

/** Lets things go wrong while an agent lives, unless it is a calm life. */
function play(
  street: Street,
  books: LiveBooks,
  bench: Bench,
  agent: Agent,
  chance: Chance,
  calm: boolean,
  count: (name: string) => void,
): void {
  const { clock } = bench;
  const later = (minutes: number, work: () => void): void =>
    void clock.at(clock.now().monoMs + minutes * minuteMs, work);
  const hide: Scene["hide"] = (connector, minutes) => books.hide(connector, clock.now().monoMs, minutes);
  const next = (): void => {
    if (clock.now().monoMs >= street.endMs) return;
    const mishap = chance.of(mishaps);
    count(mishap.name);
    mishap.happen({ ...chance, bench, street, agent, later, hide });
    later(chance.between(1, 10), next);
  };
  if (!calm) later(chance.between(1, 20), next);
  if (street.disk.code !== undefined) later(chance.between(1, 3), () => (street.disk.code = undefined));
  // What the life before left behind is mended in time: a clock that lost its trust, contacts that were stuck.
  const { before } = street;
  const setClock = (): void => {
    const now = clock.now();
    const lostMs =
      now.at < before.clock.at - mostAstrayMs ? before.clock.at + now.monoMs - before.clock.monoMs - now.at : 0;
    clock.adjust({ stepMs: lostMs, trust: "synced" });
  };
  later(20, setClock);
  for (const [id, how] of Object.entries(bench.world.state().stuck)) {
    if (how === "closed") hide(Number(id), 20);
    later(20, () => bench.world.stick(Number(id), "free"));
  }
  // What stands until a person says so: somebody comes.
  later(chance.between(10, 40), () => sendTechnician(agent, hide));
  // After a power cut a clock without a battery starts at its zero, until somebody tells it the time.
  const { boot, at, trust } = clock.now();
  if (
    !calm &&
    trust === "synced" &&
    boot !== before.clock.boot &&
    boot !== lastBoot.get(street) &&
    chance.between(0, 3) === 0
  ) {
    count("clock unset after a power cut");
    clock.adjust({ stepMs: -at, trust: "unsynced" });
    later(chance.between(1, 30), setClock);
  }
  lastBoot.set(street, boot);
  // Someone looks after what was parked, when the day is over.
  const lookAfter = (): void => {
    if (clock.now().monoMs >= street.endMs) void clock.busy(street.backend.become("well").then(() => resend(street)));
    later(2, lookAfter);
  };
  lookAfter();
}

/** The boot in which each street's last agent lived. */
const lastBoot = new WeakMap<Street, string>();

const resend = (street: Street): Promise<unknown> =>
  askAgent(street.loaded.config.socket ?? "", { do: "sync-resend", number: "all" }).catch(() => undefined);

/** Cars at both connectors, one after the other; most tap, some tap twice, some never. */
function visitors(startMs: number, { between, of }: Chance): Agenda {
  const agenda: { monoMs: number; act: WorldAct }[] = [];
  for (const connector of [1, 2]) {
    let at = startMs + between(10, 600) * 1_000;
    for (;;) {
      const stayMs = between(3, 25) * minuteMs;
      if (at + stayMs + 2 * minuteMs > startMs + roundMs) break;
      const tap: WorldAct = {
        do: "present",
        reader: "front",
        uids: [of([scenarioCards.ada, scenarioCards.ben, scenarioCards.stranger])],
        forMs: of([4_500, 4_500, 70_000]),
      };
      agenda.push({
        monoMs: at,
        act: { do: "plug", connector, powerW: between(37, 110) * 100, wantsWh: between(1, 9) * 1_000 },
      });
      agenda.push({ monoMs: at + between(-30, 40) * 1_000, act: tap });
      if (between(0, 2) > 0) agenda.push({ monoMs: at + stayMs - between(5, 60) * 1_000, act: tap });
      agenda.push({ monoMs: at + stayMs, act: { do: "unplug", connector } });
      at += stayMs + between(1, 15) * minuteMs;
    }
  }
  return agenda;
}

function chanceOf(seed: number): Chance {
  const next = random(seed);
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return { between, of: <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T };
}

/** What was injected and survived, in a line. */
export function chaosText({ rounds, lives, receipts, looks, injected, simulatedMs }: ChaosReport): string {
  const what = [...injected]
    .sort((a, b) => b[1] - a[1])
    .map(([name, times]) => `${times} x ${name}`)
    .join(", ");
  return `${(simulatedMs / 86_400_000).toFixed(1)} days, ${rounds} rounds, ${lives} lives of the agent, ${receipts} receipts, books compared ${looks} times; survived ${what}`;
}

export async function soakChaos(days: number, seed: number, say: (line: string) => void): Promise<void> {
  if (days === 0) return;
  let told = 0;
  const report = await chaos(seed, (so) => {
    if (so.simulatedMs - told >= 86_400_000) {
      told = so.simulatedMs;
      say(chaosText(so));
    }
    return so.simulatedMs >= days * 86_400_000;
  });
  say(chaosText(report));
}
