// chargetill run: the station itself.
import type { Command } from "commander";
import { locatedCommand, type StationOptions } from "./shared/command.js";
import { loadedFor } from "./shared/with-devices.js";

/**
 * `chargetill run`. Throws Failure config/invalid where the config cannot be used: exit 78, after which systemd does
 * not start it again.
 */
export function runCommand(): Command {
  const command = locatedCommand(
    "run",
    "run the station; systemd starts this",
    "run --config /etc/chargetill/station.yaml",
  );
  return command.action(async (where: StationOptions) => {
    const loaded = loadedFor(where);
    // The help of all commands must not wait for the whole agent to load.
    const { run } = await import("../app/run.js");
    process.exitCode = await run(loaded, () => loadedFor(where));
  });
}
