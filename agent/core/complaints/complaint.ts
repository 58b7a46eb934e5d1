// A driver's complaint about a receipt: what was said, what was answered and by whom, and how it ended. What a person
// wrote stands apart from what is kept for good, so that it can be forgotten.

import type { Language } from "../../../config/languages.js";
import { canonicalText } from "../json/json-text.js";
import { hexText, utf8 } from "../number/bytes.js";
import type { HashFunction } from "../signing/merkle.js";
import { cleanedText } from "../words/printable.js";

/** What a complaint is about: a driver chooses one. */
export const complaintReasons = ["energy", "price", "idle", "time", "payment", "other"] as const;
export type ComplaintReason = (typeof complaintReasons)[number];

/** Characters of the driver's text, of a way to reach the driver, and of an answer. */
export const longestComplaint = 500;
const longestContact = 120;
const longestAnswer = 1_000;
/** Complaints about one receipt; whoever has more to say writes to the operator. */
export const mostPerReceipt = 3;
/** Complaints that are open at once. */
export const mostOpenComplaints = 200;

/** What the driver wrote. `salt` makes the digest of it useless to whoever would guess the text. */
export type ComplaintText = { readonly salt: string; readonly text: string; readonly contact?: string };

export type ComplaintAnswer = { readonly atMs: number; readonly by: string; readonly text: string };

/** How a complaint ended; `credit` is the receipt that takes the sale back. */
type ComplaintEnd = {
  readonly atMs: number;
  readonly by: string;
  readonly outcome: "credited" | "closed";
  readonly credit?: number;
};

export type Complaint = {
  readonly number: number;
  readonly receipt: number;
  readonly sessionId: string;
  /** When the session began: evidence from here on is kept while the complaint is open. */
  readonly sessionStartMs: number;
  readonly reason: ComplaintReason;
  readonly language: Language;
  readonly openedMs: number;
  readonly dueMs: number;
  /** SHA-256 (hex) of what the driver wrote, salted: this is what the journal holds. */
  readonly digest: string;
  /** Absent once it is forgotten. */
  readonly written?: ComplaintText;
  readonly answers: readonly ComplaintAnswer[];
  /** Who ordered a credit that is not issued yet. */
  readonly crediting?: { readonly by: string };
  readonly end?: ComplaintEnd;
};

/** What was said of a new complaint, read from outside. */
export type ComplaintWords = { readonly reason: ComplaintReason; readonly text: string; readonly contact?: string };

const lineOf = (value: unknown, longest: number): string | undefined => {
  if (typeof value !== "string" || value.length > longest * 8) return undefined;
  const line = cleanedText(value).trim();
  return [...line].length > longest ? undefined : line;
};

/** The words of a complaint from outside, or what is wrong with them. */
export function readComplaint(given: {
  readonly reason?: unknown;
  readonly text?: unknown;
  readonly contact?: unknown;
}): ComplaintWords | string {
  const reason = complaintReasons.find((one) => one === given.reason);
  if (reason === undefined) return `the reason is one of ${complaintReasons.join(", ")}`;
  const text = lineOf(given.text ?? "", longestComplaint);
  if (text === undefined) return `the text has at most ${longestComplaint} characters`;
  const contact = lineOf(given.contact ?? "", longestContact);
  if (contact === undefined) return `the contact has at most ${longestContact} characters`;
  return { reason, text, ...(contact === "" ? {} : { contact }) };
}

/** The words of an answer from outside. Undefined where they are none, or too many. */
export function readAnswer(value: unknown): string | undefined {
  const line = lineOf(value, longestAnswer);
  return line === "" ? undefined : line;
}

/** The salted digest of what a driver or an operator wrote, as the journal holds it. */
export const writtenDigest = (written: ComplaintText, hash: HashFunction): string =>
  hexText(hash(utf8(canonicalText(written))));

/** Without what a person wrote; reason, times and names of the operator's people stay. */
export function forgottenComplaint({ written: _, answers, ...rest }: Complaint): Complaint {
  return { ...rest, answers: answers.map(({ atMs, by }) => ({ atMs, by, text: "" })) };
}
