// A verifier's findings as plain text: a line per check, and one that sums up.

import { type Check, type CheckResult, exitCode } from "../../core/verify/check-result.js";
import { printable } from "../../core/words/printable.js";

const words: Record<Check["verdict"], string> = {
  holds: "ok",
  fails: "FAILED",
  unproven: "UNPROVEN",
  skipped: "not checked",
};

/** What comes from a file must not steer the terminal. */
const plain = (text: string): string => printable(text, "?");

/** With more findings than this, those in which everything holds take one line each: a book has thousands. */
const mostInFull = 12;

/** The findings as text: a line per check, and one that sums up. */
export function findingsText(findings: readonly CheckResult[]): string {
  const isShort = findings.length > mostInFull;
  const lines = findings.flatMap(({ subject, checks }) => {
    if (isShort && checks.every(({ verdict }) => verdict === "holds"))
      return [`${plain(subject)}: all ${checks.length} checks hold`];
    return [
      plain(subject),
      ...checks.map(({ name, verdict, detail }) => `  ${words[verdict].padEnd(12)}${name.padEnd(28)}${plain(detail)}`),
      "",
    ];
  });
  return `${lines.join("\n")}\n${summarySentence(findings)}\n`;
}

/** The findings in one sentence. */
export function summarySentence(findings: readonly CheckResult[]): string {
  const count = (wanted: Check["verdict"]): number =>
    findings.flatMap(({ checks }) => checks).filter(({ verdict }) => verdict === wanted).length;
  const [failed, left] = [count("fails"), count("skipped")];
  switch (exitCode(findings)) {
    case 1:
      return `Does not hold: ${failed === 1 ? "one check" : `${failed} checks`} failed.`;
    case 3:
      return "Nothing contradicts it, but nothing is proven: it rests on no key that you gave.";
    default:
      return left === 0
        ? "All holds."
        : `What was checked holds; ${left === 1 ? "one check was" : `${left} checks were`} not made.`;
  }
}
