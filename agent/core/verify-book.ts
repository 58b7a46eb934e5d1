// Checks a whole run of receipts against each other, and names what was done to it: removed, inserted, swapped, doubled, cut off, forked.
// The totals, hashes and checkpoints that each receipt commits to are worked out again from the receipts before it.
import { hex, utf8 } from "./bytes.js";
import { firstDifference } from "./canonical.js";
import { isSignedBy, parseCheckpoint } from "./checkpoint.js";
import { frontierWith, leafHash, rootOf, type Frontier } from "./merkle.js";
import { milliWhOf } from "./energy-text.js";
import type { ReceiptPayload, RunningTotals } from "./receipt-payload.js";
import { noTotals, totalsWith } from "./totals.js";
import { judged, fails, type Check, type Finding } from "./verdict.js";
import { paginationOf, parseOcmf } from "./verify-ocmf.js";
import { extendTrust, readReceipt, receiptChecks, type ReadReceipt, type Trust, type VerifyTools } from "./verify-receipt.js";

export const bookFormat = "chargetill book 1";

/** A whole receipt book as a file. */
export type BookFile = {
  readonly format: typeof bookFormat;
  readonly note: string;
  readonly station: string;
  /** The compact JWS of every receipt, number 1 first. */
  readonly receipts: readonly string[];
  /** The newest signed checkpoint, or "" where there is none. */
  readonly checkpoint: string;
};

/** A receipt held by somebody else, to be found again in the book. */
export type Witness = { readonly subject: string; readonly jws: string; readonly payload: ReceiptPayload };

type Entry = ReadReceipt & { readonly text: string };

/** What stands where: order, gaps, doubles and forks by the numbers alone. */
function orderComplaints(entries: readonly Entry[]): string[] {
  const complaints: string[] = [];
  const places = new Map<number, number[]>();
  entries.forEach(({ payload }, at) => places.set(payload.number, [...(places.get(payload.number) ?? []), at]));
  for (const [number, at] of places) {
    const texts = new Set(at.map((index) => entries[index]?.text));
    if (texts.size > 1) complaints.push(`forked: ${texts.size} different receipts bear the number ${number}`);
    else if (at.length > 1) complaints.push(`duplicated: receipt ${number} stands ${at.length} times`);
  }
  const numbers = [...places.keys()].sort((a, b) => a - b);
  const highest = numbers.at(-1) ?? 0;
  const missing: number[] = [];
  for (let number = 1; number <= highest && missing.length < 10; number += 1) if (!places.has(number)) missing.push(number);
  if (missing.length > 0) complaints.push(`removed: receipt ${missing.join(", ")}${missing.length === 10 ? " and more" : ""} ${missing.length === 1 ? "is" : "are"} missing`);
  const swapped = entries.find(({ payload }, at) => at > 0 && payload.number < (entries[at - 1]?.payload.number ?? 0));
  if (swapped !== undefined) complaints.push(`swapped: receipt ${swapped.payload.number} stands behind a later one`);
  return complaints;
}

/** The totals that a receipt must state, from those before it. */
function totalsAfter(before: RunningTotals, payload: ReceiptPayload): RunningTotals {
  if (payload.kind === "sale") return totalsWith(before, payload.sale.price, milliWhOf(payload.sale.energyKwh) ?? Number.NaN, 1);
  if (payload.kind === "credit") return totalsWith(before, payload.credit, 0, 0);
  return before;
}

type Walk = { previous: string; frontier: Frontier; totals: RunningTotals; page: number | undefined; unsigned: { first: number; count: number; digest: string } | undefined; keyId: string | undefined };

