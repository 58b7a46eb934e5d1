// Where `--config` and `--data` lead a command: to the state folder, which needs no config where it is named itself.
import { resolve } from "node:path";
import type { StationOptions } from "./command.js";
import { loadedFor } from "./with-devices.js";

/** The state folder that `--data` or `--config` leads to. Throws Failure config/invalid, a line for each fault. */
export const folderFor = (where: StationOptions): string =>
  where.data === undefined ? loadedFor(where).config.state : resolve(where.data);
