// Opening and testing contactors from the command line, with and without a running agent, and with a config that is
// good for nothing else.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { contactorPins } from "../../../config/pins/contactor-pins.js";
import { benchStation } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { startAgent } from "../../support/cli/started-agent.js";
import { freshFolder, RunningCommand } from "../../support/command.js";

const test = suite("contactors by hand");

test("the pins are found in a config that is wrong in every other respect", () => {
  const file = join(freshFolder(), "station.yaml");
  writeFileSync(
    file,
    "station: [nonsense\nconnectors:\n  - { id: 1, contactor: { gpio: 17, activeLow: true }, tarif: x }\n  - { id: 2, contactor: { gpio: seventeen } }\nreaders: 7\n",
  );
  const broken = contactorPins(file);
  assert.ok(broken.pins.length + broken.faults.length > 0);
  writeFileSync(
    file,
    "stations: nonsense\nconnectors:\n  - { id: 1, contactor: { gpio: 17, activeLow: true }, tarif: x }\n  - { id: 2, contactor: { gpio: seventeen } }\n  - 3\n",
  );
  const { pins, faults } = contactorPins(file);
  assert.equal(pins, [{ connector: "1", gpio: 17, activeLow: true }]);
  assert.match(
    faults.join("\n"),
    /connector 2 names no contactor pin\n.*connector number 3 of the list names no contactor pin/,
  );
});

test("a file that is not there, or is no config, is a sentence and never a crash", async () => {
  const file = join(freshFolder(), "none.yaml");
  const ended = await chargetill("contactor", "open", "--all", "--config", file);
  assert.is(ended.code, 1);
  assert.match(ended.err, /none\.yaml: cannot be read/);
  assert.not.match(ended.err, /\n\s+at /);
});

test("where there are no pins each contactor is named as not opened, with the reason", async () => {
  const { config } = benchStation({ change: (text) => text.replace(/^bench:.*$/m, "") });
  const ended = await chargetill("contactor", "open", "--all", "--config", config, "--json");
  const { opened } = JSON.parse(ended.out) as {
    opened: { connector: string; gpio: number; ok: boolean; why?: string }[];
  };
  assert.equal(
    opened.map(({ connector, gpio }) => [connector, gpio]),
    [
      ["1", 17],
      ["2", 5],
    ],
  );
  if (opened.every(({ ok }) => ok)) return assert.is(ended.code, 0);
  assert.is(ended.code, 1);
  assert.match(opened[0]?.why ?? "", /\/sys\/class\/gpio|GPIO/);
});

test("a running agent stops its sessions and settles them", async () => {
  const { config } = benchStation({ quiet: false, speed: 120 });
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/"type":"session-began","at":\d+,"connector":1/);
  const ended = await chargetill("contactor", "open", "--all", "--config", config);
  assert.is(ended.code, 0, ended.err);
  assert.match(ended.out, /sessions stopped, receipts follow: connector 1/);
  await agent.until(/"type":"receipt","at":\d+,"connector":1/);
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
});

test("where systemd says that the agent has ended, nobody is asked: the pins are all that counts", async () => {
  const { config } = benchStation({ quiet: false, speed: 120 });
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/"type":"session-began","at":\d+,"connector":1/);
  const after = new RunningCommand(["contactor", "open", "--all", "--config", config], { SERVICE_RESULT: "signal" });
  const ended = await after.ended;
  assert.is(ended.code, 0, ended.err);
  assert.not.match(ended.out, /sessions stopped/);
  agent.kill("SIGTERM");
  await agent.ended;
});

test("a contactor is tested by the running agent or without one, and its auxiliary contact is heard both ways", async () => {
  const { config } = benchStation();
  const alone = await chargetill("contactor", "test", "1", "--yes", "--config", config, "--json");
  assert.is(alone.code, 0, alone.err);
  const { whileClosed, afterOpening } = JSON.parse(alone.out) as { whileClosed: boolean; afterOpening: boolean };
  assert.equal([whileClosed, afterOpening], [true, false]);
  const agent = await startAgent(config);
  const live = await chargetill("contactor", "test", "2", "--yes", "--config", config);
  assert.is(live.code, 0, live.err);
  assert.match(live.out, /connector 2: closed for 1\.0 s and opened; its auxiliary contact followed both ways/);
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
  assert.not.match(agent.out, /contactor\/welded/);
});

