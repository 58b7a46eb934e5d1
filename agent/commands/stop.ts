// chargetill stop: the remote word that ends a session.
import type { Command } from "commander";
import { askAgent } from "../control/control-socket.js";
import { agentSocket } from "./shared/agent.js";
import { fieldCommand, tell, whole, type Where } from "./shared/command.js";

/** `chargetill stop`. */
export function stopCommand(): Command {
  return fieldCommand("stop", "stop the session at a connector: the remote word", "stop 1")
    .argument("<connector>", "the connector's number", whole("<connector>", 0, 64))
    .action(async (connector: number, options: Where) => tell(options, await askAgent(await agentSocket(options), { do: "stop", connector }), [`connector ${connector} is stopping`]));
}
