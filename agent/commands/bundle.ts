// chargetill bundle: an archive for whoever helps from afar. It can be looked at, part by part, before it leaves the
// machine.

import { resolve } from "node:path";
import type { Command } from "commander";
import { socketPath } from "../control/control-socket.js";
import { becomeOwner, leaveFile } from "../control/privileges.js";
import { Failure } from "../core/failure.js";
import { zipped } from "../receipts/dispute/zip.js";
import { agentRuns } from "../technician/open-devices.js";
import { bundleParts } from "../technician/support-bundle.js";
import { printResult, type StationOptions, stationCommand } from "./shared/command.js";
import { loadedFor } from "./shared/with-devices.js";

/** `chargetill bundle`. */
export function bundleCommand(): Command {
  return stationCommand(
    "bundle",
    "a support archive: config, doctor, devices, log; card numbers and secrets are taken out",
    "bundle --preview",
  )
    .option("--out <file>", "where to write it (default: ./chargetill-STATION.zip)")
    .option("--preview", "list what it would hold, and write nothing")
    .option("--show <part>", "print one part of it, and write nothing")
    .action(async (options: StationOptions & { out?: string; preview?: true; show?: string }) => {
      const loaded = loadedFor(options);
      const file = resolve(options.out ?? `chargetill-${loaded.config.station.id}.zip`);
      const isAlone = await agentRuns(socketPath(loaded)).then(
        (runs) => !runs,
        () => false,
      );
      if (isAlone) becomeOwner(loaded.config.state, { leaves: [file], log: true });
      const parts = await bundleParts(loaded);
      const listed = parts.map(({ name, text }) => ({ name, bytes: Buffer.byteLength(text) }));
      const lines = listed.map(({ name, bytes }) => `  ${name.padEnd(14)} ${bytes} bytes`);
      if (options.show !== undefined) {
        const part = parts.find(({ name }) => name === options.show);
        if (part === undefined)
          throw new Failure(
            "usage/invalid",
            `there is no part ${options.show}; there are: ${listed.map(({ name }) => name).join(", ")}`,
          );
        return printResult(options, part, [part.text.trimEnd()]);
      }
      if (options.preview === true)
        return printResult(options, listed, [
          "It would hold:",
          ...lines,
          "chargetill bundle --show NAME prints one of them.",
        ]);
      leaveFile(file, zipped(parts.map(({ name, text }) => ({ name, bytes: Buffer.from(text) }))));
      printResult(options, { file, parts: listed }, [`${file} holds:`, ...lines]);
    });
}
