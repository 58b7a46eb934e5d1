// chargetill run: the station itself.
import type { Command } from "commander";
import { processLimits, whyTooTight } from "../control/process-limits.js";
import { Failure } from "../core/failure.js";
import { locatedCommand, type StationOptions } from "./shared/command.js";

/**
 * `chargetill run`. Throws Failure config/invalid where the config cannot be used: exit 78, and usage/invalid where
 * the system's limits are too tight: exit 2, after which systemd does not start it again.
 */
export function runCommand(): Command {
  const command = locatedCommand(
    "run",
    "run the station; systemd starts this",
    "run --config /etc/chargetill/station.yaml",
  );
  return command.action(async (where: StationOptions) => {
    const tight = whyTooTight(processLimits());
    if (tight !== undefined) throw new Failure("usage/invalid", tight);
    // Loaded behind that look, and the help of all commands must not wait for the whole agent to load.
    const { loadedFor } = await import("./shared/with-devices.js");
    const loaded = loadedFor(where);
    const { run } = await import("../app/run.js");
    process.exitCode = await run(loaded, () => loadedFor(where));
  });
}
