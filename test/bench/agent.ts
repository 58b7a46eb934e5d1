// What the whole agent costs: a settlement and a start with few and with many receipts in the book, bytes written per
// session and per idle hour (wear of the card), memory and processor beside a bare Node. Real files, the bench's
// devices; the large book is laid down unsigned.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Agent } from "../../agent/app/agent.js";
import { Disk } from "../../agent/ledger/store/disk.js";
import { loadConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { firstWorld, openBench } from "../../drivers/bench/bench.js";
import { scenarioCards } from "../../drivers/bench/scenario.js";
import type { Agenda } from "../../drivers/bench/world.js";
import { layDown } from "../support/load/large-book.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const sessions = 24;
const sessionMs = 30 * 60_000;
const watchedMs = 10_000;
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const read = loadConfig(join(root, "config", "demo.yaml"));
if (!read.ok) throw new Error("the demo's config cannot be read");
const { loaded } = read;

type Measured = {
  readonly startMs: number;
  readonly settleMs: number;
  readonly bytesPerSession: number;
  readonly bytesPerIdleHour: number;
};

/** Starts an agent, sells some sessions of half an hour, and lets an hour pass. */
async function measure(state: string, idleOnly = false): Promise<Measured> {
  const bench = { seed: 1, speed: 0, scenario: "quiet" } as const;
  const config: Config = {
    ...loaded.config,
    state,
    socket: join(state, "..", `${idleOnly ? "i" : "s"}.sock`),
    uplinks: [],
    readers: { front: { driver: "mfrc522", spi: { bus: 0, device: 0 }, poll: 1_000, debounce: 2_000 } },
    connectors: loaded.config.connectors.map((one) => ({ ...one, meter: { ...one.meter, poll: 10_000 } })),
  };
  const world = firstWorld(config, bench);
  const start = world.clock.monoMs;
  const agenda: Agenda = idleOnly
    ? []
    : Array.from({ length: sessions }, (_, index) => start + index * (sessionMs + 60_000)).flatMap(
        (at): Agenda => [
          { monoMs: at + 1_000, act: { do: "plug", connector: 1, powerW: 9_000, wantsWh: 30_000 } },
          { monoMs: at + 5_000, act: { do: "present", reader: "front", uids: [scenarioCards.ada], forMs: 3_000 } },
          { monoMs: at + sessionMs, act: { do: "unplug", connector: 1 } },
        ],
      );
  const buses = openBench(config, bench, {
    saved: () => ({ ...world, agenda }),
    save: () => undefined,
    close: () => undefined,
  });
  const disk = new Disk();
  const settled: number[] = [];
  let stoppingMs = 0;
  let bornBytes = 0;
  let startMs = Number.NaN;
  const from = performance.now();
  const agent = await Agent.open(
    { ...loaded, config },
    {
      buses,
      version: "bench",
      disk,
      exit: (code) => process.exit(code),
      emit: (told) => {
        const { type } = told;
        if (told.type === "fault") throw new Error(told.message);
        if (type === "started") startMs = performance.now() - from;
        if (type === "stopping") stoppingMs = performance.now();
        if (type === "receipt") settled.push(performance.now() - stoppingMs);
      },
    },
  );
  bornBytes = disk.bytesWritten;
  const spanMs = idleOnly ? 3_600_000 : sessions * (sessionMs + 60_000);
  await new Promise<void>((resolve) => buses.clock.at(start + spanMs, resolve));
  const written = disk.bytesWritten - bornBytes;
  await agent.close();
  return { startMs, settleMs: median(settled), bytesPerSession: written / sessions, bytesPerIdleHour: written };
}

/** Memory and processor time of a process while it is watched, from the moment when it says that it is `ready`. */
async function watch(name: string, args: readonly string[], ready?: RegExp): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  try {
    await new Promise<void>((resolve) => {
      if (ready === undefined) setTimeout(resolve, 2_000);
      child.stdout.on("data", (chunk: Buffer) => {
        out += chunk.toString();
        if (ready?.test(out) === true) resolve();
      });
    });
    const before = ticks();
    await new Promise((resolve) => setTimeout(resolve, watchedMs));
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
    // A tick of /proc is 10 ms.
    return `${name.padEnd(46)}${(Number(rss) / 1024).toFixed(0).padStart(5)} MiB, ${(((ticks() - before) * 10 * 100) / watchedMs).toFixed(1)} % of one processor`;
  } finally {
    child.kill("SIGKILL");
  }
}

const folder = mkdtempSync(join(tmpdir(), "chargetill-bench-agent-"));
try {
  for (const count of [0, 100, 100_000]) layDown(join(folder, String(count)), count);
  // Each is measured anew for the start, in turn, so that a warm program helps none of them.
  await measure(join(folder, "100"), true);
  const empty = await measure(join(folder, "0"), true);
  const many = await measure(join(folder, "100000"), true);
  const few = await measure(join(folder, "100"));
  const full = await measure(join(folder, "100000"));
  console.log(
    `settlement, 100 in the book:        ${few.settleMs.toFixed(2)} ms (from the open contactor to the receipt handed out)`,
  );
  console.log(
    `settlement, 100000 in the book:     ${full.settleMs.toFixed(2)} ms, ratio ${(full.settleMs / few.settleMs).toFixed(2)} (aim: < 1.3)`,
  );
  console.log(`start, empty book:                  ${empty.startMs.toFixed(1)} ms`);
  console.log(
    `start, 100000 in the book:          ${many.startMs.toFixed(1)} ms, ratio ${(many.startMs / empty.startMs).toFixed(2)} (aim: < 2)`,
  );
  console.log(
    `written per session of half an hour: ${Math.round(few.bytesPerSession / 1024)} KiB; per idle hour: ${Math.round(empty.bytesPerIdleHour / 1024)} KiB`,
  );
  const config = join(folder, "station.yaml");
  const demo = readFileSync(join(root, "config", "demo.yaml"), "utf8");
  writeFileSync(
    config,
    demo
      .replace("/var/lib/chargetill-demo", join(folder, "run"))
      .replace("tariffs/standard.json", join(root, "config", "tariffs", "standard.json"))
      .replace(/^uplinks:[\s\S]*$/m, ""),
  );
  console.log(
    await watch(
      "run, bench and all, a car charging:",
      [join(root, "dist", "agent", "cli.js"), "run", "--config", config],
      /session-began/,
    ),
  );
  console.log(await watch("a bare node:", ["-e", "setInterval(()=>{},1000)"]));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