/** Walks the receipts from the first to the last and compares what each commits to with what stood before it. */
function walkComplaints(entries: readonly Entry[], tools: VerifyTools): { readonly links: string[]; readonly totals: string[]; readonly pages: string[]; readonly roots: readonly string[] } {
  const { hash } = tools;
  const links: string[] = [];
  const totals: string[] = [];
  const pages: string[] = [];
  const roots: string[] = [rootOf([], hash)];
  const walk: Walk = { previous: "", frontier: [], totals: noTotals, page: undefined, unsigned: undefined, keyId: undefined };
  entries.forEach(({ payload, text, jws }, at) => {
    const { number, chain } = payload;
    if (chain.previous !== walk.previous) links.push(`receipt ${number} follows another receipt than the one in front of it: something was removed, inserted or replaced there`);
    const before = parseCheckpoint(chain.before);
    if (before === undefined) links.push(`receipt ${number}: the checkpoint before it cannot be read`);
    else if (before.checkpoint.size !== at || before.checkpoint.root !== roots[at])
      links.push(`receipt ${number} commits to another history (${before.checkpoint.size} receipts, root ${before.checkpoint.root.slice(0, 16)}…) than the one in the book`);
    if (walk.keyId !== undefined && payload.key.id !== walk.keyId) links.push(`receipt ${number} is signed with ${payload.key.id} although no receipt changed the key to it`);
    walk.keyId = payload.kind === "key" ? payload.next.id : payload.key.id;
    walk.totals = totalsAfter(walk.totals, payload);
    const difference = firstDifference(payload.totals, walk.totals);
    if (difference !== undefined) totals.push(`receipt ${number}: the running total ${difference.path} says ${difference.stated}, the receipts add up to ${difference.found}`);
    // From here on by what the receipt states, so that one fault is not told again at every later receipt.
    walk.totals = payload.totals;
    if (payload.kind === "sale") {
      const page = paginationOf(parseOcmf(payload.sale.ocmf)?.fields ?? {});
      if (walk.page !== undefined && page !== walk.page + 1) pages.push(`receipt ${number}: the pagination goes from T${walk.page} to T${page}`);
      walk.page = page;
    }
    const data = utf8(text);
    const leaf = leafHash(data, hash);
    links.push(...unsignedComplaints(walk, { payload, isSigned: jws.signature !== undefined }));
    if (jws.signature === undefined) {
      const digest = hex(hash(hexBytes((walk.unsigned?.digest ?? "") + leaf)));
      walk.unsigned = { first: walk.unsigned?.first ?? number, count: (walk.unsigned?.count ?? 0) + 1, digest };
    } else walk.unsigned = undefined;
    walk.previous = hex(hash(data));
    walk.frontier = frontierWith(walk.frontier, at, leaf, hash);
    roots.push(rootOf(walk.frontier, hash));
  });
  return { links, totals, pages, roots };
}

const hexBytes = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** After receipts without a signature the next signed one is a recovery receipt that commits to exactly those. */
function unsignedComplaints(walk: Walk, { payload, isSigned }: { payload: ReceiptPayload; isSigned: boolean }): string[] {
  if (payload.kind === "recovery") {
    const difference = firstDifference(payload.unsigned, walk.unsigned);
    return difference === undefined ? [] : [`receipt ${payload.number} commits to other unsigned receipts than those in front of it (${difference.path})`];
  }
  if (isSigned && walk.unsigned !== undefined) return [`receipt ${payload.number} is signed although no recovery receipt closed the unsigned ones from ${walk.unsigned.first} on`];
  return [];
}

/** What a checkpoint or a receipt in other hands says of the book. */
function checkpointComplaints(subject: string, text: string, entries: readonly Entry[], roots: readonly string[], keys: ReadonlySet<string>, tools: VerifyTools): string[] {
  const note = parseCheckpoint(text);
  if (note === undefined) return [`${subject} cannot be read`];
  const { size, root } = note.checkpoint;
  const complaints: string[] = [];
  const { signed } = note;
  if (signed === undefined) complaints.push(`${subject} is not signed`);
  else if (![...keys].some((spki) => isSignedBy(signed, spki, tools))) complaints.push(`${subject} is not signed by a key of this station`);
  if (size > entries.length) complaints.push(`truncated: ${subject} counts ${size} receipts, the book holds ${entries.length}`);
  else if (roots[size] !== root) complaints.push(`forked: the first ${size} receipts of the book are not those of ${subject}`);
  return complaints;
}

