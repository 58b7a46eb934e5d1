// Opens access to the devices for a technician's command: the running agent, or the devices themselves under the lock
// of the state folder.
import { setTimeout as delay } from "node:timers/promises";
import type { LoadedConfig } from "../../config/load.js";
import type { MachineNeeds } from "../../drivers/machine/open-machine.js";
import { askAgent, isAbsent, socketPath } from "../control/control-socket.js";
import type { FileExchange } from "../control/privileges.js";
import type { DeviceAccess } from "./device-access.js";

/** Whether an agent answers at this socket. Throws where one runs and this user may not speak to it. */
export async function agentRuns(socket: string): Promise<boolean> {
  try {
    await askAgent(socket, { do: "status" });
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/**
 * `look`: nothing is made, written or kept, so that a doctor leaves a machine as it was found. Throws Failure
 * state/locked where an agent holds the folder and does not answer.
 */
export async function openDeviceAccess(
  loaded: LoadedConfig,
  use: "work" | "look" = "work",
  needs: MachineNeeds = "all",
  exchange: FileExchange = {},
): Promise<DeviceAccess> {
  if (await agentRuns(socketPath(loaded)))
    return {
      live: true,
      ask: (request) => askAgent(socketPath(loaded), request),
      pause: (ms) => delay(ms),
      close: () => Promise.resolve(),
    };
  // Beside an agent neither drivers nor tables are needed, and none is loaded.
  const { openDevices } = await import("./devices.js");
  return openDevices(loaded, use, needs, exchange);
}
