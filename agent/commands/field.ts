// What a technician's commands have in common: where the station lies, --json, an example under --help, and an exit code that means something.
import { Command, InvalidArgumentError } from "commander";
import { resolve } from "node:path";
import { faultLine, loadConfig, type LoadedConfig } from "../../config/load.js";
import { Failure } from "../failure.js";
import { openField, type FieldAccess } from "../field-access.js";

export const defaultConfig = "/etc/chargetill/station.yaml";

export type Where = { readonly config?: string; readonly data?: string; readonly json?: true };

/** The config that `--config` names, in the state folder that `--data` names. Throws Failure config/invalid, a line for each fault. */
export function loadedFor(where: Where): LoadedConfig {
  const read = loadConfig(where.config ?? defaultConfig);
  if (!read.ok) throw new Failure("config/invalid", read.faults.map(faultLine).join("\n"));
  return where.data === undefined ? read.loaded : { ...read.loaded, config: { ...read.loaded.config, state: resolve(where.data) } };
}

/** What stands under --help: how the command is called. */
export const exampleText = (example: string): string => `\nExample:\n  chargetill ${example}`;

/** A command with --config, --data, --json and an example. */
export function fieldCommand(name: string, description: string, example: string): Command {
  return new Command(name)
    .description(description)
    .option("--config <file>", `the station's config file (default ${defaultConfig})`)
    .option("--data <dir>", "the state folder, in place of the config's")
    .option("--json", "one JSON value")
    .addHelpText("after", exampleText(example));
}

/** Runs `work` with the devices within reach and lets go of them; its answer is the exit code. */
export async function withField(where: Where, work: (field: FieldAccess, loaded: LoadedConfig) => Promise<number>): Promise<void> {
  const loaded = loadedFor(where);
  const field = await openField(loaded);
  try {
    process.exitCode = await work(field, loaded);
  } finally {
    await field.close();
  }
}

export const print = (line: string): void => void process.stdout.write(`${line}\n`);
export const complain = (line: string): void => void process.stderr.write(`${line}\n`);

/** One JSON value with --json, else the lines. */
export function tell(where: Where, value: unknown, lines: readonly string[]): void {
  if (where.json === true) print(JSON.stringify(value));
  else for (const line of lines) print(line);
}

/** Columns as wide as their widest cell, two spaces between; the last one runs free. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? "")].length)));
  return rows.map((row) => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ").trimEnd());
}

/** For an option or argument that is a whole number. */
export function whole(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,10}$/.test(text) || value < least || value > most) throw new InvalidArgumentError(`${name} is a whole number from ${least} to ${most}.`);
    return value;
  };
}
