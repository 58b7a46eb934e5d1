// What goes wrong on a street in the chaos: meters, readers, contactors, cables, clocks, disk and backend, each as one
// small deed. A mishap that can hide energy from the bill says for which connector, and until when.
import assert from "node:assert/strict";
import type { Agent } from "../../agent/app/agent.js";
import { loadMeterMap } from "../../config/meter-map.js";
import type { BackendMood } from "../../drivers/bench/backend.js";
import type { Bench } from "../../drivers/bench/bench.js";
import { type RtuFault, withCrc } from "../../drivers/bench/rtu-bus.js";
import type { MeterValues } from "../../drivers/bench/rtu-image.js";
import { scenarioCards } from "../../drivers/bench/scenario.js";
import type { Street } from "../support/street/street.js";

export type Chance = { between(low: number, high: number): number; of<T>(list: readonly T[]): T };

/** The scene at which it happens. */
export type Scene = Chance & {
  readonly bench: Bench;
  readonly street: Street;
  readonly agent: Agent;
  later(minutes: number, work: () => void): void;
  /** From now on, for so many minutes, this connector's meter may count what no receipt can bill. */
  hide(connector: number, minutes: number): void;
};
export type Mishap = { readonly name: string; readonly happen: (scene: Scene) => void };

/** The bench's meter of a connector, as the demo's config wires it. */
const model = "eastron-sdm630-v2";
const connectors = [1, 2];
const rtuOf = (bench: Bench) => bench.rtu.get("rs485") ?? assert.fail("no bus");

/** Spoils some answers of one meter: too few to lose it. */
const spoilt = (name: string, fault: (chance: Chance) => RtuFault, most = 3): Mishap => ({
  name,
  happen: (scene) => rtuOf(scene.bench).inject(scene.between(1, 2), fault(scene), scene.between(1, most)),
});

/** Spoils the answers of one meter until it is taken for lost. */
const lost = (name: string, fault: (chance: Chance) => RtuFault): Mishap => ({
  name,
  happen: (scene) => {
    const { bench, between, later, hide } = scene;
    const unit = between(1, 2);
    hide(unit, 5);
    rtuOf(bench).inject(unit, fault(scene), 60);
    later(5, () => rtuOf(bench).clear());
  },
});

/** For some minutes a meter tells other values than the true ones; `at` = only while its contactor is so. */
const lies = (
  name: string,
  change: (values: MeterValues, chance: Chance) => Partial<MeterValues>,
  at: "closed" | "open" | "any" = "any",
): Mishap => ({
  name,
  happen: (scene) => {
    const { bench, between, later, hide } = scene;
    const unit = between(1, 2);
    if (at !== "any" && bench.world.isClosed(unit) !== (at === "closed")) return;
    const minutes = between(1, 4);
    const serial = String(23_000_000 + 31 * 64 + unit);
    hide(unit, minutes);
    const tell = (isLying: boolean): void =>
      rtuOf(bench).attach(unit, loadMeterMap(model), () => {
        const values = { ...bench.world.meterValues(unit), serial };
        return isLying ? { ...values, ...change(values, scene) } : values;
      });
    tell(true);
    later(minutes, () => tell(false));
  },
});

/** Both words of each value change places, checksum and all: what a meter of another word order would send. */
function swapWords(frame: Buffer): Buffer {
  const swapped = Buffer.from(frame);
  for (let at = 3; at + 4 <= frame.length - 2; at += 4) {
    frame.copy(swapped, at, at + 2, at + 4);
    frame.copy(swapped, at + 2, at, at + 2);
  }
  return withCrc(swapped.subarray(0, -2));
}

/** Half an hour before local clocks are set back, and forward. */
const clockChanges = [Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2027, 2, 28, 0, 30)];

/** Whatever stands at meters and contactors: tested where no car is, and said to be mended. */
export function sendTechnician(agent: Agent, hide: Scene["hide"]): void {
  const word = { by: "A. Technician", note: "looked at all of it" };
  for (const connector of connectors) {
    // A plug that comes in the very second of the test gets what flows until it ends.
    hide(connector, 1);
    for (const request of [
      { do: "contactor-test", connector, ms: 1_000 },
      { do: "meter-accept", connector, ...word },
    ])
      agent.answer(request).catch((error: unknown) => agent.fail(error));
  }
}

