// Checks one receipt by itself: the key it is signed by, its form, its figures and its place in the chain.
// A verdict rests on a key that the user was told; a key found only inside the receipt proves nothing, and the verdict
// says so.

import { creditCodeComplaint, creditComplaints } from "../corrections/correction-complaints.js";
import { laterIn, laterWords } from "../corrections/later-receipts.js";
import { type Disclosed, disclosedBy, withheldNames } from "../disclosure/disclosure.js";
import { shapedJson, shapeFault } from "../json/json-shape.js";
import { canonicalText } from "../json/json-text.js";
import { fromHex, utf8 } from "../number/bytes.js";
import { rotationText } from "../receipt/receipt.js";
import { mostLater, type ReceiptFile, receiptFileFormat, receiptFileNote } from "../receipt/receipt-file.js";
import { type CreditPayload, type KeyPayload, type ReceiptPayload, soldIn } from "../receipt/receipt-payload.js";
import { personComplaints } from "../receipt/receipt-token.js";
import { isNamedBy, isSignedBy, parseCheckpoint } from "../signing/checkpoint.js";
import { type Jws, parseJws } from "../signing/jws.js";
import { earlierRoots, leafHash, rootFromInclusion, rootOf } from "../signing/merkle.js";
import { type CheckTools, isOwnSignature, type RecoverKeys } from "../signing/signer.js";
import {
  type Check,
  type CheckResult,
  fails,
  holds,
  overallResult,
  proven,
  unproven,
  unworkable,
} from "./check-result.js";
import { fingerprintOf, retiredBefore, type TrustedFingerprints } from "./trusted-keys.js";
import { checkReservation, checkSale, type Rerate } from "./verify-sale.js";

export type VerifyTools = CheckTools & {
  /** config/receipt.schema.json. */
  readonly schema: { readonly [word: string]: unknown };
  /** The engine that made the bill. */
  readonly rerate?: Rerate;
  /** Finds the key of a signature that comes without it, as in a QR code. */
  readonly recover: RecoverKeys;
};

export type ReadReceipt = { readonly jws: Jws; readonly payload: ReceiptPayload };

/** A receipt taken apart, with the reason where it cannot be; its shape is proven, its signature is not judged. */
export function readReceipt(text: string, schema: VerifyTools["schema"]): ReadReceipt | { readonly fault: string } {
  const jws = parseJws(text);
  if (jws === undefined)
    return { fault: "not a signed receipt (a compact JWS, ES256, of type chargetill-receipt+json)" };
  let payload: unknown;
  let canonical: string;
  try {
    payload = JSON.parse(jws.payload);
    canonical = canonicalText(payload);
  } catch {
    return { fault: "the signed text is not valid JSON, or nested deeper than any receipt" };
  }
  if (canonical !== jws.payload) return { fault: "the signed text is not in canonical form" };
  const kind =
    typeof payload === "object" && payload !== null ? (payload as Record<string, unknown>)["kind"] : undefined;
  const shapes = schema["$defs"] as Record<string, unknown>;
  const own =
    typeof kind === "string" && Object.hasOwn(shapes, `${kind}Receipt`) ? { $ref: `#/$defs/${kind}Receipt` } : schema;
  const fault = shapeFault(payload, own, schema);
  return fault === undefined ? { jws, payload: payload as ReceiptPayload } : { fault };
}

/** Whether the receipt's key is one that the user vouches for. */
function checkKey({ key, number, station }: ReceiptPayload, trust: TrustedFingerprints, { hash }: CheckTools): Check {
  const name = "key";
  const fingerprint = fingerprintOf(key.spki, hash);
  if (fingerprint === undefined || key.id !== `sha256:${fingerprint}`)
    return fails(name, "the key in the receipt is not the one that its key id names");
  const retired = retiredBefore(trust, fingerprint, station.id, number);
  if (retired !== undefined) return fails(name, retired);
  if (trust.has(fingerprint)) return proven(name, `signed with the key that you gave: sha256:${fingerprint}`);
  if (trust.size > 0)
    return fails(
      name,
      `signed with the key sha256:${fingerprint}, which is not the one you gave (nor one that it passed on to)`,
    );
  return unproven(
    name,
    `unproven key: sha256:${fingerprint} was found only in the receipt itself; compare it ` +
      `with the one at the charge point or its operator, then give it with --key`,
  );
}

