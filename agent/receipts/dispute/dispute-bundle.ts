// The bundle for a dispute: one archive, the same files for the same facts, that a driver, an operator and a court can
// check alike.

import type { Language } from "../../../config/languages.js";
import { Failure } from "../../core/failure.js";
import { utf8 } from "../../core/number/bytes.js";
import type { ReceiptPayload } from "../../core/receipt/receipt-payload.js";
import type { Signer } from "../../core/signing/signer.js";
import { type Check, type CheckResult, fails, skipped, unworkable } from "../../core/verify/check-result.js";
import {
  checkDerived,
  checkManifest,
  checkRedacted,
  type DisputedReceipt,
  type DisputeFile,
  derivedFiles,
  keyChangesName,
  type Manifest,
  manifestOf,
  namesIn,
  readManifest,
  readmeFile,
  recordFiles,
  sameFiles,
  signedManifest,
} from "../../core/verify/dispute.js";
import type { EvidenceFile } from "../../core/verify/evidence-kind.js";
import { checkFoundKey, fingerprintOf, type TrustedKeys } from "../../core/verify/trusted-keys.js";
import { trustIn, verifyEvidence } from "../../core/verify/verify.js";
import { readReceipt, readReceiptFile, type VerifyTools } from "../../core/verify/verify-receipt.js";
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
  /** The version of this program. */
  readonly version: string;
  /** The station's key of today, which signs the manifest. */
  readonly signer: Signer;
  /** The station's journal entries of the session, faults and clock events among them, line by line and verbatim. */
  readonly journal: readonly string[];
};

/**
 * The bundle of the receipt of a session, or of a reservation that no session came for. `redacted` leaves out what holds
 * the whole UID. Throws Failure usage/invalid where it is not a sale, and when the signer fails.
 */
export function disputeBundle(parts: DisputeParts, number: number, redacted: boolean): Buffer {
  const { receipts, newest, language, version, signer } = parts;
  const stored = storedReceipt(receipts, number);
  const { jws } = stored;
  const payload = disputed(payloadFrom(stored));
  if (payload === undefined)
    throw new Failure("usage/invalid", `receipt ${number} is not a sale: there is nothing to dispute`);
  const about = { ...manifestOf(payload, jws, sha256Hex), version, language, redacted };
  // In the order in which they stand in the archive: the verdict is worked out again from there.
  const evidence = [
    { name: "proof.txt", text: proofFileOf(receipts, number, newest) },
    { name: keyChangesName, text: keyChangesAfter(receipts, number) },
    { name: "receipt.json", text: receiptFileOf(receipts, number, newest) },
    ...recordFiles(payload),
  ];
  const all: readonly DisputeFile[] = [
    readmeFile(about),
    ...derivedFiles(payload),
    ...evidence,
    ...wordedFiles(jws, about, evidence, verifyTools()),
    { name: "journal.jsonl", text: parts.journal.map((line) => `${line}\n`).join("") },
  ];
  const files = namesIn(about).flatMap((name) => all.find((file) => file.name === name) ?? []);
  const manifest: Manifest = { ...about, files: files.map(({ name, text }) => ({ name, sha256: sha256Hex(text) })) };
  return zipped([signedManifest(manifest, signer), ...files].map(({ name, text }) => ({ name, bytes: utf8(text) })));
}

/** The receipts of key change behind a receipt, a line each. */
function keyChangesAfter(receipts: ReceiptSource, number: number): string {
  let lines = "";
  for (const { kind, jws } of receipts.entries(number + 1)) if (kind === "key") lines += `${jws}\n`;
  return lines;
}

/** The files that hold words of this version of the program: the page, and what its verifier says of the evidence. */
function wordedFiles(
  jws: string,
  { key, language }: Pick<Manifest, "key" | "language">,
  evidence: readonly DisputeFile[],
  tools: VerifyTools,
): readonly DisputeFile[] {
  // By the station's own key: the verdict in the bundle is for reading; whoever doubts the station makes one with a key
  // of their own.
  const findings = verifyEvidence(
    filesWithin("", evidence),
    pinsOf([key], () => ""),
    tools,
  );
  return [
    { name: "receipt.html", text: receiptHtml(jws, { language, isCopy: true }) },
    { name: "verdict.txt", text: findingsText(findings) },
    { name: "verdict.json", text: `${JSON.stringify(findings, null, 1)}\n` },
  ];
}

