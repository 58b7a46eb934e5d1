// What is kept of holds beside the journal: the newest that have ended, which number comes next, and what is owed back
// of booked receipts that were credited. Open holds are not here: the journal is the truth about them.
import { join } from "node:path";
import { z } from "zod";
import { type Hold, isEnded } from "../core/payment/hold.js";
import type { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";

const holdsFile = "holds.json";
/** Rows of ended holds and of refunds done that are kept: enough to answer a driver who calls. */
const mostRows = 100;

const endedHold = z.strictObject({
  number: z.int().min(1),
  reference: z.string(),
  gateway: z.string(),
  connector: z.int(),
  state: z.enum(["booked", "released", "failed"]),
  currency: z.string(),
  heldMinor: z.int().min(0),
  atMs: z.int(),
  endedMs: z.int(),
  handle: z.string().optional(),
  receipt: z.int().optional(),
  finalMinor: z.int().optional(),
  /** null = the gateway could not confirm the amount. */
  bookedMinor: z.int().nullable().optional(),
  why: z.string().optional(),
});
/** `keptMinor`: what a correction of the receipt still charges. Amounts in minor units. */
const refund = z.strictObject({
  receipt: z.int().min(1),
  reference: z.string(),
  currency: z.string(),
  keptMinor: z.int().min(0),
  bookedMinor: z.int().min(0),
  refundedMinor: z.int().min(0),
  sinceMs: z.int(),
  /** Who said last that it was paid back. */
  by: z.string().optional(),
});
const table = z.strictObject({
  /** The highest number that an ended hold had. */
  last: z.int().min(0),
  /** Receipts of the book up to this one were looked at for credits. */
  read: z.int().min(0),
  ended: z.array(endedHold).max(mostRows),
  refunds: z.array(refund),
});

export type EndedHold = Readonly<z.infer<typeof endedHold>>;
export type Refund = Readonly<z.infer<typeof refund>>;
export type HoldTableData = {
  readonly last: number;
  readonly read: number;
  readonly ended: readonly EndedHold[];
  readonly refunds: readonly Refund[];
};

/** Names what was read; throws where it does not fit. */
export const parseHoldTable = (value: unknown): HoldTableData => table.parse(value) as HoldTableData;
export const emptyHoldTable: HoldTableData = { last: 0, read: 0, ended: [], refunds: [] };

/** Where the table lies in the state folder. */
export const holdTablePath = (state: string): string => join(state, holdsFile);

/** What is still to be given back of a booked receipt, minor units. */
export const owedMinor = ({ bookedMinor, keptMinor, refundedMinor }: Refund): number =>
  Math.max(0, bookedMinor - keptMinor - refundedMinor);

export class HoldTable {
  readonly #table: Table<HoldTableData>;

  private constructor(opened: Table<HoldTableData>) {
    this.#table = opened;
  }

  /** Throws Failure table/damaged, disk/failed, disk/full. */
  static open(disk: Disk, state: string): HoldTable {
    return new HoldTable(Table.open(disk, holdTablePath(state), parseHoldTable, emptyHoldTable));
  }

  get data(): HoldTableData {
    return this.#table.data;
  }

  /** Keeps an ended hold; the same one again changes nothing, and is answered false. */
  file(hold: Hold): boolean {
    if (!isEnded(hold) || this.data.ended.some(({ reference }) => reference === hold.reference)) return false;
    this.#table.update((before) => ({
      ...before,
      last: Math.max(before.last, hold.number),
      ended: [...before.ended, endedRow(hold)].slice(-mostRows),
    }));
    return true;
  }

  /** The refunds as they are now, and up to which receipt the book was looked at. */
  setRefunds(refunds: readonly Refund[], read: number): void {
    const done = refunds.filter((one) => owedMinor(one) === 0).slice(-mostRows);
    const kept = refunds.filter((one) => owedMinor(one) > 0 || done.includes(one));
    this.#table.update((before) => ({ ...before, read, refunds: kept }));
  }
}

function endedRow(hold: Hold): EndedHold {
  const { number, reference, gateway, connector, amount, made, receipt, finalMinor, bookedMinor, why } = hold;
  return {
    number,
    reference,
    gateway,
    connector,
    state: hold.state === "booked" || hold.state === "released" ? hold.state : "failed",
    currency: amount.currency,
    heldMinor: made?.amount.minor ?? 0,
    atMs: hold.sinceMs,
    endedMs: hold.endedMs ?? hold.sinceMs,
    ...(made === undefined ? {} : { handle: made.handle }),
    ...(receipt === undefined ? {} : { receipt }),
    ...(finalMinor === undefined ? {} : { finalMinor }),
    ...(bookedMinor === undefined ? {} : { bookedMinor }),
    ...(why === undefined ? {} : { why }),
  };
}
