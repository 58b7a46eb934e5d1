// Checks whatever a driver may hold: receipt files, OCMF records raw, encoded or in XML, whole books, checkpoints, and
// the text of a QR code. Things handed in together are checked against each other as well.

import { shapeFault } from "../json/json-shape.js";
import { fromBase64, fromHex, fromUtf8, hexText, utf8 } from "../number/bytes.js";
import { ownGateway } from "../ocmf/ocmf.js";
import { parseOcmfXml } from "../ocmf/ocmf-xml.js";
import { parseShortForm } from "../receipt/short-form.js";
import { isSignedBy, parseCheckpoint } from "../signing/checkpoint.js";
import { parseJws } from "../signing/jws.js";
import { isConsistent, leafHash, rootFromInclusion } from "../signing/merkle.js";
import { type ConsistencyFile, consistencyFormat, parseProof } from "../signing/proof-file.js";
import type { CheckTools } from "../signing/signer.js";
import { type Check, type CheckResult, fails, holds, overallResult, skipped, unworkable } from "./check-result.js";
import { commissioningFormat, verifyCommissioning } from "./commissioning.js";
import { type BookFile, bookFormat, verifyBook, type Witness } from "./verify-book.js";
import { checkOcmf, checkOcmfTogether, fieldsOfOcmf, paginationOf } from "./verify-ocmf.js";
import {
  extendTrust,
  fingerprintOf,
  type JudgedReceipt,
  readReceipt,
  receiptChecks,
  type Trust,
  type VerifyTools,
  verifyReceiptFile,
} from "./verify-receipt.js";

export type EvidenceFile = { readonly name: string; readonly text: string };

/** What the user vouches for: fingerprints, and the whole public keys (SPKI hex) where a key file was given. */
export type TrustedKeys = { readonly fingerprints: Trust; readonly keys: readonly string[] };

type Kind =
  | "commissioning"
  | "receipt"
  | "book"
  | "jws"
  | "ocmf"
  | "xml"
  | "checkpoint"
  | "proof"
  | "consistency"
  | "unknown";

const formatOf = (text: string): string => /^\s*\{\s*"format"\s*:\s*"([^"]{1,60})"/.exec(text)?.[1] ?? "";

/**
 * The OCMF record in a text: as it is, in base64, in hex, or in OCPP's signedMeterValue; undefined where there is none.
 */
function ocmfIn(text: string): string | undefined {
  const bare = text.trim();
  if (bare.startsWith("OCMF|")) return bare;
  const bytes = fromHex(bare.toLowerCase()) ?? fromBase64(bare);
  const decoded = bytes === undefined ? undefined : fromUtf8(bytes);
  if (decoded?.startsWith("OCMF|") === true) return decoded;
  const field = /"(?:signedMeterData|signedMeterValue|signed_data|plain_data)"\s*:\s*"([^"\\]{1,8000})"/.exec(
    bare,
  )?.[1];
  return field === undefined || field === bare ? undefined : ocmfIn(field);
}

function kindOf(text: string): Kind {
  const format = formatOf(text);
  if (format === bookFormat) return "book";
  if (format === consistencyFormat) return "consistency";
  if (format === commissioningFormat) return "commissioning";
  if (format !== "") return "receipt";
  if (/^\ufeff?\s*<(\?xml|!--|values[\s>])/.test(text)) return "xml";
  if (parseJws(text.trim()) !== undefined) return "jws";
  if (ocmfIn(text) !== undefined) return "ocmf";
  if (parseCheckpoint(text) !== undefined) return "checkpoint";
  if (parseProof(text) !== undefined) return "proof";
  return "unknown";
}

/** Whether a key found beside a record is one that the user vouches for. */
function checkFoundKey(spkiHex: string, pins: TrustedKeys, { hash }: CheckTools): Check {
  const fingerprint = fingerprintOf(spkiHex, hash);
  if (fingerprint === undefined)
    return fails("key", "the public key beside the record cannot be read: hex of its SPKI DER is expected");
  if (pins.fingerprints.has(fingerprint)) return holds("key", `the key that you gave: sha256:${fingerprint}`);
  if (pins.fingerprints.size > 0)
    return fails("key", `the key sha256:${fingerprint} beside the record is not the one you gave`);
  return {
    name: "key",
    verdict: "unproven",
    detail:
      `unproven key: sha256:${fingerprint} stands only in the file itself; ` +
      `compare it with the one at the charge point, then give it with --key`,
  };
}

