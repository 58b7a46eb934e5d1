// chargetill doctor: one table over all that a station needs; what is not well says why, and what to do.
import type { Command } from "commander";
import { resolve } from "node:path";
import { examine } from "../doctor.js";
import type { Finding } from "../field-health.js";
import { defaultConfig, fieldCommand, tableLines, tell, type Where } from "./command.js";

const marks = { ok: "ok", warn: "WARN", fault: "FAULT" } as const;

/** The table in text: check, value, and below what is not well its reason and remedy. */
export function doctorLines(findings: readonly Finding[]): string[] {
  const rows = tableLines(findings.map(({ verdict, check, value }) => [marks[verdict], check, value]));
  const count = (verdict: Finding["verdict"]): number => findings.filter((each) => each.verdict === verdict).length;
  return [
    ...findings.flatMap(({ why, fix }, index) => [rows[index] ?? "", ...(why === undefined ? [] : [`       why:  ${why}`]), ...(fix === undefined ? [] : [`       do:   ${fix}`])]),
    `${count("ok")} ok, ${count("warn")} warnings, ${count("fault")} faults`,
  ];
}

/** `chargetill doctor`. Exit 1 when there is a fault. */
export function doctorCommand(): Command {
  return fieldCommand("doctor", "look at all that a station needs: config, devices, clock, disk, key, receipts, uplinks", "doctor --json").action(async (where: Where) => {
    const findings = await examine(where.config ?? defaultConfig, (loaded) => (where.data === undefined ? loaded : { ...loaded, config: { ...loaded.config, state: resolve(where.data) } }));
    tell(where, { ok: findings.every(({ verdict }) => verdict !== "fault"), findings }, doctorLines(findings));
    process.exitCode = findings.some(({ verdict }) => verdict === "fault") ? 1 : 0;
  });
}
