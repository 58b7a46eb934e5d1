// Seeded chaos: visitors come and go while meters, readers, pins, disk, clock, backend, process and power fail at random.
// The books are audited at the end of each round, when the street is quiet; a seed repeats a run to the letter.
import assert from "node:assert/strict";
import { loadMeterMap } from "../../config/meter-map.js";
import { askAgent } from "../../agent/control.js";
import type { Agent } from "../../agent/main.js";
import type { BackendMood } from "../../drivers/bench/backend.js";
import type { Bench } from "../../drivers/bench/bench.js";
import { storyCards } from "../../drivers/bench/story.js";
import type { Act, Agenda } from "../../drivers/bench/world.js";
import { audit } from "../crash/books.js";
import { Street } from "../crash/street.js";
import { random } from "../ledger/random.js";
import type { Fault } from "../ledger/volatile-files.js";

const minuteMs = 60_000;
/** A round: so long come visitors, and so many of them per connector at most. */
const roundMs = 150 * minuteMs;
/** What a meter's fault can hide: the energy of the time until it is taken for lost, and of a register that stands still. */
const hiddenByMeterMilliWh = 700_000;
const mostLives = 40;

type Chance = { between(low: number, high: number): number; of<T>(list: readonly T[]): T };
type Mishap = { readonly name: string; readonly hides?: true; readonly happen: (bench: Bench, street: Street, chance: Chance, later: (minutes: number, work: () => void) => void, agent: Agent) => void };

const rtuOf = (bench: Bench) => bench.rtu.get("rs485") ?? assert.fail("no bus");

/** What goes wrong while the agent runs. */
const mishaps: readonly Mishap[] = [
  { name: "meter silent for a moment", happen: (bench, _, { between }) => rtuOf(bench).inject(between(1, 2), { kind: "silent" }, 1) },
  { name: "meter silent", hides: true, happen: (bench, _, { between }, later) => {
    rtuOf(bench).inject(between(1, 2), { kind: "silent" }, 12);
    later(5, () => rtuOf(bench).clear());
  } },
  { name: "wrong checksums", happen: (bench, _, { between }) => rtuOf(bench).inject(between(1, 2), { kind: "wrong-crc" }, between(1, 4)) },
  { name: "late replies", happen: (bench, _, { between }) => rtuOf(bench).inject(between(1, 2), { kind: "doubled" }, between(1, 4)) },
  { name: "no numbers", hides: true, happen: (bench, _, { between }) => rtuOf(bench).inject(between(1, 2), { kind: "all-ones" }, between(1, 60)) },
  { name: "frozen meter", hides: true, happen: (bench, _, { between }, later) => {
    const unit = between(1, 2);
    rtuOf(bench).freeze(unit);
    later(6, () => rtuOf(bench).thaw(unit));
  } },
  { name: "register jumps", hides: true, happen: (bench, _, { between }, later) => {
    const unit = between(1, 2);
    const serial = String(23_000_000 + 31 * 64 + unit);
    const tell = (spikeMilliWh: number): void => rtuOf(bench).attach(unit, loadMeterMap("eastron-sdm630-v2"), () => {
      const values = bench.world.meterValues(unit);
      return { ...values, energyMilliWh: values.energyMilliWh + spikeMilliWh, serial };
    });
    tell(between(0, 1) === 0 ? 90_000_000 : -900_000_000);
    later(between(1, 4), () => tell(0));
  } },
  { name: "adapter unplugged", hides: true, happen: (bench, _, __, later) => {
    rtuOf(bench).vanish();
    later(3, () => rtuOf(bench).restore());
  } },
  { name: "reader dies", happen: (bench, _, __, later) => {
    bench.fields.get("front")?.chip("dead");
    later(4, () => bench.fields.get("front")?.chip("well"));
  } },
  { name: "contactor will not close", happen: ({ world }, _, { between }, later) => {
    const connector = between(1, 2);
    // One that carries a load opens by falling: only an open one can be stuck.
    if (world.isClosed(connector)) return;
    world.stick(connector, "open");
    later(20, () => world.stick(connector, "free"));
  } },
  { name: "two cards", happen: ({ fields }, _, __, later) => {
    fields.get("front")?.present([storyCards.ada, storyCards.ben].map((uid) => Buffer.from(uid, "hex")));
    later(1, () => fields.get("front")?.clear());
  } },
  { name: "cable pulled", happen: (bench, _, { of }) => bench.board.driveActive({ gpio: of([22, 13]), activeLow: true }, false) },
  { name: "clock stepped", happen: ({ clock }, _, { of }) => clock.adjust({ stepMs: of([-3_600_000, 3_600_000, -1_000, 1_000, 86_400_000]) }) },
  { name: "clock untrusted", happen: ({ clock }, _, __, later) => {
    clock.adjust({ trust: "unsynced" });
    later(15, () => clock.adjust({ trust: "synced" }));
  } },
  { name: "clock in holdover", happen: ({ clock }, _, __, later) => {
    clock.adjust({ trust: "holdover" });
    later(30, () => clock.adjust({ trust: "synced" }));
  } },
  { name: "backend ill", happen: (_, { backend }, { of }, later) => {
    void backend.become(of<BackendMood>([500, 503, "lost-answer", "cut-answer", "cut-request"]));
    later(12, () => void backend.become("well"));
  } },
  { name: "disk full", happen: (_, street, __, later) => {
    street.files.fill(true);
    later(2, () => street.files.fill(false));
  } },
  { name: "pin breaks", happen: ({ board }, _, { of }) => board.break(of([17, 5]), true) },
  { name: "housekeeping", happen: (_, __, ___, ____, agent) => agent.archive() },
];

