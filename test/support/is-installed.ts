// Whether a test may be skipped because a command is not on this machine: only that, and no other trouble, is a reason.
import { spawnSync } from "node:child_process";

/** False where there is no such command. Throws where it is there and cannot be run. */
export function isInstalled(command: string): boolean {
  const { error } = spawnSync(command, ["--version"], { stdio: "ignore" });
  if (error === undefined) return true;
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
  throw error;
}
