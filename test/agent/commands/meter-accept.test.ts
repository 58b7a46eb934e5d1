// A meter that was set back between two runs of the agent: nobody is sold anything there until somebody says that it is
// right, by the command or by a commissioning.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { benchStation } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { startAgent } from "../../support/cli/started-agent.js";
import { RunningCommand } from "../../support/command.js";

const test = suite("a person's word about a meter");

/** A station that has sold at connector 1, and whose meters then begin anew; its agent runs, and the fault stands. */
async function setBack(): Promise<{
  readonly folder: string;
  readonly config: string;
  readonly agent: RunningCommand;
}> {
  const { config, folder, state } = benchStation({ quiet: false, speed: 240 });
  const selling = new RunningCommand(["run", "--config", config]);
  // More than a kilowatt-hour, for longer than a minute: a reading of it was kept.
  await selling.until(/"type":"price-changed"/);
  selling.kill("SIGTERM");
  await selling.ended;
  rmSync(join(state, "bench.world"));
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/meter\/register-fell/);
  return { folder, config, agent };
}

test("given by the command is taken up by the running agent, and journalled with who gave it", async () => {
  const { config, agent } = await setBack();
  const word = ["meter", "accept", "--connector", "1", "--note", "set back by the maker", "--by", "A. Technician"];
  const ended = await chargetill(...word, "--config", config);
  assert.is(ended.code, 0, ended.out + ended.err);
  assert.match(ended.out, /meter \S+ is billed from \S+ kWh on, after \S+ kWh; the next receipt says so/);
  await agent.until(/"type":"recovered"[^\n]*meter\/register-fell/);
  agent.kill("SIGTERM");
  await agent.ended;
  const journal = join(config, "..", "state", "journal");
  const lines = readdirSync(journal)
    .filter((name) => name !== "closed")
    .map((name) => readFileSync(join(journal, name), "utf8"))
    .join("");
  assert.match(lines, /"MeterAccepted".*"by":"A\. Technician"|"by":"A\. Technician".*"MeterAccepted"/);
});

test("given by a commissioning stands in its record", async () => {
  const { config, folder, agent } = await setBack();
  const out = join(folder, "record");
  await chargetill("commission", "--by", "A. Technician", "--config", config, "--out", out);
  assert.match(
    readFileSync(`${out}.txt`, "utf8").replaceAll(/\s+/g, " "),
    /meter 1: NOT CHECKED, skipped: no load given; its register of \S+ kWh is accepted, after \S+ kWh on its last receipt/,
  );
  agent.kill("SIGTERM");
  await agent.ended;
});

test("is refused where nothing waits for it, and where no agent runs", async () => {
  const { config } = benchStation();
  const word = ["meter", "accept", "--connector", "1", "--note", "replaced", "--config", config];
  const none = await chargetill(...word);
  assert.is(none.code, 1);
  assert.match(none.err, /no agent/);
  const agent = await startAgent(config);
  const needless = await chargetill(...word);
  assert.is(needless.code, 1);
  assert.match(needless.err, /connector 1: nothing stands at its meter that waits for a person's word/);
  agent.kill("SIGTERM");
  await agent.ended;
});

test.run();