/** Whether the receipt is signed by the key it names. */
function checkSignature({ jws, payload }: ReadReceipt, tools: CheckTools): Check {
  const name = "signature";
  if (jws.keyId !== payload.key.id) return fails(name, "the signature names another key than the receipt");
  if (jws.signature === undefined)
    return fails(name, "unsigned: the signer had failed, and the receipt says so in the signature's place");
  return isOwnSignature(tools, payload.key.spki, jws.input, jws.signature, "ieee-p1363")
    ? holds(name, `receipt ${payload.number} of ${payload.station.id} is signed and unchanged`)
    : fails(name, "the receipt is not signed by this key, or was changed since");
}

/** Whether a credit's code, times and sums are of one piece. */
function checkCredit(payload: CreditPayload, tools: CheckTools): readonly Check[] {
  const { sold, due, currency, number } = payload.credit;
  const wrongCode = creditCodeComplaint(payload, tools);
  const name = "QR code";
  return [
    wrongCode === undefined
      ? holds(name, "the code says what the receipt says, and is signed too")
      : fails(name, wrongCode),
    overallResult(
      "credit",
      creditComplaints(payload),
      `takes back receipt ${number} of ${sold.start} to ${sold.end}: ${due.gross} ${currency}`,
    ),
  ];
}

/** Whether a change of key is signed by the new key too. */
function checkNextKey({ payload }: { readonly payload: KeyPayload }, tools: CheckTools): Check {
  const name = "new key";
  const { id, spki, signature } = payload.next;
  const bytes = fromHex(signature);
  if (id !== `sha256:${fingerprintOf(spki, tools.hash)}` || bytes === undefined)
    return fails(name, "the new key is not the one that its key id names");
  const text = utf8(rotationText(payload.station.id, payload.number, payload.key.id, id));
  return isOwnSignature(tools, spki, text, bytes, "ieee-p1363")
    ? holds(name, `the station's key from here on is ${id}, and that key has signed the change too`)
    : fails(name, "the new key has not signed the change");
}

/**
 * Whether the checkpoint before the receipt has its form, the right size and, where it bears one, a signature of this
 * key.
 */
function beforeComplaints(receipt: ReadReceipt, tools: CheckTools): string[] {
  const { payload } = receipt;
  const note = parseCheckpoint(payload.chain.before);
  if (note === undefined) return ["the checkpoint before the receipt cannot be read"];
  const complaints: string[] = [];
  if (note.checkpoint.origin !== payload.station.id)
    complaints.push(`the checkpoint before it is of ${note.checkpoint.origin}, not of ${payload.station.id}`);
  if (note.checkpoint.size !== payload.number - 1)
    complaints.push(`the checkpoint before it counts ${note.checkpoint.size} receipts, not ${payload.number - 1}`);
  complaints.push(...beforeSignatureComplaints(receipt, [payload.key.spki], tools));
  if (payload.number === 1 && note.checkpoint.root !== rootOf([], tools.hash))
    complaints.push("the first receipt does not start from an empty tree");
  if ((payload.number === 1) !== (payload.chain.previous === ""))
    complaints.push("only the first receipt has none before it");
  return complaints;
}

/**
 * Whether the checkpoint inside a receipt bears the signature that it must: a signed receipt commits to a signed one. That
 * of a key which is not among these, as after a change of key, is left to the book, which knows them all.
 */
export function beforeSignatureComplaints(
  { jws, payload }: ReadReceipt,
  keys: readonly string[],
  tools: CheckTools,
): readonly string[] {
  const note = parseCheckpoint(payload.chain.before);
  if (note === undefined || jws.signature === undefined) return [];
  const { signed } = note;
  if (signed === undefined) return [`receipt ${payload.number} is signed, the checkpoint inside it is not`];
  const named = keys.filter((spki) => isNamedBy(signed, spki, tools));
  return named.length === 0 || named.some((spki) => isSignedBy(signed, spki, tools))
    ? []
    : [`the checkpoint inside receipt ${payload.number} is not signed by the key that it names, or was changed`];
}

