// Checks a whole run of receipts against each other, and names what was done to it: removed, inserted, swapped,
// doubled, cut off, forked. The totals, hashes and checkpoints that each receipt commits to are worked out again from
// the receipts before it.

import { correctionComplaints } from "../corrections/correction-complaints.js";
import { type Disclosed, disclosedBy } from "../disclosure/disclosure.js";
import { firstDifference } from "../json/json-text.js";
import { hexText, utf8 } from "../number/bytes.js";
import { sumText } from "../receipt/decimal-text.js";
import { isLost, lostStretches, lostWords } from "../receipt/lost-numbers.js";
import { registerComplaints } from "../receipt/meter-registers.js";
import { spanWith } from "../receipt/receipt-chain.js";
import type { ReceiptPayload, RunningTotals, UnsignedSpan } from "../receipt/receipt-payload.js";
import { noTotals, totalsAfter } from "../receipt/totals.js";
import { isSignedBy, parseCheckpoint } from "../signing/checkpoint.js";
import { type Frontier, frontierWith, leafHash, rootOf } from "../signing/merkle.js";
import { type Check, type CheckResult, fails, overallResult, skipped, unworkable } from "./check-result.js";
import { keysNamedBy, type TrustedFingerprints } from "./trusted-keys.js";
import { fieldsOfOcmf, paginationOf } from "./verify-ocmf.js";
import {
  beforeSignatureComplaints,
  extendTrust,
  type ReadReceipt,
  readReceipt,
  receiptChecks,
  type VerifyTools,
} from "./verify-receipt.js";

export const bookFormat = "chargetill book 1";

/** The one note that a book bears. */
export const bookNote =
  "Every receipt of this station, and beside each the disclosures of what it withholds: its running totals, and, where " +
  "they are told, cards and contracts.";

/** A whole receipt book as a file. */
export type BookFile = {
  readonly format: typeof bookFormat;
  readonly note: typeof bookNote;
  readonly station: string;
  /** The compact JWS of every receipt, number 1 first. */
  readonly receipts: readonly string[];
  /** For each receipt what is told of the withheld. */
  readonly disclosures: readonly (readonly string[])[];
  /** The newest signed checkpoint, or "" where there is none. */
  readonly checkpoint: string;
};

/** A receipt held by somebody else, to be found again in the book. */
export type Witness = {
  readonly subject: string;
  readonly jws: string;
  readonly payload: ReceiptPayload;
  readonly disclosed?: Disclosed;
};

type BookReceipt = ReadReceipt & { readonly text: string; readonly disclosed: Disclosed };

/** The totals that are disclosed beside a receipt. */
const toldTotals = ({ disclosed }: BookReceipt): RunningTotals | undefined =>
  disclosed.values.totals as RunningTotals | undefined;

/** What stands where: order, gaps, doubles and forks by the numbers alone. */
function orderComplaints(entries: readonly BookReceipt[]): string[] {
  const complaints: string[] = [];
  const places = new Map<number, number[]>();
  for (const [at, { payload }] of entries.entries())
    places.set(payload.number, [...(places.get(payload.number) ?? []), at]);
  for (const [number, at] of places) {
    const texts = new Set(at.map((index) => entries[index]?.text));
    if (texts.size > 1) complaints.push(`forked: ${texts.size} different receipts bear the number ${number}`);
    else if (at.length > 1) complaints.push(`duplicated: receipt ${number} stands ${at.length} times`);
  }
  const numbers = [...places.keys()].sort((a, b) => a - b);
  const highest = numbers.at(-1) ?? 0;
  const missing: number[] = [];
  for (let number = 1; number <= highest && missing.length < 10; number += 1)
    if (!places.has(number)) missing.push(number);
  if (missing.length > 0)
    complaints.push(
      `removed: receipt ${missing.join(", ")}${missing.length === 10 ? " and more" : ""} ${missing.length === 1 ? "is" : "are"} missing`,
    );
  const swapped = entries.find(({ payload }, at) => at > 0 && payload.number < (entries[at - 1]?.payload.number ?? 0));
  if (swapped !== undefined) complaints.push(`swapped: receipt ${swapped.payload.number} follows a later one`);
  return complaints;
}

/** What the receipts so far lead the next one to say. */
type Walk = {
  readonly previous: string;
  readonly frontier: Frontier;
  readonly totals: RunningTotals;
  /** The pagination of the last meter record. */
  readonly page: number | undefined;
  readonly unsigned: UnsignedSpan | undefined;
  /** The key that signs the next one. */
  readonly keyId: string | undefined;
};