function verifyXml({ name, text }: EvidenceFile, pins: TrustedKeys, tools: CheckTools): CheckResult {
  const values = parseOcmfXml(text);
  if (values === undefined || values.length === 0)
    return {
      subject: name,
      checks: [
        fails(
          "form",
          'this is no file of signed meter values: <values> with <value>, <signedData format="OCMF"> and <publicKey>',
        ),
      ],
    };
  const checks = values.flatMap(({ record, publicKey, transactionId }) => {
    const fields = fieldsOfOcmf(record);
    // Other makers number their transactions as they like.
    const number =
      values.length > 1 || fields["GI"] !== ownGateway || Number(transactionId) === paginationOf(fields)
        ? []
        : [
            fails(
              "transaction",
              `the file says transaction ${transactionId}, the signed record ${String(fields["PG"])}`,
            ),
          ];
    return [checkFoundKey(publicKey, pins, tools), ...checkOcmf(record, publicKey, tools), ...number];
  });
  const sessions = new Set(values.map((value) => value.transactionId));
  const one = overallResult(
    "one session",
    sessions.size === 1 ? [] : [`${sessions.size} transactions in one file: ${[...sessions].join(", ")}`],
    `transaction ${[...sessions][0] ?? ""}`,
  );
  return { subject: name, checks: [...checks, one, checkOcmfTogether(values.map((value) => value.record))] };
}

function verifyRecord({ name, text }: EvidenceFile, pins: TrustedKeys, tools: CheckTools): CheckResult {
  const record = ocmfIn(text) ?? "";
  const [first] = pins.keys;
  if (first === undefined) {
    const [, ...rest] = checkOcmf(record, "", tools);
    return {
      subject: name,
      checks: [
        {
          name: "key",
          verdict: "unproven",
          detail: "a bare record carries no key: its signature was not checked; give the public key with --key FILE",
        },
        ...rest,
      ],
    };
  }
  const signing = pins.keys.find((key) => checkOcmf(record, key, tools)[0]?.verdict === "holds") ?? first;
  return { subject: name, checks: checkOcmf(record, signing, tools) };
}

function verifyCheckpoint({ name, text }: EvidenceFile, pins: TrustedKeys, tools: CheckTools): CheckResult {
  const note = parseCheckpoint(text);
  const what = note === undefined ? "" : `${note.checkpoint.size} receipts of ${note.checkpoint.origin}`;
  if (note?.signed === undefined) return { subject: name, checks: [fails("checkpoint", "it is not signed")] };
  const { signed } = note;
  if (pins.keys.length === 0)
    return {
      subject: name,
      checks: [
        {
          name: "key",
          verdict: "unproven",
          detail: `${what}: a checkpoint carries no key; give the public key with --key FILE`,
        },
      ],
    };
  return {
    subject: name,
    checks: [
      pins.keys.some((key) => isSignedBy(signed, key, tools))
        ? holds("checkpoint", `signed: ${what}`)
        : fails("checkpoint", "it is not signed by the key you gave"),
    ],
  };
}

/** An inclusion proof: its checkpoint, and the receipt it speaks of where that was handed in too. */
function verifyProof(
  { name, text }: EvidenceFile,
  pins: TrustedKeys,
  receipts: readonly Witness[],
  tools: CheckTools,
): CheckResult {
  const proof = parseProof(text);
  const note = proof === undefined ? undefined : parseCheckpoint(proof.checkpoint);
  if (proof === undefined || note === undefined)
    return { subject: name, checks: [fails("form", "the proof cannot be read")] };
  const { origin, size, root } = note.checkpoint;
  const number = proof.index + 1;
  const receipt = receipts.find(({ payload }) => payload.number === number && payload.station.id === origin);
  const signed = verifyCheckpoint({ name, text: proof.checkpoint }, pins, tools).checks;
  if (receipt === undefined)
    return {
      subject: name,
      checks: [...signed, skipped("inclusion", `it speaks of receipt ${number} of ${origin}: give that receipt too`)],
    };
  const reached = rootFromInclusion(
    proof.index,
    size,
    leafHash(utf8(receipt.jws), tools.hash),
    proof.hashes,
    tools.hash,
  );
  return {
    subject: name,
    checks: [
      ...signed,
      reached === root
        ? holds("inclusion", `receipt ${number} is one of ${size} receipts of ${origin}`)
        : fails("inclusion", `receipt ${number} as given is not among the ${size} receipts of the checkpoint`),
    ],
  };
}

