// chargetill receipts credit: takes a sale back. The book is the agent's: it issues, we ask.
import type { Command } from "commander";
import { askAgent, type ControlRequest } from "../control/control-socket.js";
import { Failure } from "../core/failure.js";
import { readTariff } from "../tariffs/tariff-file.js";
import { agentSocket } from "./shared/agent.js";
import { print, receiptNumber, type StationOptions, stationCommand } from "./shared/command.js";

/** `chargetill receipts credit`. */
export function creditCommand(): Command {
  return stationCommand(
    "credit",
    "credit a sale by a receipt of its own; the receipt of the sale is unchanged",
    'receipts credit 17 --reason "wrong tariff" --corrected-tariff right.json',
  )
    .argument("<number>", "the receipt's number", receiptNumber)
    .option("--reason <text>", "the reason, as printed on the credit receipt")
    .option(
      "--corrected-tariff <file>",
      "then bill the session again by this tariff; on its own for a sale that was credited before",
    )
    .action(async (number: number, options: StationOptions & { reason?: string; correctedTariff?: string }) => {
      const socket = await agentSocket(options);
      if (options.reason === undefined && options.correctedTariff === undefined)
        throw new Failure("usage/invalid", "receipts credit: give --reason, --corrected-tariff, or both");
      // A tariff that cannot be read must be known before anything is taken back.
      const tariff =
        options.correctedTariff === undefined ? undefined : readTariff(options.correctedTariff, undefined).source;
      const issued = async (request: ControlRequest): Promise<number> =>
        ((await askAgent(socket, request)) as { receipt: number }).receipt;
      const credit =
        options.reason === undefined ? undefined : await issued({ do: "credit", number, reason: options.reason });
      const corrected = tariff === undefined ? undefined : await issued({ do: "correct", number, tariff });
      if (options.json === true)
        return print(
          JSON.stringify({
            number,
            ...(credit === undefined ? {} : { credit }),
            ...(corrected === undefined ? {} : { corrected }),
          }),
        );
      if (credit !== undefined) print(`receipt ${number} is credited by receipt ${credit}`);
      if (corrected !== undefined) print(`receipt ${number} is corrected by receipt ${corrected}`);
    });
}
