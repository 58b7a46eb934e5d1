// What a CSMS has set and this station obeys: kept in a table per uplink, and put into force at every new connection.
// The heartbeat is not kept: each BootNotification sets it anew.
import { join } from "node:path";
import { z } from "zod";
import type { Disk } from "../../../ledger/store/disk.js";
import { Table } from "../../../ledger/store/table.js";
import { CallError } from "../rpc/frame.js";
import type { CsmsLink } from "../rpc/link.js";

/** Ids of tariffs that are remembered when they are set no more; of more, the oldest are forgotten. */
const mostKnownTariffs = 500;

const shape = z.strictObject({
  pingS: z.int().min(0).optional(),
  meterValuesS: z.int().min(0).optional(),
  /** Tariffs of the CSMS are taken (2.1, TariffCostCtrlr.Enabled). Default true. */
  tariffs: z.boolean().optional(),
  /** The public key goes with signed values (2.x, PublicKeyWithSignedMeterValue). */
  publicKey: z.boolean().optional(),
  /**
   * The cost so far is told while a session runs (2.1, TariffCostCtrlr.Enabled[RunningCost]), and how often. Default
   * true.
   */
  runningCost: z.boolean().optional(),
  costS: z.int().min(1).optional(),
  /** How a lost line is tried again (2.x, RetryBackOff…). */
  waitMinimumS: z.int().min(1).optional(),
  randomRangeS: z.int().min(0).optional(),
  repeatTimes: z.int().min(0).optional(),
  /**
   * Tariffs that the CSMS has set at some time: sessions that began by one are told of by its id when it is cleared or
   * replaced, too.
   */
  tariffIds: z.array(z.string()).max(mostKnownTariffs).optional(),
});
export type KeptSettings = z.infer<typeof shape>;

/** Names what was read; throws where it does not fit. */
export const parseSettings = (value: unknown): KeptSettings => shape.parse(value);

/** Intervals in whole seconds; 0 = off. */
export const intervalBounds = {
  heartbeatS: { least: 1, most: 86_400 },
  pingS: { least: 0, most: 86_400 },
  meterValuesS: { least: 0, most: 3_600 },
  costS: { least: 10, most: 3_600 },
} as const;
export const reconnectBounds = {
  waitMinimumS: { least: 1, most: 3_600 },
  randomRangeS: { least: 0, most: 3_600 },
  repeatTimes: { least: 0, most: 10 },
} as const;

export class Settings {
  constructor(
    private readonly store: { read(): KeptSettings; write(kept: KeptSettings): void },
    /** Into the journal; false = nothing is written any more. */
    private readonly record: (changes: Readonly<Record<string, number | boolean>>) => boolean,
  ) {}

  /** Throws Failure table/damaged, disk/failed. */
  static open(
    disk: Disk,
    folder: string,
    uplink: string,
    record: (changes: Readonly<Record<string, number | boolean>>) => boolean,
  ): Settings {
    const table = Table.open<KeptSettings>(disk, join(folder, `settings-${uplink}.json`), parseSettings, {});
    return new Settings({ read: () => table.data, write: (kept) => void table.update(() => kept) }, record);
  }

  get tariffs(): boolean {
    return this.store.read().tariffs ?? true;
  }

  /** The CSMS knows this tariff by its id. */
  knowsTariff(id: string): boolean {
    return this.store.read().tariffIds?.includes(id) ?? false;
  }

  /** Lasts when it returns; that the tariff was set is journalled by whoever set it. */
  rememberTariff(id: string): void {
    const { tariffIds = [] } = this.store.read();
    if (!tariffIds.includes(id))
      this.store.write({ ...this.store.read(), tariffIds: [...tariffIds, id].slice(-mostKnownTariffs) });
  }

  /** Lasts when it returns. Throws CallError where the station takes no more orders. */
  keep(changes: Omit<KeptSettings, "tariffIds">): void {
    this.note(changes as Readonly<Record<string, number | boolean>>);
    this.store.write({ ...this.store.read(), ...changes });
  }

  /** Writes down that something is about to be set that is kept elsewhere. Throws CallError as `keep` does. */
  note(changes: Readonly<Record<string, number | boolean>>): void {
    if (!this.record(changes)) throw new CallError("InternalError", "the station is closing and takes no more orders");
  }

  /** Puts what is kept into force on a new connection. */
  apply(link: CsmsLink): void {
    const { pingS, meterValuesS, costS, publicKey, runningCost, waitMinimumS, randomRangeS, repeatTimes } =
      this.store.read();
    link.reconnect = {
      waitMinimumMs: waitMinimumS === undefined ? link.reconnect.waitMinimumMs : waitMinimumS * 1000,
      randomRangeMs: randomRangeS === undefined ? link.reconnect.randomRangeMs : randomRangeS * 1000,
      repeatTimes: repeatTimes ?? link.reconnect.repeatTimes,
    };
    if (publicKey !== undefined) link.sendsPublicKey = publicKey;
    if (runningCost !== undefined) link.sendsRunningCost = runningCost;
    link.setIntervals({
      ...(pingS === undefined ? {} : { pingS }),
      ...(meterValuesS === undefined ? {} : { meterValuesS }),
      ...(costS === undefined ? {} : { costS }),
    });
  }
}
