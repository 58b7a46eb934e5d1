// A process that takes and gives back locks as it is told on stdin: "take FOLDER" answers "held" or the refusal, "drop"
// answers "free".
import { createInterface } from "node:readline";
import { StateLock } from "../../../agent/control/state-lock.js";

let lock: StateLock | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const [word, folder = ""] = line.split(" ");
  if (word === "take") {
    try {
      lock = StateLock.take(folder, 1_790_000_000_000);
      console.log("held");
    } catch (cause) {
      console.log(cause instanceof Error ? cause.message : String(cause));
    }
  } else {
    lock?.release();
    lock = undefined;
    console.log("free");
  }
}
