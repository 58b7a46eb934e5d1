// A bundle that was handed in, opened: what it says of its receipt, and whether that holds. No part of it needs Node:
// the page that checks in a browser opens bundles by the same code.

import { laterIn } from "../../core/corrections/later-receipts.js";
import { hexText, legibleText, utf8 } from "../../core/number/bytes.js";
import type { ReceiptFile } from "../../core/receipt/receipt-file.js";
import type { ReceiptPayload } from "../../core/receipt/receipt-payload.js";
import { type Check, type CheckResult, fails, skipped, unworkable } from "../../core/verify/check-result.js";
import {
  checkDerived,
  checkManifest,
  checkRedacted,
  type DisputedReceipt,
  type DisputeFile,
  keyChangesName,
  type Manifest,
  manifestOf,
  readManifest,
  sameFiles,
} from "../../core/verify/dispute.js";
import type { EvidenceFile } from "../../core/verify/evidence-kind.js";
import { checkFoundKey, fingerprintOf, type TrustedKeys } from "../../core/verify/trusted-keys.js";
import { trustIn, verifyEvidence } from "../../core/verify/verify.js";
import { readReceipt, readReceiptFile, type VerifyTools } from "../../core/verify/verify-receipt.js";
import { receiptHtml } from "../output/html.js";
import { findingsText } from "./findings-text.js";
import { unzipped } from "./zip.js";

export type BundleTools = VerifyTools & {
  /** verify.html of this version: it lies in each archive. */
  readonly verifierPage: string;
};

/** The name of the verifier's page in an archive. */
const verifierName = "verify.html";

/** The files that hold words of this version of the program: the page, and what its verifier says of the evidence. */
export function wordedFiles(
  jws: string,
  { key, language, later }: Pick<Manifest, "key" | "language" | "later">,
  evidence: readonly DisputeFile[],
  tools: BundleTools,
): readonly DisputeFile[] {
  // By the station's own key: the verdict in the bundle is for reading; whoever doubts the station makes one with a key
  // of their own.
  const findings = verifyEvidence(
    filesWithin("", evidence),
    { fingerprints: new Set([key.slice("sha256:".length)]), keys: [] },
    tools,
  );
  return [
    { name: "receipt.html", text: receiptHtml(jws, tools.hash, { language, isCopy: true, later }) },
    { name: verifierName, text: tools.verifierPage },
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
  tools: BundleTools,
  version: string,
  others: readonly string[] = [],
): OpenedBundle {
  const failed = (why: string): OpenedBundle => ({
    finding: { subject, checks: [fails("bundle", why)] },
    evidence: [],
  });
  const entries = unzipped(bytes);
  if (entries === undefined) return failed("the archive was changed: it is not as this station writes them");
  const files = entries.map((entry) => ({ name: entry.name, text: legibleText(entry.bytes) }));
  const manifest = readManifest(files, tools);
  if (typeof manifest === "string") return failed(`manifest: ${manifest}; an archive is signed by its station`);
  const evidence = filesWithin(`${subject}/`, files);
  const digestOf = digestWith(tools);
  const trust = trustIn(evidence, pins, tools);
  const checks = [
    checkFoundKey(manifest.keySpkiHex, trust, tools),
    ...checkManifest(manifest, files, digestOf),
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
  tools: BundleTools,
  version: string,
  others: readonly string[],
): readonly Check[] {
  const digestOf = digestWith(tools);
  const file = manifest.redacted ? undefined : fileIn(files);
  const jws = manifest.redacted ? others.find((one) => digestOf(one) === manifest.digest) : (file?.jws ?? "");
  if (jws === undefined) return checkRedacted(files, manifest);
  const read = readReceipt(jws, tools.schema);
  const receipt = "fault" in read ? undefined : disputed(read.payload);
  if (receipt === undefined) return [fails("receipt named", "there is no readable receipt of a sale in the archive")];
  const name = "page and verdict";
  const later = file === undefined ? manifest.later : laterIn(jws, receipt, file.later ?? [], tools.hash);
  return [
    ...checkDerived(files, manifest, receipt, {
      ...manifestOf(receipt, jws, digestOf),
      ...(typeof later === "string" ? {} : { later }),
    }),
    manifest.version === version
      ? sameFiles(
          name,
          // The verdict of an archive without its receipt was made of files that are not in it.
          wordedFiles(jws, manifest, files, tools).filter(
            ({ name: one }) => !manifest.redacted || one === "receipt.html" || one === verifierName,
          ),
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

const fileIn = (files: readonly DisputeFile[]): ReceiptFile | undefined => {
  const file = readReceiptFile(files.find(({ name }) => name === "receipt.json")?.text ?? "");
  return typeof file === "string" ? undefined : file;
};

/** SHA-256 (hex) of a text, by the verifier's own hash. */
const digestWith =
  ({ hash }: VerifyTools) =>
  (text: string): string =>
    hexText(hash(utf8(text)));

/** The receipt that a bundle can be about; undefined for any other. */
export const disputed = (payload: ReceiptPayload): DisputedReceipt | undefined =>
  payload.kind === "sale" || payload.kind === "reservation" ? payload : undefined;