/**
 * Whether the checkpoint handed out with the receipt is signed, includes it, and grew from the checkpoint inside it.
 */
function checkPlace(
  receipt: ReadReceipt,
  jws: string,
  file: Pick<ReceiptFile, "checkpoint" | "proof">,
  trust: TrustedFingerprints,
  tools: CheckTools,
): Check {
  const name = "place in the chain";
  const { payload } = receipt;
  const complaints = beforeComplaints(receipt, tools);
  const note = parseCheckpoint(file.checkpoint);
  if (note === undefined) return fails(name, [...complaints, "the checkpoint in the file cannot be read"].join("; "));
  const { origin, size, root } = note.checkpoint;
  const index = payload.number - 1;
  if (origin !== payload.station.id) complaints.push(`the checkpoint is of ${origin}, not of ${payload.station.id}`);
  if (note.signed === undefined) complaints.push("the checkpoint is not signed");
  else if (
    !isSignedBy(note.signed, payload.key.spki, tools) &&
    !(payload.kind === "key" && isSignedBy(note.signed, payload.next.spki, tools))
  )
    complaints.push("the checkpoint is not signed by the receipt's key");
  else if (isSignedBy(note.signed, payload.key.spki, tools))
    complaints.push(...[retiredBefore(trust, payload.key.id.slice(7), origin, size) ?? []].flat());
  const reached = rootFromInclusion(index, size, leafHash(utf8(jws), tools.hash), file.proof, tools.hash);
  if (reached === undefined) complaints.push(`the proof does not fit receipt ${payload.number} of ${size}`);
  else if (reached !== root)
    complaints.push(`receipt ${payload.number} is not among the ${size} receipts of the checkpoint`);
  // The proof tells of the tree in front of the receipt too: the checkpoint inside the receipt must be of that one.
  const before = parseCheckpoint(payload.chain.before);
  const earlier = earlierRoots(index, size, leafHash(utf8(jws), tools.hash), file.proof, tools.hash).get(index);
  if (earlier !== undefined && before !== undefined && earlier !== before.checkpoint.root)
    complaints.push("the checkpoint does not grow out of the one that the receipt commits to: the history was forked");
  return overallResult(
    name,
    complaints,
    `number ${payload.number} in a tree of ${size}, under the checkpoint ${root.slice(0, 16)}…`,
  );
}

/** What became of the receipt since, as the receipts beside it say; these are checked as receipts of their own. */
function checkLater(
  { payload }: ReadReceipt,
  { jws, later = [] }: ReceiptFile,
  { hash }: CheckTools,
): readonly Check[] {
  if (later.length === 0) return [];
  const found = laterIn(jws, payload, later, hash);
  const name = "later receipts";
  return [typeof found === "string" ? fails(name, found) : holds(name, `it was ${laterWords(found)}`)];
}

/** A receipt file by its text, or what is wrong with it: read once, for whoever asks. */
export function readReceiptFile(text: string): ReceiptFile | string {
  const shape = {
    type: "object",
    additionalProperties: false,
    required: ["format", "note", "jws", "disclosures", "publicKey", "checkpoint", "proof"],
    properties: {
      format: { const: receiptFileFormat },
      note: { const: receiptFileNote },
      jws: { type: "string" },
      disclosures: disclosuresShape,
      publicKey: { type: "string" },
      checkpoint: { type: "string" },
      proof: { type: "array", maxItems: 64, items: { type: "string", pattern: "^[0-9a-f]{64}$" } },
      later: { type: "array", minItems: 1, maxItems: mostLater, items: { type: "string" } },
    },
  };
  return shapedJson<ReceiptFile>(text, shape, "the file");
}

/** The disclosures beside a receipt, in a file. */
export const disclosuresShape = {
  type: "array",
  maxItems: withheldNames.length,
  items: { type: "string", pattern: "^[A-Za-z0-9_-]+$" },
} as const;

export type JudgedReceipt = {
  readonly finding: CheckResult;
  readonly jws?: string;
  readonly payload?: ReceiptPayload;
  readonly disclosed?: Disclosed;
};

