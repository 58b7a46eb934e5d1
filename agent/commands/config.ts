// chargetill config check | init | show | diff | schema: a first config out of a few answers, and a config seen whole or beside another.
import { chmodSync, chownSync, existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { checkConfig, faultLine, loadConfig, type LoadedConfig } from "../../config/load.js";
import { meterModels } from "../../config/meter-map.js";
import { configJsonSchema, configText } from "../../config/text.js";
import { findPorts } from "../../drivers/ports.js";
import { masked } from "../core/token.js";
import { Failure } from "../failure.js";
import { complain, defaultConfig, exampleText, fieldCommand, print, tell, type Where } from "./command.js";
import { loadedFor } from "./field.js";
import { Disk } from "../ledger/disk.js";
import { differences, refusedChanges } from "../reload.js";
import { readTariff } from "../tariff-file.js";
import { filesTrouble } from "../uplink-files.js";

const exampleFile = fileURLToPath(new URL("../../../config/station.example.yaml", import.meta.url));

/** What `config init` asks: the key of a line in the example (`name` under `operator` is its first), and the words. */
const questions: readonly { readonly key: string; readonly after: string; readonly ask: string; readonly suggest?: () => string | undefined }[] = [
  { key: "id", after: "station:", ask: "Name of this station" },
  { key: "timeZone", after: "station:", ask: "Time zone", suggest: () => Intl.DateTimeFormat().resolvedOptions().timeZone },
  { key: "countryCode", after: "station:", ask: "Your OCPI country code" },
  { key: "partyId", after: "station:", ask: "Your OCPI party id" },
  { key: "name", after: "operator:", ask: "Operator, as receipts name it" },
  { key: "address", after: "operator:", ask: "Operator's address" },
  { key: "taxId", after: "operator:", ask: "Operator's tax id" },
  { key: "helpline", after: "operator:", ask: "Helpline" },
  { key: "name", after: "location:", ask: "Name of the place" },
  { key: "address", after: "location:", ask: "Street and number" },
  { key: "city", after: "location:", ask: "City" },
  { key: "postalCode", after: "location:", ask: "Postal code" },
  { key: "path", after: "serialPorts:", ask: "RS-485 adapter", suggest: () => findPorts().find(({ kind }) => kind === "serial")?.name },
  { key: "baud", after: "serialPorts:", ask: "Baud rate, as set on the meter" },
  { key: "parity", after: "serialPorts:", ask: "Parity (none, even, odd)" },
  { key: "evseId", after: "connectors:", ask: "EVSE id of connector 1" },
  { key: "maxPowerW", after: "connectors:", ask: "Its greatest power in W" },
  { key: "unit", after: "meter:", ask: "Modbus unit of its meter" },
  { key: "model", after: "meter:", ask: `Meter model (${meterModels().join(", ")})` },
];

/** `chargetill config`. */
export function configCommand(): Command {
  const command = new Command("config").description("the one config file").addHelpText("after", exampleText("config check station.yaml"));
  const commands = [
    new Command("check").description("check a config file and the tariffs it names").argument("<file>", "the config file").option("--json", "one JSON value").addHelpText("after", exampleText("config check /etc/chargetill/station.yaml")).action(check),
    fieldCommand("init", "ask a few questions and write a commented config", "config init --out station.yaml").option("--out <file>", "where to write it", defaultConfig).action(init),
    fieldCommand("show", "the config as it is in force: every default filled in, card numbers masked", "config show --effective").option("--effective", "with every default (what happens in any case)").action(show),
    fieldCommand("diff", "what would change with another config, and whether a reload is enough", "config diff new.yaml").argument("<file>", "the other config").action(diff),
    new Command("schema").description("the JSON Schema of the config, for editors").addHelpText("after", "\nExample:\n  chargetill config schema > station.schema.json").action(() => void process.stdout.write(configJsonSchema())),
  ];
  for (const each of commands) command.addCommand(each);
  return command;
}

function check(file: string, options: { readonly json?: true }): void {
  const faults = configFaults(file);
  if (options.json === true) print(JSON.stringify({ file, ok: faults.length === 0, faults }));
  else if (faults.length === 0) print(`${file}: fine`);
  else for (const line of faults) complain(line);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

/** All that is wrong with a config file, its tariffs included, a line each. */
function configFaults(file: string): string[] {
  const read = loadConfig(file);
  if (!read.ok) return read.faults.map(faultLine);
  const { config: checked, resolve: beside } = read.loaded;
  // A file that is not here may lie on the station; one that is here and cannot be right is a fault.
  const faults = checked.uplinks.flatMap((uplink) => filesTrouble(uplink, checked.station.id).flatMap(({ missing, what, advice }) => (missing ? [] : [`${file}: uplink ${uplink.name}: ${what}; ${advice}`])));
  const ids = new Set<string>();
  for (const path of checked.tariffs) {
    try {
      ids.add(readTariff(beside(path), undefined).id);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      faults.push(...error.message.split("\n"));
    }
  }
  if (faults.length > 0) return faults;
  checked.connectors.forEach(({ tariff }, index) => {
    if (!ids.has(tariff)) faults.push(`${file}: connectors[${index}].tariff: no tariff file holds "${tariff}"; they hold: ${[...ids].join(", ")}`);
  });
  return faults;
}

function show(where: Where): void {
  const { config } = loadedFor(where);
  const shown = { ...config, tokens: config.tokens.map((token) => ({ ...token, uid: masked(token.uid) })) };
  tell(where, shown, [configText(shown).trimEnd()]);
}

function diff(file: string, where: Where): void {
  const next = loadConfig(file);
  if (!next.ok) throw new Failure("config/invalid", next.faults.map(faultLine).join("\n"));
  const old = loadedFor(where);
  const paths = differences("", old.config, next.loaded.config);
  const restart = refusedChanges(old.config, next.loaded.config);
  const valueAt = ({ config }: LoadedConfig, path: string): string => {
    const value = path.split(/[.[\]]+/).filter((key) => key !== "").reduce<unknown>((at, key) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined), config);
    // A card is shown by its last four characters, wherever a path leads.
    return (JSON.stringify(value) ?? "nothing").replace(/"((?:[0-9A-F]{2}){4,10})"/g, (_, uid: string) => `"${masked(uid)}"`);
  };
  const changes = paths.map((path) => ({ path, old: valueAt(old, path), next: valueAt(next.loaded, path) }));
  const advice = paths.length === 0 ? "nothing differs" : restart.length === 0 ? "a reload takes it up: systemctl reload chargetill" : "this needs a restart: systemctl restart chargetill";
  tell(where, { changes, restart: restart.length > 0 }, [...changes.map((change) => `${change.path}: ${change.old} -> ${change.next}`), advice]);
  process.exitCode = paths.length === 0 ? 0 : 1;
}

async function init(where: Where & { out: string }): Promise<void> {
  const file = resolve(where.out);
  if (existsSync(file)) throw new Failure("usage/invalid", `${file}: there is such a file already; it stays as it is (--out names another)`);
  let text = readFileSync(exampleFile, "utf8");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Answers may also come through a pipe, a line each; where they end, the suggestions stand.
  const typed = lines[Symbol.asyncIterator]();
  complain("An empty answer takes what stands in brackets.");
  try {
    for (const { key, after, ask, suggest } of questions) {
      const known = suggest?.() ?? valueOf(text, after, key);
      for (let answered = false; !answered; ) {
        process.stderr.write(`${ask} [${known}]: `);
        const line = await typed.next();
        const answer = line.done === true || line.value.trim() === "" ? known : line.value.trim();
        const next = withValue(text, after, key, answer);
        const checked = checkConfig(next, file);
        answered = checked.ok;
        if (checked.ok) text = next;
        else complain(`  ${checked.faults[0]?.message ?? "that cannot be used"}`);
        if (!answered && line.done === true) throw new Failure("config/invalid", checked.ok ? "" : checked.faults.map(faultLine).join("\n"));
      }
    }
  } finally {
    lines.close();
  }
  new Disk().replace(file, Buffer.from(withoutBackend(text)));
  // The agent's own user reads it through the group of the folder.
  chmodSync(file, 0o640);
  if (process.getuid?.() === 0) chownSync(file, 0, statSync(dirname(file)).gid);
  complain("");
  tell(where, { file }, [`${file} is written. Next:`, `  chargetill config check ${file}`, `  chargetill doctor --config ${file}`]);
}

/** The place of a key's value in the example: the first one after the section's line. */
function placeOf(text: string, after: string, key: string): { readonly from: number; readonly to: number } {
  const section = new RegExp(`^[ -]*${after}`, "m").exec(text)?.index ?? -1;
  const found = new RegExp(`(?<=^[ -]*${key}: )("[^"\\n]*"|[^\\s#].*?)(?=\\s+#|$)`, "m").exec(text.slice(section));
  if (section < 0 || found === null) throw new Error(`the example config has no ${key} after ${after}`);
  return { from: section + found.index, to: section + found.index + found[0].length };
}

function valueOf(text: string, after: string, key: string): string {
  const { from, to } = placeOf(text, after, key);
  return text.slice(from, to).replace(/^"(.*)"$/, "$1");
}

function withValue(text: string, after: string, key: string, value: string): string {
  const { from, to } = placeOf(text, after, key);
  const plain = /^[A-Za-z/][A-Za-z0-9 /._*-]*$/.test(value) || (/^\d+$/.test(text.slice(from, to)) && /^\d+$/.test(value));
  return `${text.slice(0, from)}${plain ? value : JSON.stringify(value)}${text.slice(to)}`;
}

/** A backend and a card that nobody has would only be faults to begin with. */
function withoutBackend(text: string): string {
  return text
    .replace(/^# Where settled sessions go[\s\S]*$/m, (section) => section.split("\n").map((line) => (line === "" || line.startsWith("#") ? line : `# ${line}`)).join("\n"))
    .replace(/^tokens:\n(?:  .*\n)+/m, "tokens: []\n");
}
