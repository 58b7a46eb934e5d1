// chargetill verify: a plain verdict per check on receipts, meter records and books, without network and without trust
// in the station. Exit codes: 0 all holds, 1 something fails, 2 usage, 3 nothing fails but nothing is proven.
import { readFileSync, statSync } from "node:fs";
import { Command } from "commander";
import { ownVersion } from "../control/version.js";
import { Failure } from "../core/failure.js";
import { exitCode } from "../core/verify/check-result.js";
import { rerate } from "../core/verify/rerate.js";
import type { Rerate } from "../core/verify/verify-sale.js";
import { terminalText } from "../core/words/printable.js";
import { pinsOf, verifyTools } from "../receipts/dispute/evidence-input.js";
import { findingsText, summarySentence } from "../receipts/dispute/findings-text.js";
import { verifyGiven } from "../receipts/dispute/given-evidence.js";
import { exampleText, jsonOption } from "./shared/command.js";

/** Larger than a book of ten years, small enough for a Pi's memory. */
const largestFile = 512 * 1024 * 1024;

function readBytes(path: string): Buffer {
  try {
    if (statSync(path).size > largestFile)
      throw new Failure("usage/invalid", `${path}: larger than ${largestFile / 1024 / 1024} MiB`);
    return readFileSync(path);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(
      "usage/invalid",
      `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

const readText = (path: string): string => readBytes(path).toString("utf8");

/** The command. `reprice` prices a session again, `write` prints. */
export function verifyCommand(
  reprice: Rerate = rerate,
  write: (text: string) => void = (text) => void process.stdout.write(terminalText(text)),
): Command {
  return new Command("verify")
    .description("check receipts, OCMF records, books and QR codes offline, against the key that you give")
    .addHelpText("after", exampleText("verify --key station.pub.pem receipt-000017.json"))
    .argument(
      "[files...]",
      "receipt files, dispute bundles, OCMF (raw, base64, hex or XML), checkpoints, proofs, exported books, OCPI tariffs",
    )
    .option(
      "--key <file-or-fingerprint>",
      "the station's public key (PEM or hex), or sha256:FINGERPRINT (repeatable)",
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .option("--qr <text>", "the text of a receipt's QR code")
    .addOption(jsonOption())
    .action((paths: string[], options: { key: string[]; qr?: string; json?: true }) => {
      if (paths.length === 0 && options.qr === undefined)
        throw new Failure("usage/invalid", "verify: give one or more files, or --qr TEXT");
      const pins = pinsOf(options.key, readText);
      const given = paths.map((path) => ({ name: path, bytes: readBytes(path) }));
      const findings = verifyGiven({ files: given, scanned: options.qr, pins }, verifyTools(reprice), ownVersion());
      const exit = exitCode(findings);
      write(
        options.json === true
          ? `${JSON.stringify({ exit, verdict: summarySentence(findings), findings }, null, 1)}\n`
          : findingsText(findings),
      );
      process.exitCode = exit;
    });
}