/** What is told beside a receipt of what it withholds; what is told must be what it commits to. */
function checkDisclosures(
  payload: ReceiptPayload,
  { values, closed, complaints }: Disclosed,
  { schema }: VerifyTools,
): Check {
  const name = "withheld";
  const token = soldIn(payload)?.token;
  const faults = Object.entries(values).flatMap(([told, value]) => {
    const shape = told === "totals" ? { $ref: "#/$defs/totals" } : { type: "string" };
    return shapeFault(value, shape, schema, `the disclosed ${told}`) ?? [];
  });
  const contradicted = token === undefined ? [] : personComplaints(token, values);
  const told = Object.keys(values);
  const disclosed = told.length === 0 ? "" : `; disclosed: ${told.join(", ")}`;
  const withheldWords = closed.length === 0 ? "nothing is withheld" : `withheld: ${closed.join(", ")}`;
  return overallResult(name, [...complaints, ...faults, ...contradicted], `${withheldWords}${disclosed}`);
}

/** The checks that concern the receipt alone, without its place: key, signature, figures. */
export function receiptChecks(
  receipt: ReadReceipt,
  trust: TrustedFingerprints,
  tools: VerifyTools,
  disclosed: Disclosed = disclosedBy(receipt.payload.commitments, [], tools.hash),
): readonly Check[] {
  const { payload } = receipt;
  return [
    checkKey(payload, trust, tools),
    checkSignature(receipt, tools),
    checkDisclosures(payload, disclosed, tools),
    ...(payload.kind === "sale" ? checkSale(payload, tools, tools.rerate) : []),
    ...(payload.kind === "reservation" ? checkReservation(payload, tools, tools.rerate) : []),
    ...(payload.kind === "credit" ? checkCredit(payload, tools) : []),
    ...(payload.kind === "key" ? [checkNextKey({ payload }, tools)] : []),
  ];
}

/** Checks the text of a receipt file. Never throws, whatever the file holds. */
export function verifyReceiptFile(
  subject: string,
  text: string,
  trust: TrustedFingerprints,
  tools: VerifyTools,
): JudgedReceipt {
  const file = readReceiptFile(text);
  if (typeof file === "string") return { finding: { subject, checks: [fails("form", file)] } };
  const receipt = readReceipt(file.jws, tools.schema);
  if ("fault" in receipt) return { finding: { subject, checks: [fails("form", receipt.fault)] } };
  const { payload } = receipt;
  const form =
    file.publicKey === payload.key.spki
      ? holds("form", `a ${payload.kind} receipt, all its fields there`)
      : fails("form", "the public key beside the receipt is not the one in it");
  const disclosed = disclosedBy(payload.commitments, file.disclosures, tools.hash);
  let checks: readonly Check[];
  try {
    checks = [
      form,
      ...receiptChecks(receipt, trust, tools, disclosed),
      checkPlace(receipt, file.jws, file, trust, tools),
      ...checkLater(receipt, file, tools),
    ];
  } catch (error) {
    checks = [form, unworkable(error)];
  }
  return {
    finding: { subject: `${subject}: receipt ${payload.number} of ${payload.station.id}`, checks },
    jws: file.jws,
    payload,
    disclosed,
  };
}

/**
 * The keys that trusted keys passed on to, by receipts of key change that are signed by both; with each such receipt the
 * old key ends.
 */
export function extendTrust(
  trust: TrustedFingerprints,
  receipts: readonly ReadReceipt[],
  tools: CheckTools,
): TrustedFingerprints {
  const retired = new Map(trust.retired);
  const trusted = Object.assign(new Set(trust), { retired });
  for (const receipt of [...receipts].sort((a, b) => a.payload.number - b.payload.number)) {
    const { payload } = receipt;
    if (payload.kind !== "key" || !trusted.has(payload.key.id.slice(7))) continue;
    if (
      checkKey(payload, trusted, tools).verdict === "holds" &&
      checkSignature(receipt, tools).verdict === "holds" &&
      checkNextKey({ payload }, tools).verdict === "holds"
    ) {
      trusted.add(payload.next.id.slice(7));
      retired.set(payload.key.id.slice(7), { station: payload.station.id, lastNumber: payload.number });
    }
  }
  return trusted;
}
