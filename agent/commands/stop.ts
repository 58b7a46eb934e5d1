// chargetill stop: the remote word that ends a session.
import type { Command } from "commander";
import { askAgent } from "../control/control-socket.js";
import { agentSocket } from "./shared/agent.js";
import { printResult, type StationOptions, stationCommand, wholeNumber } from "./shared/command.js";

/** `chargetill stop`. */
export function stopCommand(): Command {
  return stationCommand("stop", "stop the session at a connector, as a backend would", "stop 1")
    .argument("<connector>", "the connector's number", wholeNumber("<connector>", 0, 64))
    .action(async (connector: number, options: StationOptions) =>
      printResult(options, await askAgent(await agentSocket(options), { do: "stop", connector }), [
        `connector ${connector} is stopping`,
      ]),
    );
}
