// Tariffs kept from backends: each with its validity, for one connector, for all, or for tokens and connectors that
// name it. A tariff comes in through the one parser or not at all, and what is kept is its own text, so that nothing is
// ever priced by a copy.
import { join } from "node:path";
import type { Tariff } from "../core/tariff/tariff.js";
import { parseTariff } from "../core/tariff/tariff-reader.js";
import type { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";

export const pushedTariffsFile = "pushed-tariffs.json";
export const mostPushedTariffs = 500;

/** `connector`: null = all, undefined = whoever names its id. */
export type PushedTariff = {
  readonly tariff: Tariff;
  readonly connector: number | null | undefined;
  readonly by: string;
};

/** Rows as `rows()` gave them go, others come. */
export type TariffChanges = { readonly cleared: readonly PushedTariff[]; readonly added: readonly PushedTariff[] };

type Row = { readonly by: string; readonly connector?: number | null; readonly tariff: unknown };
type Rows = readonly PushedTariff[];

function rowsOf(value: unknown): Rows {
  if (!Array.isArray(value) || value.length > mostPushedTariffs)
    throw new Error(`expected a list of at most ${mostPushedTariffs} tariffs`);
  return value.map((row: Row) => {
    const parsed = parseTariff(row.tariff);
    if (
      !parsed.ok ||
      typeof row.by !== "string" ||
      !(row.connector === undefined || row.connector === null || Number.isSafeInteger(row.connector))
    )
      throw new Error("a row holds no tariff");
    return { tariff: parsed.tariff, connector: row.connector, by: row.by };
  });
}

/** Names what was read; throws where it does not fit. */
export function parsePushedTariffs(value: unknown): readonly Row[] {
  rowsOf(value);
  return value as readonly Row[];
}

const rowOf = ({ tariff, connector, by }: PushedTariff): Row => ({
  by,
  ...(connector === undefined ? {} : { connector }),
  tariff: tariff.source,
});

export class PushedTariffs {
  #rows: Rows;

  private constructor(private readonly table: Pick<Table<readonly Row[]>, "data" | "update">) {
    this.#rows = rowsOf(table.data);
  }

  /** Throws Failure table/damaged, disk/failed. */
  static open(disk: Disk, folder: string): PushedTariffs {
    return new PushedTariffs(Table.open<readonly Row[]>(disk, join(folder, pushedTariffsFile), parsePushedTariffs, []));
  }

  /** Those of a station beside its agent, for looking only. Throws as `open` does. */
  static view(disk: Disk, folder: string): PushedTariffs {
    return new PushedTariffs(
      Table.shown<readonly Row[]>(disk, join(folder, pushedTariffsFile), parsePushedTariffs, []),
    );
  }

  rows(): Rows {
    return this.#rows;
  }

  /** Those that name a connector (null = all), in the order of their coming. */
  at(connector: number | null): readonly Tariff[] {
    return this.#rows.flatMap((row) => (row.connector === connector ? [row.tariff] : []));
  }

  /** Those that are chosen by their id. */
  named(): readonly Tariff[] {
    return this.#rows.flatMap((row) => (row.connector === undefined ? [row.tariff] : []));
  }

  /** Those of one backend that are chosen by their id. */
  of(by: string): readonly Tariff[] {
    return this.#rows.flatMap((row) => (row.connector === undefined && row.by === by ? [row.tariff] : []));
  }

  /**
   * Takes `cleared` away and keeps `added`, each in place of its own earlier version and of one that begins at the same
   * hour at the same place. The answer puts it into force, in one write: a power cut leaves all of it or nothing.
   * Undefined = no room.
   */
  change({ cleared, added }: TariffChanges): (() => void) | undefined {
    const rows = added.reduce<Rows>(
      withTariff,
      this.#rows.filter((row) => !cleared.includes(row)),
    );
    return rows.length > mostPushedTariffs ? undefined : () => this.#write(rows);
  }

  /** All named tariffs of one backend anew, in one write. False = no room, and nothing has changed. */
  replaceNamed(by: string, tariffs: readonly Tariff[]): boolean {
    const stays = this.#rows.filter((row) => row.by !== by || row.connector !== undefined);
    if (stays.length + tariffs.length > mostPushedTariffs) return false;
    this.#write([...stays, ...tariffs.map((tariff) => ({ tariff, connector: undefined, by }))]);
    return true;
  }

  #write(rows: Rows): void {
    this.table.update(() => rows.map(rowOf));
    this.#rows = rows;
  }
}

function withTariff(rows: Rows, added: PushedTariff): Rows {
  const stays = rows.filter((row) => {
    const sameTariff = row.by === added.by && row.tariff.id === added.tariff.id;
    const sameHour = added.connector !== undefined && row.tariff.startMs === added.tariff.startMs;
    return row.connector !== added.connector || !(sameTariff || sameHour);
  });
  return [...stays, added];
}
