// Loaded into an agent's process before it: tells, in the file that CHARGETILL_LOOP_DELAY names, for how long at most it
// worked in one piece, while nothing else could happen there. A meter is looked at as late as that. What a busy machine
// gives to others meanwhile does not count.
import { writeFileSync } from "node:fs";

const everyMs = 5;
const file = process.env["CHARGETILL_LOOP_DELAY"];
if (file !== undefined) {
  let longestMs = 0;
  // From when on it counts: loading the program is no delay of a reading.
  process.once("SIGWINCH", () => {
    let [wallMs, cpu] = [performance.now(), process.cpuUsage()];
    setInterval(() => {
      const { user, system } = process.cpuUsage(cpu);
      longestMs = Math.max(longestMs, Math.min(performance.now() - wallMs, (user + system) / 1_000));
      [wallMs, cpu] = [performance.now(), process.cpuUsage()];
    }, everyMs).unref();
  });
  process.on("exit", () => writeFileSync(file, String(Math.round(longestMs))));
}
