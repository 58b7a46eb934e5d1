// `chargetill run` in a process of its own, as far as its control socket answers: a moment after the line that it
// started.
import { setImmediate as nextTurn } from "node:timers/promises";
import { socketPath } from "../../../agent/control/control-socket.js";
import { agentRuns } from "../../../agent/technician/open-devices.js";
import { loadConfig } from "../../../config/load.js";
import { RunningCommand } from "../command.js";

/** Starts the agent of a config. */
export async function startAgent(config: string): Promise<RunningCommand> {
  const agent = new RunningCommand(["run", "--config", config]);
  await agent.until(/"type":"started"/);
  await untilAnswers(agent, config);
  return agent;
}

/** Resolves when the agent answers at its control socket; rejects when it ends before. Its own time limit bounds it. */
export async function untilAnswers(agent: RunningCommand, config: string): Promise<void> {
  const read = loadConfig(config);
  if (!read.ok) throw new Error(`${config} cannot be loaded`);
  while (!(await agentRuns(socketPath(read.loaded)))) {
    if (agent.isOver) throw new Error(`ended before it answered:\n${agent.out}\n${agent.err}`);
    await nextTurn();
  }
}