test("a connector that is not there is named before anybody is asked", async () => {
  const { config, state } = benchStation();
  const asked = async (...where: string[]): Promise<void> => {
    const { code, err } = await chargetill("contactor", "test", "9", ...where);
    assert.equal([code, /there is no connector 9; there are: 1, 2/.test(err), /live/.test(err)], [2, true, false], err);
  };
  await asked("--config", config);
  const agent = await startAgent(config);
  await asked("--config", config);
  await asked("--data", state);
  agent.kill("SIGTERM");
  await agent.ended;
});

test("--data alone suffices for what asks the running agent", async () => {
  const { config, state } = benchStation();
  const agent = await startAgent(config);
  for (const command of ["status", "drain", "drain --off", "tag list", "log level", "sync status"]) {
    const { code, err } = await chargetill(...command.split(" "), "--data", state);
    assert.equal([command, code, err], [command, 0, ""]);
  }
  agent.kill("SIGTERM");
  await agent.ended;
  const alone = await chargetill("tag", "list", "--data", state);
  assert.match(alone.err, /station\.yaml: no such file/, "without an agent the config is needed");
});

test("no test while a session runs, and none that nobody agreed to", async () => {
  const { config } = benchStation({ quiet: false, speed: 120 });
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/"type":"session-began","at":\d+,"connector":1/);
  const refused = await chargetill("contactor", "test", "1", "--yes", "--config", config);
  assert.is(refused.code, 1);
  assert.match(refused.err, /connector 1 is not free/);
  const unasked = await chargetill("contactor", "test", "1", "--config", config);
  assert.is(unasked.code, 2);
  assert.match(unasked.err, /contactor test: cancelled/);
  agent.kill("SIGTERM");
  await agent.ended;
});

test("drain ends and settles what runs, lets nothing new begin, and says so", async () => {
  const { config } = benchStation({ quiet: false, speed: 120 });
  assert.match((await chargetill("drain", "--config", config)).out, /no agent runs: nothing to drain/);
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/"type":"session-began","at":\d+,"connector":1/);
  const ended = await chargetill("drain", "--config", config);
  assert.is(ended.code, 0, ended.out + ended.err);
  assert.match(ended.out, /drained: all sessions are settled/);
  assert.match(agent.out, /"type":"receipt","at":\d+,"connector":1/);
  const status = await chargetill("status", "--config", config);
  assert.is(status.code, 1);
  assert.match(status.out, /NOT SELLING: the station is being drained/);
  assert.is((await chargetill("drain", "--off", "--config", config)).code, 0);
  assert.is((await chargetill("status", "--config", config)).code, 0);
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
});

test.run();

const reload = suite("reload");

reload("SIGHUP takes up tariffs and cards for the sessions to come, and says so", async () => {
  const { config } = benchStation();
  const agent = await startAgent(config);
  assert.is((await chargetill("status", "--config", config)).code, 0);
  writeFileSync(config, readFileSync(config, "utf8").replace("9F3C77E1", "AABBCCDD"));
  agent.kill("SIGHUP");
  await agent.until(/reloaded: tariffs and cards/);
  writeFileSync(
    config,
    readFileSync(config, "utf8").replace("poll: 400ms", "poll: 500ms").replace("gpio: 24", "gpio: 25"),
  );
  agent.kill("SIGHUP");
  await agent.until(
    /reload refused: connectors\[0\]\.indicator\.red\.gpio has changed, and needs a restart; nothing has changed/,
  );
  assert.match(agent.out, /readers\.front\.poll has changed/);
  writeFileSync(config, "station: 7\n");
  agent.kill("SIGHUP");
  await agent.until(
    /reload refused: .*station\.yaml:1:10: station: expected a section, found a number; nothing has changed/,
  );
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
});

reload.run();
