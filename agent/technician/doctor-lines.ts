// The doctor's findings as a table for a terminal: what is not well says why, and what to do.
import { wrappedLines } from "../core/print/receipt-text.js";
import type { Finding } from "./device-checks.js";

const marks = { ok: "ok", warn: "WARN", fault: "FAULT" } as const;
const markColumns = 7;

/**
 * The table in text, lines of at most so many columns: check, value, and below what is not well its reason and remedy.
 */
export function doctorLines(findings: readonly Finding[], columns = Number.POSITIVE_INFINITY): string[] {
  const checkColumns = Math.max(...findings.map(({ check }) => check.length), "check".length) + 2;
  const row = (mark: string, check: string, value: string): string[] =>
    hung(mark.padEnd(markColumns) + check.padEnd(checkColumns), value, columns);
  const count = (verdict: Finding["verdict"], noun = ""): string => {
    const { length } = findings.filter((each) => each.verdict === verdict);
    return `${length} ${noun === "" ? verdict : length === 1 ? noun : `${noun}s`}`;
  };
  const below = (word: string, text: string | undefined): string[] =>
    text === undefined ? [] : hung(`${" ".repeat(markColumns)}${word.padEnd(6)}`, text, columns);
  return [
    ...row("", "check", "value"),
    ...findings.flatMap(({ verdict, check, value, why, fix }) => [
      ...row(marks[verdict], check, value),
      ...below("why:", why),
      ...below("do:", fix),
    ]),
    `${count("ok")}, ${count("warn", "warning")}, ${count("fault", "fault")}`,
  ];
}

/** A text behind its head; what does not fit goes on below itself. */
function hung(head: string, text: string, columns: number): string[] {
  return wrappedLines(text, Math.max(20, columns - head.length)).map(
    (line, index) => (index === 0 ? head : " ".repeat(head.length)) + line,
  );
}
