// chargetill run: the station itself.
import type { Command } from "commander";
import { exampleText, located, type Where } from "./command.js";
import { configFor } from "./where.js";

/** `chargetill run`. Exit 78 when the config cannot be used. */
export function runCommand(): Command {
  return located("run", "run the station; what systemd starts")
    .addHelpText("after", exampleText("run --config /etc/chargetill/station.yaml"))
    .action(async (where: Where) => {
      const loaded = configFor(where);
      if (loaded === undefined) {
        process.exitCode = 78;
        return;
      }
      // The help of all commands must not wait for the whole agent to load.
      const { run } = await import("../run.js");
      process.exitCode = await run(loaded, () => configFor(where));
    });
}
