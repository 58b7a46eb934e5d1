// chargetill meter scan | watch | check | accept: find a meter nobody wrote down, look at one, compare one with a known
// load, and say that one may be billed from again. The first three read only, and work beside a running agent: it lends its line to a scan, one short question at a
// time, while no session runs there.

import { existsSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { meterMaps } from "../../config/meter-map.js";
import { SystemClock } from "../../drivers/clock.js";
import { type Clock, DeviceError } from "../../drivers/driver.js";
import type { Candidate, FoundMeter, LineSettings, ScanSteps } from "../../drivers/meter/meter-scan.js";
import type { SerialBinding } from "../../drivers/meter/rtu-line.js";
import { Failure } from "../core/failure.js";
import { serialWords } from "../technician/device-requests.js";
import { checkMeter } from "../technician/meter-acceptance.js";
import { meterAcceptCommand } from "./meter-accept.js";
import { watchMeters } from "./meter-watch.js";
import {
  complain,
  defaultConfig,
  exampleText,
  print,
  printResult,
  type StationOptions,
  stationCommand,
  toleranceOption,
  wholeNumber,
} from "./shared/command.js";
import { withDevices } from "./shared/with-devices.js";

/** `chargetill meter`. */
export function meterCommand(): Command {
  const meter = new Command("meter")
    .description("find, watch and check energy meters")
    .addHelpText("after", exampleText("meter watch 1"));
  meter.addCommand(
    stationCommand(
      "scan",
      "look for meters on a serial port: reads only, over the usual line settings and units",
      "meter scan --port /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A1B2C3D4-if00-port0",
    )
      .option("--port <port>", "a device path, or a name under serialPorts (default: the config's first)")
      .option(
        "--baud <list>",
        "baud rates to try, such as 9600,19200 (default: the usual ones)",
        numbers(1200, 115_200),
      )
      .option("--units <list>", "unit numbers to try, such as 1-10 (default: the usual ones)", numbers(1, 247))
      .option("--timeout <ms>", "how long a unit has to answer", wholeNumber("--timeout", 50, 5_000), 200)
      .action(scan),
  );
  meter.addCommand(
    stationCommand(
      "watch",
      "live values of the meters, with the error rate of their lines and late bytes",
      "meter watch 1 --every 2",
    )
      .argument("[connector]", "only this connector's meter", wholeNumber("<connector>", 1, 64))
      .option("--every <seconds>", "seconds between two readings", wholeNumber("--every", 1, 3_600), 1)
      .option("--count <n>", "how many readings (default: until interrupted)", wholeNumber("--count", 1, 1_000_000))
      .option("--registers", "show every register in the model's map")
      .action(watchMeters),
  );
  meter.addCommand(
    stationCommand(
      "check",
      "compare a meter with a known load; a meter in doubt may be billed from once it has passed",
      "meter check 1 --load 2000 --tolerance 5",
    )
      .argument("<connector>", "the connector's number", wholeNumber("<connector>", 1, 64))
      .requiredOption(
        "--load <watts>",
        "the running load, as a reference instrument shows it",
        wholeNumber("--load", 100, 1_000_000),
      )
      .addOption(toleranceOption())
      .action(check),
  );
  meter.addCommand(meterAcceptCommand());
  return meter;
}

/** `1-10,42` within limits. */
function numbers(least: number, most: number): (text: string) => number[] {
  return (text) => {
    const all = text.split(",").flatMap((part) => {
      const [, from, to = from] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part.trim()) ?? [];
      const length = Number(to) - Number(from) + 1;
      return length >= 1 && length <= 247 ? Array.from({ length }, (_, index) => Number(from) + index) : [Number.NaN];
    });
    if (all.some((value) => Number.isNaN(value) || value < least || value > most))
      throw new InvalidArgumentError(`expected numbers from ${least} to ${most}, such as ${least},${least + 1}.`);
    return all;
  };
}

type ScanCommandOptions = StationOptions & { port?: string; baud?: number[]; units?: number[]; timeout: number };

/** A silent unit is asked twice, with the line kept quiet in between; then the port is opened anew. */
const silentUnitMs = (timeoutMs: number): number => 3 * timeoutMs + 50;

