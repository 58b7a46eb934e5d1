// Where `--config` and `--data` lead a command: to a config, to the state folder, to the running agent's socket.
import { resolve } from "node:path";
import type { LoadedConfig } from "../../config/load.js";
import { Failure } from "../failure.js";
import { complain, type Where } from "./command.js";
import { configAt } from "./field.js";

/** The config that `--config` names, with the state folder that `--data` names; its faults are printed and undefined is the answer. */
export function configFor(where: Where): LoadedConfig | undefined {
  const read = configAt(where);
  if (read.ok) return read.loaded;
  for (const line of read.faults) complain(line);
  return undefined;
}

/** The state folder that `--data` or `--config` leads to. Throws Failure config/invalid when the faults have been printed. */
export function folderFor(where: Where): string {
  if (where.data !== undefined) return resolve(where.data);
  const loaded = configFor(where);
  if (loaded === undefined) throw new Failure("config/invalid", "the config cannot be used");
  return loaded.config.state;
}
