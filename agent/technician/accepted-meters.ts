// The meters that passed `meter check`, by model and serial number: a model in doubt may be billed from where that very
// meter was compared.
import { join } from "node:path";
import type { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";

export const acceptedMetersFile = "accepted-meters.json";

/** One passed check, with what it was judged by. */
export type AcceptedMeter = {
  readonly model: string;
  readonly serial: string;
  readonly atMs: number;
  readonly loadW: number;
  readonly measuredW: number;
  readonly energyMilliWh: number;
  readonly tolerancePercent: number;
};

/** Names the shape of the table. Throws where it does not fit. */
export function parseAcceptedMeters(value: unknown): readonly AcceptedMeter[] {
  if (!Array.isArray(value)) throw new Error("expected a list of checks");
  return value.map((row: Partial<AcceptedMeter>) => {
    const { model, serial, atMs, loadW, measuredW, energyMilliWh, tolerancePercent } = row;
    if (typeof model !== "string" || typeof serial !== "string")
      throw new Error("a check names the model and the serial number");
    const figures = { atMs, loadW, measuredW, energyMilliWh, tolerancePercent };
    for (const [name, figure] of Object.entries(figures))
      if (typeof figure !== "number" || !Number.isFinite(figure)) throw new Error(`a check states ${name}`);
    return { model, serial, ...(figures as Omit<AcceptedMeter, "model" | "serial">) };
  });
}

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
