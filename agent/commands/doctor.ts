// chargetill doctor: one table over all that a station needs; what is not well says why, and what to do.

import { resolve } from "node:path";
import type { Command } from "commander";
import { reachable } from "../control/privileges.js";
import { examine } from "../technician/doctor.js";
import { doctorLines } from "../technician/doctor-lines.js";
import { defaultConfig, printResult, type StationOptions, screenColumns, stationCommand } from "./shared/command.js";

/** `chargetill doctor`. Exit 1 when there is a fault. */
export function doctorCommand(): Command {
  return stationCommand(
    "doctor",
    "check all that a station needs: config, devices, clock, disk, key, receipts, uplinks",
    "doctor --json",
  ).action(async (where: StationOptions) => {
    const findings = await examine(reachable(where.config ?? defaultConfig), (loaded) =>
      where.data === undefined ? loaded : { ...loaded, config: { ...loaded.config, state: resolve(where.data) } },
    );
    printResult(
      where,
      { ok: findings.every(({ verdict }) => verdict !== "fault"), findings },
      doctorLines(findings, screenColumns()),
    );
    process.exitCode = findings.some(({ verdict }) => verdict === "fault") ? 1 : 0;
  });
}
