// chargetill status: how the running station stands.
import type { Command } from "commander";
import { askAgent } from "../control/control-socket.js";
import type { Snapshot } from "../station/snapshot.js";
import { agentSocket } from "./shared/agent.js";
import { printResult, type StationOptions, stationCommand } from "./shared/command.js";
import { statusLines } from "./status-text.js";

/** `chargetill status`. Exit 1 when the station does not sell, or has a fault. */
export function statusCommand(): Command {
  return stationCommand("status", "the state of the running station", "status --data /var/lib/chargetill").action(
    async (options: StationOptions) => {
      const snapshot = (await askAgent(await agentSocket(options), { do: "status" })) as Snapshot;
      printResult(options, snapshot, options.json === true ? [] : statusLines(snapshot));
      process.exitCode = snapshot.selling && snapshot.faults.length === 0 ? 0 : 1;
    },
  );
}