/** Two checkpoints and the proof that the newer grew out of the older. */
function verifyConsistency({ name, text }: EvidenceFile, pins: TrustedKeys, tools: CheckTools): CheckResult {
  const shape = {
    type: "object",
    additionalProperties: false,
    required: ["format", "older", "newer", "proof"],
    properties: {
      format: { const: consistencyFormat },
      older: { type: "string" },
      newer: { type: "string" },
      proof: { type: "array", maxItems: 128, items: { type: "string", pattern: "^[0-9a-f]{64}$" } },
    },
  };
  const file = shaped<ConsistencyFile>(text, shape, "the file");
  const older = typeof file === "string" ? undefined : parseCheckpoint(file.older);
  const newer = typeof file === "string" ? undefined : parseCheckpoint(file.newer);
  if (typeof file === "string" || older === undefined || newer === undefined)
    return {
      subject: name,
      checks: [fails("form", typeof file === "string" ? file : "a checkpoint in it cannot be read")],
    };
  const [a, b] = [older.checkpoint, newer.checkpoint];
  const grew = a.origin === b.origin && isConsistent(a.size, a.root, b.size, b.root, file.proof, tools.hash);
  return {
    subject: name,
    checks: [
      ...[file.older, file.newer].flatMap((note) => verifyCheckpoint({ name, text: note }, pins, tools).checks),
      grew
        ? holds("consistency", `the ${b.size} receipts of ${b.origin} begin with the ${a.size} of the older checkpoint`)
        : fails(
            "consistency",
            `forked: the ${b.size} receipts of ${b.origin} do not begin with the ${a.size} of ${a.origin}`,
          ),
    ],
  };
}

/** Receipts handed in together: none forked, neighbours chained, and meter records counting up. */
function checkTogether(receipts: readonly Witness[], { hash }: CheckTools): CheckResult | undefined {
  if (receipts.length < 2) return undefined;
  const complaints: string[] = [];
  const sorted = [...receipts].sort(
    (a, b) => a.payload.station.id.localeCompare(b.payload.station.id) || a.payload.number - b.payload.number,
  );
  sorted.forEach((one, at) => {
    const before = sorted[at - 1];
    if (before === undefined || before.payload.station.id !== one.payload.station.id) return;
    const { number, chain } = one.payload;
    if (before.payload.number === number) {
      if (before.jws !== one.jws)
        complaints.push(
          `forked: ${before.subject} and ${one.subject} are different receipts with the number ${number}`,
        );
      return;
    }
    const isNext = before.payload.number === number - 1;
    if (isNext && chain.previous !== hexText(hash(utf8(before.jws))))
      complaints.push(`receipt ${number} does not follow on receipt ${number - 1} as given`);
    if (before.payload.kind !== "sale" || one.payload.kind !== "sale") return;
    const step = pageOf(one.payload.sale.ocmf) - pageOf(before.payload.sale.ocmf);
    if (isNext ? step !== 1 : !(step >= 1))
      complaints.push(
        `the pagination of the meter records does not count up from receipt ${before.payload.number} to ${number}`,
      );
    if (one.payload.totals.sales <= before.payload.totals.sales)
      complaints.push(`the count of sales falls from receipt ${before.payload.number} to ${number}`);
  });
  return {
    subject: "these receipts together",
    checks: [overallResult("together", complaints, `${receipts.length} receipts agree with each other`)],
  };
}

const pageOf = (record: string): number => paginationOf(fieldsOfOcmf(record));

function verifyJws({ name, text }: EvidenceFile, trust: Trust, tools: VerifyTools): JudgedReceipt {
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

function shaped<T>(text: string, shape: { readonly [word: string]: unknown }, what: string): T | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `${what} is no JSON: it was cut or changed`;
  }
  return shapeFault(value, shape, shape, what) ?? (value as T);
}