const start: Walk = {
  previous: "",
  frontier: [],
  totals: noTotals,
  page: undefined,
  unsigned: undefined,
  keyId: undefined,
};

const pageOf = (payload: ReceiptPayload): number | undefined =>
  payload.kind === "sale" ? paginationOf(fieldsOfOcmf(payload.sale.ocmf)) : undefined;

/** A receipt that is lost may have been of a session: its page is not given again. */
const pageAfter = ({ page }: Walk, payload: ReceiptPayload): number | undefined =>
  payload.kind === "lost" ? (page === undefined ? undefined : page + 1) : (pageOf(payload) ?? page);

/**
 * The walk after a receipt: by what it states of itself, so that one fault is not told again at every later receipt.
 */
function walkOn(walk: Walk, entry: BookReceipt, at: number, { hash }: VerifyTools): Walk {
  const { payload, text, jws } = entry;
  const data = utf8(text);
  const leaf = leafHash(data, hash);
  return {
    previous: hexText(hash(data)),
    frontier: frontierWith(walk.frontier, at, leaf, hash),
    totals: toldTotals(entry) ?? totalsAfter(walk.totals, payload),
    page: pageAfter(walk, payload),
    unsigned: jws.signature === undefined ? spanWith(walk.unsigned, payload.number, leaf, hash) : undefined,
    keyId: payload.kind === "key" ? payload.next.id : payload.key.id,
  };
}

/**
 * Whether a receipt follows on the receipts before it: its hash, its checkpoint, its key, and what was unsigned. `root`
 * is theirs.
 */
function linkComplaints(walk: Walk, { payload, jws }: BookReceipt, at: number, root: string): string[] {
  const { number, chain, key } = payload;
  const complaints: string[] = [];
  if (chain.previous !== walk.previous)
    complaints.push(
      `receipt ${number} follows another receipt than the one in front of it: something was removed, inserted or replaced there`,
    );
  const before = parseCheckpoint(chain.before)?.checkpoint;
  if (before === undefined) complaints.push(`receipt ${number}: the checkpoint before it cannot be read`);
  else if (before.size !== at || before.root !== root)
    complaints.push(
      `receipt ${number} commits to another history (${before.size} receipts, root ${before.root.slice(0, 16)}…) than the one in the book`,
    );
  if (walk.keyId !== undefined && key.id !== walk.keyId)
    complaints.push(`receipt ${number} is signed with ${key.id} although no receipt changed the key to it`);
  if (payload.kind === "lost" && !isLost([payload.lost], number))
    complaints.push(`receipt ${number} stands for lost numbers that are not its own`);
  if (payload.kind === "recovery") {
    const difference = firstDifference(payload.unsigned, walk.unsigned);
    if (difference !== undefined)
      complaints.push(
        `receipt ${number} commits to other unsigned receipts than those in front of it (${difference.path})`,
      );
  } else if (jws.signature !== undefined && walk.unsigned !== undefined)
    complaints.push(
      `receipt ${number} is signed although no recovery receipt closed the unsigned ones from ${walk.unsigned.first} on`,
    );
  return complaints;
}

type Walked = {
  readonly links: readonly string[];
  readonly totals: readonly string[];
  readonly pages: readonly string[];
  readonly roots: readonly string[];
  /** What the receipts add up to. */
  readonly sold: RunningTotals;
  /** Receipts whose totals are withheld. */
  readonly closed: number;
};

/**
 * Walks the receipts from the first to the last and compares what each commits to with what stood before it; `roots[n]`
 * is the tree's after n.
 */
function walked(entries: readonly BookReceipt[], tools: VerifyTools): Walked {
  const links: string[] = [];
  const totals: string[] = [];
  const pages: string[] = [];
  const keys = [...keysNamedBy(entries).keys()];
  let closed = 0;
  let root = rootOf([], tools.hash);
  const roots = [root];
  let walk = start;
  entries.forEach((entry, at) => {
    const { payload } = entry;
    links.push(...linkComplaints(walk, entry, at, root), ...beforeSignatureComplaints(entry, keys, tools));
    const told = toldTotals(entry);
    if (told === undefined) closed += 1;
    const difference = told === undefined ? undefined : firstDifference(told, totalsAfter(walk.totals, payload));
    if (difference !== undefined)
      totals.push(
        `receipt ${payload.number}: the running total ${difference.path} says ` +
          `${difference.stated}, the receipts add up to ${difference.found}`,
      );
    const page = pageOf(payload);
    if (page !== undefined && walk.page !== undefined && page !== walk.page + 1)
      pages.push(`receipt ${payload.number}: the pagination goes from T${walk.page} to T${page}`);
    walk = walkOn(walk, entry, at, tools);
    root = rootOf(walk.frontier, tools.hash);
    roots.push(root);
  });
  return { links, totals, pages, roots, sold: walk.totals, closed };
}

