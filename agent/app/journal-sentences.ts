// The log as the systemd journal wants it: a sentence, with its priority in front (sd-daemon(3)), so that
// `journalctl -p err` finds the faults and nobody reads JSON at night. The fields stay in the JSON form.

/** pino's levels and the priorities of syslog that they stand for: 3 err, 4 warning, 6 info, 7 debug. */
const priorities: readonly (readonly [level: number, priority: number])[] = [
  [50, 3],
  [40, 4],
  [30, 6],
  [0, 7],
];

/** Whether standard output goes to the journal: systemd names the stream in this variable. */
export const goesToJournal = (environment: Readonly<Record<string, string | undefined>>): boolean =>
  environment["JOURNAL_STREAM"] !== undefined;

/** One line of pino's JSON as a sentence for the journal; a line break in it begins a line of the same priority. */
export function journalSentence(line: string): string {
  const { level, msg, remedy } = JSON.parse(line) as { level: number; msg?: unknown; remedy?: unknown };
  const [, priority] = priorities.find(([least]) => level >= least) ?? [0, 7];
  const sentence = typeof remedy === "string" ? `${String(msg)}; to do: ${remedy}` : String(msg);
  return sentence
    .split("\n")
    .map((each) => `<${priority}>${each}\n`)
    .join("");
}
