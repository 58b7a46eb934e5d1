// Checks whatever a driver may hold: receipt files, OCMF records raw, encoded or in XML, whole books, checkpoints, and
// the text of a QR code. Things handed in together are checked against each other as well.

import { type CreditForm, parseCreditForm } from "../codes/credit-form.js";
import { parseShortForm, type ShortForm } from "../codes/short-form.js";
import { shapedJson } from "../json/json-shape.js";
import { utf8 } from "../number/bytes.js";
import { hasLowS } from "../signing/low-s.js";
import { parseProof } from "../signing/proof-file.js";
import { type CheckTools, isOwnSignature } from "../signing/signer.js";
import {
  bookSource,
  checkpointSource,
  codeSource,
  proofSource,
  receiptSource,
} from "../statements/evidence-statements.js";
import type { Source } from "../statements/statements.js";
import { type Check, type CheckResult, fails, proven, skipped, unproven, unworkable } from "./check-result.js";
import { verifyCommissioning } from "./commissioning.js";
import { type EvidenceFile, type EvidenceKind, evidenceKind } from "./evidence-kind.js";
import {
  checkFoundKey,
  fingerprintOf,
  retiredBefore,
  type TrustedFingerprints,
  type TrustedKeys,
} from "./trusted-keys.js";
import { type BookFile, bookFormat, bookNote, verifyBook, type Witness } from "./verify-book.js";
import { readConsistency, verifyCheckpoint, verifyConsistency, verifyProof } from "./verify-checkpoint.js";
import { verifyRecord, verifyXml } from "./verify-meter-record.js";
import {
  disclosuresShape,
  extendTrust,
  type JudgedReceipt,
  readReceipt,
  readReceiptFile,
  receiptChecks,
  type VerifyTools,
  verifyReceiptFile,
} from "./verify-receipt.js";
import { checkPairs, checkTariffFile, checkTogether } from "./verify-together.js";

/** The receipts in a file, as texts; none where it is no file of receipts. */
export function receiptTextsIn({ text }: EvidenceFile): readonly string[] {
  const kind = evidenceKind(text);
  if (kind === "jws") return [text.trim()];
  const file = kind === "book" ? bookOf(text) : kind === "receipt" ? readReceiptFile(text) : "";
  if (typeof file === "string") return [];
  return "receipts" in file ? file.receipts : [file.jws, ...(file.later ?? [])];
}

/**
 * The keys that the user vouches for, and those that they lead to by receipts of key change, whichever file these stand
 * in. A trusted fingerprint stands for the key that has it, wherever that key is found: what carries no key can then be
 * checked too.
 */
export function trustIn(files: readonly EvidenceFile[], given: TrustedKeys, tools: VerifyTools): TrustedKeys {
  const readable = files
    .flatMap(receiptTextsIn)
    .map((text) => readReceipt(text, tools.schema))
    .flatMap((read) => ("fault" in read ? [] : [read]));
  const fingerprints = extendTrust(given.fingerprints, readable, tools);
  const found = new Set(
    readable.flatMap(({ payload }) =>
      payload.kind === "key" ? [payload.key.spki, payload.next.spki] : [payload.key.spki],
    ),
  );
  const trusted = [...found].filter((spki) => fingerprints.has(fingerprintOf(spki, tools.hash) ?? ""));
  return { fingerprints, keys: [...new Set([...given.keys, ...trusted])] };
}

/**
 * Checks all files, and the text of a QR code where one was scanned, each by itself and all together. Never throws on
 * what a file may hold.
 */
