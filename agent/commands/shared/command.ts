// What all commands have in common: where the station lies, --json, an example under --help, and how a number is
// understood. It loads nothing of the station: on a Pi each file that a command does not need is time that somebody
// waits.
import { Command, InvalidArgumentError } from "commander";

export const defaultConfig = "/etc/chargetill/station.yaml";

export type StationOptions = { readonly config?: string; readonly data?: string; readonly json?: true };

/** What stands under --help: how the command is called. */
export const exampleText = (example: string): string => `\nExample:\n  chargetill ${example}`;

/** A command with --config and --data. */
export function locatedCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--config <file>", `the station's config file (default ${defaultConfig})`)
    .option("--data <dir>", "the state folder, in place of the config's");
}

/** A command with --config, --data, --json and an example. */
export function stationCommand(name: string, description: string, example: string): Command {
  return locatedCommand(name, description)
    .option("--json", "one JSON value")
    .addHelpText("after", exampleText(example));
}

export const print = (line: string): void => void process.stdout.write(`${line}\n`);
export const complain = (line: string): void => void process.stderr.write(`${line}\n`);

/** One JSON value with --json, else the lines. */
export function printResult(where: StationOptions, value: unknown, lines: readonly string[]): void {
  if (where.json === true) print(JSON.stringify(value));
  else for (const line of lines) print(line);
}

/** How wide the terminal is; what goes into a file or a pipe is never broken. */
export const screenColumns = (): number => (process.stdout.isTTY ? process.stdout.columns : Number.POSITIVE_INFINITY);

/** Columns as wide as their widest cell, two spaces between; the last one runs free. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? "")].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** For an option or argument that is a whole number. */
export function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,10}$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`${name} is a whole number from ${least} to ${most}.`);
    return value;
  };
}
