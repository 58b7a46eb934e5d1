// chargetill config init: a first config out of a few answers, with the example's comments in it. What is answered is
// checked at once, and nothing is written before the last answer.
import { accessSync, chmodSync, chownSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { checkConfig, faultLine } from "../../config/load.js";
import { meterModels } from "../../config/meter-map.js";
import { findPorts } from "../../drivers/machine/find-ports.js";
import { Failure } from "../core/failure.js";
import { Disk, errorCode } from "../ledger/store/disk.js";
import { complain, defaultConfig, printResult, type StationOptions, stationCommand } from "./shared/command.js";

const shipped = (name: string): string => fileURLToPath(new URL(`../../../config/${name}`, import.meta.url));
const exampleTariff = "tariffs/standard.json";

/**
 * The key of a line in the example (`name` under `operator` is its first), the words, and what stands in brackets in
 * place of the example's own.
 */
type Question = {
  readonly key: string;
  readonly after: string;
  readonly ask: string;
  readonly suggest?: (text: string) => string | undefined;
};

const questions: readonly Question[] = [
  { key: "id", after: "station:", ask: "Name of this station" },
  {
    key: "timeZone",
    after: "station:",
    ask: "Time zone",
    suggest: () => Intl.DateTimeFormat().resolvedOptions().timeZone,
  },
  { key: "countryCode", after: "station:", ask: "Your OCPI country code" },
  { key: "partyId", after: "station:", ask: "Your OCPI party id" },
  { key: "name", after: "operator:", ask: "Operator, as receipts name it" },
  { key: "address", after: "operator:", ask: "Operator's address" },
  { key: "taxId", after: "operator:", ask: "Operator's tax id" },
  { key: "email", after: "operator:", ask: "Operator's e-mail" },
  { key: "helpline", after: "operator:", ask: "Helpline" },
  {
    key: "complaints",
    after: "operator:",
    ask: "Where complaints go, and within what time",
    suggest: (text) =>
      `${exampleValue(text, "operator:", "name")}, ${exampleValue(text, "operator:", "address")}, within 30 days`,
  },
  { key: "name", after: "location:", ask: "Name of the place" },
  { key: "address", after: "location:", ask: "Street and number" },
  { key: "city", after: "location:", ask: "City" },
  { key: "postalCode", after: "location:", ask: "Postal code" },
  { key: "country", after: "location:", ask: "Country, in three letters" },
  { key: "latitude", after: "location:", ask: "Latitude, with 5 to 7 decimals" },
  { key: "longitude", after: "location:", ask: "Longitude, with 5 to 7 decimals" },
  {
    key: "path",
    after: "serialPorts:",
    ask: "RS-485 adapter",
    suggest: () => findPorts().find(({ kind }) => kind === "serial")?.name,
  },
  { key: "baud", after: "serialPorts:", ask: "Baud rate, as set on the meter" },
  { key: "parity", after: "serialPorts:", ask: "Parity (none, even, odd)" },
  { key: "evseId", after: "connectors:", ask: "EVSE id of connector 1" },
  { key: "maxPowerW", after: "connectors:", ask: "Its greatest power in W" },
  { key: "unit", after: "meter:", ask: "Modbus unit of its meter" },
  { key: "model", after: "meter:", ask: `Meter model (${meterModels().join(", ")})` },
];

/** `chargetill config init`. */
export const configInitCommand = (): Command =>
  stationCommand("init", "ask a few questions and write a commented config", "config init --out station.yaml")
    .option("--out <file>", "where to write it", defaultConfig)
    .action(init);

async function init(where: StationOptions & { out: string }): Promise<void> {
  const file = resolve(where.out);
  if (existsSync(file))
    throw new Failure("usage/invalid", `${file} exists already and was not changed; name another file with --out`);
  // Known before the first question, and not after the last answer.
  try {
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Failure(
      "usage/invalid",
      errorCode(error) === "ENOENT"
        ? `${dirname(file)}: no such folder`
        : `${dirname(file)}: this user may not write there; use sudo, or --out`,
      { cause: error },
    );
  }
  const text = withoutBackend(await answered(file, readFileSync(shipped("station.example.yaml"), "utf8")));
  const disk = new Disk();
  disk.replace(file, Buffer.from(text));
  forGroup(file, 0o640);
  const tariff = join(dirname(file), exampleTariff);
  const isNew = !existsSync(tariff);
  if (isNew) {
    if (!existsSync(dirname(tariff))) {
      disk.makeFolder(dirname(tariff));
      forGroup(dirname(tariff), 0o750);
    }
    disk.replace(tariff, readFileSync(shipped(exampleTariff)));
    forGroup(tariff, 0o640);
  }
  complain("");
  printResult(where, { file, ...(isNew ? { tariff } : {}) }, [
    `${file} is written${isNew ? `, and ${tariff}` : ""}. The prices in ${exampleTariff} are an example: make them yours. Next:`,
    `  chargetill tariff explain --config ${file}`,
    `  chargetill config check ${file}`,
    `  chargetill doctor${file === defaultConfig ? "" : ` --config ${file}`}`,
  ]);
}

/** The agent's own user reads what is written here through the group of the folder. */
function forGroup(path: string, mode: number): void {
  chmodSync(path, mode);
  if (process.getuid?.() === 0) chownSync(path, 0, statSync(dirname(path)).gid);
}

/**
 * The example with the answers in it. Throws Failure usage/invalid where a person breaks off, config/invalid where
 * answers from a pipe end badly.
 */
async function answered(file: string, example: string): Promise<string> {
  let text = example;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Answers may also come through a pipe, a line each; where they end, the suggestions stand.
  const typed = lines[Symbol.asyncIterator]();
  complain("Press Enter to accept the value in brackets; ctrl-C cancels, and nothing is written.");
  try {
    for (const { key, after, ask, suggest } of questions) {
      const known = suggest?.(text) ?? exampleValue(text, after, key);
      for (let taken = false; !taken; ) {
        process.stderr.write(`${ask} [${known}]: `);
        const line = await typed.next();
        // At a terminal an end of the answers is somebody who went away.
        if (line.done === true && process.stdin.isTTY)
          throw new Failure("usage/invalid", `config init: cancelled; ${file} was not written`);
        const answer = line.done === true || line.value.trim() === "" ? known : line.value.trim();
        const next = withValue(text, after, key, answer);
        const checked = checkConfig(next, file);
        taken = checked.ok;
        if (checked.ok) text = next;
        else complain(`  ${checked.faults[0]?.message ?? "not a valid value"}`);
        if (!checked.ok && line.done === true)
          throw new Failure("config/invalid", checked.faults.map(faultLine).join("\n"));
      }
    }
  } catch (error) {
    // The cursor still stands behind the question.
    if (process.stdin.isTTY) complain("");
    throw error;
  } finally {
    lines.close();
  }
  return text;
}

/** The place of a key's value in the example: the first one after the section's line. */
function placeOf(text: string, after: string, key: string): { readonly from: number; readonly to: number } {
  const section = new RegExp(`^[ -]*${after}`, "m").exec(text)?.index ?? -1;
  const found = new RegExp(`(?<=^[ -]*${key}: )("(?:[^"\\\\\\n]|\\\\.)*"|[^\\s#].*?)(?=\\s+#|$)`, "m").exec(
    text.slice(section),
  );
  if (section < 0 || found === null) throw new Error(`the example config has no ${key} after ${after}`);
  return { from: section + found.index, to: section + found.index + found[0].length };
}

/** The value of a key in the example, without its quotes. */
function exampleValue(text: string, after: string, key: string): string {
  const { from, to } = placeOf(text, after, key);
  const value = text.slice(from, to);
  return value.startsWith('"') ? (JSON.parse(value) as string) : value;
}

/** The text with another value there; the comment behind it stays in its column. */
function withValue(text: string, after: string, key: string, value: string): string {
  const { from, to } = placeOf(text, after, key);
  const isPlain =
    /^[A-Za-z/][A-Za-z0-9 /._*-]*$/.test(value) || (/^\d+$/.test(text.slice(from, to)) && /^\d+$/.test(value));
  const written = isPlain ? value : JSON.stringify(value);
  const [gap = ""] = /^ +(?=#)/.exec(text.slice(to)) ?? [];
  const kept = gap === "" ? "" : " ".repeat(Math.max(1, gap.length - (written.length - (to - from))));
  return `${text.slice(0, from)}${written}${kept}${text.slice(to + gap.length)}`;
}

/** A backend and a card that nobody has would only be faults to begin with. */
function withoutBackend(text: string): string {
  return text
    .replace(/^# Where settled sessions go[\s\S]*$/m, (section) =>
      section
        .split("\n")
        .map((line) => (line === "" || line.startsWith("#") ? line : `# ${line}`))
        .join("\n"),
    )
    .replace(/^tokens:\n(?: {2}.*\n)+/m, "tokens: []\n");
}
