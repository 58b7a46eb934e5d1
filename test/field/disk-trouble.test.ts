// What a technician sees of a disk in trouble: a fault by name, in log and status, fresh figures, and an agent that can be asked though its state
// folder takes not even a socket; and all of it gone by itself when the disk is well.
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { News } from "../../agent/news.js";
import type { Snapshot } from "../../agent/snapshot.js";
import { Running } from "../command.js";
import { Street } from "../crash/street.js";
import { benchStation } from "./bench-station.js";

const test = suite("a disk in trouble, as it is seen");

test("a disk that others fill while nobody charges is a fault that is raised and cleared, and the room that is told is what is free now", async () => {
  const street = await Street.open({ storyMs: 400_000, startsAt: Date.UTC(2026, 10, 24, 12, 0, 0), agenda: () => [] });
  const seen: (Pick<Snapshot, "selling" | "faults"> & { readonly freeBytes: number | undefined })[] = [];
  try {
    const ended = await street.live({
      during: (bench, agent) => {
        const { monoMs } = bench.clock.now();
        const look = (): void => {
          const { selling, faults, room } = agent.snapshot();
          seen.push({ selling, faults, freeBytes: room?.freeBytes });
        };
        for (const [seconds, work] of [[30, look], [65, () => street.files.fill(true)], [66, look], [130, look], [140, () => street.files.fill(false)], [200, look]] as const)
          bench.clock.at(monoMs + seconds * 1_000, work);
      },
    });
    assert.is(ended.how, "story-over", JSON.stringify(ended));
  } finally {
    await street.close();
  }
  assert.equal(seen.map(({ selling, faults }) => [selling, faults.map(({ code }) => code)]), [[true, []], [true, []], [false, ["disk/full"]], [true, []]]);
  assert.equal(seen.map(({ freeBytes }) => (freeBytes ?? 0) > 0), [true, false, false, true]);
  const told = street.seen.news.filter((one): one is News & { news: "fault" | "recovered" } => (one.news === "fault" || one.news === "recovered") && one.code === "disk/full").map(({ news }) => news);
  assert.equal(told, ["fault", "recovered"]);
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
    const running = new Running([...words, "--config", config], env);
    running.type("");
    return running.ended;
  };
  const agent = new Running(["run", "--config", config], env);
  try {
    await agent.until(/"news":"fault","at":\d+,"device":"station","code":"disk\/failed"/);
    const told = await asked("status");
    assert.is(told.code, 1, told.err);
    assert.match(told.out, /NOT SELLING: cannot make the folder .*link/);
    assert.match(told.out, /FAULT disk\/failed at station/);
    rmSync(link);
    symlinkSync(real, link);
    await agent.until(/"news":"started"/);
    // This machine has none of the devices, and each of them names itself, whichever is looked for first.
    for (const code of ["gpio/missing", "reader/missing", "port/missing"]) await agent.until(new RegExp(`"code":"${code}"`));
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