function witnessComplaints(witnesses: readonly Witness[], entries: readonly Entry[]): string[] {
  return witnesses.flatMap(({ subject, jws, payload }) => {
    const found = entries.filter((entry) => entry.payload.number === payload.number);
    if (found.length === 0) return [`${payload.number > entries.length ? "truncated" : "removed"}: receipt ${payload.number} (${subject}) is not in the book`];
    return found.some((entry) => entry.text === jws) ? [] : [`forked: receipt ${payload.number} in the book is another one than in ${subject}`];
  });
}

/** A sale that the signer could not sign, but that a later signed receipt commits to, is told apart from a forged one. */
function softened(checks: readonly Check[], covered: number | undefined): readonly Check[] {
  if (covered === undefined) return checks;
  return checks.map((check) => (check.verdict === "fails" && check.detail.startsWith("unsigned:") ? { ...check, verdict: "skipped", detail: `${check.detail}; the signed receipt ${covered} commits to it` } : check));
}

/**
 * Checks a whole book: every receipt, the chain, and what checkpoints and receipts in other hands say of it.
 * `checkpoints` are named texts of signed notes. Never throws on what a file may hold.
 */
export function verifyBook(subject: string, book: Pick<BookFile, "receipts" | "checkpoint">, trust: Trust, tools: VerifyTools, witnesses: readonly Witness[] = [], checkpoints: readonly { readonly subject: string; readonly text: string }[] = []): readonly Finding[] {
  const entries: Entry[] = [];
  const unreadable: string[] = [];
  book.receipts.forEach((text, at) => {
    const receipt = readReceipt(text, tools.schema);
    if ("fault" in receipt) unreadable.push(`entry ${at + 1}: ${receipt.fault}`);
    else entries.push({ ...receipt, text });
  });
  if (entries.length === 0) return [{ subject, checks: [fails("book", unreadable[0] ?? "the book is empty")] }];
  const trusted = extendTrust(trust, entries, tools);
  const stations = new Set(entries.map(({ payload }) => payload.station.id));
  const order = [...unreadable, ...orderComplaints(entries)];
  if (stations.size > 1) order.push(`receipts of ${stations.size} stations: ${[...stations].join(", ")}`);
  const { links, totals, pages, roots } = walkComplaints(entries, tools);
  const keys = new Set(entries.flatMap(({ payload }) => [payload.key.spki, ...(payload.kind === "key" ? [payload.next.spki] : [])]));
  const notes = [...(book.checkpoint === "" ? [] : [{ subject: "the book's checkpoint", text: book.checkpoint }]), ...checkpoints];
  const others = [...notes.flatMap((note) => checkpointComplaints(note.subject, note.text, entries, roots, keys, tools)), ...witnessComplaints(witnesses, entries)];
  const chain: Finding = {
    subject,
    checks: [
      judged("order", order, `receipts 1 to ${entries.length}, none missing, none twice`),
      judged("chain", links, `each receipt commits to all before it; root ${roots.at(-1)?.slice(0, 16)}…`),
      judged("running totals", totals, `${entries.at(-1)?.payload.totals.sales ?? 0} sales add up`),
      judged("pagination", pages, "the meter records count up without a gap"),
      judged("other copies", others, `${notes.length} checkpoints and ${witnesses.length} receipts in other hands agree`),
    ],
  };
  const spans = entries.flatMap(({ payload, jws }) => (payload.kind === "recovery" && jws.signature !== undefined ? [{ by: payload.number, ...payload.unsigned }] : []));
  const single = entries.map((entry): Finding => {
    const { number, station } = entry.payload;
    const name = `${subject}: receipt ${number} of ${station.id}`;
    const span = spans.find(({ first, count }) => number >= first && number < first + count);
    try {
      return { subject: name, checks: softened(receiptChecks(entry, trusted, tools), span?.by) };
    } catch (error) {
      return { subject: name, checks: [fails("figures", `the receipt contradicts itself: ${error instanceof Error ? error.message : String(error)}`)] };
    }
  });
  return [chain, ...single];
}
