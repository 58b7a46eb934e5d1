// The cards that may charge here: those of the config file, and those enrolled or revoked since, which are kept in a
// table of their own. An enrolled row stands in place of the config's for the same card, so that a card can be revoked
// without an editor.
import { join } from "node:path";
import { type StationFacts, type TokenConfig, tokenSchema } from "../../config/schema.js";
import type { Token } from "../core/cdr/token.js";
import { Failure } from "../core/failure.js";
import type { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";

export const enrolledCardsFile = "enrolled-cards.json";
const mostRows = 10_000;

/** A row, and where it comes from. */
export type EnrolledCard = TokenConfig & { readonly from: "config" | "enrolled" };

/** Names the shape of the table. Throws where it does not fit. */
export function parseEnrolledCards(value: unknown): readonly TokenConfig[] {
  if (!Array.isArray(value) || value.length > mostRows) throw new Error(`expected a list of at most ${mostRows} cards`);
  return value.map((row) => tokenSchema.parse(row));
}

function merged(config: readonly TokenConfig[], enrolled: readonly TokenConfig[]): EnrolledCard[] {
  const rows = new Map<string, EnrolledCard>();
  for (const row of config) rows.set(row.uid, { ...row, from: "config" });
  for (const row of enrolled) rows.set(row.uid, { ...row, from: "enrolled" });
  return [...rows.values()];
}

type CardTable = Pick<Table<readonly TokenConfig[]>, "data" | "update">;

export class EnrolledCards {
  readonly #table: CardTable;
  readonly #station: StationFacts;
  #config: readonly TokenConfig[];
  #known: ReadonlyMap<string, Token> = new Map();

  private constructor(
    table: CardTable,
    config: { readonly tokens: readonly TokenConfig[]; readonly station: StationFacts },
  ) {
    this.#table = table;
    this.#station = config.station;
    this.#config = config.tokens;
    this.#count();
  }

  /** Throws Failure table/damaged, disk/failed. */
  static open(
    disk: Disk,
    folder: string,
    config: { readonly tokens: readonly TokenConfig[]; readonly station: StationFacts },
  ): EnrolledCards {
    return new EnrolledCards(
      Table.open<readonly TokenConfig[]>(disk, join(folder, enrolledCardsFile), parseEnrolledCards, []),
      config,
    );
  }

  /** The same cards, for looking only: nothing is made or written. Throws Failure table/damaged, disk/failed. */
  static view(
    disk: Disk,
    folder: string,
    config: { readonly tokens: readonly TokenConfig[]; readonly station: StationFacts },
  ): EnrolledCards {
    return new EnrolledCards(
      Table.shown<readonly TokenConfig[]>(disk, join(folder, enrolledCardsFile), parseEnrolledCards, []),
      config,
    );
  }

  /** By whole UID: what a tap is judged by. */
  get known(): ReadonlyMap<string, Token> {
    return this.#known;
  }

  rows(): EnrolledCard[] {
    return merged(this.#config, this.#table.data);
  }

  /** Takes up the config's cards anew. */
  configured(tokens: readonly TokenConfig[]): void {
    this.#config = tokens;
    this.#count();
  }

  /** Enrols cards or changes them; what is not said of a known card stays as it was. Lasts when it returns. */
  put(rows: readonly TokenConfig[]): void {
    this.#table.update((before) => {
      const next = new Map(before.map((row) => [row.uid, row]));
      for (const row of rows) next.set(row.uid, row);
      if (next.size > mostRows)
        throw new Failure("usage/invalid", `${next.size} cards; more than ${mostRows} are not kept here`);
      return [...next.values()];
    });
    this.#count();
  }

  /** Blocks a card, wherever it comes from. Throws Failure usage/invalid for a card that nobody knows. */
  revoke(uid: string): void {
    const row = this.rows().find((each) => each.uid === uid);
    if (row === undefined) throw new Failure("usage/invalid", `no card ${uid} is known here`);
    const { from: _, ...card } = row;
    this.put([{ ...card, valid: false }]);
  }

  #count(): void {
    this.#known = new Map(this.rows().map((row) => [row.uid, tokenOf(row, this.#station)]));
  }
}

function tokenOf(row: TokenConfig, station: StationFacts): Token {
  return {
    uid: row.uid,
    contractId: row.contractId,
    countryCode: station.countryCode,
    partyId: station.partyId,
    valid: row.valid,
    whitelist: row.whitelist,
    ...(row.group === undefined ? {} : { group: row.group }),
    ...(row.expires === undefined ? {} : { expiresMs: Date.parse(row.expires) }),
    ...(row.tariff === undefined ? {} : { tariff: row.tariff }),
  };
}
