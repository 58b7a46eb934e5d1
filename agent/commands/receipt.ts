// chargetill receipts …: what the receipt book holds, for the screen, for the books, for the driver and for a dispute.
// Reads only; what comes out goes to standard output, or to a file that did not exist before.
import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import type { Language } from "../../config/languages.js";
import { type CdrCopies, withPerson } from "../core/cdr/cdr-copies.js";
import { Failure } from "../core/failure.js";
import { ocmfXml } from "../core/ocmf/ocmf-xml.js";
import { wrappedLines } from "../core/print/receipt-text.js";
import { parseCheckpoint } from "../core/signing/checkpoint.js";
import type { Payment } from "../core/station/payment.js";
import { fieldsOfOcmf, paginationOf } from "../core/verify/verify-ocmf.js";
import { sha256 } from "../ledger/store/digest.js";
import { personOf } from "../receipts/disclosures.js";
import {
  bookFileOf,
  checkpointAt,
  consistencyFileOf,
  laterReceipts,
  payloadFrom,
  proofFileOf,
  type ReceiptSource,
  receiptFileOf,
  storedReceipt,
} from "../receipts/output/exports.js";
import { receiptHtml } from "../receipts/output/html.js";
import {
  bookRows,
  csvText,
  groupings,
  listText,
  summaryOf,
  summaryText,
  type TableGrouping,
} from "../receipts/output/tables.js";
import { printedReceipt } from "../receipts/output/terminal-text.js";
import { receiptPdf } from "../receipts/pdf/receipt-pdf.js";
import {
  exampleText,
  fromOption,
  languageOption,
  locatedCommand,
  personalOption,
  receiptNumber,
  stationCommand,
  toOption,
} from "./shared/command.js";

/** What the commands work on; `newest` gives the signed checkpoint over all receipts and may need the key. */
export type ReceiptSources = {
  readonly receipts: ReceiptSource;
  readonly language: Language;
  /** A font for the PDF, by the config. */
  readonly font?: string | undefined;
  newest(): string;
  /** What is known of its payment, the newest first. */
  readonly payments?: (receipt: number) => readonly Payment[];
};

/** Where the book lies, as every command is told. */
export type ReceiptSourceOptions = { readonly config?: string; readonly data?: string };
export type OpenReceiptSources = (options: ReceiptSourceOptions) => ReceiptSources;

const formats = ["json", "text", "roll", "html", "pdf", "ocmf-xml", "ocmf", "ocpi-cdr", "jws"] as const;
type Format = (typeof formats)[number];
const tables = ["csv", "json", "book"] as const;

/**
 * A receipt in a format: text (`onPaper`: with the code dark on light), or the bytes of a PDF. Throws Failure
 * usage/invalid where it has no such form.
 */
export function renderReceipt(
  sources: ReceiptSources,
  number: number,
  format: Format,
  language: Language,
  isCopy: boolean,
  onPaper = false,
  isPersonal = false,
): string | Uint8Array {
  const receipt = storedReceipt(sources.receipts, number);
  const options = { language, isCopy, later: laterReceipts(sources.receipts, number) };
  switch (format) {
    case "json":
      return receiptFileOf(sources.receipts, number, sources.newest(), isPersonal);
    case "text":
      return printedReceipt(receipt.jws, 80, options, onPaper);
    case "roll":
      return printedReceipt(receipt.jws, 32, options, onPaper);
    case "html":
      return receiptHtml(receipt.jws, sha256, options);
    case "pdf":
      return receiptPdf(
        receipt.jws,
        options,
        { name: `receipt-${number}.json`, text: receiptFileOf(sources.receipts, number, sources.newest()) },
        sources.font,
      );
    case "ocmf":
      return `${recordOf(receipt.ocmf, number)}\n`;
    case "ocmf-xml":
      return ocmfXml(
        recordOf(receipt.ocmf, number),
        paginationOf(fieldsOfOcmf(receipt.ocmf)),
        payloadFrom(receipt).key.spki,
      );
    case "ocpi-cdr":
      if (receipt.cdr === null) throw new Failure("usage/invalid", `receipt ${number} is not a sale: it has no CDR`);
      return `${withPerson(
        Object.values((receipt.cdr as CdrCopies).texts)[0] ?? "",
        personOf(receipt, isPersonal ? (sources.receipts.disclosures ?? (() => [])) : () => []),
      )}\n`;
    case "jws":
      return `${receipt.jws}\n`;
    default:
      return format satisfies never;
  }
}

function recordOf(ocmf: string, number: number): string {
  if (ocmf === "") throw new Failure("usage/invalid", `receipt ${number} is not a sale: it has no meter record`);
  return ocmf;
}

