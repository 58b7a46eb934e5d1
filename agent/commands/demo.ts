// chargetill demo: a scenario on the simulated bench.
import { Command, InvalidArgumentError } from "commander";
import { exampleText, jsonOption, wholeNumber } from "./shared/command.js";

function pace(text: string): number {
  const value = Number(text);
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text) || value > 100_000)
    throw new InvalidArgumentError("expected bench seconds per real second, 0 to 100000 (0 = as fast as possible).");
  return value;
}

/** `chargetill demo`. */
export function demoCommand(): Command {
  return new Command("demo")
    .description("play a scenario on the simulated bench: the real agent, real drivers, emulated buses")
    .option("--once", "play the scenario as fast as possible, then exit")
    .option("--seed <number>", "the scenario's quantities", wholeNumber("--seed", 0, 2 ** 31 - 1), 7)
    .option(
      "--speed <number>",
      "bench seconds per real second; 0 = as fast as possible (default: 60, with --once 0)",
      pace,
    )
    .option("--data <folder>", "the state folder (default: a fresh temporary one)")
    .addOption(jsonOption())
    .addHelpText("after", exampleText("demo --once --seed 7 --data /tmp/demo"))
    .action(async (options: { once?: boolean; seed: number; speed?: number; data?: string; json?: boolean }) => {
      const once = options.once === true;
      // The help of all commands must not wait for the whole agent to load.
      const { demo } = await import("../app/demo.js");
      process.exitCode = await demo(
        {
          once,
          seed: options.seed,
          speed: options.speed ?? (once ? 0 : 60),
          data: options.data,
          json: options.json === true,
        },
        process.stdout,
      );
    });
}
