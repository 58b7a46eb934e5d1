// The last receipt number, named by a person after the state folder came back from a backup onto a machine that knows
// nothing of it.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { benchStation } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { untilAnswers } from "../../support/cli/started-agent.js";
import { RunningCommand } from "../../support/command.js";

const test = suite("receipts continue");

test("sells nothing while the last number is not known, and names the lost ones once it is", async () => {
  const { config, folder, state } = benchStation();
  const mark = join(folder, "number");
  writeFileSync(config, `${readFileSync(config, "utf8")}\nnumberMark: ${mark}\n`);
  const first = new RunningCommand(["run", "--config", config]);
  await first.until(/"type":"started"/);
  first.kill("SIGTERM");
  await first.ended;
  rmSync(mark, { recursive: true });
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/"code":"numbers\/unknown"/);
  await untilAnswers(agent, config);
  const status = await chargetill("status", "--config", config);
  assert.match(status.out, /the number mark .* is gone, so this station was restored from a backup/);
  const word = ["receipts", "continue", "--note", "the backend has 3", "--by", "A. Technician", "--config", config];
  const told = await chargetill(...word, "--after", "3");
  assert.is(told.code, 0, told.out + told.err);
  assert.match(told.out, /receipts 2 to 3 are lost here, and the book says so; the next one is 4/);
  await agent.until(/"type":"recovered"[^\n]*numbers\/unknown/);
  const again = await chargetill(...word, "--after", "1");
  assert.is(again.code, 1);
  assert.match(again.err, /receipt 3 is in the book/);
  agent.kill("SIGTERM");
  assert.is((await agent.ended).code, 0);
  const shown = await chargetill("receipts", "show", "3", "--data", state);
  assert.match(shown.out, /LOST NUMBER \(ZERO\) 3[\s\S]*2-3, A\. Technician: the backend has 3/);
  assert.match(JSON.stringify(JSON.parse(readFileSync(join(mark, "receipt-number.json"), "utf8"))), /"highest":3/);
});

test.run();
