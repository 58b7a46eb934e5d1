// Where the bytes, pins and time of a station come from: the machine, or the bench where the config has one.
import type { Config } from "../../config/schema.js";
import { type MachineBuses, realBuses } from "../../drivers/machine/open-machine.js";

/**
 * The buses that the config chooses; nothing of the bench is loaded without it. `look`: a bench goes on as it stood and
 * keeps nothing. `work`: it keeps its world in the state folder, which must be there.
 */
export async function openBuses(config: Config, use: "work" | "look"): Promise<MachineBuses> {
  if (config.bench === undefined) return realBuses(config, use);
  const { openBench, viewBench } = await import("../../drivers/bench/bench.js");
  return use === "look" ? viewBench(config, config.bench, config.state) : openBench(config, config.bench, config.state);
}
