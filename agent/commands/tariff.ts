// chargetill tariff check | explain | simulate | price: what a tariff is worth, before anyone charges and after.
// Reads files, prints, and sets the exit code: 0 fine, 1 a check failed, 2 usage.

import { Command, InvalidArgumentError, Option } from "commander";
import { type Decimal, decimalOf } from "../../config/decimal.js";
import type { Language } from "../../config/languages.js";
import { durationMs } from "../../config/parts/duration.js";
import { wallNow } from "../../drivers/clock.js";
import { billOfCdr, priceCdr } from "../core/cdr/cdr-pricing.js";
import { type JsonAmount, pricedJson } from "../core/cdr/priced-json.js";
import { readTariffList } from "../core/cdr/tariff-list.js";
import { explainTariff } from "../core/explain/explain-tariff.js";
import { Failure } from "../core/failure.js";
import { isObject } from "../core/json/json-reader.js";
import { lintTariff } from "../core/lint/lint.js";
import { counted } from "../core/number/counted.js";
import { kwhExact } from "../core/number/energy-text.js";
import { moneyText } from "../core/number/money.js";
import type { Price } from "../core/rating/price.js";
import { chartOf, type SimulatedSession, simulate } from "../core/rating/simulate.js";
import type { OcpiVersion, Tariff } from "../core/tariff/tariff.js";
import { clockText, dateText, isZone, localTime, parseInstant } from "../core/time/time.js";
import {
  faultLines,
  faultText,
  type JsonFile,
  placeFaults,
  readJsonFile,
  readTariff,
  tariffOfFile,
} from "../tariffs/tariff-file.js";
import {
  exampleText,
  jsonOption,
  languageOption,
  print,
  type StationOptions,
  stationCommand,
} from "./shared/command.js";
import { loadedFor } from "./shared/with-devices.js";
import { priceLines } from "./tariff-batch.js";
import { stationAdds, stationBoards } from "./tariff-board.js";

const printJson = (value: unknown): void => print(JSON.stringify(value, undefined, 2));

function zoneOption(text: string): string {
  if (!isZone(text)) throw new InvalidArgumentError("expected an IANA time zone such as Europe/Berlin");
  return text;
}
function countryOption(text: string): string {
  if (!/^[A-Z]{2}$/.test(text)) throw new InvalidArgumentError("expected two capital letters such as DE");
  return text;
}
function durationOption(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new InvalidArgumentError("expected a duration such as 90s, 22m or 1h30m");
  return ms;
}
function decimalOption(text: string): Decimal {
  const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? decimalOf(text) : undefined;
  if (value === undefined) throw new InvalidArgumentError("expected a number such as 11 or 7.4");
  return value;
}
function instantOption(text: string): number {
  const ms = parseInstant(text);
  if (ms === undefined) throw new InvalidArgumentError("expected an instant such as 2026-11-23T17:30:00Z");
  return ms;
}

const ocpiOption = (): Option =>
  new Option("--ocpi <version>", "OCPI version of the tariff (default: detected by tax_included)").choices([
    "2.2.1",
    "2.3.0",
  ]);
const zone = (): Option => new Option("--zone <zone>", "the location's IANA time zone").argParser(zoneOption);
const language = (): Option => languageOption().default("en");

/**
 * Runs an action; false is a check that failed. What the arithmetic cannot hold was asked for by a number that is too
 * large.
 */
function acting<Args extends unknown[]>(
  action: (...args: Args) => Promise<boolean> | boolean,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    try {
      if (!(await action(...args))) process.exitCode = 1;
    } catch (error) {
      if (error instanceof RangeError) throw new Failure("usage/invalid", error.message, { cause: error });
      throw error;
    }
  };
}

type CheckOptions = { zone: string; country?: string; ocpi?: OcpiVersion; json?: true };

function check(path: string, options: CheckOptions): boolean {
  const file = readJsonFile(path);
  const { tariff, faults } = tariffOfFile(file, options.ocpi);
  const findings =
    tariff === undefined
      ? []
      : lintTariff(tariff, {
          timeZone: options.zone,
          nowMs: wallNow(),
          ...(options.country === undefined ? {} : { country: options.country }),
        });
  const placed = placeFaults(file, [
    ...faults.map((fault) => ({ level: "error", ...fault })),
    ...findings.map((finding) => ({ level: "warning", ...finding })),
  ]);
  if (options.json === true) {
    const entries = placed.map((fault) => ({ file: path, ...fault }));
    printJson({ ok: faults.length === 0, errors: faults.length, warnings: findings.length, findings: entries });
  } else {
    for (const { level, ...fault } of placed) print(`${faultText(path, fault)} [${level}]`);
    print(
      `${path}: ${faults.length === 0 ? "can be priced" : "refused"}, ${counted(faults.length, "error")}, ${counted(findings.length, "warning")}`,
    );
  }
  return faults.length === 0;
}

type ExplainOptions = StationOptions & { lang?: Language; zone?: string; ocpi?: OcpiVersion };

