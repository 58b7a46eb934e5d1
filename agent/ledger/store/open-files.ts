// How many files this process may have open at once, and what is said where that is too few.
import { readFileSync } from "node:fs";

/** With fewer Node does not even load the program. */
export const leastOpenFiles = 128;

/** A soft limit of this process by its name in /proc/self/limits (proc(5)); Infinity = none, or not told. */
export function softLimit(name: string, limits = limitsFile()): number {
  const value = new RegExp(`^${name} +(\\d+)`, "m").exec(limits)?.[1];
  return value === undefined ? Number.POSITIVE_INFINITY : Number(value);
}

function limitsFile(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}

/** What is said of so low a limit. */
export const openFilesWords = (limit: number): string =>
  `this process may have only ${limit} files open at once, and needs ${leastOpenFiles}: raise it (ulimit -n 1024; ` +
  "LimitNOFILE= of the unit)";

/** In words, where what was thrown is a file too many; undefined for anything else. */
export function tooManyFilesWords(code: string | undefined): string | undefined {
  if (code === "ENFILE") return `the whole machine has too many files open (${code}): lsof shows what holds them`;
  // How many they may be cannot be asked now: that would be one file more.
  return code === "EMFILE"
    ? `this process has as many files open as it may (${code}): raise the limit (ulimit -n 1024; LimitNOFILE= of the unit)`
    : undefined;
}
