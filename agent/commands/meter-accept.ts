// chargetill meter accept: a person's word that a meter may be billed from again. The agent writes down who gave it.
import type { Command } from "commander";
import { askAgent } from "../control/control-socket.js";
import { kwhExact } from "../core/number/energy-text.js";
import type { MeterAcceptance } from "../station/connector/accept-meter.js";
import { agentSocket } from "./shared/agent.js";
import {
  callerName,
  noteOption,
  printResult,
  type StationOptions,
  stationCommand,
  wholeNumber,
} from "./shared/command.js";

/** `chargetill meter accept`. */
export function meterAcceptCommand(): Command {
  return stationCommand(
    "accept",
    "say that a meter may be billed from again: its fault was mended, or the register that fell is right",
    'meter accept --connector 1 --note "meter replaced, seal 4711"',
  )
    .requiredOption("--connector <number>", "the connector's number", wholeNumber("--connector", 1, 64))
    .addOption(noteOption())
    .option("--by <name>", "who says so (default: the user who runs the command)")
    .action(async (options: StationOptions & { connector: number; note: string; by?: string }) => {
      const { connector, note, by = callerName() } = options;
      const request = { do: "meter-accept", connector, note, by };
      const accepted = (await askAgent(await agentSocket(options), request)) as MeterAcceptance;
      printResult(options, accepted, acceptedLines(accepted));
    });
}

function acceptedLines({ connector, mended, register }: MeterAcceptance): string[] {
  return [
    ...mended.map((code) => `connector ${connector}: ${code} is taken for mended; the next session shows it`),
    ...(register === undefined
      ? []
      : [
          `connector ${connector}: meter ${register.serial} is billed from ${kwhExact(register.acceptedMilliWh)} kWh on, ` +
            `after ${kwhExact(register.lastMilliWh)} kWh; the next receipt says so`,
        ]),
  ];
}