export type ChaosReport = { readonly rounds: number; readonly lives: number; readonly receipts: number; readonly injected: ReadonlyMap<string, number>; readonly simulatedMs: number };

/** Plays rounds of chaos until `enough` says so; throws with the round's number when the books are wrong. */
export async function chaos(seed: number, enough: (report: ChaosReport) => boolean, prove = 8): Promise<ChaosReport> {
  const chance = chanceOf(seed);
  const injected = new Map<string, number>();
  const count = (name: string): void => void injected.set(name, (injected.get(name) ?? 0) + 1);
  const street = await Street.open({
    seed: 1,
    storyMs: roundMs,
    agenda: (startMs) => visitors(startMs, chance),
    change: (config) => ({
      ...config,
      connectors: config.connectors.map((one) => ({ ...one, meter: { ...one.meter, poll: 10_000, timeout: 60, lostAfter: 40_000 } })),
      readers: { front: { driver: "mfrc522", spi: { bus: 0, device: 0 }, poll: 2_000, debounce: 2_000 } },
      timing: { ...config.timing, journalReading: 30_000 },
    }),
  });
  let report: ChaosReport = { rounds: 0, lives: 0, receipts: 0, injected, simulatedMs: 0 };
  let allowance = 0;
  try {
    for (let round = 1; ; round += 1) {
      allowance += await playRound(street, chance, count);
      const { entries } = audit(street, { unbilledAtMost: allowance, prove: round % prove === 0 });
      report = { rounds: round, lives: street.lives, receipts: entries.length, injected, simulatedMs: street.world.clock.monoMs - street.before.clock.monoMs };
      if (enough(report)) {
        audit(street, { unbilledAtMost: allowance });
        return report;
      }
      street.goOn((startMs) => visitors(startMs, chance), roundMs);
    }
  } catch (error) {
    throw new Error(`seed ${seed}, round ${report.rounds + 1}, life ${street.lives}, after ${[...injected].map(([name, times]) => `${times} x ${name}`).join(", ")}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    await street.close();
  }
}

/** Lives until the round is over; answers the energy that meter faults may have hidden. */
async function playRound(street: Street, chance: Chance, count: (name: string) => void): Promise<number> {
  let hidden = 0;
  for (let life = 0; life < mostLives; life += 1) {
    // The last lives are calm, so that every round comes to an end.
    const calm = life > mostLives / 2;
    const ending = calm ? "calm" : chance.of(["cut", "kill", "fault", "leave", "calm", "calm"] as const);
    const at = chance.between(20, 900);
    const fault: Fault = { at, forever: chance.between(0, 1) === 0, done: chance.between(0, 1) === 0, code: chance.of(["EIO", "ENOSPC", "EROFS", "EMFILE"]) };
    street.restarted(ending === "cut" || ending === "kill" ? { cutAt: at } : ending === "fault" ? { fault } : {});
    await street.backend.become("well");
    const during = (bench: Bench, agent: Agent): void => {
      const later = (minutes: number, work: () => void): void => void bench.clock.at(bench.clock.now().monoMs + minutes * minuteMs, work);
      const next = (): void => {
        if (bench.clock.now().monoMs >= street.endMs) return;
        const mishap = chance.of(mishaps);
        count(mishap.name);
        if (mishap.hides) hidden += hiddenByMeterMilliWh;
        mishap.happen(bench, street, chance, later, agent);
        later(chance.between(2, 25), next);
      };
      if (!calm) later(chance.between(1, 20), next);
      // Someone looks after what was parked, when the day is over.
      const lookAfter = (): void => {
        if (bench.clock.now().monoMs >= street.endMs) void bench.clock.busy(street.backend.become("well").then(() => resend(street)));
        later(2, lookAfter);
      };
      lookAfter();
    };
    const ended = await street.live({ during, nothingParked: true, ...(ending === "leave" ? { untilMs: street.world.clock.monoMs + chance.between(1, 90) * minuteMs } : {}) });
    street.files.fill(false);
    // A disk that fails from some operation on, at the start, keeps the agent waiting for ever: somebody changes the card.
    if (ended.how === "stuck" && ending !== "fault") throw new Error(`the street does not come to rest: ${ended.why}`);
    if (ended.how === "story-over" && ending !== "leave") return hidden;
    if (ended.how === "story-over" && street.world.clock.monoMs >= street.endMs && ending !== "leave") return hidden;
    count(ended.how === "exit" ? "ended by a disk or pin" : ending === "kill" ? "kill" : ending === "cut" ? "power cut" : "restart");
    if (ended.how === "cut" && ending === "cut") street.powerCut(chance.of(street.files.possibleCuts()), chance.between(1, 120) * 30_000);
  }
  throw new Error(`no agent saw the round out in ${mostLives} lives`);
}

const resend = (street: Street): Promise<unknown> => askAgent(street.loaded.config.socket ?? "", { do: "sync-resend", number: "all" }).catch(() => undefined);

/** Cars at both connectors, one after the other; most tap, some tap twice, some never. */
function visitors(startMs: number, { between, of }: Chance): Agenda {
  const agenda: { monoMs: number; act: Act }[] = [];
  for (const connector of [1, 2]) {
    let at = startMs + between(10, 600) * 1_000;
    for (;;) {
      const stayMs = between(4, 45) * minuteMs;
      if (at + stayMs + 2 * minuteMs > startMs + roundMs) break;
      const tap: Act = { do: "present", reader: "front", uids: [of([storyCards.ada, storyCards.ben, storyCards.stranger])], forMs: of([4_500, 4_500, 70_000]) };
      agenda.push({ monoMs: at, act: { do: "plug", connector, powerW: between(37, 110) * 100, wantsWh: between(1, 9) * 1_000 } });
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
export function chaosText({ rounds, lives, receipts, injected, simulatedMs }: ChaosReport): string {
  const what = [...injected].sort((a, b) => b[1] - a[1]).map(([name, times]) => `${times} x ${name}`).join(", ");
  return `${(simulatedMs / 86_400_000).toFixed(1)} days, ${rounds} rounds, ${lives} lives of the agent, ${receipts} receipts; survived ${what}`;
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
