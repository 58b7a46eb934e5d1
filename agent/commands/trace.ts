// chargetill trace record | replay: what passed between drivers and devices, kept in a file, and what the drivers make
// of it when it is played again. So a fault on site can be looked at in the office, by the very code that met it.

import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { durationMs } from "../../config/parts/duration.js";
import type { Config } from "../../config/schema.js";
import type { PlayedEvent } from "../../drivers/bench/trace/played-event.js";
import type { RegisterShown } from "../../drivers/meter/modbus-meter.js";
import { leaveFile } from "../control/privileges.js";
import { masked } from "../core/cdr/token.js";
import { Failure } from "../core/failure.js";
import { kwhExact } from "../core/number/energy-text.js";
import type { DeviceAccess } from "../technician/device-access.js";
import { mostTraceBytes, mostTraceMs, parseTrace, type TraceChunk } from "../technician/trace-file.js";
import {
  complain,
  exampleText,
  jsonOption,
  printResult,
  type StationOptions,
  stationCommand,
  wholeNumber,
} from "./shared/command.js";
import { withDevices } from "./shared/with-devices.js";

const takeEveryMs = 1_000;
const mebibyte = 1024 * 1024;

/** `chargetill trace`. */
export function traceCommand(): Command {
  const trace = new Command("trace")
    .description("record what passes between drivers and devices, and play it again")
    .addHelpText("after", exampleText("trace record --for 2m"));
  trace.addCommand(
    stationCommand(
      "record",
      "record the meters' lines, the readers and the pins into a file; beside a running agent, or with the devices to itself",
      "trace record --for 2m --out fault.jsonl",
    )
      .option("--for <time>", "how long, such as 90s or 2m; at most 24h (ctrl-C ends it earlier)", span, 60_000)
      .option(
        "--most <mebibytes>",
        "how large the file may become",
        wholeNumber("--most", 1, mostTraceBytes / mebibyte),
        4,
      )
      .option(
        "--with-uids",
        "record whole UIDs, which are personal data; without it others stand in, with the same last four characters",
      )
      .option("--out <file>", "where to write it (default: ./trace-STATION.jsonl)")
      .action(record),
  );
  trace.addCommand(
    new Command("replay")
      .description("play a recording through the real drivers and print what they read")
      .argument("<file>", "a file that trace record wrote")
      .option("--readings", "print readings, faults, taps and pins only, not each frame")
      .addOption(jsonOption())
      .addHelpText("after", exampleText("trace replay fault.jsonl"))
      .action(replay),
  );
  return trace;
}

function span(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined || ms < 1_000 || ms > mostTraceMs)
    throw new InvalidArgumentError("expected a time from 1s to 24h, such as 90s or 2m.");
  return ms;
}

type RecordOptions = StationOptions & { for: number; most: number; withUids?: true; out?: string };

async function record(options: RecordOptions): Promise<void> {
  const fileOf = ({ station }: Config): string => resolve(options.out ?? `trace-${station.id}.jsonl`);
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
  };
  process.on("SIGINT", interrupt);
  try {
    await withDevices(
      options,
      async (devices, { config }) => {
        await devices.ask({
          do: "trace-start",
          ms: options.for,
          bytes: options.most * mebibyte,
          withUids: options.withUids === true,
        });
        complain(
          devices.live
            ? `recording for ${options.for / 1_000} s beside the running agent; ctrl-C ends it`
            : `recording for ${options.for / 1_000} s; no agent runs, so meters, pins and readers are asked from here; ` +
                `ctrl-C ends it`,
        );
        const lines: string[] = [];
        const ids = config.connectors.map(({ id }) => id);
        for (let ended = false; !ended; ) {
          await (devices.live ? devices.pause(takeEveryMs) : stir(devices, ids, Object.keys(config.readers)));
          if (interrupted) await devices.ask({ do: "trace-stop" });
          const taken = (await devices.ask({ do: "trace-take" })) as TraceChunk;
          lines.push(...taken.lines);
          ended = taken.ended;
        }
        const bytes = Buffer.from(`${lines.join("\n")}\n`);
        const file = fileOf(config);
        leaveFile(file, bytes);
        printResult(options, { file, bytes: bytes.length, entries: lines.length - 1 }, [
          `${file}: ${lines.length - 1} entries, ${bytes.length} bytes`,
          `chargetill trace replay ${file} plays it`,
        ]);
        return 0;
      },
      { leaves: ({ config }) => [fileOf(config)] },
    );
  } finally {
    process.off("SIGINT", interrupt);
  }
}

