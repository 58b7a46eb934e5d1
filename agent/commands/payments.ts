// chargetill payments …: what is held on drivers' cards, how it ended, and what is owed back. All of it is asked of the
// running agent, which alone speaks with the terminal.
import { Command } from "commander";
import { askAgent, type ControlRequest } from "../control/control-socket.js";
import { minorText } from "../core/payment/minor-amount.js";
import type { OpenPayment, OwedBack, PaymentsLook } from "../core/payment/payments-look.js";
import type { EndedHold } from "../payments/hold-table.js";
import type { PaymentsList } from "../payments/payment-requests.js";
import { agentSocket } from "./shared/agent.js";
import {
  byOption,
  callerName,
  exampleText,
  printResult,
  receiptNumber,
  type StationOptions,
  stationCommand,
} from "./shared/command.js";

type ByOptions = StationOptions & { readonly by?: string };

/** `chargetill payments`. */
export function paymentCommands(): Command {
  return new Command("payments")
    .description("what is held on drivers' cards, how it ended, and what is owed back")
    .addHelpText("after", exampleText("payments open"))
    .addCommand(listCommand())
    .addCommand(openCommand())
    .addCommand(releaseCommand())
    .addCommand(refundedCommand());
}

async function asked<T>(options: StationOptions, request: ControlRequest): Promise<T> {
  return (await askAgent(await agentSocket(options), request)) as T;
}

function listCommand(): Command {
  return stationCommand("list", "the newest payments that have ended, and what is owed back", "payments list").action(
    async (options: StationOptions) => {
      const { ended, owed } = await asked<PaymentsList>(options, { do: "payments" });
      const lines = [...ended.map(endedLine), ...owed.map(owedLine)];
      printResult(options, { ended, owed }, lines.length === 0 ? ["no payments"] : lines);
    },
  );
}

function openCommand(): Command {
  return stationCommand(
    "open",
    "payments that have not ended, and holds at the terminal that are not known here (the terminal is asked)",
    "payments open",
  ).action(async (options: StationOptions) => {
    const { open, unknown, owed } = await asked<PaymentsList>(options, { do: "payments", ask: true });
    const lines = openLines({ open, unknown, owed });
    printResult(options, { open, unknown, owed }, lines.length === 0 ? ["nothing is open"] : lines);
  });
}

function releaseCommand(): Command {
  return stationCommand(
    "release",
    "let go of a hold: of a payment that has no receipt to book, or with --unknown of one that is not known here",
    "payments release 17",
  )
    .argument("[number]", "the payment's number", receiptNumber)
    .option("--unknown <handle>", "the terminal's own number of a hold that is not known here")
    .option("--gone", "it was never made: you have looked at the terminal's open holds, and it is not among them")
    .addOption(byOption())
    .action(
      async (
        number: number | undefined,
        options: ByOptions & { readonly unknown?: string; readonly gone?: true },
        command: Command,
      ) => {
        const { unknown: handle, gone, by = callerName() } = options;
        if ((number === undefined) === (handle === undefined))
          return command.error("error: name a payment's number, or a hold with --unknown");
        const request: ControlRequest =
          handle === undefined
            ? { do: "payment-release", number, by, ...(gone === true ? { gone } : {}) }
            : { do: "payment-release-unknown", handle, by };
        const answer = await asked(options, request);
        const what = handle === undefined ? `payment ${number ?? ""}` : `hold ${handle}`;
        const words = handle === undefined && gone !== true ? "is being released" : "is closed";
        printResult(options, answer, [`${what} ${words}`]);
      },
    );
}

function refundedCommand(): Command {
  return stationCommand(
    "refunded",
    "say that money of a credited receipt was paid back, all that is owed or a part of it",
    "payments refunded 17 --part 4.50",
  )
    .argument("<number>", "the receipt's number", receiptNumber)
    .option("--part <decimal>", "how much of it, in the receipt's currency (default: all that is owed)")
    .addOption(byOption())
    .action(async (number: number, options: ByOptions & { readonly part?: string }) => {
      const { part: amount, by = callerName() } = options;
      const request = { do: "payment-refunded", number, by, ...(amount === undefined ? {} : { amount }) };
      const refund = await asked<OwedBack>(options, request);
      printResult(options, refund, [`receipt ${number}: ${refund.owed} ${refund.currency} are still owed back`]);
    });
}

const holdStateWords: Readonly<Record<OpenPayment["state"], string>> = {
  wanted: "asked for, not known to be held",
  held: "held, no session runs on it",
  started: "held, its session runs",
  final: "to be booked",
  "book-sent": "being booked",
  "release-sent": "being released",
  booked: "booked",
  released: "released",
  failed: "failed",
};

/** A line for each payment that has not ended, each hold that is not known here, and what is owed back. */
export const openLines = ({ open, unknown, owed }: PaymentsLook): readonly string[] => [
  ...open.map(openPaymentLine),
  ...unknown.map((handle) => `hold ${handle} is open at the terminal and not known here`),
  ...owed.map(owedLine),
];

function openPaymentLine(payment: OpenPayment): string {
  const { number, held, currency, connector, state, receipt, handle, unsure, stuck } = payment;
  const known = [
    `connector ${connector}`,
    ...(receipt === undefined ? [] : [`receipt ${receipt}`]),
    ...(handle === undefined ? [] : [`hold ${handle}`]),
  ];
  const trouble = stuck ?? unsure;
  return (
    `payment ${number}: ${held} ${currency}, ${holdStateWords[state]} (${known.join(", ")})` +
    (trouble === undefined ? "" : `; UNSURE: ${trouble}`)
  );
}

const owedLine = ({ receipt, owed, booked, currency }: OwedBack): string =>
  `REFUND OWED: ${owed} ${currency} of receipt ${receipt} (booked ${booked}); then: chargetill payments refunded ${receipt}`;

function endedLine({ number, state, currency, heldMinor, bookedMinor, receipt, why }: EndedHold): string {
  const held = `${minorText(heldMinor, currency)} ${currency} held`;
  const of = receipt === undefined ? "" : `, receipt ${receipt}`;
  if (state !== "booked") return `payment ${number}: ${held}, ${state}${of}${why === undefined ? "" : `: ${why}`}`;
  const booked =
    typeof bookedMinor === "number"
      ? `${minorText(bookedMinor, currency)} booked`
      : "booked, amount not confirmed by the terminal";
  return `payment ${number}: ${held}, ${booked}${of}`;
}
