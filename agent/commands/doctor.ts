// chargetill doctor: one table over all that a station needs; what is not well says why, and what to do.
import type { Command } from "commander";
import { resolve } from "node:path";
import { wrapped } from "../core/receipt-text.js";
import { examine } from "../doctor.js";
import { reachable } from "../owner.js";
import type { Finding } from "../field-health.js";
import { defaultConfig, fieldCommand, screenColumns, tell, type Where } from "./command.js";

const marks = { ok: "ok", warn: "WARN", fault: "FAULT" } as const;
const markColumns = 7;

/** The table in text, lines of at most so many columns: check, value, and below what is not well its reason and remedy. */
export function doctorLines(findings: readonly Finding[], columns = Number.POSITIVE_INFINITY): string[] {
  const checkColumns = Math.max(...findings.map(({ check }) => check.length), "check".length) + 2;
  const row = (mark: string, check: string, value: string): string[] => hung(mark.padEnd(markColumns) + check.padEnd(checkColumns), value, columns);
  const count = (verdict: Finding["verdict"], noun = ""): string => {
    const { length } = findings.filter((each) => each.verdict === verdict);
    return `${length} ${noun === "" ? verdict : length === 1 ? noun : `${noun}s`}`;
  };
  const below = (word: string, text: string | undefined): string[] => (text === undefined ? [] : hung(`${" ".repeat(markColumns)}${word.padEnd(6)}`, text, columns));
  return [
    ...row("", "check", "value"),
    ...findings.flatMap(({ verdict, check, value, why, fix }) => [...row(marks[verdict], check, value), ...below("why:", why), ...below("do:", fix)]),
    `${count("ok")}, ${count("warn", "warning")}, ${count("fault", "fault")}`,
  ];
}

/** A text behind its head; what does not fit goes on below itself. */
function hung(head: string, text: string, columns: number): string[] {
  return wrapped(text, Math.max(20, columns - head.length)).map((line, index) => (index === 0 ? head : " ".repeat(head.length)) + line);
}

/** `chargetill doctor`. Exit 1 when there is a fault. */
export function doctorCommand(): Command {
  return fieldCommand("doctor", "look at all that a station needs: config, devices, clock, disk, key, receipts, uplinks", "doctor --json").action(async (where: Where) => {
    const findings = await examine(reachable(where.config ?? defaultConfig), (loaded) => (where.data === undefined ? loaded : { ...loaded, config: { ...loaded.config, state: resolve(where.data) } }));
    tell(where, { ok: findings.every(({ verdict }) => verdict !== "fault"), findings }, doctorLines(findings, screenColumns()));
    process.exitCode = findings.some(({ verdict }) => verdict === "fault") ? 1 : 0;
  });
}
