// Checks checkpoints, and the proofs that lead to them: that a receipt is included, and that one grew out of another.

import { shapedJson } from "../json/json-shape.js";
import { utf8 } from "../number/bytes.js";
import { isSignedBy, parseCheckpoint } from "../signing/checkpoint.js";
import { isConsistent, leafHash, rootFromInclusion } from "../signing/merkle.js";
import { type ConsistencyFile, consistencyFormat, parseProof } from "../signing/proof-file.js";
import type { CheckTools } from "../signing/signer.js";
import { type CheckResult, fails, holds, proven, skipped, unproven } from "./check-result.js";
import type { EvidenceFile } from "./evidence-kind.js";
import { fingerprintOf, retiredBefore, type TrustedKeys } from "./trusted-keys.js";
import type { Witness } from "./verify-book.js";

/** A checkpoint: it carries no key, so one has to be given. */
export function verifyCheckpoint({ name, text }: EvidenceFile, pins: TrustedKeys, tools: CheckTools): CheckResult {
  const note = parseCheckpoint(text);
  const what = note === undefined ? "" : `${note.checkpoint.size} receipts of ${note.checkpoint.origin}`;
  if (note?.signed === undefined) return { subject: name, checks: [fails("checkpoint", "it is not signed")] };
  const { signed } = note;
  if (pins.keys.length === 0)
    return {
      subject: name,
      checks: [unproven("key", `${what}: a checkpoint carries no key; give the public key with --key FILE`)],
    };
  const by = pins.keys.find((key) => isSignedBy(signed, key, tools));
  if (by === undefined) return { subject: name, checks: [fails("checkpoint", "it is not signed by the key you gave")] };
  const { origin, size } = signed.checkpoint;
  const retired = retiredBefore(pins.fingerprints, fingerprintOf(by, tools.hash) ?? "", origin, size);
  return {
    subject: name,
    checks: [retired === undefined ? proven("checkpoint", `signed: ${what}`) : fails("checkpoint", retired)],
  };
}

/** An inclusion proof: its checkpoint, and the receipt it speaks of where that was handed in too. */
export function verifyProof(
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
  // Whether its hashes are as many as that place in the tree asks for does not depend on the receipt.
  if (rootFromInclusion(proof.index, size, root, proof.hashes, tools.hash) === undefined)
    return {
      subject: name,
      checks: [...signed, fails("inclusion", `the proof does not fit receipt ${number} of ${size}`)],
    };
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
        : fails(
            "inclusion",
            `receipt ${number} as given (${receipt.subject}) is not among the ${size} receipts of the checkpoint`,
          ),
    ],
  };
}

/** A consistency file by its text, or what is wrong with it. */
export const readConsistency = (text: string): ConsistencyFile | string =>
  shapedJson<ConsistencyFile>(
    text,
    {
      type: "object",
      additionalProperties: false,
      required: ["format", "older", "newer", "proof"],
      properties: {
        format: { const: consistencyFormat },
        older: { type: "string" },
        newer: { type: "string" },
        proof: { type: "array", maxItems: 128, items: { type: "string", pattern: "^[0-9a-f]{64}$" } },
      },
    },
    "the file",
  );

/** Two checkpoints and the proof that the newer grew out of the older. */
export function verifyConsistency({ name, text }: EvidenceFile, pins: TrustedKeys, tools: CheckTools): CheckResult {
  const file = readConsistency(text);
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
