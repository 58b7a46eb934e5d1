// A receipt as it is stored: a compact JWS (RFC 7515) with ES256 over the canonical payload. Its ASCII is the leaf of
// the receipt tree. Other documents of the station are signed alike, under a type of their own.
import { base64url, fromBase64url, fromUtf8, utf8 } from "../number/bytes.js";
import { type Signer, unsignedMark } from "./signer.js";

const receiptType = "chargetill-receipt+json";

const header = (keyId: string, type: string): string => `{"alg":"ES256","kid":"${keyId}","typ":"${type}"}`;
export const markSegment = base64url(utf8(unsignedMark));

/** Signs a payload text. Without a signer the mark stands in the signature's place. `type` = what is signed. */
export function signedJws(
  payload: string,
  keyId: string,
  signer: Pick<Signer, "sign"> | undefined,
  type = receiptType,
): string {
  const input = `${base64url(utf8(header(keyId, type)))}.${base64url(utf8(payload))}`;
  return `${input}.${signer === undefined ? markSegment : base64url(signer.sign(utf8(input)))}`;
}

export type Jws = {
  readonly keyId: string;
  readonly payload: string;
  readonly input: Uint8Array;
  /** Absent where the unsigned mark stands in its place. */
  readonly signature?: Uint8Array;
};

/** A compact JWS of ours taken apart, without judging its signature; undefined where it is none of that type. */
export function parseJws(text: string, type = receiptType): Jws | undefined {
  const [head = "", body = "", tail = "", rest] = text.split(".");
  if (rest !== undefined) return undefined;
  const headBytes = fromBase64url(head);
  const bodyBytes = fromBase64url(body);
  const signature = fromBase64url(tail);
  if (headBytes === undefined || bodyBytes === undefined || signature === undefined) return undefined;
  const headText = fromUtf8(headBytes);
  const payload = fromUtf8(bodyBytes);
  const keyId = headText === undefined ? undefined : /"kid":"(sha256:[0-9a-f]{64})"/.exec(headText)?.[1];
  // One header for one key: algorithms are never chosen by what a file claims.
  if (payload === undefined || keyId === undefined || headText !== header(keyId, type)) return undefined;
  return { keyId, payload, input: utf8(`${head}.${body}`), ...(tail === markSegment ? {} : { signature }) };
}