export const mishaps: readonly Mishap[] = [
  spoilt("meter silent for a moment", () => ({ kind: "silent" }), 2),
  spoilt("wrong checksums", () => ({ kind: "wrong-crc" })),
  spoilt("truncated replies", ({ between }) => ({ kind: "cut", bytes: between(1, 8) })),
  spoilt("doubled replies", () => ({ kind: "doubled" })),
  spoilt("late replies", () => ({ kind: "late" })),
  spoilt("slow replies", ({ between }) => ({ kind: "slow", ms: between(1, 5) })),
  spoilt("replies in pieces", () => ({ kind: "fragmented" })),
  spoilt("exception codes", ({ of }) => ({ kind: "exception", code: of([1, 2, 3, 4, 6, 10, 11]) })),
  spoilt("noise on the line", ({ between }) => ({
    kind: "noise-before",
    bytes: Buffer.from(Array.from({ length: between(1, 9) }, () => between(0, 255))),
  })),
  spoilt("another unit's replies", () => ({ kind: "wrong-unit", unit: 77 })),
  lost("meter silent", () => ({ kind: "silent" })),
  lost("only exceptions", () => ({ kind: "exception", code: 4 })),
  lost("no numbers", () => ({ kind: "all-ones" })),
  lost("wrong word order", () => ({ kind: "spoilt", spoil: swapWords })),
  lies("register jumps", ({ energyMilliWh }) => ({ energyMilliWh: energyMilliWh + 90_000_000 })),
  lies("register runs backwards", ({ energyMilliWh }) => ({ energyMilliWh: energyMilliWh - 900_000_000 })),
  lies(
    "register set back between sessions",
    ({ energyMilliWh }) => ({ energyMilliWh: energyMilliWh - 50_000_000 }),
    "open",
  ),
  lies("power backwards", ({ powerW }) => ({ powerW: -powerW }), "closed"),
  {
    // Two phases count what the third one takes off again: a third of what flows, and nobody can see it in the sum.
    name: "one phase backwards",
    happen: (scene) => {
      const { bench, between, later, hide } = scene;
      const unit = between(1, 2);
      const { energyMilliWh: from } = bench.world.meterValues(unit);
      hide(unit, 4);
      const tell = (isTurned: boolean): void =>
        rtuOf(bench).attach(unit, loadMeterMap(model), () => {
          const values = { ...bench.world.meterValues(unit), serial: String(23_000_000 + 31 * 64 + unit) };
          const { energyMilliWh, powerW } = values;
          return isTurned
            ? { ...values, energyMilliWh: from + Math.floor((energyMilliWh - from) / 3), powerW: powerW / 3 }
            : values;
        });
      tell(true);
      later(4, () => tell(false));
    },
  },
  lies("another meter's serial number", () => ({ serial: "99000001" })),
  {
    name: "frozen meter",
    happen: ({ bench, between, later, hide }) => {
      const unit = between(1, 2);
      hide(unit, 6);
      rtuOf(bench).freeze(unit);
      later(6, () => rtuOf(bench).thaw(unit));
    },
  },
  {
    name: "adapter unplugged",
    happen: ({ bench, later, hide }) => {
      for (const unit of connectors) hide(unit, 3);
      rtuOf(bench).vanish();
      later(3, () => rtuOf(bench).restore());
    },
  },
  {
    name: "reader dies",
    happen: ({ bench, later }) => {
      bench.fields.get("front")?.chip("dead");
      later(4, () => bench.fields.get("front")?.chip("well"));
    },
  },
  {
    name: "two cards",
    happen: ({ bench, later }) => {
      bench.fields.get("front")?.present([scenarioCards.ada, scenarioCards.ben].map((uid) => Buffer.from(uid, "hex")));
      later(1, () => bench.fields.get("front")?.clear());
    },
  },
  {
    name: "contactor will not close",
    happen: ({ bench: { world }, between, later }) => {
      const connector = between(1, 2);
      // One that carries a load opens by falling: only an open one can be stuck.
      if (world.isClosed(connector)) return;
      world.stick(connector, "open");
      later(20, () => world.stick(connector, "free"));
    },
  },
  {
    name: "welded contactor",
    happen: ({ bench: { world }, between, later, hide }) => {
      const connector = between(1, 2);
      if (!world.isClosed(connector)) return;
      hide(connector, 25);
      world.stick(connector, "closed");
      later(25, () => world.stick(connector, "free"));
    },
  },
  {
    name: "cable pulled",
    happen: ({ bench, of }) => bench.board.driveActive({ gpio: of([22, 13]), activeLow: true }, false),
  },
  { name: "pin breaks", happen: ({ bench: { board }, of }) => board.break(of([17, 5]), true) },
  {
    name: "clock stepped",
    happen: ({ bench: { clock }, of }) =>
      clock.adjust({ stepMs: of([-3_600_000, 3_600_000, -1_000, 1_000, 86_400_000]) }),
  },
  {
    name: "clock change of the year",
    happen: ({ bench: { clock }, of }) => clock.adjust({ stepMs: of(clockChanges) - clock.now().at }),
  },
  {
    name: "clock untrusted",
    happen: ({ bench: { clock }, later }) => {
      clock.adjust({ trust: "unsynced" });
      later(15, () => clock.adjust({ trust: "synced" }));
    },
  },
  {
    name: "clock in holdover",
    happen: ({ bench: { clock }, later }) => {
      clock.adjust({ trust: "holdover" });
      later(30, () => clock.adjust({ trust: "synced" }));
    },
  },
  {
    name: "backend ill",
    happen: ({ street: { backend }, of, later }) => {
      void backend.become(of<BackendMood>([500, 503, "lost-answer", "cut-answer", "cut-request", "html"]));
      later(12, () => void backend.become("well"));
    },
  },
  {
    name: "link lost",
    happen: ({ street: { backend }, of, later }) => {
      void backend.become(of<BackendMood>(["away", "cut"]));
      later(12, () => void backend.become("well"));
    },
  },
  {
    name: "disk full",
    happen: ({ street, later }) => {
      street.files.fill(true);
      later(2, () => street.files.fill(false));
    },
  },
  {
    name: "disk fails",
    happen: ({ street, of, later }) => {
      street.disk.code = of(["EIO", "EROFS", "EMFILE"]);
      later(2, () => (street.disk.code = undefined));
    },
  },
  {
    name: "slow disk",
    happen: ({ street, between, later }) => {
      street.disk.slowMs = between(50, 1_500);
      later(between(1, 5), () => (street.disk.slowMs = 0));
    },
  },
  {
    name: "technician comes",
    happen: ({ agent, hide }) => sendTechnician(agent, hide),
  },
  { name: "housekeeping", happen: ({ agent }) => agent.archive() },
];
