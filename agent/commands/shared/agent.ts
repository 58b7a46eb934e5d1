// The running agent that `--data` or `--config` leads to. With --data alone no config is read, nor what reads it
// loaded: the socket lies in the folder.
import { resolve } from "node:path";
import { socketIn, socketPath } from "../../control/control-socket.js";
import type { StationOptions } from "./command.js";

/**
 * The control socket that `--data` or `--config` leads to. Throws Failure config/invalid where the config cannot be
 * used.
 */
export async function agentSocket(where: StationOptions): Promise<string> {
  if (where.data !== undefined && where.config === undefined) return socketIn(resolve(where.data));
  const { loadedFor } = await import("./with-devices.js");
  return socketPath(loadedFor(where));
}
