// chargetill verify: a plain verdict per check on receipts, meter records and books, without network and without trust in the station.
// Exit codes: 0 all holds, 1 something fails, 2 usage, 3 nothing fails but the key is not proven.
import { readFileSync, statSync } from "node:fs";
import { Command } from "commander";
import { rerate } from "./core/rerate.js";
import { exitCode, type Check, type Finding } from "./core/verdict.js";
import { verifyEvidence, verifyShortForm, type EvidenceFile } from "./core/verify.js";
import type { Rerate } from "./core/verify-sale.js";
import { pinsOf, verifyTools } from "./evidence.js";
import { Failure } from "./failure.js";

/** Larger than a book of ten years, small enough for a Pi's memory. */
const largestFile = 512 * 1024 * 1024;

function readText(path: string): string {
  try {
    if (statSync(path).size > largestFile) throw new Failure("usage/invalid", `${path}: larger than ${largestFile / 1024 / 1024} MiB`);
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure("usage/invalid", `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

const words: Record<Check["verdict"], string> = { holds: "ok", fails: "FAILED", unproven: "UNPROVEN", skipped: "not checked" };

/** What comes from a file must not steer the terminal. */
const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");

/** The findings as text: a line per check, and one that sums up. */
export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ subject, checks }) => [
    plain(subject),
    ...checks.map(({ name, verdict, detail }) => `  ${words[verdict].padEnd(12)}${name.padEnd(24)}${plain(detail)}`),
    "",
  ]);
  return `${lines.join("\n")}\n${summary(findings)}\n`;
}

function summary(findings: readonly Finding[]): string {
  const failed = findings.flatMap((finding) => finding.checks).filter((check) => check.verdict === "fails").length;
  switch (exitCode(findings)) {
    case 1:
      return `Does not hold: ${failed === 1 ? "one check" : `${failed} checks`} failed.`;
    case 3:
      return "Nothing contradicts it, but the key is not proven.";
    default:
      return "All holds.";
  }
}

/** The command. `reprice` prices a session again, `write` prints. */
export function verifyCommand(reprice: Rerate = rerate, write: (text: string) => void = (text) => void process.stdout.write(text)): Command {
  return new Command("verify")
    .description("check receipts, OCMF records, books and QR codes: offline, by the key that you give")
    .argument("[files...]", "receipt files, OCMF (raw, base64, hex or XML), checkpoints, exported books")
    .option("--key <file-or-fingerprint>", "the station's public key (PEM or hex), or sha256:FINGERPRINT; may be given again", (value: string, all: string[]) => [...all, value], [])
    .option("--qr <text>", "the text of a receipt's QR code")
    .option("--json", "the findings as JSON")
    .action((paths: string[], options: { key: string[]; qr?: string; json?: true }) => {
      if (paths.length === 0 && options.qr === undefined) throw new Failure("usage/invalid", "verify: give one or more files, or --qr TEXT");
      const pins = pinsOf(options.key, readText);
      const files: EvidenceFile[] = paths.map((path) => ({ name: path, text: readText(path) }));
      const tools = verifyTools(reprice);
      const findings = [...(options.qr === undefined ? [] : [verifyShortForm(options.qr, pins, tools)]), ...(files.length === 0 ? [] : verifyEvidence(files, pins, tools))];
      const exit = exitCode(findings);
      write(options.json === true ? `${JSON.stringify({ exit, verdict: summary(findings), findings }, null, 1)}\n` : findingsText(findings));
      process.exitCode = exit;
    });
}
