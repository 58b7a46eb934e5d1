// The packed journal of settled sessions, and how long it is kept: old segments go one by one, the oldest first, and
// only when every receipt in them stands on a sealed page and has reached whoever it is for. Pages and their digests
// stay, so the chain of receipts is as provable as before.
import { join } from "node:path";
import { closedSegmentsFolder } from "../journal/journal-manifest.js";
import { entriesAt, ignoreDamage } from "../journal/journal-reader.js";
import type { Disk } from "../store/disk.js";

export type Retention = {
  /** Epoch ms: what was written at or after this moment stays. */
  readonly beforeMs: number;
  /** True for a receipt that needs its evidence no more. */
  readonly isDone: (receipt: number) => boolean;
  /** Segments that go in one go: each is unpacked, and meanwhile nothing else happens. */
  readonly most: number;
};

/**
 * Segments without a moment that can be trusted are looked at in one go until one that has one is found; more of them
 * in a row stay.
 */
const mostUndated = 256;

type Package = { readonly path: string; readonly newestMs: number | undefined; readonly receipts: readonly number[] };

/**
 * Removes the oldest packed segments of the journal in `folder` that need not be kept; answers how many. Throws
 * disk/failed.
 */
export function pruneEvidence(disk: Disk, folder: string, { beforeMs, isDone, most }: Retention): number {
  const names = disk.list(closedSegmentsFolder(folder)).filter((name) => name.endsWith(".gz"));
  const going: string[] = [];
  // Without a moment that can be trusted a segment is as old as the next one that has one.
  let undated: string[] = [];
  for (const name of names) {
    if (going.length >= most || undated.length >= mostUndated) break;
    const { path, newestMs, receipts } = packageAt(disk, join(closedSegmentsFolder(folder), name));
    if ((newestMs !== undefined && newestMs >= beforeMs) || !receipts.every(isDone)) break;
    undated.push(path);
    if (newestMs === undefined) continue;
    going.push(...undated);
    undated = [];
  }
  for (const path of going) disk.remove(path);
  return going.length;
}

type Noted = {
  readonly type?: unknown;
  readonly signed?: { readonly number?: unknown };
  readonly receipt?: { readonly number?: unknown };
};

function packageAt(disk: Disk, path: string): Package {
  const receipts: number[] = [];
  let newestMs: number | undefined;
  for (const { entry } of entriesAt(disk, path, ignoreDamage)) {
    const { moment, event } = entry;
    if (moment.trust !== "unsynced") newestMs = Math.max(newestMs ?? moment.at, moment.at);
    const { signed, receipt } = (typeof event === "object" && event !== null ? event : {}) as Noted;
    for (const number of [signed?.number, receipt?.number]) if (typeof number === "number") receipts.push(number);
  }
  return { path, newestMs, receipts };
}
