// What each kind of evidence says, as statements that can be held against those of another file.

import { type CreditForm, parseCreditForm } from "../codes/credit-form.js";
import { parseShortForm, type ShortForm } from "../codes/short-form.js";
import { hexText, utf8 } from "../number/bytes.js";
import { lostStretches } from "../receipt/lost-numbers.js";
import { payloadOf, type ReceiptPayload } from "../receipt/receipt-payload.js";
import { type Checkpoint, parseCheckpoint } from "../signing/checkpoint.js";
import {
  earlierRoots,
  type Frontier,
  frontierWith,
  type HashFunction,
  leafHash,
  rootFromInclusion,
  rootOf,
} from "../signing/merkle.js";
import type { InclusionProof } from "../signing/proof-file.js";
import { type Source, type Statement, sourceOf } from "./statements.js";

type StoredReceipt = { readonly jws: string; readonly payload: ReceiptPayload };

const tree = ({ size, root }: Pick<Checkpoint, "size" | "root">): Statement => ({
  thing: "tree",
  number: size,
  value: root,
});

const code = ({ number, text }: ShortForm | CreditForm): Statement => ({ thing: "code", number, value: text });

function codeIn(payload: ReceiptPayload): ShortForm | CreditForm | undefined {
  if (payload.kind === "sale") return parseShortForm(payload.sale.short);
  return payload.kind === "credit" ? parseCreditForm(payload.credit.short) : undefined;
}

/** A receipt by itself: its text, and what it commits to. The signature is no part of what it says. */
function ofReceipt({ jws, payload }: StoredReceipt, hash: HashFunction): readonly Statement[] {
  const { number, chain } = payload;
  const before = parseCheckpoint(chain.before)?.checkpoint;
  const short = codeIn(payload);
  return [
    { thing: "receipt", number, value: hexText(hash(utf8(jws.slice(0, jws.lastIndexOf("."))))) },
    { thing: "stored", number, value: hexText(hash(utf8(jws))) },
    ...(number > 1 ? [{ thing: "stored", number: number - 1, value: chain.previous } as const] : []),
    ...(before === undefined ? [] : [tree(before)]),
    ...(short === undefined ? [] : [code(short)]),
  ];
}

/** A checkpoint, and where a proof leads from a receipt to it, the earlier trees that the proof tells of. */
function ofProof(jws: string, { index, hashes, checkpoint }: InclusionProof, hash: HashFunction): readonly Statement[] {
  const note = parseCheckpoint(checkpoint)?.checkpoint;
  if (note === undefined) return [];
  const leaf = leafHash(utf8(jws), hash);
  if (rootFromInclusion(index, note.size, leaf, hashes, hash) !== note.root) return [tree(note)];
  const earlier = [...earlierRoots(index, note.size, leaf, hashes, hash)];
  return [
    tree(note),
    { thing: "stored", number: index + 1, value: hexText(hash(utf8(jws))) },
    ...earlier.map(([size, root]) => tree({ size, root })),
  ];
}

const lostIn = (payload: ReceiptPayload): Source["lost"] => (payload.kind === "lost" ? [payload.lost] : []);

/** A receipt, and the checkpoint and proof that came with it, where they did. */
export function receiptSource(
  name: string,
  receipt: StoredReceipt,
  file: Pick<InclusionProof, "hashes" | "checkpoint"> | undefined,
  hash: HashFunction,
): Source {
  const { jws, payload } = receipt;
  const proof = file === undefined ? [] : ofProof(jws, { index: payload.number - 1, ...file }, hash);
  return sourceOf(name, payload.station.id, [...ofReceipt(receipt, hash), ...proof], lostIn(payload));
}

const checkpointStatements = (notes: readonly string[]): readonly Statement[] =>
  notes.flatMap((note) => parseCheckpoint(note)?.checkpoint ?? []).map(tree);

/** Checkpoints by themselves: of a checkpoint, or of a consistency file. */
export function checkpointSource(name: string, notes: readonly string[]): Source | undefined {
  const [first] = notes;
  const origin = first === undefined ? undefined : parseCheckpoint(first)?.checkpoint.origin;
  return origin === undefined ? undefined : sourceOf(name, origin, checkpointStatements(notes));
}

/** A proof of inclusion; the receipt that it speaks of tells more of it, where it was handed in. */
export function proofSource(
  name: string,
  proof: InclusionProof,
  receipts: readonly StoredReceipt[],
  hash: HashFunction,
): Source | undefined {
  const origin = parseCheckpoint(proof.checkpoint)?.checkpoint.origin;
  if (origin === undefined) return undefined;
  const known = receipts.filter(({ payload }) => payload.number === proof.index + 1 && payload.station.id === origin);
  const proofs = known.map(({ jws }) => ofProof(jws, proof, hash));
  // Where it leads from none of them to its root it speaks of another receipt, whatever that was.
  const another: Statement = { thing: "stored", number: proof.index + 1, value: "another" };
  const [checkpoint] = checkpointStatements([proof.checkpoint]);
  const led = proofs.find((statements) => statements.length > 1);
  const statements = led ?? [...(checkpoint === undefined ? [] : [checkpoint]), ...(known.length > 0 ? [another] : [])];
  return sourceOf(name, origin, statements);
}

/** The text of a QR code. */
export function codeSource(name: string, scanned: string): Source | undefined {
  const short = parseShortForm(scanned) ?? parseCreditForm(scanned);
  return short === undefined ? undefined : sourceOf(name, short.station, [code(short)]);
}

/** A whole book: each receipt, the root after each, and its checkpoint. */
export function bookSource(
  name: string,
  receipts: readonly string[],
  checkpoint: string,
  hash: HashFunction,
): Source | undefined {
  const statements: Statement[] = [];
  const payloads: ReceiptPayload[] = [];
  let frontier: Frontier = [];
  for (const [at, jws] of receipts.entries()) {
    const payload = payloadOf(jws);
    // What stands at another place than its own makes the book fail by itself.
    if (payload?.number !== at + 1) return undefined;
    payloads.push(payload);
    frontier = frontierWith(frontier, at, leafHash(utf8(jws), hash), hash);
    statements.push(...ofReceipt({ jws, payload }, hash), tree({ size: at + 1, root: rootOf(frontier, hash) }));
  }
  const own = parseCheckpoint(checkpoint)?.checkpoint;
  const [first] = payloads;
  if (first === undefined) return undefined;
  const all = own === undefined ? statements : [...statements, tree(own)];
  return sourceOf(name, first.station.id, all, lostStretches(payloads), payloads.length);
}
