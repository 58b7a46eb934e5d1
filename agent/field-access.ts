// The way to the devices for a technician's command: the running agent, or the devices themselves under the lock of the state folder.
import { setTimeout as delay } from "node:timers/promises";
import type { LoadedConfig } from "../config/load.js";
import type { MachineBuses, MachineNeeds } from "../drivers/open.js";
import { askAgent, isAbsent, type ControlRequest, socketPath } from "./control.js";

export type FieldAccess = {
  /** True where the running agent answers. */
  readonly live: boolean;
  /** The buses themselves, where no agent holds them. */
  readonly buses?: MachineBuses;
  /** Throws Failure agent/refused with the device's words. */
  ask(request: ControlRequest): Promise<unknown>;
  /** Waits: for real beside an agent, else by the clock of the devices, which on a bench is its own. */
  pause(ms: number): Promise<unknown>;
  close(): Promise<void>;
};

/** Whether an agent serves this config now. Throws where one runs and this user may not speak to it. */
export async function agentRuns(loaded: LoadedConfig): Promise<boolean> {
  try {
    await askAgent(socketPath(loaded), { do: "status" });
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/**
 * `look`: nothing is made, written or kept, so that a doctor leaves a machine as it was found. Throws Failure state/locked where an agent holds
 * the folder and does not answer.
 */
export async function openField(loaded: LoadedConfig, use: "work" | "look" = "work", needs: MachineNeeds = "all"): Promise<FieldAccess> {
  if (await agentRuns(loaded)) return { live: true, ask: (request) => askAgent(socketPath(loaded), request), pause: (ms) => delay(ms), close: () => Promise.resolve() };
  // Beside an agent neither drivers nor tables are needed, and none is loaded.
  const { openDevices } = await import("./field-devices.js");
  return openDevices(loaded, use, needs);
}
