// chargetill receipts continue: a person names the last receipt number that was given, after the station was restored from
// a backup and nothing else knows it.
import type { Command } from "commander";
import { askAgent } from "../control/control-socket.js";
import { agentSocket } from "./shared/agent.js";
import {
  callerName,
  noteOption,
  printResult,
  receiptNumber,
  type StationOptions,
  stationCommand,
} from "./shared/command.js";

/** `chargetill receipts continue`. */
export function continueCommand(): Command {
  return stationCommand(
    "continue",
    "after a backup was restored: name the last receipt that was given; the book names those it lost, and goes on after it",
    'receipts continue --after 1742 --note "last receipt at the backend"',
  )
    .requiredOption("--after <number>", "the last receipt number that was given", receiptNumber)
    .addOption(noteOption())
    .option("--by <name>", "who says so (default: the user who runs the command)")
    .action(async (options: StationOptions & { after: number; note: string; by?: string }) => {
      const { after, note, by = callerName() } = options;
      const request = { do: "numbers-continue", after, note, by };
      const answer = (await askAgent(await agentSocket(options), request)) as { after: number; lost: number };
      const { lost } = answer;
      printResult(options, answer, [
        lost === 0
          ? `no receipt is lost: the next one is ${after + 1}`
          : `receipts ${after - lost + 1} to ${after} are lost here, and the book says so; the next one is ${after + 1}`,
      ]);
    });
}