/** The files of an archive that are evidence by themselves, under the archive's name. */
function filesWithin(prefix: string, files: readonly DisputeFile[]): readonly EvidenceFile[] {
  return files.flatMap(({ name, text }): EvidenceFile[] => {
    if (["receipt.json", "record.xml", "proof.txt"].includes(name)) return [{ name: prefix + name, text }];
    if (name !== keyChangesName) return [];
    return text
      .split("\n")
      .slice(0, -1)
      .map((line, at) => ({ name: `${prefix}${name}:${at + 1}`, text: line }));
  });
}

/** What was found of an archive by itself, and the evidence in it, to be checked with all other that was handed in. */
export type OpenedBundle = {
  readonly finding: CheckResult;
  readonly evidence: readonly EvidenceFile[];
  /** The public key (SPKI hex) that signed the archive, where the user vouches for it. */
  readonly key?: string;
};

/**
 * Whether a bundle says of its receipt what the receipt says, and whether that holds. `version` is this program's,
 * `others` are receipts (JWS) that were handed in beside it: one that was left out may be among them.
 * Never throws on what a file may hold.
 */
export function openedBundle(
  subject: string,
  bytes: Uint8Array,
  pins: TrustedKeys,
  tools: VerifyTools,
  version: string,
  others: readonly string[] = [],
): OpenedBundle {
  const failed = (why: string): OpenedBundle => ({
    finding: { subject, checks: [fails("bundle", why)] },
    evidence: [],
  });
  const entries = unzipped(bytes);
  if (entries === undefined) return failed("the archive was changed: it is not as this station writes them");
  const files = entries.map((entry) => ({ name: entry.name, text: Buffer.from(entry.bytes).toString("utf8") }));
  const manifest = readManifest(files, tools);
  if (typeof manifest === "string") return failed(`manifest: ${manifest}; an archive is signed by its station`);
  const evidence = filesWithin(`${subject}/`, files);
  const trust = trustIn(evidence, pins, tools);
  const checks = [
    checkFoundKey(manifest.keySpkiHex, trust, tools),
    ...checkManifest(manifest, files, sha256Hex),
    ...soundly(() => checkContents(files, manifest.value, tools, version, others)),
  ];
  const isTrusted = trust.fingerprints.has(fingerprintOf(manifest.keySpkiHex, tools.hash) ?? "");
  return { finding: { subject, checks }, evidence, ...(isTrusted ? { key: manifest.keySpkiHex } : {}) };
}

/** An archive made to break the verifier gets a verdict too. */
function soundly(work: () => readonly Check[]): readonly Check[] {
  try {
    return work();
  } catch (error) {
    return [unworkable(error)];
  }
}

function checkContents(
  files: readonly DisputeFile[],
  manifest: Manifest,
  tools: VerifyTools,
  version: string,
  others: readonly string[],
): readonly Check[] {
  const jws = manifest.redacted ? others.find((one) => sha256Hex(one) === manifest.digest) : jwsIn(files);
  if (jws === undefined) return checkRedacted(files, manifest);
  const read = readReceipt(jws, tools.schema);
  const receipt = "fault" in read ? undefined : disputed(read.payload);
  if (receipt === undefined) return [fails("receipt named", "there is no readable receipt of a sale in the archive")];
  const name = "page and verdict";
  return [
    ...checkDerived(files, manifest, receipt, manifestOf(receipt, jws, sha256Hex)),
    manifest.version === version
      ? sameFiles(
          name,
          // The verdict of an archive without its receipt was made of files that are not in it.
          wordedFiles(jws, manifest, files, tools).filter((one) => !manifest.redacted || one.name === "receipt.html"),
          files,
          "they say what the receipt says",
        )
      : skipped(
          name,
          `worded by version ${manifest.version}, which the station has signed; this is version ${version}, which ` +
            "words them otherwise",
        ),
  ];
}

const jwsIn = (files: readonly DisputeFile[]): string => {
  const file = readReceiptFile(files.find(({ name }) => name === "receipt.json")?.text ?? "");
  return typeof file === "string" ? "" : file.jws;
};

const disputed = (payload: ReceiptPayload): DisputedReceipt | undefined =>
  payload.kind === "sale" || payload.kind === "reservation" ? payload : undefined;

/** Whether a bundle handed in alone holds. Never throws on what a file may hold. */
export function verifyBundle(
  subject: string,
  bytes: Uint8Array,
  pins: TrustedKeys,
  tools: VerifyTools,
  version: string,
): readonly CheckResult[] {
  const { finding, evidence, key } = openedBundle(subject, bytes, pins, tools, version);
  const keys = key === undefined ? pins.keys : [...pins.keys, key];
  return [finding, ...verifyEvidence(evidence, { ...pins, keys }, tools)];
}
