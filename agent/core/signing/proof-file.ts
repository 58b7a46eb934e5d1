// Proofs as small files of their own, which hold hashes and no names: that a receipt stands in a checkpoint (C2SP
// tlog-proof), and that one checkpoint grew out of another.
import { base64, fromBase64, fromHex, hexText } from "../number/bytes.js";
import { parseCheckpoint } from "./checkpoint.js";

const proofHead = "c2sp.org/tlog-proof@v1";
export const consistencyFormat = "chargetill consistency 1";

export type InclusionProof = {
  readonly index: number;
  readonly hashes: readonly string[];
  readonly checkpoint: string;
};

const asBase64 = (hash: string): string => {
  const bytes = fromHex(hash);
  if (bytes === undefined) throw new TypeError("a hash is hex");
  return base64(bytes);
};

/** The text of an inclusion proof: the leaf's index, the siblings upwards, and the signed checkpoint. */
export function proofText({ index, hashes, checkpoint }: InclusionProof): string {
  return `${[proofHead, `index ${index}`, ...hashes.map(asBase64)].join("\n")}\n\n${checkpoint}`;
}

/** An inclusion proof taken apart; undefined where the text is none. */
export function parseProof(text: string): InclusionProof | undefined {
  const end = text.indexOf("\n\n");
  const [head, place = "", ...lines] = text.slice(0, Math.max(0, end)).split("\n");
  const index = /^index (0|[1-9]\d{0,15})$/.exec(place)?.[1];
  const hashes = lines
    .map((line) => fromBase64(line))
    .map((bytes) => (bytes?.length === 32 ? hexText(bytes) : undefined));
  const checkpoint = text.slice(end + 2);
  if (
    end < 0 ||
    head !== proofHead ||
    index === undefined ||
    hashes.length > 64 ||
    parseCheckpoint(checkpoint) === undefined
  )
    return undefined;
  const whole = hashes.filter((one) => one !== undefined);
  return whole.length === hashes.length ? { index: Number(index), hashes: whole, checkpoint } : undefined;
}

/**
 * That the tree of `newer` begins with the tree of `older`: both signed notes and the proof between them (RFC 6962,
 * 2.1.2; hex).
 */
export type ConsistencyFile = {
  readonly format: typeof consistencyFormat;
  readonly older: string;
  readonly newer: string;
  readonly proof: readonly string[];
};

export const consistencyText = (older: string, newer: string, proof: readonly string[]): string =>
  `${JSON.stringify({ format: consistencyFormat, older, newer, proof } satisfies ConsistencyFile, null, 1)}\n`;
