// Loaded into an agent's process before it: tells, in the file that CHARGETILL_LOOP_DELAY names, for how long at most
// nothing else could happen there. A meter is looked at as late as that.
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const file = process.env["CHARGETILL_LOOP_DELAY"];
if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  // Loading the program is no delay of a reading.
  setTimeout(() => delay.enable(), 3_000).unref();
  process.on("exit", () => writeFileSync(file, String(Math.round(delay.max / 1e6))));
}
