// The station that a technician's command is about: its config, and its devices.
import { dirname, resolve } from "node:path";
import { faultLine, type LoadedConfig, loadConfig } from "../../../config/load.js";
import type { MachineNeeds } from "../../../drivers/machine/open-machine.js";
import { askAgent, isAbsent, socketIn } from "../../control/control-socket.js";
import { reachable } from "../../control/privileges.js";
import { Failure } from "../../core/failure.js";
import type { DeviceAccess } from "../../technician/device-access.js";
import { defaultConfig, type StationOptions } from "./command.js";

/**
 * The config that `--config` names, in the state folder that `--data` names. Throws Failure config/invalid, a line for
 * each fault.
 */
export function loadedFor(where: StationOptions): LoadedConfig {
  const read = loadConfig(reachable(where.config ?? defaultConfig));
  if (!read.ok) throw new Failure("config/invalid", read.faults.map(faultLine).join("\n"));
  return where.data === undefined
    ? read.loaded
    : { ...read.loaded, config: { ...read.loaded.config, state: resolve(where.data) } };
}

/**
 * The same, of the agent that runs on the folder that `--data` names alone: it knows its own config. Throws Failure
 * config/invalid where no agent answers there and there is no config.
 */
export async function stationOf(where: StationOptions): Promise<LoadedConfig> {
  if (where.data === undefined || where.config !== undefined) return loadedFor(where);
  let answer: unknown;
  try {
    answer = await askAgent(socketIn(resolve(where.data)), { do: "config" });
  } catch (error) {
    if (isAbsent(error)) return loadedFor(where);
    throw error;
  }
  const { file, config } = answer as Pick<LoadedConfig, "file" | "config">;
  return { file, config, resolve: (path) => resolve(dirname(file), path) };
}

/** What a command needs of the machine, and which files of its caller it reads and leaves: absolute paths. */
type FieldUse = {
  readonly needs?: MachineNeeds;
  readonly reads?: readonly string[];
  readonly leaves?: (loaded: LoadedConfig) => readonly string[];
};

/** Runs `work` with the devices within reach and lets go of them; its answer is the exit code. */
export async function withDevices(
  where: StationOptions,
  work: (devices: DeviceAccess, loaded: LoadedConfig) => Promise<number>,
  { needs = "all", reads = [], leaves = () => [] }: FieldUse = {},
): Promise<void> {
  const loaded = await stationOf(where);
  // Drivers and tables are loaded by the commands that touch devices, and by no other.
  const { openDeviceAccess } = await import("../../technician/open-devices.js");
  const devices = await openDeviceAccess(loaded, "work", needs, { reads, leaves: leaves(loaded) });
  try {
    process.exitCode = await work(devices, loaded);
  } finally {
    await devices.close();
  }
}
