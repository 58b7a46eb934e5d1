// chargetill drain: no new sessions, and those that run are ended and settled; what an upgrade or a planned stop asks
// for first.

import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { askAgent } from "../control/control-socket.js";
import { agentRuns } from "../technician/open-devices.js";
import { agentSocket } from "./shared/agent.js";
import { printResult, type StationOptions, stationCommand, wholeNumber } from "./shared/command.js";

const askEveryMs = 250;

/** `chargetill drain`. Exit 1 when sessions are still open after that time; the agent goes on with them. */
export function drainCommand(): Command {
  return stationCommand(
    "drain",
    "start no new sessions; end and settle those that run",
    "drain --for 60 && systemctl stop chargetill",
  )
    .option("--for <seconds>", "how long to wait for receipts", wholeNumber("--for", 1, 600), 60)
    .option("--off", "allow new sessions again")
    .action(async (options: StationOptions & { for: number; off?: true }) => {
      const socket = await agentSocket(options);
      if (!(await agentRuns(socket)))
        return printResult(options, { running: false, open: [] }, ["no agent runs: nothing to drain"]);
      let open: readonly number[] = [];
      for (let leftMs = options.for * 1_000; leftMs > 0; leftMs -= askEveryMs) {
        ({ open } = (await askAgent(socket, { do: "drain", on: options.off !== true })) as {
          open: readonly number[];
        });
        if (open.length === 0 || options.off === true) break;
        await delay(askEveryMs);
      }
      const drained = options.off === true || open.length === 0;
      printResult(options, { running: true, drained, open }, [
        options.off === true
          ? "the station sells again"
          : drained
            ? "drained: all sessions are settled, and none begins until the agent is started again"
            : `connector ${open.join(", ")}: still not settled; chargetill status says why`,
      ]);
      process.exitCode = drained ? 0 : 1;
    });
}
