// Proofs with one byte flipped, doubled or deleted: each must fail, or say to the last field what it said before.

import { parseCreditForm } from "../../../agent/core/codes/credit-form.js";
import { parseShortForm } from "../../../agent/core/codes/short-form.js";
import { canonicalText } from "../../../agent/core/json/json-text.js";
import { legibleText } from "../../../agent/core/number/bytes.js";
import { readOcmf } from "../../../agent/core/ocmf/ocmf-record.js";
import { parseOcmfXml } from "../../../agent/core/ocmf/ocmf-xml.js";
import { parseCheckpoint } from "../../../agent/core/signing/checkpoint.js";
import { parseProof } from "../../../agent/core/signing/proof-file.js";
import { exitCode } from "../../../agent/core/verify/check-result.js";
import type { TrustedKeys } from "../../../agent/core/verify/trusted-keys.js";
import { verifyTools } from "../../../agent/receipts/dispute/evidence-input.js";
import { type Given, verifyGiven } from "../../../agent/receipts/dispute/given-evidence.js";
import { unzipped } from "../../../agent/receipts/dispute/zip.js";
import { firstKey, secondKey } from "./vector-book.js";
import { makeVectors } from "./vector-files.js";

const pins: TrustedKeys = {
  fingerprints: new Set([firstKey.fingerprint, secondKey.fingerprint]),
  keys: [firstKey.spkiHex, secondKey.spkiHex],
};
const tools = verifyTools();
const version = "0.1.0";

/** One of the vectors, and how it is read and checked. */
type Proof = {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What is read from it, as one text; undefined where it cannot be read. */
  readonly read: (text: string, bytes: Uint8Array) => unknown;
  readonly given: (bytes: Uint8Array) => Omit<Given, "pins">;
};

const json = (text: string): unknown => JSON.parse(text);
const readers: Readonly<Record<string, Proof["read"]>> = {
  "receipt-2.json": json,
  "receipt-3.json": json,
  "consistency-3-10.json": json,
  "commissioning.json": json,
  "book.json": json,
  "proof-3.txt": parseProof,
  "checkpoint-10.txt": parseCheckpoint,
  "record-3.txt": (text) => readOcmf(text.trim()),
  "record-3.xml": (text) => parseOcmfXml(text)?.map((value) => ({ ...value, record: readOcmf(value.record) })),
  "code-3.txt": parseShortForm,
  "code-4.txt": parseCreditForm,
  "archive-3.zip": (_, bytes) => unzipped(bytes)?.map(({ name, bytes: of }) => [name, legibleText(of)]),
};

/** The vectors that are signed. */
export function signedProofs(): readonly Proof[] {
  const { files } = makeVectors();
  return Object.entries(readers).map(([name, read]): Proof => {
    const bytes = files.get(name);
    if (bytes === undefined) throw new Error(`there is no vector ${name}`);
    const receipt = { name: "the receipt", bytes: files.get("receipt-3.json") ?? Buffer.of() };
    const given: Proof["given"] = name.startsWith("code-")
      ? (spoilt) => ({ files: [], scanned: legibleText(spoilt) })
      : // A proof is checked by the receipt that it speaks of.
        (spoilt) => ({ files: [{ name, bytes: spoilt }, ...(name === "proof-3.txt" ? [receipt] : [])] });
    return { name, bytes, read, given };
  });
}

/** A value as one text, whatever it is; bytes count by their content. */
function written(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const plain: unknown = JSON.parse(
    JSON.stringify(value, (_, one: unknown) => (one instanceof Uint8Array ? Buffer.from(one).toString("hex") : one)),
  );
  return canonicalText(plain);
}

function readText({ read }: Proof, bytes: Uint8Array): string | undefined {
  try {
    return written(read(legibleText(bytes), bytes));
  } catch {
    return undefined;
  }
}

/** The bytes with the one at a place flipped in one bit, doubled, and deleted. */
function* spoiltAt(bytes: Uint8Array, at: number): Generator<readonly [what: string, bytes: Uint8Array]> {
  const flipped = Uint8Array.from(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
  yield ["flipped", flipped];
  yield ["doubled", Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at)])];
  yield ["deleted", Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])];
}

/** How the spoilt ones came out. */
export type Spoilt = { readonly failed: number; readonly same: number };

/**
 * Spoils every `step`th byte of a proof, from `first` on. Throws where a spoilt one holds and says something else than
 * the sound one.
 */
export function spoilBytes(proof: Proof, first: number, step: number): Spoilt {
  const sound = readText(proof, proof.bytes);
  const exitOf = (bytes: Uint8Array): number => exitCode(verifyGiven({ ...proof.given(bytes), pins }, tools, version));
  if (sound === undefined || exitOf(proof.bytes) !== 0) throw new Error(`${proof.name} does not hold by itself`);
  let failed = 0;
  let same = 0;
  for (let at = first; at < proof.bytes.length; at += step)
    for (const [what, bytes] of spoiltAt(proof.bytes, at)) {
      if (readText(proof, bytes) === sound) same += 1;
      else if (exitOf(bytes) === 1) failed += 1;
      else throw new Error(`${proof.name}: byte ${at} ${what} is not noticed`);
    }
  return { failed, same };
}

/** Spoils every `step`th byte of every kind of proof. Throws with the first that is not noticed. */
export function spoilEveryByte(step: number, say: (line: string) => void): void {
  for (const proof of signedProofs()) {
    const { failed, same } = spoilBytes(proof, 0, Math.max(1, step));
    say(`${proof.name}, ${proof.bytes.length} bytes: ${failed} spoilt ones failed, ${same} said the same`);
  }
}