/** What a checkpoint or a receipt in other hands says of the book. */
function checkpointComplaints(
  subject: string,
  text: string,
  entries: readonly BookReceipt[],
  roots: readonly string[],
  lost: ReturnType<typeof lostStretches>,
  keys: ReadonlyMap<string, number>,
  tools: VerifyTools,
): string[] {
  const note = parseCheckpoint(text);
  if (note === undefined) return [`${subject} cannot be read`];
  const { size, root } = note.checkpoint;
  const complaints: string[] = [];
  const { signed } = note;
  if (signed === undefined) complaints.push(`${subject} is not signed`);
  else {
    const by = [...keys].filter(([spki]) => isSignedBy(signed, spki, tools));
    if (by.length === 0) complaints.push(`${subject} is not signed by a key of this station`);
    else if (by.every(([, last]) => size > last))
      complaints.push(`${subject} is signed by a key that was given up with receipt ${by[0]?.[1]}, before it`);
  }
  if (size > entries.length)
    complaints.push(`truncated: ${subject} counts ${size} receipts, the book holds ${entries.length}`);
  // It was made over receipts that the book names as lost.
  else if (roots[size] !== root && !isLost(lost, size))
    complaints.push(`forked: the first ${size} receipts of the book are not those of ${subject}`);
  return complaints;
}

function witnessComplaints(witnesses: readonly Witness[], entries: readonly BookReceipt[]): string[] {
  return witnesses.flatMap(({ subject, jws, payload }) => {
    const found = entries.filter((entry) => entry.payload.number === payload.number);
    if (found.length === 0)
      return [
        `${payload.number > entries.length ? "truncated" : "removed"}: receipt ${payload.number} (${subject}) is not in the book`,
      ];
    return found.some((entry) => entry.text === jws || entry.payload.kind === "lost")
      ? []
      : [`forked: receipt ${payload.number} in the book is another one than in ${subject}`];
  });
}

/**
 * A sale that the signer could not sign, but that a later signed receipt commits to, is told apart from a forged one.
 */
function softened(checks: readonly Check[], covered: number | undefined): readonly Check[] {
  if (covered === undefined) return checks;
  return checks.map((check) =>
    check.verdict === "fails" && check.detail.startsWith("unsigned:")
      ? { ...check, verdict: "skipped", detail: `${check.detail}; the signed receipt ${covered} commits to it` }
      : check,
  );
}

/**
 * Checks a whole book: every receipt, the chain, and what checkpoints and receipts in other hands say of it.
 * `checkpoints` are named texts of signed notes. Never throws on what a file may hold.
 */
export function verifyBook(
  subject: string,
  book: Pick<BookFile, "station" | "receipts" | "disclosures" | "checkpoint">,
  trust: TrustedFingerprints,
  tools: VerifyTools,
  witnesses: readonly Witness[] = [],
  checkpoints: readonly NamedCheckpoint[] = [],
): readonly CheckResult[] {
  const entries: BookReceipt[] = [];
  const unreadable: string[] = [];
  book.receipts.forEach((text, at) => {
    const receipt = readReceipt(text, tools.schema);
    if ("fault" in receipt) unreadable.push(`entry ${at + 1}: ${receipt.fault}`);
    else {
      const disclosed = disclosedBy(receipt.payload.commitments, book.disclosures[at] ?? [], tools.hash);
      entries.push({ ...receipt, text, disclosed });
    }
  });
  if (book.disclosures.length !== book.receipts.length)
    unreadable.push(`${book.receipts.length} receipts, and disclosures of ${book.disclosures.length}`);
  if (entries.length === 0) return [{ subject, checks: [fails("book", unreadable[0] ?? "the book is empty")] }];
  const own = book.checkpoint === "" ? [] : [{ subject: "the book's checkpoint", text: book.checkpoint }];
  const stations = new Set(entries.map(({ payload }) => payload.station.id));
  // What others hold of other stations says nothing here.
  const isOurs = (station: string | undefined): boolean => station !== undefined && stations.has(station);
  const theirs = checkpoints.filter(({ text }) => isOurs(parseCheckpoint(text)?.checkpoint.origin));
  const receipts = witnesses.filter(({ payload }) => isOurs(payload.station.id));
  return [
    { subject, checks: chainChecks(book.station, entries, unreadable, [...own, ...theirs], receipts, tools) },
    ...entryResults(subject, entries, extendTrust(trust, entries, tools), tools),
  ];
}