export function verifyEvidence(
  files: readonly EvidenceFile[],
  given: TrustedKeys,
  tools: VerifyTools,
  scanned?: string,
): readonly CheckResult[] {
  const kinds = files.map((file) => ({ file, kind: evidenceKind(file.text) }));
  const of = (wanted: EvidenceKind): EvidenceFile[] =>
    kinds.flatMap(({ file, kind }) => (kind === wanted ? [file] : []));
  const books = of("book").map((file) => ({ file, book: bookOf(file.text) }));
  const pins = trustIn(files, given, tools);
  const trust = pins.fingerprints;
  const later = of("receipt").flatMap(laterFiles);
  const judgedReceipts = [
    ...of("receipt").map((file) => verifyReceiptFile(file.name, file.text, trust, tools)),
    ...later.map((file) => verifyJws(file, trust, tools)),
    ...of("jws").map((file) => verifyJws(file, trust, tools)),
  ];
  const witnesses = judgedReceipts.flatMap(({ finding, jws, payload, disclosed }): Witness[] =>
    jws === undefined || payload === undefined
      ? []
      : [{ subject: finding.subject, jws, payload, ...(disclosed === undefined ? {} : { disclosed }) }],
  );
  const checkpoints = of("checkpoint").map((file) => ({ subject: file.name, text: file.text }));
  const bookReceipts = (): readonly Witness[] =>
    books.flatMap(({ file, book }) => receiptsOfBook(file.name, book, tools));
  // Asked for only where a proof may speak of one of them.
  const proofs = of("proof");
  const stored = proofs.length === 0 ? witnesses : [...witnesses, ...bookReceipts()];
  // A file alone contradicts nothing.
  const all = [...kinds, ...later.map((file) => ({ file, kind: "jws" as const }))];
  const compared = all.length + (scanned === undefined ? 0 : 1) < 2 ? [] : all;
  const sources = compared.flatMap(({ file, kind }) => {
    try {
      return sourceIn(file, kind, witnesses, stored, tools) ?? [];
    } catch {
      // Made to break the verifier: its own checks say what is wrong with it.
      return [];
    }
  });
  const codes = scanned === undefined ? [] : [codeSource("QR code", scanned) ?? []].flat();
  const together = [
    checkTogether(witnesses, tools),
    checkPairs([...sources, ...codes], new Set(later.map(({ name }) => name))),
  ];
  return [
    ...(scanned === undefined ? [] : [verifyShortForm(scanned, pins, tools)]),
    ...judgedReceipts.map(({ finding }) => finding),
    ...of("xml").map(guarded((file) => verifyXml(file, pins, tools))),
    ...of("ocmf").map(guarded((file) => verifyRecord(file, pins, tools))),
    ...of("commissioning").map(
      guarded(({ name, text }) => verifyCommissioning(name, text, (spki) => checkFoundKey(spki, pins, tools), tools)),
    ),
    ...of("checkpoint").map(guarded((file) => verifyCheckpoint(file, pins, tools))),
    ...proofs.map(guarded((file) => verifyProof(file, pins, stored, tools))),
    ...of("consistency").map(guarded((file) => verifyConsistency(file, pins, tools))),
    ...books.flatMap(({ file, book }) =>
      bookFindings(file.name, book, (whole) => verifyBook(file.name, whole, trust, tools, witnesses, checkpoints)),
    ),
    ...together.flatMap((finding) => finding ?? []),
    ...of("tariff").map(guarded((file) => checkTariffFile(file, witnesses, tools))),
    ...of("unknown").map(({ name }) => ({
      subject: name,
      checks: [fails("form", "not a receipt, meter record, checkpoint, tariff or book of this format")],
    })),
  ];
}

/** The receipts that stand in a receipt's file beside it, as files of their own. */
function laterFiles({ name, text }: EvidenceFile): readonly EvidenceFile[] {
  const file = readReceiptFile(text);
  const later = typeof file === "string" ? [] : (file.later ?? []);
  return later.map((jws, at) => ({ name: `${name} (later receipt ${at + 1})`, text: jws }));
}

/** The receipts of a book that can be read. */
function receiptsOfBook(subject: string, book: BookFile | string, { schema }: VerifyTools): readonly Witness[] {
  if (typeof book === "string") return [];
  return book.receipts.flatMap((jws): Witness[] => {
    const read = readReceipt(jws, schema);
    return "fault" in read ? [] : [{ subject, jws, payload: read.payload }];
  });
}

/** What a file says that another one may contradict; undefined where it says nothing of the kind. */
function sourceIn(
  { name, text }: EvidenceFile,
  kind: EvidenceKind,
  judged: readonly Witness[],
  stored: readonly Witness[],
  { hash }: VerifyTools,
): Source | undefined {
  const receiptIn = (jws: string): Witness | undefined => judged.find((one) => one.jws === jws);
  switch (kind) {
    case "receipt": {
      const file = readReceiptFile(text);
      const receipt = typeof file === "string" ? undefined : receiptIn(file.jws);
      if (typeof file === "string" || receipt === undefined) return undefined;
      return receiptSource(name, receipt, { hashes: file.proof, checkpoint: file.checkpoint }, hash);
    }
    case "jws": {
      const receipt = receiptIn(text.trim());
      return receipt === undefined ? undefined : receiptSource(name, receipt, undefined, hash);
    }
    case "checkpoint":
      return checkpointSource(name, [text]);
    case "consistency": {
      const file = readConsistency(text);
      return typeof file === "string" ? undefined : checkpointSource(name, [file.older, file.newer]);
    }
    case "proof": {
      const proof = parseProof(text);
      return proof === undefined ? undefined : proofSource(name, proof, stored, hash);
    }
    case "book": {
      const book = bookOf(text);
      return typeof book === "string" ? undefined : bookSource(name, book.receipts, book.checkpoint, hash);
    }
    default:
      // Meter records, tariffs and commissioning records are no part of the chain.
      return undefined;
  }
}