function explain(path: string | undefined, options: ExplainOptions): boolean {
  if (options.config !== undefined || options.data !== undefined) return explainStation(path, options);
  if (path === undefined) throw new Failure("usage/invalid", "name a tariff's file, or give --config");
  const { ocpi, zone: timeZone = "UTC", lang = "en" } = options;
  const tariff = readTariff(path, ocpi);
  const lines = explainTariff(tariff, timeZone, lang);
  if (options.json === true) {
    const { id, version, currency } = tariff;
    printJson({ id, version, currency, language: lang, lines, stationAdds });
  } else for (const text of [...lines.map((line) => line.text), stationAdds]) print(text);
  return true;
}

/** What the station's display shows, a heading where its connectors differ. */
function explainStation(path: string | undefined, options: ExplainOptions): boolean {
  if (options.zone !== undefined)
    throw new Failure("usage/invalid", "--zone is the config's: leave it out with --config");
  const boards = stationBoards(loadedFor(options), path, options);
  if (options.json === true) {
    printJson({ boards });
    return true;
  }
  for (const { connectors, lines } of boards) {
    if (boards.length > 1) print(`connector ${connectors.join(", ")}:`);
    for (const line of lines) print(line);
  }
  return true;
}

function billLines(price: Price): string[] {
  const money = (amount: string): string => moneyText(amount, price.currency).padStart(10);
  return [
    ...price.lines.map(({ amount, sentence, element, why }) => {
      const reason = element === null ? why : `element ${element}: ${why}`;
      return `  ${money(amount.incl)} ${price.currency}  ${sentence}  [${reason}]`;
    }),
    ...price.adjustments.map(
      (adjustment) => `  ${money(adjustment.amount.incl)} ${price.currency}  ${adjustment.sentence}`,
    ),
    `  ${price.due.gross.padStart(10)} ${price.currency}  to pay, of it ${price.due.tax} tax (rounded ${price.rounding})`,
    ...price.warnings.map((warning) => `  note: ${warning}`),
  ];
}

type SimulateOptions = {
  zone: string;
  start: number;
  kw: Decimal;
  kwh?: Decimal;
  for?: number;
  idle: number;
  lang: Language;
  ocpi?: OcpiVersion;
  json?: true;
};

function runSimulation(path: string, options: SimulateOptions): boolean {
  if ((options.kwh === undefined) === (options.for === undefined))
    throw new Failure("usage/invalid", "give either --kwh or --for: how much is charged, or for how long");
  const tariff = readTariff(path, options.ocpi);
  const until: SimulatedSession["until"] =
    options.kwh === undefined ? { forMs: options.for ?? 0 } : { kwh: options.kwh };
  const { price, curve, endMs } = simulate(
    tariff,
    { startMs: options.start, powerKw: options.kw, until, idleMs: options.idle, timeZone: options.zone },
    options.lang,
  );
  if (options.json === true) {
    printJson({ ...price, curve });
    return true;
  }
  const local = (atMs: number): string =>
    `${dateText(localTime(options.zone, atMs).day)} ${clockText(options.zone, atMs)}`;
  print(
    `${tariff.id}: ${local(options.start)} to ${local(endMs)} (${options.zone}), ${kwhExact(price.energyMilliWh, 0)} kWh`,
  );
  for (const line of billLines(price)) print(line);
  print("");
  const most = moneyText(
    curve.reduce((top, point) => (Number(point.incl) > Number(top) ? point.incl : top), "0"),
    price.currency,
  );
  for (const [index, row] of chartOf(curve).entries())
    print(`${(index === 0 ? `${most} ${price.currency}` : "").padStart(14)} |${row}`);
  print(`${" ".repeat(15)}+${"-".repeat(curve.length)}`);
  print(
    `${" ".repeat(16)}${clockText(options.zone, options.start)}` +
      `${clockText(options.zone, endMs).padStart(Math.max(6, curve.length - 5))}   (█ charging, ▒ idle)`,
  );
  return true;
}

type PriceOptions = { tariff: string[]; zone?: string; ocpi?: OcpiVersion; lang: Language; json?: true; batch?: true };

const comparedTotals = [
  "total_cost",
  "total_fixed_cost",
  "total_energy_cost",
  "total_time_cost",
  "total_parking_cost",
  "total_reservation_cost",
  "total_energy",
  "total_time",
  "total_parking_time",
] as const;

function totalText(value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (typeof value !== "object" || value === null) return "-";
  const { excl_vat: excl, incl_vat: incl, before_taxes: before, taxes } = value as Partial<Record<string, unknown>>;
  if (before === undefined) return `${String(excl ?? "-")} / ${String(incl ?? "-")}`;
  const amounts = Array.isArray(taxes)
    ? taxes.map((tax) => String((tax as JsonAmount & { amount?: unknown }).amount ?? "-"))
    : [];
  return [String(before), ...amounts].join(" + ");
}

