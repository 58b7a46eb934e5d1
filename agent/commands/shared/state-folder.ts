// Where `--config` and `--data` lead a command: to the state folder, which needs no config where it is named itself.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../../core/failure.js";
import type { StationOptions } from "./command.js";
import { loadedFor } from "./with-devices.js";

/** The state folder that `--data` or `--config` leads to. Throws Failure config/invalid, a line for each fault. */
export const folderFor = (where: StationOptions): string =>
  where.data === undefined ? loadedFor(where).config.state : resolve(where.data);

/** The same, for looking: one that is there. Throws as `folderFor`, and Failure usage/invalid where it is not. */
export function presentFolderFor(where: StationOptions): string {
  const folder = folderFor(where);
  if (!existsSync(folder)) throw new Failure("usage/invalid", `${folder}: no such state folder`);
  return folder;
}
