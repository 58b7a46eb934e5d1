// Most tests run a command in their own process. Here each kind of command is started as its user does: it loads what
// it needs, says and answers the same, and ends, with nothing left open that would hold it.
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { benchStation } from "../../support/bench-station.js";
import { chargetill } from "../../support/cli/command-here.js";
import { chargetillProcess, freshFolder } from "../../support/command.js";

const test = suite("a process of its own");
const { config } = benchStation();
const none = join(freshFolder(), "none");

for (const [command, ...rest] of [
  ["config", "check", config],
  ["status", "--config", config],
  ["sync", "status", "--config", config],
  ["verify", config],
  ["receipts", "list", "--data", none],
  ["key", "show", "--data", none],
  ["repair", "--data", none],
  ["doctor", "--config", config],
  ["drain", "--config", config],
  ["ports", "--config", config],
  ["meter", "watch", "1", "--count", "1", "--config", config],
] as const)
  test(`${command} ends there as it does here`, async () => {
    const here = await chargetill(command, ...rest);
    const there = await chargetillProcess(command, ...rest);
    assert.equal({ ...there, out: withoutRoom(there.out) }, { ...here, out: withoutRoom(here.out) });
    assert.ok(here.out + here.err !== "");
  });

/** The disk of the machine is somebody else's too. */
const withoutRoom = (out: string): string => out.replace(/\d+ MiB free/, "MiB free");

test.run();