/** A checkpoint named by a file, or by how many receipts it counts. */
function checkpointText(sources: ReceiptSources, given: string): string {
  if (/^\d{1,15}$/.test(given))
    return checkpointAt(
      sources.receipts,
      Number(given),
      Number(given) === sources.receipts.count() ? sources.newest() : "",
    );
  let text: string;
  try {
    text = readFileSync(given, "utf8");
  } catch (cause) {
    throw new Failure(
      "usage/invalid",
      `${given} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  if (parseCheckpoint(text) === undefined) throw new Failure("usage/invalid", `${given}: this is not a checkpoint`);
  return text;
}

/** Which of them fit is known with the number alone, and said then: these are for the completion. */
function format(): Option {
  const option = new Option(
    "--format <format>",
    `many receipts: ${tables.join(", ")}; one: json and all others`,
  ).default("json");
  option.argChoices = [...new Set<string>([...formats, ...tables])];
  return option;
}
const out = (): Option => new Option("--out <file>", "write a new file instead of printing");

/** What the commands share: the book, where output goes, and how a command is added. */
type ReceiptShell = {
  readonly open: OpenReceiptSources;
  readonly write: (content: string | Uint8Array) => void;
  /** Into a new file where one is named, else printed. */
  readonly give: (content: string | Uint8Array, path: string | undefined) => void;
  readonly add: (command: Command) => Command;
  readonly command: (name: string, words: string, example: string) => Command;
};

/**
 * `chargetill receipts`. `open` opens the book for reading, `write` prints; `save` writes a new file for its owner
 * alone (it may tell whose a receipt is) and refuses one that is there.
 */
export function receiptCommands(
  open: OpenReceiptSources,
  save: (path: string, content: string | Uint8Array) => void,
  write: (content: string | Uint8Array) => void = (content) => void process.stdout.write(content),
): Command {
  const receipts = new Command("receipts")
    .description("list, show, export and prove the receipts of this station")
    .addHelpText("after", exampleText("receipts list --from 2026-11-01"));
  const add = (command: Command): Command => {
    receipts.addCommand(command);
    return command;
  };
  const shell: ReceiptShell = {
    open,
    write,
    give: (content, path) => (path === undefined ? write(content) : save(path, content)),
    add,
    command: (name, words, example) => add(stationCommand(name, words, `receipts ${name} ${example}`)),
  };
  for (const addOne of [addList, addShow, addExport, addProve, addConsistency, addCheckpoint, addSummary])
    addOne(shell);
  return receipts;
}

function addList({ command, open, write }: ReceiptShell): void {
  command("list", "one line per receipt", "--from 2026-11-01 --to 2026-11-30")
    .addOption(fromOption())
    .addOption(toOption())
    .action((options: ReceiptSourceOptions & { from?: string; to?: string; json?: true }) => {
      const rows = bookRows(open(options).receipts, options);
      write(options.json === true ? `${JSON.stringify(rows, null, 1)}\n` : listText(rows));
    });
}

function addShow({ command, open, write }: ReceiptShell): void {
  command("show", "a receipt as text, with its QR code; or 32 columns wide for a receipt printer", "17 --roll")
    .argument("<number>", "the receipt's number", receiptNumber)
    .option("--roll", "32 columns")
    .option("--copy", "mark it as a copy")
    .addOption(languageOption())
    .action(
      (number: number, options: ReceiptSourceOptions & { roll?: true; copy?: true; json?: true; lang?: Language }) => {
        const sources = open(options);
        write(
          renderReceipt(
            sources,
            number,
            options.json === true ? "json" : options.roll === true ? "roll" : "text",
            options.lang ?? sources.language,
            options.copy === true,
          ),
        );
        if (options.json !== true)
          write(paymentText(sources.payments?.(number) ?? [], options.roll === true ? 32 : 80));
      },
    );
}

function addExport({ add, open, give }: ReceiptShell): void {
  // What it prints is a file for another program already.
  add(
    locatedCommand(
      "export",
      "one receipt in a format, or the receipts of a period as a table or a book",
      "receipts export 17 --format pdf --out receipt-17.pdf",
    ),
  )
    .argument("[number]", "the receipt's number", receiptNumber)
    .addOption(format())
    .addOption(fromOption())
    .addOption(toOption())
    .option("--copy", "mark it as a copy")
    .addOption(personalOption())
    .addOption(languageOption())
    .addOption(out())
    .action(
      (
        number: number | undefined,
        options: ReceiptSourceOptions & {
          format: string;
          from?: string;
          to?: string;
          copy?: true;
          personal?: true;
          lang?: Language;
          out?: string;
        },
      ) => {
        const sources = open(options);
        give(number === undefined ? exportMany(sources, options) : exportOne(sources, number, options), options.out);
      },
    );
}

function addProve({ command, open, give }: ReceiptShell): void {
  command(
    "prove",
    "a proof, without names, that a receipt is among all receipts of this station",
    "17 --out proof-17.txt",
  )
    .argument("<number>", "the receipt's number", receiptNumber)
    .addOption(out())
    .action((number: number, options: ReceiptSourceOptions & { out?: string; json?: true }) => {
      const sources = open(options);
      const proof = proofFileOf(sources.receipts, number, sources.newest());
      give(options.json === true ? `${JSON.stringify({ number, proof })}\n` : proof, options.out);
    });
}

function addConsistency({ command, open, give }: ReceiptShell): void {
  command(
    "consistency",
    "a proof that one checkpoint grew out of another, always as JSON; each is a file, or a number of receipts",
    "100 250 --out grown.json",
  )
    .argument("<older>", "the older one")
    .argument("<newer>", "the newer one")
    .addOption(out())
    .action((older: string, newer: string, options: ReceiptSourceOptions & { out?: string }) => {
      const sources = open(options);
      give(
        consistencyFileOf(sources.receipts, checkpointText(sources, older), checkpointText(sources, newer)),
        options.out,
      );
    });
}

function addCheckpoint({ command, open, give }: ReceiptShell): void {
  command("checkpoint", "the signed checkpoint over all receipts", "--out checkpoint.txt")
    .addOption(out())
    .action((options: ReceiptSourceOptions & { out?: string; json?: true }) =>
      give(
        options.json === true ? `${JSON.stringify({ checkpoint: open(options).newest() })}\n` : open(options).newest(),
        options.out,
      ),
    );
}

function addSummary({ command, open, write }: ReceiptShell): void {
  command("summary", "revenue and energy per day, month, card or tariff", "--by month")
    .addOption(new Option("--by <what>", "what the rows stand for").choices([...groupings]).default("day"))
    .addOption(fromOption())
    .addOption(toOption())
    .action((options: ReceiptSourceOptions & { by: TableGrouping; from?: string; to?: string; json?: true }) => {
      const rows = summaryOf(open(options).receipts, options.by, options);
      write(options.json === true ? `${JSON.stringify(rows, null, 1)}\n` : summaryText(rows, options.by));
    });
}

/** Beneath the receipt, of which it is no part: it was signed before anybody paid. */
function paymentText(payments: readonly Payment[], columns: number): string {
  if (payments.length === 0) return "";
  const lines = payments.map(
    ({ status, amount, currency, reference, atMs, info }) =>
      `${status} ${amount} ${currency}, reference ${reference}, ${new Date(atMs).toISOString()}${info === undefined ? "" : `: ${info}`}`,
  );
  return [
    "",
    ...wrappedLines("Payment (not part of the signed receipt):", columns),
    ...lines.flatMap((line) => wrappedLines(line, columns - 2).map((part) => `  ${part}`)),
    "",
  ].join("\n");
}

function exportOne(
  sources: ReceiptSources,
  number: number,
  options: {
    readonly format: string;
    readonly copy?: true;
    readonly personal?: true;
    readonly lang?: Language;
    readonly out?: string;
  },
): string | Uint8Array {
  const format = formats.find((name) => name === options.format);
  if (format === undefined)
    throw new Failure("usage/invalid", `--format: for one receipt expected one of ${formats.join(", ")}`);
  // A file is read or printed dark on light, a terminal most often shows light on dark.
  return renderReceipt(
    sources,
    number,
    format,
    options.lang ?? sources.language,
    options.copy === true,
    options.out !== undefined,
    options.personal === true,
  );
}

function exportMany(
  sources: ReceiptSources,
  options: { readonly format: string; readonly from?: string; readonly to?: string; readonly personal?: true },
): string {
  if (options.format === "book") {
    if (options.from !== undefined || options.to !== undefined)
      throw new Failure(
        "usage/invalid",
        "--format book holds all receipts: a part of a chain cannot be checked; leave --from and --to out",
      );
    return bookFileOf(sources.receipts, sources.newest(), options.personal === true);
  }
  const rows = bookRows(sources.receipts, options);
  if (options.format === "csv") return csvText(rows);
  if (options.format === "json") return `${JSON.stringify(rows, null, 1)}\n`;
  throw new Failure("usage/invalid", `--format: without a number expected one of ${tables.join(", ")}`);
}
