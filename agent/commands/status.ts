// chargetill status: how the running station stands, once or live.
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { askAgent } from "../control/control-socket.js";
import { Failure } from "../core/failure.js";
import type { Snapshot } from "../station/snapshot.js";
import { agentSocket } from "./shared/agent.js";
import { printResult, type StationOptions, stationCommand } from "./shared/command.js";
import { statusLines } from "./status-text.js";

type StatusOptions = StationOptions & { readonly watch?: true };

const lookEveryMs = 1_000;

/** `chargetill status`. Exit 1 when the station does not sell, or has a fault. */
export function statusCommand(): Command {
  return stationCommand("status", "the state of the running station", "status --watch --data /var/lib/chargetill")
    .option("--watch", "show it live, in a terminal; Ctrl-C ends it")
    .action(async (options: StatusOptions) => {
      const socket = await agentSocket(options);
      if (options.watch === true) return watch(socket, options);
      const snapshot = (await askAgent(socket, { do: "status" })) as Snapshot;
      printResult(options, snapshot, options.json === true ? [] : statusLines(snapshot));
      process.exitCode = snapshot.selling && snapshot.faults.length === 0 ? 0 : 1;
    });
}

/** Asks the agent each second and draws the live view, until Ctrl-C; an agent that goes away is asked on and on. */
async function watch(socket: string, options: StatusOptions): Promise<void> {
  if (options.json === true || process.stdout.isTTY !== true)
    throw new Failure("usage/invalid", "status --watch needs a terminal; without --watch status is told once");
  // What cannot be had at all is said before the screen is taken.
  let seen: Snapshot | string = (await askAgent(socket, { do: "status" })) as Snapshot;
  const { TerminalView } = await import("../app/view/terminal-view.js");
  const over = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => over.abort());
  const view = new TerminalView(process.stdout, () => seen, "own-screen");
  process.stdout.on("resize", () => view.changed());
  while (!over.signal.aborted) {
    await delay(lookEveryMs, undefined, { signal: over.signal }).catch(() => undefined);
    seen = await askAgent(socket, { do: "status" }).then(
      (value) => value as Snapshot,
      (error: unknown) => `the agent does not answer now: ${error instanceof Error ? error.message : String(error)}`,
    );
    view.changed();
  }
  view.close();
}
