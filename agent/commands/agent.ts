// The running agent that `--data` or `--config` leads to. With --data alone no config is read, nor what reads it loaded: the socket lies in the folder.
import { join, resolve } from "node:path";
import { socketPath } from "../control.js";
import { Failure } from "../failure.js";
import type { Where } from "./command.js";

/** The control socket that `--data` or `--config` leads to; undefined when the config cannot be used, and its faults are printed. */
async function socketFor(where: Where): Promise<string | undefined> {
  if (where.data !== undefined && where.config === undefined) return join(resolve(where.data), "control.sock");
  const { configFor } = await import("./where.js");
  const loaded = configFor(where);
  return loaded === undefined ? undefined : socketPath(loaded);
}

/** Does `work` with the agent's socket; without a config that can be used the exit code is 78. */
export async function withAgent(where: Where, work: (socket: string) => Promise<void>): Promise<void> {
  const socket = await socketFor(where);
  if (socket === undefined) process.exitCode = 78;
  else await work(socket);
}

/** The socket of the agent. Throws Failure config/invalid where the config cannot be used. */
export async function agentSocket(where: Where): Promise<string> {
  const socket = await socketFor(where);
  if (socket === undefined) throw new Failure("config/invalid", "the config cannot be used");
  return socket;
}
