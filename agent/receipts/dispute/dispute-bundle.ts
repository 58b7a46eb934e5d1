// The bundle for a dispute: one archive, the same files for the same facts, that a driver, an operator and a court can
// check alike.

import type { Language } from "../../../config/languages.js";
import { Failure } from "../../core/failure.js";
import { utf8 } from "../../core/number/bytes.js";
import type { Signer } from "../../core/signing/signer.js";
import {
  type DisputeFile,
  derivedFiles,
  keyChangesName,
  type Manifest,
  manifestOf,
  namesIn,
  readmeFile,
  recordFiles,
  signedManifest,
} from "../../core/verify/dispute.js";
import { sha256Hex } from "../../ledger/store/digest.js";
import {
  laterReceipts,
  payloadFrom,
  proofFileOf,
  type ReceiptSource,
  receiptFileOf,
  storedReceipt,
} from "../output/exports.js";
import { verifyTools } from "./evidence-input.js";
import { maskedJournal } from "./masked-journal.js";
import { disputed, wordedFiles } from "./opened-bundle.js";
import { zipped } from "./zip.js";

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
 * The bundle of the receipt of a session, or of a reservation that no session came for. `redacted` leaves out the receipt
 * and all that names its card, `isPersonal` tells whose it is. Throws Failure usage/invalid where it is not a sale, and
 * when the signer fails.
 */
export function disputeBundle(parts: DisputeParts, number: number, redacted: boolean, isPersonal = false): Buffer {
  const { receipts, newest, language, version, signer } = parts;
  const stored = storedReceipt(receipts, number);
  const { jws } = stored;
  const payload = disputed(payloadFrom(stored));
  if (payload === undefined)
    throw new Failure("usage/invalid", `receipt ${number} is not a sale: there is nothing to dispute`);
  const about = {
    ...manifestOf(payload, jws, sha256Hex),
    version,
    language,
    redacted,
    later: laterReceipts(receipts, number),
  };
  const journal = isPersonal ? parts.journal : maskedJournal(parts.journal);
  // In the order in which they stand in the archive: the verdict is worked out again from there.
  const evidence = [
    { name: "proof.txt", text: proofFileOf(receipts, number, newest) },
    { name: keyChangesName, text: keyChangesAfter(receipts, number) },
    { name: "receipt.json", text: receiptFileOf(receipts, number, newest, isPersonal) },
    ...recordFiles(payload),
  ];
  const all: readonly DisputeFile[] = [
    readmeFile(about),
    ...derivedFiles(payload),
    ...evidence,
    ...wordedFiles(jws, about, evidence, verifyTools()),
    { name: "journal.jsonl", text: journal.map((line) => `${line}\n`).join("") },
  ];
  const files = namesIn(about).flatMap((name) => all.find((file) => file.name === name) ?? []);
  const manifest: Manifest = { ...about, files: files.map(({ name, text }) => ({ name, sha256: sha256Hex(text) })) };
  const archive = zipped(
    [signedManifest(manifest, signer), ...files].map(({ name, text }) => ({ name, bytes: utf8(text) })),
  );
  return Buffer.from(archive.buffer, archive.byteOffset, archive.length);
}

/** The receipts of key change behind a receipt, a line each. */
function keyChangesAfter(receipts: ReceiptSource, number: number): string {
  let lines = "";
  for (const { kind, jws } of receipts.entries(number + 1)) if (kind === "key") lines += `${jws}\n`;
  return lines;
}