function verifyJws({ name, text }: EvidenceFile, trust: TrustedFingerprints, tools: VerifyTools): JudgedReceipt {
  const receipt = readReceipt(text.trim(), tools.schema);
  if ("fault" in receipt) return { finding: { subject: name, checks: [fails("form", receipt.fault)] } };
  const { payload } = receipt;
  const subject = `${name}: receipt ${payload.number} of ${payload.station.id}`;
  try {
    const checks = [
      ...receiptChecks(receipt, trust, tools),
      skipped("place in the chain", "the bare receipt comes without its checkpoint and proof"),
    ];
    return { finding: { subject, checks }, jws: text.trim(), payload };
  } catch (error) {
    return { finding: broken(subject, error) };
  }
}

const broken = (subject: string, error: unknown): CheckResult => ({ subject, checks: [unworkable(error)] });

/** A file made to break the verifier gets a verdict too. */
function guarded(work: (file: EvidenceFile) => CheckResult): (file: EvidenceFile) => CheckResult {
  return (file) => {
    try {
      return work(file);
    } catch (error) {
      return broken(file.name, error);
    }
  };
}

function bookOf(text: string): BookFile | string {
  return shapedJson<BookFile>(
    text,
    {
      type: "object",
      additionalProperties: false,
      required: ["format", "note", "station", "receipts", "disclosures", "checkpoint"],
      properties: {
        format: { const: bookFormat },
        note: { const: bookNote },
        station: { type: "string" },
        receipts: { type: "array", items: { type: "string" } },
        disclosures: { type: "array", items: disclosuresShape },
        checkpoint: { type: "string" },
      },
    },
    "the book",
  );
}

function bookFindings(
  name: string,
  book: BookFile | string,
  work: (book: BookFile) => readonly CheckResult[],
): readonly CheckResult[] {
  if (typeof book === "string") return [{ subject: name, checks: [fails("form", book)] }];
  try {
    return work(book);
  } catch (error) {
    return [broken(name, error)];
  }
}

/**
 * Checks the text of a receipt's QR code. A code carries no key: it is looked for among those that were given, then
 * worked out from the signature itself, where the fingerprint that the code names tells the right one.
 */
export function verifyShortForm(
  scanned: string,
  pins: TrustedKeys,
  tools: CheckTools & Pick<VerifyTools, "recover">,
): CheckResult {
  const subject = "QR code";
  const short = parseShortForm(scanned) ?? parseCreditForm(scanned);
  if (short === undefined)
    return { subject, checks: [fails("form", "this is not the text of a receipt's QR code (CT1;… or CC1;…)")] };
  return { subject, checks: [checkShortForm(short, pins, tools)] };
}

function wordsOfCode(short: ShortForm | CreditForm): string {
  const { number, station, total, currency } = short;
  if ("takesBack" in short)
    return `receipt ${number} of ${station} takes back receipt ${short.takesBack}: ${short.issued}, ${total} ${currency}`;
  const { beginKwh, endKwh, start, end } = short;
  return `receipt ${number} of ${station}: ${beginKwh} to ${endKwh} kWh, ${start} to ${end}, ${total} ${currency}`;
}

function checkShortForm(
  short: ShortForm | CreditForm,
  pins: TrustedKeys,
  tools: CheckTools & Pick<VerifyTools, "recover">,
): Check {
  const says = wordsOfCode(short);
  const signed = utf8(short.text);
  const hasSigned = (key: string): boolean =>
    fingerprintOf(key, tools.hash)?.startsWith(short.key) === true &&
    isOwnSignature(tools, key, signed, short.signature, "ieee-p1363");
  const found = (): readonly string[] => (hasLowS(short.signature) ? tools.recover(signed, short.signature) : []);
  const by = pins.keys.find(hasSigned) ?? found().find(hasSigned);
  const fingerprint = by === undefined ? undefined : (fingerprintOf(by, tools.hash) ?? "");
  if (fingerprint !== undefined && pins.fingerprints.has(fingerprint)) {
    const retired = retiredBefore(pins.fingerprints, fingerprint, short.station, short.number);
    return retired === undefined ? proven("signature", says) : fails("key", `it says ${says}; ${retired}`);
  }
  const isGiven = [...pins.fingerprints].some((one) => one.startsWith(short.key));
  if (pins.fingerprints.size > 0 && !isGiven)
    return fails("key", `it says ${says}, and names the key ${short.key}…, which is not the one you gave`);
  if (fingerprint !== undefined && pins.fingerprints.size === 0)
    return unproven(
      "key",
      `unproven key: it says ${says}, and is signed with the key sha256:${fingerprint}; compare it with the one at ` +
        `the charge point or its operator, then give it with --key`,
    );
  return fails("signature", `it says ${says}, but it is not signed by this key, or was changed`);
}
