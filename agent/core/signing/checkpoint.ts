// A checkpoint of the receipt tree as a C2SP signed note (tlog-checkpoint): origin, size, root; one ECDSA signature
// line. Whoever holds one can show later that a receipt was removed, altered or put in another order.
import { base64, fromBase64, fromHex, hexText, joinedBytes, sameBytes, utf8 } from "../number/bytes.js";
import type { HashFunction } from "./merkle.js";
import { type CheckTools, isOwnSignature, type Signer } from "./signer.js";

export type Checkpoint = {
  /** Origin of the log and name of its key: the station id. */
  readonly origin: string;
  readonly size: number;
  /** Hex. */
  readonly root: string;
};

/** The signed text of a checkpoint: three lines, each ended by a newline. */
export function checkpointBody({ origin, size, root }: Checkpoint): string {
  const bytes = fromHex(root);
  if (bytes?.length !== 32) throw new TypeError("a root is 32 bytes");
  return `${origin}\n${size}\n${base64(bytes)}\n`;
}

/** First four bytes of SHA-256(SPKI DER): the key id of signature type 0x02 (C2SP signed-note). */
function noteKeyId(spkiHex: string, hash: HashFunction): Uint8Array {
  const spki = fromHex(spkiHex);
  if (spki === undefined) throw new TypeError("a public key is hex of its SPKI DER");
  return hash(spki).slice(0, 4);
}

/** The checkpoint as a signed note. Throws when the signer fails. */
export function signedCheckpoint(checkpoint: Checkpoint, signer: Signer, hash: HashFunction): string {
  const body = checkpointBody(checkpoint);
  const signature = joinedBytes(noteKeyId(signer.spkiHex, hash), signer.signDer(utf8(body)));
  return `${body}\n— ${checkpoint.origin} ${base64(signature)}\n`;
}

/** The key as C2SP tools want it: `name+id+base64(0x02 || SPKI)`. */
export function verifierKey(name: string, spkiHex: string, hash: HashFunction): string {
  const spki = fromHex(spkiHex);
  if (spki === undefined) throw new TypeError("a public key is hex of its SPKI DER");
  return `${name}+${hexText(noteKeyId(spkiHex, hash))}+${base64(joinedBytes(Uint8Array.of(2), spki))}`;
}

export type SignedNote = {
  readonly checkpoint: Checkpoint;
  readonly body: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
};

const bodyPattern = String.raw`(?<origin>[^\s+]{1,100})\n(?<size>0|[1-9]\d{0,15})\n(?<root>[A-Za-z0-9+/]{43}=)\n`;
const signaturePattern = String.raw`\n— (?<name>[^\s+]{1,100}) (?<line>[A-Za-z0-9+/=]{1,200})\n`;
const notePattern = new RegExp(`^(${bodyPattern})(?:${signaturePattern})?$`);

/**
 * A note of ours taken apart, signed or (where the signer had failed) its body alone; undefined where it is neither.
 */
export function parseCheckpoint(
  text: string,
): { readonly checkpoint: Checkpoint; readonly body: string; readonly signed?: SignedNote } | undefined {
  const parts = notePattern.exec(text);
  const { origin, size, root, name, line } = parts?.groups ?? {};
  const body = parts?.[1];
  if (body === undefined || origin === undefined || size === undefined || root === undefined) return undefined;
  const rootBytes = fromBase64(root);
  if (rootBytes === undefined || !Number.isSafeInteger(Number(size))) return undefined;
  const checkpoint = { origin, size: Number(size), root: hexText(rootBytes) };
  if (line === undefined) return { checkpoint, body };
  const bytes = fromBase64(line);
  if (bytes === undefined || bytes.length < 12 || name !== origin) return undefined;
  return { checkpoint, body, signed: { checkpoint, body, keyId: bytes.slice(0, 4), signature: bytes.slice(4) } };
}

/** True where the note says that this key has signed it. */
export const isNamedBy = (note: SignedNote, spkiHex: string, { hash }: CheckTools): boolean =>
  sameBytes(note.keyId, noteKeyId(spkiHex, hash));

/** True where the note was signed by this key. */
export function isSignedBy(note: SignedNote, spkiHex: string, tools: CheckTools): boolean {
  return isNamedBy(note, spkiHex, tools) && isOwnSignature(tools, spkiHex, utf8(note.body), note.signature, "der");
}
