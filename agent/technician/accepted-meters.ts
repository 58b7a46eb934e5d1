// The meters that passed `meter check`, by model and serial number: a model in doubt may be billed from where that very
// meter was compared.
import { join } from "node:path";
import { z } from "zod";
import type { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";

export const acceptedMetersFile = "accepted-meters.json";

/** One passed check, with what it was judged by. */
export const acceptedMeter = z.object({
  model: z.string(),
  serial: z.string(),
  atMs: z.number(),
  loadW: z.number(),
  measuredW: z.number(),
  energyMilliWh: z.number(),
  tolerancePercent: z.number(),
});
export type AcceptedMeter = Readonly<z.infer<typeof acceptedMeter>>;

/** Names the shape of the table. Throws where it does not fit. */
export const parseAcceptedMeters = (value: unknown): readonly AcceptedMeter[] => z.array(acceptedMeter).parse(value);

export class AcceptedMeters {
  private constructor(private readonly table: Pick<Table<readonly AcceptedMeter[]>, "data" | "update">) {}

  /** Throws Failure table/damaged, disk/failed. */
  static open(disk: Disk, folder: string): AcceptedMeters {
    return new AcceptedMeters(
      Table.open<readonly AcceptedMeter[]>(disk, join(folder, acceptedMetersFile), parseAcceptedMeters, []),
    );
  }

  /** The same, for looking only: nothing is made or written. Throws Failure table/damaged, disk/failed. */
  static view(disk: Disk, folder: string): AcceptedMeters {
    return new AcceptedMeters(
      Table.shown<readonly AcceptedMeter[]>(disk, join(folder, acceptedMetersFile), parseAcceptedMeters, []),
    );
  }

  has(model: string, serial: string): boolean {
    return this.table.data.some((check) => check.model === model && check.serial === serial);
  }

  /** Lasts when it returns; the newest check of a meter stands for it. */
  add(check: AcceptedMeter): void {
    this.table.update((before) => [
      ...before.filter((other) => other.model !== check.model || other.serial !== check.serial),
      check,
    ]);
  }
}
