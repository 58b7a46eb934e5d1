// How long the disk will do: what a receipt takes, with its evidence and the copies for the driver, how many there are
// a day, and how many more fit.

import { join } from "node:path";
import type { Config } from "../../../config/schema.js";
import { Failure } from "../../core/failure.js";
import { dayMs } from "../../core/time/time.js";
import { Book, type BookView } from "../book/book.js";
import { closedSegmentsFolder } from "../journal/journal-manifest.js";
import type { Disk } from "../store/disk.js";

export type DiskForecast = {
  readonly freeBytes: number;
  /** What one more receipt takes for good. */
  readonly bytesPerReceipt: number;
  /** Issued per day, over the last month. */
  readonly receiptsPerDay: number;
  /** How many more fit. */
  readonly receipts: number;
  /** How long that is at today's pace; absent while nothing is sold. */
  readonly months?: number;
};

/** Less free space than this and no session starts: a receipt and its journal must always fit. */
export const leastFreeBytes = 16 * 1024 * 1024;
/** Fewer free inodes than this and no session starts: a receipt makes up to a dozen names, its neighbours as many. */
export const leastFreeFiles = 128;

/** What a disk has left, or may be asked for. */
export type DiskRoom = { readonly bytes: number; readonly files: number };

/** Why nothing is sold on a disk with so little room, and what to do. `reserve` = bytes kept for the end of sessions. */
export function shortOfRoom({ bytes, files }: DiskRoom, reserve: number): string {
  if (files < leastFreeFiles)
    return (
      `${files} inodes free, and with less than ${leastFreeFiles} a receipt might not ` +
      `fit: nothing is sold until there are more; df -i, then remove small files`
    );
  return (
    `${mib(bytes)} free, and with less than ${mib(leastFreeBytes + reserve)} a receipt might not ` +
    `fit: nothing is sold until there is room; journalctl --vacuum-size=50M, apt clean`
  );
}
/**
 * What is kept for the day when the disk is full, so that all sessions that run can be settled: for each connector the
 * end of one (half an hour takes 61 KiB, a day with a reading a minute 286 KiB), and the newest page and segment, each
 * beside its replacement.
 */
export const reserveBytes = (connectors: number): number => (4 + connectors) * 512 * 1024;
/**
 * One of half an hour on the demo's bench, with its copies and its evidence: the least that is counted on until there
 * are a few to measure.
 */
const assumedBytesPerReceipt = 48 * 1024;
const fewReceipts = 10;
/** A card does not live as long as that. */
const longestForecastMonths = 50 * 12;
const monthDays = 30;

/** The forecast from what was measured. */
export function requiredFreeBytes({
  freeBytes,
  bytesPerReceipt,
  receiptsPerDay,
}: Pick<DiskForecast, "freeBytes" | "bytesPerReceipt" | "receiptsPerDay">): DiskForecast {
  const receipts = Math.max(0, Math.floor((freeBytes - leastFreeBytes) / bytesPerReceipt));
  return {
    freeBytes,
    bytesPerReceipt,
    receiptsPerDay,
    receipts,
    ...(receiptsPerDay > 0 ? { months: Math.floor(receipts / receiptsPerDay / monthDays) } : {}),
  };
}

/** Bytes in KiB, or MiB where there are many. */
export const mib = (bytes: number): string =>
  bytes < 10 * 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.ceil(bytes / 1024 / 1024)} MiB`;

function monthsText(months: number): string {
  if (months < 1) return "less than a month";
  if (months < 24) return `about ${months} month${months === 1 ? "" : "s"}`;
  const years = months / 12;
  return months > longestForecastMonths
    ? `more than ${longestForecastMonths / 12} years`
    : `about ${Math.floor(years)} years`;
}

/** `room for 21 000 receipts, about 14 months`: two digits are as much as a forecast knows. */
export function diskForecastText({ receipts, months }: DiskForecast): string {
  const rounded =
    receipts < 100
      ? receipts
      : Math.floor(receipts / 10 ** (String(receipts).length - 2)) * 10 ** (String(receipts).length - 2);
  const count = String(rounded).replace(/\B(?=(\d{3})+$)/g, " ");
  if (months === undefined) return `room for ${count} receipts`;
  return `room for ${count} receipts, ${monthsText(months)}`;
}

/** Measures the room in a state folder. `nowMs` = epoch ms. Throws disk/failed, book/damaged. */
export function forecastDisk(
  disk: Disk,
  { state, receiptOutput }: Pick<Config, "state" | "receiptOutput">,
  book: BookView,
  nowMs: number,
): DiskForecast {
  const count = book.count();
  const sizes = (folder: string, names: readonly string[]): number =>
    names.reduce((sum, name) => sum + (disk.size(join(folder, name)) ?? 0), 0);
  const evidence = closedSegmentsFolder(join(state, "journal"));
  const copies = receiptOutput?.folder === undefined ? undefined : join(state, receiptOutput.folder);
  // Its copies in two forms lie side by side: the newest pair stands for all.
  const perReceipt =
    (book.bytesPerReceipt ?? 0) +
    (count === 0 ? 0 : Math.ceil(sizes(evidence, disk.list(evidence)) / count)) +
    (copies === undefined ? 0 : sizes(copies, disk.list(copies).slice(-2)));
  return requiredFreeBytes({
    freeBytes: disk.free(state).bytes,
    bytesPerReceipt: count < fewReceipts ? Math.max(assumedBytesPerReceipt, perReceipt) : perReceipt,
    receiptsPerDay: perDay(book, nowMs),
  });
}

/** The forecast in words with a comma before it, for a line that tells the free space; "" where it cannot be made. */
export function diskForecastWords(disk: Disk, config: Pick<Config, "state" | "receiptOutput">, nowMs: number): string {
  try {
    return `, ${diskForecastText(forecastDisk(disk, config, Book.view(disk, join(config.state, "book")), nowMs))}`;
  } catch (error) {
    if (error instanceof Failure) return "";
    throw error;
  }
}

/**
 * Receipts a day over the last month, or since the first. Found by halving: a few pages are read, however large the
 * book.
 */
function perDay(book: BookView, nowMs: number): number {
  const count = book.count();
  const first = book.get(1);
  if (first === undefined) return 0;
  const sinceMs = nowMs - monthDays * dayMs;
  let [low, high] = [1, count + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((book.get(middle)?.issuedMs ?? 0) < sinceMs) low = middle + 1;
    else high = middle;
  }
  const days = Math.max(1, Math.min(monthDays, (nowMs - first.issuedMs) / dayMs));
  return (count + 1 - low) / days;
}