/** Without an agent nobody asks the devices: one look at each. What they cannot answer stands in the recording. */
async function stir(devices: DeviceAccess, connectors: readonly number[], readers: readonly string[]): Promise<void> {
  const asked = async (request: Parameters<DeviceAccess["ask"]>[0]): Promise<void> => {
    try {
      await devices.ask(request);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "agent/refused") throw error;
    }
  };
  for (const connector of connectors) {
    await asked({ do: "meter-look", connector });
    await asked({ do: "pins-look", connector });
  }
  for (const reader of readers) await asked({ do: "card-wait", reader, ms: takeEveryMs });
  await devices.pause(takeEveryMs);
}

async function replay(file: string, options: { json?: true; readings?: true }): Promise<void> {
  const { header, entries } = parseTrace(file, textOf(file));
  const { playTrace } = await import("../../drivers/bench/trace/trace-player.js");
  const all = await playTrace(header, entries);
  const heard = options.readings === true ? all.filter((one) => one.heard !== "registers") : all;
  const strayed = heard.some((one) => one.heard === "strayed");
  const end = entries.find((entry) => "end" in entry);
  const lines = [
    `${file}: station ${header.station}, chargetill ${header.version}, from ${header.at}, card numbers ${header.cardNumbers}`,
    ...heard.map((one) => `${(one.ms / 1_000).toFixed(3).padStart(9)} s  ${heardText(one)}`),
    end !== undefined && "end" in end
      ? `the recording ends by ${end.end}`
      : "the recording has no end: the file is truncated",
  ];
  printResult(options.json === true ? { json: true } : {}, { file, header, heard, ended: end !== undefined }, lines);
  process.exitCode = strayed || end === undefined ? 1 : 0;
}

function textOf(file: string): string {
  try {
    if (statSync(file).size > 2 * mostTraceBytes) throw new Failure("usage/invalid", `${file}: larger than any trace`);
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(
      "usage/invalid",
      `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** One register of a meter, as its map reads it. */
function registerText(shown: RegisterShown): string {
  if ("fault" in shown) return `${shown.register}: ${shown.fault}`;
  return [shown.register, shown.value, shown.unit].filter((part) => part !== "").join(" ");
}

function heardText(one: PlayedEvent): string {
  switch (one.heard) {
    case "registers":
      return `meter ${one.unit} at ${one.port}  ${one.request}: ${one.values.map(registerText).join(", ") || "nothing that its map names"}`;
    case "reading":
      return (
        `meter ${one.unit} at ${one.port}  READING of connector ${one.connector}: ` +
        `${kwhExact(one.energyMilliWh)} kWh, ${one.powerW} W` +
        `${one.currentMilliA === undefined ? "" : `, ${(one.currentMilliA / 1_000).toFixed(2)} A`}`
      );
    case "fault":
      return `${one.device}  FAULT ${one.code}: ${one.message}`;
    case "tap":
      return `reader ${one.reader}  TAP ${one.tap.startsWith("card ") ? `card ${masked(one.tap)}` : one.tap}`;
    case "plug":
      return `connector ${one.connector}  PLUG ${one.plugged ? "in" : "out"}`;
    case "button":
      return `connector ${one.connector}  BUTTON ${one.button}`;
    case "contactor":
      return one.part === "coil"
        ? `connector ${one.connector}  contactor told to ${one.closed ? "close" : "open"}`
        : `connector ${one.connector}  contactor feedback says ${one.closed ? "closed" : "open"}`;
    case "terminal":
      return `terminal ${one.way === "out" ? "<-" : "->"}  ${one.words}`;
    case "strayed":
      return `${one.port}  THE DRIVER DEVIATED FROM THE RECORDING: ${one.why}`;
    default:
      return one satisfies never;
  }
}
