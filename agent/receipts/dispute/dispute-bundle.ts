// The bundle for a dispute: one archive, the same bytes for the same facts, that a driver, an operator and a court can
// check alike.

import type { Language } from "../../../config/languages.js";
import { Failure } from "../../core/failure.js";
import { utf8 } from "../../core/number/bytes.js";
import { type CheckResult, fails } from "../../core/verify/check-result.js";
import {
  checkDerived,
  checkManifest,
  type DisputedReceipt,
  type DisputeFile,
  derivedFiles,
  manifestName,
  manifestText,
  readmeFile,
  recordFiles,
} from "../../core/verify/dispute.js";
import type { TrustedKeys } from "../../core/verify/trusted-keys.js";
import { verifyEvidence } from "../../core/verify/verify.js";
import { readReceipt, type VerifyTools } from "../../core/verify/verify-receipt.js";
import { sha256Hex } from "../../ledger/store/digest.js";
import { payloadFrom, proofFileOf, type ReceiptSource, receiptFileOf, storedReceipt } from "../output/exports.js";
import { receiptHtml } from "../output/html.js";
import { pinsOf, verifyTools } from "./evidence-input.js";
import { findingsText } from "./findings-text.js";
import { unzipped, zipped } from "./zip.js";

export type DisputeParts = {
  readonly receipts: ReceiptSource;
  /** The signed checkpoint over all receipts. */
  readonly newest: string;
  readonly language: Language;
  /** The station's journal entries of the session, faults and clock events among them, line by line and verbatim. */
  readonly journal: readonly string[];
};

/**
 * The bundle of the receipt of a session, or of a reservation that no session came for. `redacted` leaves out what holds the whole UID. Throws Failure usage/invalid where it
 * is not a sale.
 */
export function disputeBundle(parts: DisputeParts, number: number, redacted: boolean): Buffer {
  const receipt = storedReceipt(parts.receipts, number);
  const payload = payloadFrom(receipt);
  if (payload.kind !== "sale" && payload.kind !== "reservation")
    throw new Failure("usage/invalid", `receipt ${number} is not a sale: there is nothing to dispute`);
  const fileText = receiptFileOf(parts.receipts, number, parts.newest);
  const proof = proofFileOf(parts.receipts, number, parts.newest);
  // By the station's own key: the verdict in the bundle is for reading; whoever doubts the station makes one with a key
  // of their own.
  const pins = pinsOf([payload.key.id], () => "");
  const findings = verifyEvidence(
    [
      { name: "receipt.json", text: fileText },
      { name: "proof.txt", text: proof },
    ],
    pins,
    verifyTools(),
  );
  const files: DisputeFile[] = [
    readmeFile(payload, redacted),
    { name: "receipt.html", text: receiptHtml(receipt.jws, { language: parts.language, isCopy: true }) },
    ...derivedFiles(payload),
    { name: "proof.txt", text: proof },
    { name: "verdict.txt", text: findingsText(findings) },
    { name: "verdict.json", text: `${JSON.stringify(findings, null, 1)}\n` },
    ...(redacted
      ? []
      : [
          { name: "receipt.json", text: fileText },
          ...recordFiles(payload),
          { name: "journal.jsonl", text: parts.journal.map((line) => `${line}\n`).join("") },
        ]),
  ];
  return zipped(
    [{ name: manifestName, text: manifestText(payload, redacted, files, sha256Hex) }, ...files].map(
      ({ name, text }) => ({
        name,
        bytes: utf8(text),
      }),
    ),
  );
}

/**
 * Whether a bundle says of its receipt what the receipt says, and whether that holds. Never throws on what a file may
 * hold.
 */
export function verifyBundle(
  subject: string,
  bytes: Uint8Array,
  pins: TrustedKeys,
  tools: VerifyTools,
): readonly CheckResult[] {
  const entries = unzipped(bytes);
  if (entries === undefined)
    return [{ subject, checks: [fails("bundle", "the archive was changed: it is not as this station writes them")] }];
  const files = entries.map((entry) => ({ name: entry.name, text: Buffer.from(entry.bytes).toString("utf8") }));
  const evidence = files
    .filter(({ name }) => ["receipt.json", "record.xml", "proof.txt"].includes(name))
    .map(({ name, text }) => ({ name: `${subject}/${name}`, text }));
  const receipt = disputedIn(files.find(({ name }) => name === "receipt.json")?.text ?? "", tools);
  return [
    { subject, checks: [checkManifest(files, sha256Hex), ...checkDerived(files, receipt)] },
    ...verifyEvidence(evidence, pins, tools),
  ];
}

function disputedIn(text: string, tools: VerifyTools): DisputedReceipt | undefined {
  const read = readReceipt(/"jws"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? "", tools.schema);
  if ("fault" in read) return undefined;
  const { payload } = read;
  return payload.kind === "sale" || payload.kind === "reservation" ? payload : undefined;
}
