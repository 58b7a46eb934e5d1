// What all commands have in common: where the station lies, --json, an example under --help, and how a number is
// understood. It loads nothing of the station: on a Pi each file that a command does not need is time that somebody
// waits.
import { userInfo } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { languages } from "../../../config/languages.js";
import { terminalText } from "../../core/words/printable.js";

export const defaultConfig = "/etc/chargetill/station.yaml";

export type StationOptions = { readonly config?: string; readonly data?: string; readonly json?: true };

/** What stands under --help: how the command is called. */
export const exampleText = (example: string): string => `\nExample:\n  chargetill ${example}`;

/** `--json`, which every command that tells something has. */
export const jsonOption = (): Option => new Option("--json", "print JSON instead of text");
/** `--lang`, for what is printed for a driver. */
export const languageOption = (): Option =>
  new Option("--lang <language>", "language of the text; without it the station's, else en").choices([...languages]);
/** `--from` and `--to`, for receipts. */
export const fromOption = (): Option => new Option("--from <date>", "first day of issue, such as 2026-11-01");
export const toOption = (): Option => new Option("--to <date>", "last day of issue, such as 2026-11-30");

/** `--personal`, for what others are handed. */
export const personalOption = (): Option =>
  new Option("--personal", "tell whose it is: card, contract and references whole");
/** `--card`, its flags and words. */
export const cardOption = [
  "--card <uid>",
  "the card's UID; to find receipts its end is enough, or the contract's",
] as const;

/** `--tolerance`, for a meter beside a known load. */
export const toleranceOption = (): Option =>
  new Option("--tolerance <percent>", "how far a meter may be off")
    .argParser(wholeNumber("--tolerance", 1, 50))
    .default(5);

/** A command with --config, --data and an example; `example` is what follows `chargetill`. */
export function locatedCommand(name: string, description: string, example: string): Command {
  return new Command(name)
    .description(description)
    .option("--config <file>", `the station's config file (default: ${defaultConfig})`)
    .option("--data <folder>", "the state folder (default: the config's)")
    .addHelpText("after", exampleText(example));
}

/** A command with --config, --data, --json and an example. */
export function stationCommand(name: string, description: string, example: string): Command {
  return locatedCommand(name, description, example).addOption(jsonOption());
}

/** `--note`, where a person's word is written down. */
export const noteOption = (): Option =>
  new Option(
    "--note <text>",
    "what was done, or how it is known: it stands in the journal, and on the receipts that it concerns",
  ).makeOptionMandatory();

/** Who runs the command: whoever called sudo, else the user of this process. */
export const callerName = (): string => process.env["SUDO_USER"] ?? userInfo().username;

/** `--by`, where somebody's name is written down: the caller's where none is given. */
export const byOption = (): Option => new Option("--by <name>", "who does it (default: the user who runs the command)");

/** A line, or lines, for a person or a program: no terminal takes what others wrote for an order. */
export const print = (line: string): void => void process.stdout.write(`${terminalText(line)}\n`);
export const complain = (line: string): void => void process.stderr.write(`${terminalText(line)}\n`);

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

/** A receipt's number, from 1 on. Throws InvalidArgumentError, which the parser words. */
export function receiptNumber(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError("expected a receipt number such as 17.");
  return Number(text);
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
