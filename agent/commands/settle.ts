// chargetill receipts settle: tells the agent what became of the payment of a receipt. A payment terminal's own
// software calls it, or a person.
import { type Command, Option } from "commander";
import { askAgent } from "../control/control-socket.js";
import { paymentStatuses } from "../core/station/payment.js";
import type { PaymentAnswer } from "../receipts/payments.js";
import { agentSocket } from "./shared/agent.js";
import { printResult, receiptNumber, type StationOptions, stationCommand } from "./shared/command.js";

type Options = StationOptions & {
  readonly reference: string;
  readonly status: string;
  readonly amount?: string;
  readonly at?: string;
  readonly info?: string;
  readonly yes?: true;
};

/** `chargetill receipts settle`. */
export function settleCommand(): Command {
  return stationCommand(
    "settle",
    "record a payment result for a receipt (the receipt is unchanged; OCPP 2.1 backends are notified)",
    "receipts settle 17 --reference PSP-8812 --status settled --amount 8.54",
  )
    .argument("<number>", "the receipt's number", receiptNumber)
    .requiredOption("--reference <text>", "the payment provider's reference (OCPP: pspRef)")
    .addOption(new Option("--status <status>", "the result").choices([...paymentStatuses]).makeOptionMandatory())
    .option("--amount <decimal>", "the amount, in the receipt's currency (default: the receipt's total)")
    .option("--at <time>", "when, such as 2026-11-28T17:02:00Z (default: now)")
    .option("--yes", "another amount than the receipt's total is meant")
    .option("--info <text>", "the payment provider's own text")
    .action(async (number: number, options: Options) => {
      const { reference, status, amount, at, info, yes } = options;
      const socket = await agentSocket(options);
      const answer = (await askAgent(socket, {
        do: "settle",
        number,
        reference,
        status,
        ...(amount === undefined ? {} : { amount }),
        ...(at === undefined ? {} : { at }),
        ...(info === undefined ? {} : { info }),
        ...(yes === true ? { otherAmount: true } : {}),
      })) as PaymentAnswer;
      printResult(options, answer, answerLines(answer));
    });
}

function answerLines({ payment, known, uplinks }: PaymentAnswer): string[] {
  const { receipt, reference, status, amount, currency } = payment;
  return [
    `receipt ${receipt}: payment ${reference} ${status}, ${amount} ${currency}${known ? " (known already)" : ""}`,
    ...uplinks.map(
      ({ uplink, told }) =>
        `${uplink}: ${told ? "is notified after the session (OCPP 2.1)" : "is not notified: it has no message for payments"}`,
    ),
  ];
}
