// What is seen of trouble, by a technician and by a driver: a fault by name in log and status, a lamp that does not say
// "free", fresh figures of the disk, and an agent that can be asked though its state folder takes not even a socket;
// and all of it is gone by itself when the trouble is.
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { AgentEvent } from "../../../agent/station/events.js";
import type { Snapshot } from "../../../agent/station/snapshot.js";
import type { Bench } from "../../../drivers/bench/bench.js";
import { benchStation } from "../../support/bench-station.js";
import { RunningCommand } from "../../support/command.js";
import { Street } from "../../support/street/street.js";

/** Which lamp of connector 1 is lit, by the demo's config; the bench's stand still. */
const lampOf = ({ board }: Bench): string =>
  [
    ["green", 23],
    ["red", 24],
  ]
    .flatMap(([lamp, gpio]) => (board.isActive({ gpio: Number(gpio), activeLow: false }) ? [lamp] : []))
    .join();

const test = suite("trouble, as it is seen");

test("a disk that others fill while nobody charges is a fault that is raised and cleared, and the room that is told is what is free now", async () => {
  const street = await Street.open({
    scenarioMs: 400_000,
    startsAt: Date.UTC(2026, 10, 24, 12, 0, 0),
    agenda: () => [],
  });
  const seen: (Pick<Snapshot, "selling" | "faults"> & {
    readonly freeBytes: number | undefined;
    readonly lamp: string;
  })[] = [];
  try {
    const ended = await street.live({
      during: (bench, agent) => {
        const { monoMs } = bench.clock.now();
        const look = (): void => {
          const { selling, faults, diskForecast } = agent.snapshot();
          seen.push({ selling, faults, freeBytes: diskForecast?.freeBytes, lamp: lampOf(bench) });
        };
        for (const [seconds, work] of [
          [30, look],
          [65, () => street.files.fill(true)],
          [66, look],
          [130, look],
          [140, () => street.files.fill(false)],
          [200, look],
        ] as const)
          bench.clock.at(monoMs + seconds * 1_000, work);
      },
    });
    assert.is(ended.how, "scenario-over", JSON.stringify(ended));
  } finally {
    await street.close();
  }
  assert.equal(
    seen.map(({ selling, faults, lamp }) => [selling, faults.map(({ code }) => code), lamp]),
    [
      [true, [], "green"],
      [true, [], "green"],
      [false, ["disk/full"], "red"],
      [true, [], "green"],
    ],
  );
  assert.equal(
    seen.map(({ freeBytes }) => (freeBytes ?? 0) > 0),
    [true, false, false, true],
  );
  const told = street.seen.event
    .filter(
      (one): one is AgentEvent & { type: "fault" | "recovered" } =>
        (one.type === "fault" || one.type === "recovered") && one.code === "disk/full",
    )
    .map(({ type }) => type);
  assert.equal(told, ["fault", "recovered"]);
});

test("a connector whose meter is silent shows no driver a green lamp, until it answers again", async () => {
  const street = await Street.open({
    scenarioMs: 200_000,
    startsAt: Date.UTC(2026, 10, 24, 12, 0, 0),
    agenda: () => [],
  });
  const lamps: string[] = [];
  try {
    const ended = await street.live({
      during: (bench) => {
        const { monoMs } = bench.clock.now();
        const line = bench.rtu.get("rs485");
        for (const [seconds, work] of [
          [10, () => line?.inject(1, { kind: "silent" }, 10_000)],
          [60, () => line?.clear()],
        ] as const)
          bench.clock.at(monoMs + seconds * 1_000, work);
        for (const seconds of [5, 50, 120])
          bench.clock.at(monoMs + seconds * 1_000, () => void lamps.push(lampOf(bench)));
      },
    });
    assert.is(ended.how, "scenario-over", JSON.stringify(ended));
  } finally {
    await street.close();
  }
  assert.equal(lamps, ["green", "red", "green"]);
});

test("a station that cannot open shows so on its lamps, all the while, and says each of its troubles once", async () => {
  const street = await Street.open({
    scenarioMs: 400_000,
    startsAt: Date.UTC(2026, 10, 24, 12, 0, 0),
    agenda: () => [],
  });
  const lamps: string[] = [];
  street.files.readOnly = true;
  try {
    const ended = await street.live({
      during: (bench) => {
        const { monoMs } = bench.clock.now();
        bench.board.break(5, true);
        for (const seconds of [1, 30, 60])
          bench.clock.at(monoMs + seconds * 1_000, () => void lamps.push(lampOf(bench)));
        bench.clock.at(monoMs + 70_000, () => {
          street.files.readOnly = false;
          bench.board.break(5, false);
        });
        bench.clock.at(monoMs + 300_000, () => void lamps.push(lampOf(bench)));
      },
    });
    assert.is(ended.how, "scenario-over", JSON.stringify(ended));
  } finally {
    await street.close();
  }
  assert.equal(lamps, ["red", "red", "red", "green"]);
  const told = street.seen.event.flatMap((one) => (one.type === "fault" ? [`${one.device} ${one.code}`] : []));
  assert.equal(told, ["station disk/failed", "connector 2 gpio/missing"]);
});

test("an agent whose state folder takes nothing answers over its spare socket, and over its own once the folder is well", async () => {
  const { config, folder } = benchStation({ change: (text) => text.replace(/^bench: .*\n/m, "") });
  const [run, real, link] = ["run", "real", "link"].map((name) => join(folder, name)) as [string, string, string];
  for (const path of [run, real]) mkdirSync(path);
  // Not even root makes a folder below a file, as on a disk that is read-only.
  symlinkSync(config, link);
  writeFileSync(config, readFileSync(config, "utf8").replace(/^state: .*$/m, `state: ${join(link, "state")}`));
  const env = { RUNTIME_DIRECTORY: run };
  const asked = async (...words: string[]): Promise<{ code: number | null; out: string; err: string }> => {
    const running = new RunningCommand([...words, "--config", config], env);
    running.type("");
    return running.ended;
  };
  const agent = new RunningCommand(["run", "--config", config], env);
  try {
    await agent.until(/"type":"fault","at":\d+,"device":"station","code":"disk\/failed".*"remedy":"dmesg, /);
    const told = await asked("status");
    assert.is(told.code, 1, told.err);
    assert.match(told.out, /NOT SELLING: cannot make the folder .*link/);
    assert.match(
      told.out,
      /FAULT disk\/failed at station: .*\n {2}nothing is sold; what to do: dmesg, chargetill doctor;/,
    );
    rmSync(link);
    symlinkSync(real, link);
    await agent.until(/"type":"started"/);
    // This machine has none of the devices, and each of them names itself, whichever is looked for first.
    for (const code of ["gpio/missing", "reader/missing", "port/missing"])
      await agent.until(new RegExp(`"code":"${code}"`));
    const well = await asked("status", "--json");
    assert.is((JSON.parse(well.out) as Snapshot).receipts, 1, well.err);
    rmSync(run, { recursive: true });
    assert.is((JSON.parse((await asked("status", "--json")).out) as Snapshot).receipts, 1, "over its own socket");
  } finally {
    agent.kill("SIGTERM");
  }
  assert.is((await agent.ended).code, 0);
});

test.run();