type NamedCheckpoint = { readonly subject: string; readonly text: string };

/** The book as a whole: nothing missing, nothing forked, everything counted. */
function chainChecks(
  station: string,
  entries: readonly BookReceipt[],
  unreadable: readonly string[],
  notes: readonly NamedCheckpoint[],
  witnesses: readonly Witness[],
  tools: VerifyTools,
): readonly Check[] {
  const stations = new Set(entries.map(({ payload }) => payload.station.id));
  const order = [...unreadable, ...orderComplaints(entries)];
  const [first] = stations;
  if (first !== station) order.push(`the book says that it is of ${station}, its receipts are of ${first}`);
  if (stations.size > 1) order.push(`receipts of ${stations.size} stations: ${[...stations].join(", ")}`);
  const { links, totals, pages, roots, sold, closed } = walked(entries, tools);
  const payloads = entries.map(({ payload }) => payload);
  const lost = lostStretches(payloads);
  return [
    overallResult("order", order, `receipts 1 to ${entries.length}, none missing, none twice${lostWords(lost)}`),
    overallResult("chain", links, `each receipt commits to all before it; root ${roots.at(-1)?.slice(0, 16)}…`),
    overallResult("running totals", totals, soldWords(sold, closed)),
    overallResult(
      "corrections",
      correctionComplaints(
        entries.map(({ text, payload }) => ({ jws: text, payload })),
        tools,
      ),
      "each credit takes back one receipt of this book, all of it",
    ),
    overallResult("pagination", pages, "the meter records count up without a gap"),
    overallResult(
      "registers",
      registerComplaints(payloads),
      "no meter's register falls from one receipt to the next, unless the receipt says who accepted it",
    ),
    otherCopies(entries, roots, lost, notes, witnesses, tools),
  ];
}

/** What was sold, by the receipts themselves; in `closed` of them the running totals are withheld. */
function soldWords({ sales, rates }: RunningTotals, closed: number): string {
  const sums = new Map<string, string>();
  for (const { currency, gross } of rates) sums.set(currency, sumText(sums.get(currency) ?? "0", gross));
  const money = [...sums].map(([currency, sum]) => `${sum} ${currency}`).join(" and ");
  const words = `${sales} sales add up${money === "" ? "" : ` to ${money}`}`;
  return closed === 0 ? words : `${words}; in ${closed} receipts the running totals are withheld`;
}

/** The book held against the checkpoints and receipts that others hold. */
function otherCopies(
  entries: readonly BookReceipt[],
  roots: readonly string[],
  lost: ReturnType<typeof lostStretches>,
  checkpoints: readonly NamedCheckpoint[],
  witnesses: readonly Witness[],
  tools: VerifyTools,
): Check {
  const name = "other copies";
  if (checkpoints.length + witnesses.length === 0)
    return skipped(
      name,
      "a tail that was cut off shows only against a checkpoint or a receipt in other hands: give one too",
    );
  const keys = keysNamedBy(entries);
  const complaints = [
    ...checkpoints.flatMap((note) => checkpointComplaints(note.subject, note.text, entries, roots, lost, keys, tools)),
    ...witnessComplaints(witnesses, entries),
  ];
  const counts = `checkpoints: ${checkpoints.length}, receipts in other hands: ${witnesses.length}; all agree`;
  return overallResult(name, complaints, counts);
}

/** Each receipt by itself; one without a signature is judged by the recovery receipt that commits to it. */
function entryResults(
  subject: string,
  entries: readonly BookReceipt[],
  trusted: TrustedFingerprints,
  tools: VerifyTools,
): readonly CheckResult[] {
  const spans = entries.flatMap(({ payload, jws }) =>
    payload.kind === "recovery" && jws.signature !== undefined ? [{ by: payload.number, ...payload.unsigned }] : [],
  );
  return entries.map((entry): CheckResult => {
    const { number, station } = entry.payload;
    const name = `${subject}: receipt ${number} of ${station.id}`;
    const span = spans.find(({ first, count }) => number >= first && number < first + count);
    try {
      return { subject: name, checks: softened(receiptChecks(entry, trusted, tools, entry.disclosed), span?.by) };
    } catch (error) {
      return { subject: name, checks: [unworkable(error)] };
    }
  });
}