async function price(path: string | undefined, options: PriceOptions): Promise<boolean> {
  if (options.batch === true) {
    if (path !== undefined || options.tariff.length > 0)
      throw new Failure(
        "usage/invalid",
        "--batch reads everything from standard input: leave the file and --tariff out",
      );
    return priceLines(process.stdin, process.stdout, options.ocpi);
  }
  if (path === undefined) throw new Failure("usage/invalid", "name the CDR's file, or give --batch");
  if (options.zone === undefined) throw new Failure("usage/invalid", "give --zone: a CDR does not carry its time zone");
  const file = readJsonFile(path);
  const tariffs =
    options.tariff.length > 0
      ? options.tariff.map((tariff) => readTariff(tariff, options.ocpi))
      : ownTariffs(file, options.ocpi);
  const result = priceCdr(tariffs, file.json, options.zone);
  if (!result.ok) throw new Failure("tariff/invalid", faultLines(file, result.faults));
  const json = pricedJson(result.priced, options.lang);
  if (options.json === true) {
    printJson(json);
    return true;
  }
  const theirs = file.json as Readonly<Record<string, unknown>>;
  print(`${"".padEnd(24)}${"in the CDR".padEnd(28)}priced here`);
  for (const name of comparedTotals)
    print(`${name.padEnd(24)}${totalText(theirs[name]).padEnd(28)}${totalText(json[name])}`);
  print("");
  for (const line of billLines(billOfCdr(result.priced, options.lang))) print(line);
  return true;
}

/** The tariffs that a CDR carries. Throws Failure where it carries none, or one that cannot be priced. */
function ownTariffs(file: JsonFile, version: OcpiVersion | undefined): readonly Tariff[] {
  const carried = isObject(file.json) ? file.json["tariffs"] : undefined;
  if (carried === undefined || carried === null)
    throw new Failure("usage/invalid", "give at least one --tariff: the CDR carries none");
  const { tariffs, faults } = readTariffList(carried, version);
  if (faults.length > 0) throw new Failure("tariff/invalid", faultLines(file, faults));
  return tariffs;
}

/** `chargetill tariff …`, to be added to the program. */
export function tariffCommand(): Command {
  const command = new Command("tariff")
    .description("check, explain, try and apply OCPI tariffs")
    .addHelpText("after", exampleText("tariff explain standard.json"));
  command
    .command("check")
    .argument("<file>", "an OCPI tariff, as JSON")
    .description("check a tariff for faults (exit 1) and oddities (exit 0)")
    .addHelpText("after", exampleText("tariff check standard.json --zone Europe/Berlin"))
    .addOption(zone().makeOptionMandatory())
    .addOption(new Option("--country <code>", "check the prices against this country's rules").argParser(countryOption))
    .addOption(ocpiOption())
    .addOption(jsonOption())
    .action(acting(check));
  command.addCommand(
    stationCommand(
      "explain",
      "explain a tariff in plain words; with --config, show the prices as the station does",
      "tariff explain standard.json --lang de",
    )
      .argument("[file]", "an OCPI tariff, as JSON; with --config, in place of the config's own of that id")
      .addOption(languageOption())
      .addOption(zone())
      .addOption(ocpiOption())
      .action(acting(explain)),
  );
  command
    .command("simulate")
    .argument("<file>", "an OCPI tariff, as JSON")
    .description("the bill of a session that has not happened")
    .addHelpText(
      "after",
      exampleText(
        "tariff simulate standard.json --zone Europe/Berlin --start 2026-11-24T17:30:00+01:00 --kw 11 --for 1h30m --idle 25m",
      ),
    )
    .addOption(zone().makeOptionMandatory())
    .addOption(
      new Option("--start <instant>", "start, as in 2026-11-23T17:30:00Z")
        .argParser(instantOption)
        .makeOptionMandatory(),
    )
    .addOption(new Option("--kw <number>", "power").argParser(decimalOption).makeOptionMandatory())
    .addOption(new Option("--kwh <number>", "energy to charge").argParser(decimalOption))
    .addOption(new Option("--for <duration>", "time to charge").argParser(durationOption))
    .addOption(
      new Option("--idle <duration>", "time the car stays after charging").argParser(durationOption).default(0, "0s"),
    )
    .addOption(language())
    .addOption(ocpiOption())
    .addOption(jsonOption())
    .action(acting(runSimulation));
  command
    .command("price")
    .argument("[cdr]", "an OCPI CDR, as JSON")
    .description("price the charging periods of a CDR, beside its own totals")
    .addHelpText("after", exampleText("tariff price cdr.json --tariff standard.json --zone Europe/Berlin"))
    .addOption(
      new Option("--tariff <file>", "a tariff, in place of those that the CDR carries (repeatable)")
        .argParser((value: string, before: string[]) => [...before, value])
        .default([], "none"),
    )
    .addOption(zone())
    .addOption(language())
    .addOption(ocpiOption())
    .addOption(jsonOption())
    .addOption(new Option("--batch", "JSON Lines {name, timezone, tariffs, cdr} from standard input, one answer each"))
    .action(acting(price));
  return command;
}