async function scan(options: ScanCommandOptions): Promise<void> {
  // A machine that is only just being set up has a port and no config yet.
  if (
    options.port?.startsWith("/") === true &&
    options.config === undefined &&
    options.data === undefined &&
    !existsSync(defaultConfig)
  ) {
    process.exitCode = await scanAlone(options.port, options);
    return;
  }
  await withDevices(options, async (devices, { config }) => {
    const wanted = options.port ?? Object.keys(config.serialPorts)[0] ?? "";
    const name = Object.keys(config.serialPorts).find(
      (known) => known === wanted || config.serialPorts[known]?.path === wanted,
    );
    const path = config.serialPorts[name ?? ""]?.path ?? wanted;
    if (devices.buses !== undefined)
      return scanHere(path, devices.buses.clock, devices.buses.binding(name ?? path), options);
    // A port that no meter of the config hangs on is free beside a running agent too.
    if (name === undefined) return scanAlone(path, options);
    complain(`${path}: the running agent asks, between its own readings`);
    const asked = (what: string, line: LineSettings, unit: number, model?: string): Promise<unknown> =>
      devices.ask({
        do: what,
        port: name,
        line,
        unit,
        timeoutMs: options.timeout,
        ...(model === undefined ? {} : { model }),
      });
    const steps: ScanSteps = {
      answers: async (line, unit) => (await asked("meter-probe", line, unit)) === true,
      tryModel: async (line, unit, model) =>
        ((await asked("meter-try", line, unit, model)) as Candidate | null) ?? undefined,
    };
    return scanBy(steps, path, options);
  });
}

/** A port that is nobody else's. */
async function scanAlone(path: string, options: ScanCommandOptions): Promise<number> {
  const clock = await SystemClock.open();
  try {
    return await scanHere(path, clock, undefined, options);
  } finally {
    clock.close();
  }
}

async function scanHere(
  path: string,
  clock: Clock,
  binding: SerialBinding | undefined,
  options: ScanCommandOptions,
): Promise<number> {
  const { scanSteps } = await import("../../drivers/meter/meter-scan.js");
  return scanBy(
    scanSteps(path, clock, { timeoutMs: options.timeout, ...(binding === undefined ? {} : { binding }) }),
    path,
    options,
  );
}

async function scanBy(steps: ScanSteps, path: string, options: ScanCommandOptions): Promise<number> {
  const {
    scanMeters: scanWith,
    stationYaml,
    usualLines,
    usualUnits,
  } = await import("../../drivers/meter/meter-scan.js");
  const { maps, broken } = meterMaps();
  for (const { message } of broken) complain(`${message}; this model is left out`);
  const { baud, units = usualUnits(maps), timeout } = options;
  const rates = new Set(baud);
  const known = usualLines(maps);
  const lines =
    baud === undefined
      ? known
      : [
          ...known.filter((line) => rates.has(line.baud)),
          ...baud
            .filter((rate) => !known.some((line) => line.baud === rate))
            .map((rate) => ({ baud: rate, parity: "none", stopBits: 1 }) as LineSettings),
        ];
  const settings = lines.map((line) => `${line.baud} ${line.parity} ${line.stopBits}`).join(", ");
  const longestS = Math.ceil((lines.length * units.length * silentUnitMs(timeout)) / 1000);
  complain(`asking ${path} at ${settings}; units ${units.join(", ")}; about ${longestS} s if nothing answers`);
  const all: FoundMeter[] = [];
  try {
    for await (const found of scanWith(steps, { lines, units, maps })) {
      all.push(found);
      if (options.json !== true) for (const line of foundLines(path, found, stationYaml)) print(line);
    }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    throw new Failure("agent/refused", error.message, { cause: error });
  }
  printResult(
    options,
    { path, found: all, leftOut: broken.map(({ file, message }) => ({ file, message })) },
    all.length === 0
      ? [`${path}: no meter answered; check its supply, A and B (swap them), termination, and unit number`]
      : [],
  );
  return all.length === 0 ? 1 : 0;
}

function foundLines(
  path: string,
  found: FoundMeter,
  stationYaml: typeof import("../../drivers/meter/meter-scan.js").stationYaml,
): string[] {
  const { line, unit, candidates } = found;
  const head =
    `unit ${unit} answers at ${line.baud} baud, parity ${line.parity}, ` +
    `${line.stopBits} stop bit${line.stopBits === 1 ? "" : "s"}`;
  const [likely, ...others] = candidates;
  if (likely === undefined) return [`${head}: it fits no known model`];
  return [
    `${head}: ${likely.checked ? "" : "perhaps "}${likely.model}${likely.serial === undefined ? "" : `, serial number ${likely.serial}`}`,
    ...(others.length === 0 ? [] : [`  or: ${others.map(({ model }) => model).join(", ")}`]),
    ...stationYaml(path, found, likely)
      .trimEnd()
      .split("\n")
      .map((text) => `  ${text}`),
  ];
}

async function check(connector: number, options: StationOptions & { load: number; tolerance: number }): Promise<void> {
  await withDevices(options, async (devices, { config }) => {
    const checked = await checkMeter(
      devices,
      config,
      connector,
      { loadW: options.load, tolerancePercent: options.tolerance },
      complain,
    );
    const { model, passed, findings } = checked;
    printResult(options, checked, [
      ...findings.map(({ ok, words }) => `${ok ? "ok    " : "FAILED"} ${words}`),
      `${model} ${serialWords(checked)}: ${passed ? "passed; this very meter may be billed from" : "FAILED"}`,
    ]);
    return passed ? 0 : 1;
  });
}
