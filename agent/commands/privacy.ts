// chargetill privacy …: what the station knows of the people who charged, and how one of them is forgotten. Looks at the
// state folder; to forget is the running agent's.
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { askAgent } from "../control/control-socket.js";
import { masked } from "../core/cdr/token.js";
import type { WithheldName } from "../core/disclosure/disclosure.js";
import { counted } from "../core/number/counted.js";
import { Book } from "../ledger/book/book.js";
import { Disk } from "../ledger/store/disk.js";
import { viewDisclosures } from "../receipts/disclosures.js";
import { type CardTraces, type Forgotten, personIn, tracesOf } from "../receipts/privacy/forgetting.js";
import { cardName, openOperatorKey, operatorKeyFile } from "../receipts/privacy/operator-key.js";
import { agentSocket } from "./shared/agent.js";
import { cardOption, exampleText, printResult, type StationOptions, stationCommand } from "./shared/command.js";
import { presentFolderFor } from "./shared/state-folder.js";

/** A UID, or the id of an app user or a contract that stood in its place. */
function cardUid(text: string): string {
  if (!/^[\x21-\x7e]{4,36}$/.test(text))
    throw new InvalidArgumentError("expected the whole UID, such as 04A23B1C5D6E80.");
  return text.toUpperCase();
}

/** `chargetill privacy`. */
export function privacyCommand(): Command {
  return new Command("privacy")
    .description("show what is known of a card, and forget it")
    .addHelpText("after", exampleText("privacy show --card 04A23B1C5D6E80"))
    .addCommand(showCommand())
    .addCommand(forgetCommand());
}

function showCommand(): Command {
  return stationCommand(
    "show",
    "of how many receipts the station knows whose they are; with --card the receipts of that card",
    "privacy show --card 04A23B1C5D6E80",
  )
    .option(...cardOption, cardUid)
    .action(async (options: StationOptions & { readonly card?: string }) => {
      const disk = new Disk();
      const folder = presentFolderFor(options);
      const book = Book.view(disk, join(folder, "book"));
      const disclosures = viewDisclosures(disk, folder);
      if (options.card !== undefined) {
        const traces = await tracesOf(book, disclosures, {
          uid: options.card,
          name: nameOf(disk, folder, options.card),
        });
        return printResult(options, traces, traceLines(options.card, traces));
      }
      const known = new Map<WithheldName, number>();
      for (let number = 1; number <= book.count(); number += 1)
        for (const name of personIn(disclosures(number))) known.set(name, (known.get(name) ?? 0) + 1);
      const value = { receipts: book.count(), known: Object.fromEntries(known) };
      printResult(options, value, [
        `${counted(book.count(), "receipt")}; known whole beside them:`,
        ...(known.size === 0 ? ["  nothing of anybody"] : [...known].map(([name, count]) => `  ${name}: ${count}`)),
        elsewhere,
      ]);
    });
}

const elsewhere =
  "The journal and its packed evidence hold UIDs too (retention.evidence), as do enrolled cards and the lists of backends.";

/** The operator's name of a card; "" where there is no operator key yet. */
function nameOf(disk: Disk, folder: string, uid: string): string {
  if (disk.read(join(folder, operatorKeyFile)) === undefined) return "";
  const read = (path: string): { readonly bytes: Uint8Array; readonly mode: number } | undefined => {
    const bytes = disk.read(path);
    return bytes === undefined ? undefined : { bytes, mode: disk.mode(path) };
  };
  return cardName(openOperatorKey({ folder, read, write: () => undefined }), uid);
}

const traceLines = (uid: string, { receipts, known }: CardTraces): readonly string[] => [
  `card ${masked(uid)}: ${counted(receipts.length, "receipt")}${receipts.length === 0 ? "" : `: ${receipts.join(", ")}`}`,
  known.length === 0 ? "of none is the card known whole" : `known whole beside: ${known.join(", ")}`,
  elsewhere,
];

function forgetCommand(): Command {
  return stationCommand(
    "forget",
    "forget whose the receipts of a card are; receipts, chain and sums stay as they are",
    "privacy forget --card 04A23B1C5D6E80",
  )
    .requiredOption(...cardOption, cardUid)
    .action(async (options: StationOptions & { readonly card: string }) => {
      const answer = (await askAgent(await agentSocket(options), {
        do: "privacy-forget",
        card: options.card,
      })) as Forgotten;
      printResult(options, answer, [
        `card ${masked(options.card)}: forgotten in ${counted(answer.forgotten.length, "receipt")}`,
        ...(answer.waiting.length === 0
          ? []
          : [`kept, since a backend has not taken them yet: ${answer.waiting.join(", ")}; run this again then`]),
        elsewhere,
        "An enrolled card goes with: chargetill tag revoke",
      ]);
    });
}
