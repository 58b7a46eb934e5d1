// chargetill dispute N: everything there is about a session, in one archive.
import type { Command } from "commander";
import { ownVersion } from "../control/version.js";
import { soldIn } from "../core/receipt/receipt-payload.js";
import type { Signer } from "../core/signing/signer.js";
import { terminalText } from "../core/words/printable.js";
import { disputeBundle } from "../receipts/dispute/dispute-bundle.js";
import { payloadFrom, storedReceipt } from "../receipts/output/exports.js";
import type { ReceiptSourceOptions, ReceiptSources } from "./receipt.js";
import { personalOption, receiptNumber, stationCommand } from "./shared/command.js";

export type DisputeSources = ReceiptSources & {
  /** The station's key, which signs the archive. Throws Failure key/unusable where it cannot be had. */
  signer(): Signer;
  /** The journal's lines about a session, faults and clock events meanwhile among them, verbatim and in order. */
  journal(sessionId: string): readonly string[];
};

/**
 * `chargetill dispute`. `open` opens book and journal for reading; `save` writes a new file for its owner alone and
 * refuses one that is there.
 */
export function disputeCommand(
  open: (options: ReceiptSourceOptions) => DisputeSources,
  save: (path: string, bytes: Uint8Array) => void,
  write: (text: string) => void = (text) => void process.stdout.write(terminalText(text)),
): Command {
  return stationCommand(
    "dispute",
    "one archive with all the evidence about a session: receipt, readings, tariff, what was shown, proof, journal, verdict",
    "dispute 17 --out dispute-17.zip --redact",
  )
    .argument("<number>", "the receipt's number", receiptNumber)
    .requiredOption("--out <file>", "where to write it")
    .option("--redact", "leave out all that names the card, the signed receipt too")
    .addOption(personalOption())
    .action(
      (
        number: number,
        options: ReceiptSourceOptions & { out: string; redact?: true; personal?: true; json?: true },
      ) => {
        const sources = open(options);
        const payload = payloadFrom(storedReceipt(sources.receipts, number));
        const sold = soldIn(payload);
        const journal = sold === undefined ? [] : sources.journal(sold.sessionId);
        save(
          options.out,
          disputeBundle(
            {
              receipts: sources.receipts,
              newest: sources.newest(),
              language: sources.language,
              version: ownVersion(),
              signer: sources.signer(),
              journal,
            },
            number,
            options.redact === true,
            options.personal === true,
          ),
        );
        write(
          options.json === true
            ? `${JSON.stringify({ file: options.out, number, redacted: options.redact === true, key: payload.key.id })}\n`
            : `${options.out}: evidence for receipt ${number}${options.redact === true ? ", without the card" : ""}\n` +
                `Check it: chargetill verify --key ${payload.key.id} ${options.out}\n`,
        );
      },
    );
}
