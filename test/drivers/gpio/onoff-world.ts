// Runs inside a mount namespace, with /dev/fuse on descriptor 3 and mounted at /sys/class/gpio: serves the pins, and
// starts onoff-child.js on them. Server and child are two processes, because onoff waits in the kernel for answers that
// the server gives.
import { execFile, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { opensAfterCrash } from "./open-after-crash.js";
import { SysfsFuse } from "./sysfs-fuse.js";
import { SysfsModel } from "./sysfs-model.js";

export type Question = { readonly id: number } & (
  | { readonly ask: "levels"; readonly gpio: number }
  | { readonly ask: "drive"; readonly gpio: number; readonly high: boolean }
);
export type Reply = { readonly id: number; readonly levels: readonly boolean[] };

const [, , rows = "contract", label = "pinctrl-bcm2711", base = "512", lines = "58"] = process.argv;
const model = new SysfsModel(label, Number(base), Number(lines));
if (rows === "trouble") {
  // GPIO 4 is another driver's, GPIO 5 may not be written; to drive one from outside mends it.
  model.write("/export", String(Number(base) + 5));
  model.held.add(4);
  model.locked.add(5);
}
const served = new SysfsFuse(3, model).serve();

/** Starts onoff-child.js with the wires in its hand; resolves with its exit code. */
function onoffChild(): Promise<number> {
  const user = fork(fileURLToPath(new URL("onoff-child.js", import.meta.url)), [rows, label], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    execArgv: ["--enable-source-maps"],
  });
  user.on("message", (message) => {
    const question = message as Question;
    if (question.ask === "drive") {
      model.held.delete(question.gpio);
      model.locked.delete(question.gpio);
      model.drive(question.gpio, question.high);
    }
    user.send({
      id: question.id,
      levels: question.ask === "levels" ? model.takeLevels(question.gpio) : [],
    } satisfies Reply);
  });
  return new Promise((resolve) => user.on("exit", (exitCode) => resolve(exitCode ?? 1)));
}

const code = rows === "open" ? await opensAfterCrash(model) : await onoffChild();
await new Promise<void>((resolve) => execFile("umount", ["-l", "/sys/class/gpio"], () => resolve()));
await served;
process.exitCode = code;
