// chargetill config check | init | show | diff | schema: a config checked, seen whole, or beside another.
import { Command } from "commander";
import { configJsonSchema, configText } from "../../config/config-text.js";
import { faultLine, type LoadedConfig, loadConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { filesTrouble } from "../app/uplinks/credential-files.js";
import { masked } from "../core/cdr/token.js";
import { reservationPrices } from "../core/explain/explain-tariff.js";
import { Failure } from "../core/failure.js";
import type { Tariff } from "../core/tariff/tariff.js";
import { differences, refusedChanges } from "../station/config-reload.js";
import { readTariff } from "../tariffs/tariff-file.js";
import { configInitCommand } from "./config-init.js";
import {
  complain,
  defaultConfig,
  exampleText,
  print,
  printResult,
  type StationOptions,
  stationCommand,
} from "./shared/command.js";
import { loadedFor } from "./shared/with-devices.js";

/** `chargetill config`. */
export function configCommand(): Command {
  const command = new Command("config")
    .description("create, check, show and compare the config file")
    .addHelpText("after", exampleText("config check station.yaml"));
  const commands = [
    stationCommand("check", "check a config file and the tariffs it names", "config check station.yaml")
      .argument("[file]", configArgument)
      .action(check),
    configInitCommand(),
    stationCommand(
      "show",
      "the config as it is in force: every default filled in, card numbers masked",
      "config show station.yaml",
    )
      .argument("[file]", configArgument)
      .option("--effective", "accepted for clarity; every default is always filled in")
      .action(show),
    stationCommand(
      "diff",
      "what would change with another config, and whether a reload is enough",
      "config diff new.yaml",
    )
      .argument("<file>", "the other config file")
      .action(diff),
    new Command("schema")
      .description("the JSON Schema of the config, for editors")
      .addHelpText("after", exampleText("config schema > station.schema.json"))
      .action(() => void process.stdout.write(configJsonSchema())),
  ];
  for (const each of commands) command.addCommand(each);
  return command;
}

const configArgument = "the config file, in place of --config";

/** The config that FILE or --config names. Throws Failure usage/invalid where both do. */
function named(file: string | undefined, where: StationOptions): string {
  if (file !== undefined && where.config !== undefined)
    throw new Failure("usage/invalid", "name the config file once: as FILE, or with --config");
  return file ?? where.config ?? defaultConfig;
}

function check(given: string | undefined, options: StationOptions): void {
  const file = named(given, options);
  const { faults, notes } = checkedConfig(file);
  if (options.json === true) print(JSON.stringify({ file, ok: faults.length === 0, faults, notes }));
  else if (faults.length === 0) for (const line of [`${file}: fine`, ...notes]) print(line);
  else for (const line of faults) complain(line);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

/** A line each: all that is wrong with a config file, its tariffs included, and what is right and may surprise. */
type CheckedConfig = { readonly faults: readonly string[]; readonly notes: readonly string[] };

function checkedConfig(file: string): CheckedConfig {
  const read = loadConfig(file);
  if (!read.ok) return { faults: read.faults.map(faultLine), notes: [] };
  const { config: checked, resolve: beside } = read.loaded;
  // A file that is not here may lie on the station; one that is here and cannot be right is a fault.
  const faults = checked.uplinks.flatMap((uplink) =>
    filesTrouble(uplink, checked.station.id).flatMap(({ missing, what, advice }) =>
      missing ? [] : [`${file}: uplink ${uplink.name}: ${what}; ${advice}`],
    ),
  );
  const tariffs = new Map<string, Tariff>();
  for (const path of checked.tariffs) {
    try {
      const tariff = readTariff(beside(path), undefined);
      tariffs.set(tariff.id, tariff);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      faults.push(...error.message.split("\n"));
    }
  }
  if (faults.length > 0) return { faults, notes: [] };
  checked.connectors.forEach(({ tariff }, index) => {
    if (!tariffs.has(tariff))
      faults.push(
        `${file}: connectors[${index}].tariff: no tariff file holds "${tariff}"; they hold: ${[...tariffs.keys()].join(", ")}`,
      );
  });
  const all = [...tariffs.values()];
  faults.push(...terminalFaults(file, checked, all));
  return {
    faults,
    notes: [...uncarriedTariffs(checked, all), ...reservationNotes(checked, all), ...terminalNotes(checked)],
  };
}

/** Each tariff that the terminal could not take the money of. */
function terminalFaults(file: string, { terminal }: Config, tariffs: readonly Tariff[]): string[] {
  if (terminal === undefined) return [];
  return tariffs
    .filter(({ currency }) => currency !== terminal.currency)
    .map(
      ({ id, currency }) =>
        `${file}: terminal.currency: the terminal takes ${terminal.currency}, and the prices of tariff ${id} are in ${currency}`,
    );
}

/** What is held must be said before the tap. */
function terminalNotes({ terminal, page }: Config): string[] {
  if (terminal === undefined || terminal.texts || page?.display !== undefined) return [];
  return [
    "note: nothing at the station tells drivers the price and what a bank card holds before they tap: set page.display, or " +
      "terminal.texts where the terminal's manual has the command 06 E0, or put both on a sign",
  ];
}

/** Which uplinks' reservations are charged, where a tariff has prices for them. */
function reservationNotes({ uplinks, language }: Config, tariffs: readonly Tariff[]): string[] {
  const pricing = tariffs.filter((tariff) => reservationPrices(tariff, language).length > 0).map(({ id }) => id);
  if (pricing.length === 0) return [];
  const prices = `tariff ${pricing.join(", ")} has prices for reservations`;
  const ocpp = uplinks.flatMap((uplink) => (uplink.kind === "ocpp" ? [uplink] : []));
  if (ocpp.length === 0) return [`note: ${prices}, which nobody can make without an OCPP uplink`];
  return ocpp.map(({ name, chargeReservations }) =>
    chargeReservations
      ? `note: ${prices}: those of uplink ${name} are charged; its CSMS must tell them to the driver before ReserveNow`
      : `note: ${prices}: those of uplink ${name} are not charged; chargeReservations: true says that its CSMS tells ` +
        "them to the driver before ReserveNow",
  );
}

/** Prices that include tax have no place in OCPI 2.2.1. */
function uncarriedTariffs({ uplinks }: Config, tariffs: readonly Tariff[]): string[] {
  const gross = tariffs.filter(({ taxIncluded }) => taxIncluded === "YES").map(({ id }) => id);
  if (gross.length === 0) return [];
  return uplinks.flatMap((uplink) =>
    uplink.kind === "ocpi" && uplink.version === "2.2.1"
      ? [
          `note: uplink ${uplink.name} speaks OCPI 2.2.1, which has no place for prices that include tax: CDRs by tariff ` +
            `${gross.join(", ")} are sent there without the tariff; version: "2.3.0" carries it`,
        ]
      : [],
  );
}

function show(given: string | undefined, where: StationOptions): void {
  const { config } = loadedFor({ ...where, config: named(given, where) });
  const shown = { ...config, tokens: config.tokens.map((token) => ({ ...token, uid: masked(token.uid) })) };
  printResult(where, shown, [configText(shown).trimEnd()]);
}

function diff(file: string, where: StationOptions): void {
  const next = loadConfig(file);
  if (!next.ok) throw new Failure("config/invalid", next.faults.map(faultLine).join("\n"));
  const old = loadedFor(where);
  const paths = differences("", old.config, next.loaded.config);
  const restart = refusedChanges(old.config, next.loaded.config);
  const valueAt = ({ config }: LoadedConfig, path: string): string => {
    const value = path
      .split(/[.[\]]+/)
      .filter((key) => key !== "")
      .reduce<unknown>(
        (at, key) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined),
        config,
      );
    // A card is shown by its last four characters, wherever a path leads.
    return (JSON.stringify(value) ?? "nothing").replace(
      /"((?:[0-9A-F]{2}){4,10})"/g,
      (_, uid: string) => `"${masked(uid)}"`,
    );
  };
  const changes = paths.map((path) => ({ path, old: valueAt(old, path), next: valueAt(next.loaded, path) }));
  const advice =
    paths.length === 0
      ? "nothing differs"
      : restart.length === 0
        ? "a reload is enough: systemctl reload chargetill"
        : "this needs a restart: systemctl restart chargetill";
  printResult(where, { changes, restart: restart.length > 0 }, [
    ...changes.map((change) => `${change.path}: ${change.old} -> ${change.next}`),
    advice,
  ]);
  process.exitCode = paths.length === 0 ? 0 : 1;
}
