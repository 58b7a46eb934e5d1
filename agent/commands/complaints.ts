// chargetill complaints …: what drivers complain about, what the station can say of it by itself, and the operator's
// answers. Looks at the state folder; what changes something goes to the running agent.
import { join } from "node:path";
import { Command, Option } from "commander";
import { askAgent, type ControlRequest } from "../control/control-socket.js";
import { type Complaint, complaintReasons } from "../core/complaints/complaint.js";
import { machineAnswer } from "../core/complaints/machine-answer.js";
import { Failure } from "../core/failure.js";
import { payloadOf } from "../core/receipt/receipt-payload.js";
import { Book } from "../ledger/book/book.js";
import { Disk } from "../ledger/store/disk.js";
import { viewComplaints } from "../receipts/complaints/complaint-table.js";
import { agentSocket } from "./shared/agent.js";
import {
  byOption,
  callerName,
  exampleText,
  print,
  printResult,
  receiptNumber,
  type StationOptions,
  stationCommand,
  tableLines,
} from "./shared/command.js";
import { folderFor, presentFolderFor } from "./shared/state-folder.js";

type ByOptions = StationOptions & { readonly by?: string };

const textOption = (): Option =>
  new Option("--text <text>", "the words: of a driver up to 500 characters, of an answer up to 1000");

/** `chargetill complaints`. */
export function complaintCommands(): Command {
  return new Command("complaints")
    .description("list, show, answer and close the complaints of drivers")
    .addHelpText("after", exampleText("complaints list --open"))
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(openCommand())
    .addCommand(answerCommand())
    .addCommand(closeCommand());
}

function complaintsIn(where: StationOptions): readonly Complaint[] {
  return viewComplaints(new Disk(), presentFolderFor(where));
}

function listCommand(): Command {
  return stationCommand("list", "one line per complaint, the oldest first", "complaints list --open")
    .option("--open", "only those that are not closed")
    .action((options: StationOptions & { readonly open?: true }) => {
      const rows = complaintsIn(options).filter(({ end }) => options.open !== true || end === undefined);
      printResult(options, rows, rows.length === 0 ? ["no complaints"] : listLines(rows));
    });
}

const listLines = (rows: readonly Complaint[]): readonly string[] =>
  tableLines([
    ["no.", "receipt", "opened", "due", "state", "about", "text"],
    ...rows.map((one) => [
      String(one.number),
      String(one.receipt),
      utcMinute(one.openedMs),
      utcMinute(one.dueMs),
      stateOf(one),
      one.reason,
      one.written?.text ?? "(forgotten)",
    ]),
  ]);

const utcMinute = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")}Z`;

function stateOf({ end, answers, crediting }: Complaint): string {
  if (end !== undefined) return end.credit === undefined ? "closed" : `credited by ${end.credit}`;
  if (crediting !== undefined) return "credit ordered";
  return answers.length > 0 ? "answered" : "open";
}

function showCommand(): Command {
  return stationCommand("show", "a complaint, with what the station says of it by itself", "complaints show 3")
    .argument("<number>", "the complaint's number", receiptNumber)
    .action((number: number, options: StationOptions) => {
      const complaint = complaintsIn(options).find((one) => one.number === number);
      if (complaint === undefined) throw new Failure("usage/invalid", `there is no complaint ${number}`);
      const entry = Book.view(new Disk(), join(folderFor(options), "book")).get(complaint.receipt);
      const payload = entry === undefined ? undefined : payloadOf(entry.jws);
      const station = payload === undefined ? [] : machineAnswer(payload, complaint.language);
      printResult(options, { ...complaint, station }, [
        ...complaintLines(complaint),
        "the station says:",
        ...station.map(({ label, value }) => `  ${label}: ${value}`),
      ]);
    });
}

/** A complaint in lines. */
function complaintLines(complaint: Complaint): readonly string[] {
  const { number, receipt, reason, openedMs, dueMs, written, answers, end } = complaint;
  return [
    `complaint ${number} about receipt ${receipt}: ${reason}, ${stateOf(complaint)}`,
    `  opened ${utcMinute(openedMs)}, to be answered by ${utcMinute(dueMs)}`,
    `  ${written === undefined ? "(what was written is forgotten)" : written.text}`,
    ...(written?.contact === undefined ? [] : [`  contact: ${written.contact}`]),
    ...answers.map(({ atMs, by, text }) => `  ${utcMinute(atMs)} ${by}: ${text}`),
    ...(end === undefined ? [] : [`  ${utcMinute(end.atMs)} ${stateOf(complaint)}, by ${end.by}`]),
  ];
}

function openCommand(): Command {
  return stationCommand(
    "open",
    "take a complaint for a driver who called or wrote",
    'complaints open 17 --about idle --text "I left at nine"',
  )
    .argument("<receipt>", "the receipt's number", receiptNumber)
    .addOption(new Option("--about <reason>", "what it is about").choices([...complaintReasons]).makeOptionMandatory())
    .addOption(textOption().default(""))
    .option("--contact <text>", "how the driver can be reached")
    .action(async (number: number, options: StationOptions & { about: string; text: string; contact?: string }) => {
      const { about: reason, text, contact } = options;
      await ask(options, { do: "complaint-open", number, reason, text, ...(contact === undefined ? {} : { contact }) });
    });
}

function answerCommand(): Command {
  return stationCommand(
    "answer",
    "answer a complaint; the driver sees it on the receipt's page",
    'complaints answer 3 --text "We have looked at the readings"',
  )
    .argument("<number>", "the complaint's number", receiptNumber)
    .addOption(textOption().makeOptionMandatory())
    .addOption(byOption())
    .action((number: number, options: ByOptions & { text: string }) =>
      ask(options, { do: "complaint-answer", number, text: options.text, by: options.by ?? callerName() }),
    );
}

function closeCommand(): Command {
  return stationCommand(
    "close",
    "close a complaint, with a credit of the receipt or without",
    "complaints close 3 --credit",
  )
    .argument("<number>", "the complaint's number", receiptNumber)
    .option("--credit", "take the sale back, by a credit receipt that names the complaint")
    .addOption(byOption())
    .action((number: number, options: ByOptions & { credit?: true }) =>
      ask(options, {
        do: "complaint-close",
        number,
        credit: options.credit === true,
        by: options.by ?? callerName(),
      }),
    );
}

/** Asks the agent, and prints the complaint as it stands then. */
async function ask(options: StationOptions, request: ControlRequest): Promise<void> {
  const complaint = (await askAgent(await agentSocket(options), request)) as Complaint;
  if (options.json === true) print(JSON.stringify(complaint));
  else for (const line of complaintLines(complaint)) print(line);
}
