// chargetill receipts credit: takes a sale back. The book is the agent's: it issues, we ask.
import { type Command, Option } from "commander";
import { askAgent, type ControlRequest } from "../control/control-socket.js";
import { Failure } from "../core/failure.js";
import { type RefundWay, refundWays } from "../core/receipt/receipt-payload.js";
import { readTariff } from "../tariffs/tariff-file.js";
import { agentSocket } from "./shared/agent.js";
import { callerName, print, receiptNumber, type StationOptions, stationCommand } from "./shared/command.js";

type CreditOptions = StationOptions & { reason?: string; correctedTariff?: string; by?: string; refund?: RefundWay };

/** `chargetill receipts credit`. */
export function creditCommand(): Command {
  return stationCommand(
    "credit",
    "credit a sale by a receipt of its own; the receipt of the sale is unchanged",
    'receipts credit 17 --reason "wrong tariff" --corrected-tariff right.json',
  )
    .argument("<number>", "the receipt's number", receiptNumber)
    .option("--reason <text>", "the reason, as printed on the credit receipt")
    .option("--by <name>", "who makes the credit (default: the user who runs the command)")
    .addOption(
      new Option("--refund <way>", "how the money goes back (default: the way the sale was paid)").choices([
        ...refundWays,
      ]),
    )
    .option(
      "--corrected-tariff <file>",
      "then bill the session again by this tariff; on its own for a sale that was credited before",
    )
    .action(async (number: number, options: CreditOptions) => {
      const socket = await agentSocket(options);
      if (options.reason === undefined && options.correctedTariff === undefined)
        throw new Failure("usage/invalid", "receipts credit: give --reason, --corrected-tariff, or both");
      // A tariff that cannot be read must be known before anything is taken back.
      const tariff =
        options.correctedTariff === undefined ? undefined : readTariff(options.correctedTariff, undefined).source;
      const issued = async (request: ControlRequest): Promise<number> =>
        ((await askAgent(socket, request)) as { receipt: number }).receipt;
      const credit =
        options.reason === undefined
          ? undefined
          : await issued({
              do: "credit",
              number,
              reason: options.reason,
              by: options.by ?? callerName(),
              ...(options.refund === undefined ? {} : { refund: options.refund }),
            });
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