function bookOf(text: string): BookFile | string {
  return shaped<BookFile>(
    text,
    {
      type: "object",
      additionalProperties: false,
      required: ["format", "note", "station", "receipts", "checkpoint"],
      properties: {
        format: { const: bookFormat },
        note: { type: "string" },
        station: { type: "string" },
        receipts: { type: "array", items: { type: "string" } },
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

/** Checks all files, each by itself and all together. Never throws on what a file may hold. */
export function verifyEvidence(
  files: readonly EvidenceFile[],
  given: TrustedKeys,
  tools: VerifyTools,
): readonly CheckResult[] {
  const of = (...kinds: Kind[]): EvidenceFile[] => files.filter(({ text }) => kinds.includes(kindOf(text)));
  // Receipts of key change hand the trust on, whichever file they stand in.
  const books = of("book").map((file) => ({ file, book: bookOf(file.text) }));
  const texts = [
    ...books.flatMap(({ book }) => (typeof book === "string" ? [] : book.receipts)),
    ...of("receipt", "jws").map(({ text }) =>
      formatOf(text) === "" ? text.trim() : (/"jws"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? ""),
    ),
  ];
  const readable = texts
    .map((text) => readReceipt(text, tools.schema))
    .flatMap((read) => ("fault" in read ? [] : [read]));
  const trust = extendTrust(given.fingerprints, readable, tools);
  // A trusted fingerprint stands for the key that has it, wherever that key is found: what carries no key can then be
  // checked too.
  const found = readable
    .map(({ payload }) => payload.key.spki)
    .filter((spki) => trust.has(fingerprintOf(spki, tools.hash) ?? ""));
  const pins: TrustedKeys = { fingerprints: trust, keys: [...new Set([...given.keys, ...found])] };
  const judgedReceipts = [
    ...of("receipt").map((file) => verifyReceiptFile(file.name, file.text, trust, tools)),
    ...of("jws").map((file) => verifyJws(file, trust, tools)),
  ];
  const witnesses = judgedReceipts.flatMap(({ finding, jws, payload }): Witness[] =>
    jws === undefined || payload === undefined ? [] : [{ subject: finding.subject, jws, payload }],
  );
  const checkpoints = of("checkpoint").map((file) => ({ subject: file.name, text: file.text }));
  const together = checkTogether(witnesses, tools);
  return [
    ...judgedReceipts.map(({ finding }) => finding),
    ...of("xml").map(guarded((file) => verifyXml(file, pins, tools))),
    ...of("ocmf").map(guarded((file) => verifyRecord(file, pins, tools))),
    ...of("commissioning").map(
      guarded(({ name, text }) => verifyCommissioning(name, text, (spki) => checkFoundKey(spki, pins, tools), tools)),
    ),
    ...of("checkpoint").map(guarded((file) => verifyCheckpoint(file, pins, tools))),
    ...of("proof").map(guarded((file) => verifyProof(file, pins, witnesses, tools))),
    ...of("consistency").map(guarded((file) => verifyConsistency(file, pins, tools))),
    ...books.flatMap(({ file, book }) =>
      bookFindings(file.name, book, (whole) => verifyBook(file.name, whole, trust, tools, witnesses, checkpoints)),
    ),
    ...(together === undefined ? [] : [together]),
    ...of("unknown").map(({ name }) => ({
      subject: name,
      checks: [fails("form", "this is no receipt, meter record, checkpoint or book of ours")],
    })),
  ];
}

/** Checks the text of a receipt's QR code. */
export function verifyShortForm(scanned: string, pins: TrustedKeys, { check, hash }: CheckTools): CheckResult {
  const subject = "QR code";
  const short = parseShortForm(scanned);
  if (short === undefined)
    return { subject, checks: [fails("form", "this is not the text of a receipt's QR code (CT1;…)")] };
  const says =
    `receipt ${short.number} of ${short.station}: ${short.beginKwh} to ${short.endKwh} ` +
    `kWh, ${short.start} to ${short.end}, ${short.total} ${short.currency}`;
  const keys = pins.keys.filter((key) => fingerprintOf(key, hash)?.startsWith(short.key) === true);
  if (keys.some((key) => check(key, utf8(short.text), short.signature, "ieee-p1363")))
    return { subject, checks: [holds("signature", says)] };
  if (keys.length > 0)
    return {
      subject,
      checks: [fails("signature", `it says ${says}, but it is not signed by this key, or was changed`)],
    };
  if (pins.keys.length > 0)
    return {
      subject,
      checks: [fails("key", `it says ${says}, and names the key ${short.key}…, which is not the one you gave`)],
    };
  const known = [...pins.fingerprints].some((fingerprint) => fingerprint.startsWith(short.key));
  return {
    subject,
    checks: [
      {
        name: "key",
        verdict: "unproven",
        detail:
          `it says ${says}; a code carries no key` +
          `${known ? " and a fingerprint alone cannot check it" : ""}: give the ` +
          `public key with --key FILE`,
      },
    ],
  };
}
