// What backends have said about cards: the list that each keeps here (OCPP's local list), and a cache of their earlier
// answers. The list comes before the cache; both come after the cards of the config and those enrolled or fetched,
// whose whitelist decides first.

import { join } from "node:path";
import { z } from "zod";
import { textField } from "../../config/parts/schema-fields.js";
import type { Config, StationFacts } from "../../config/schema.js";
import type { Clock } from "../../drivers/driver.js";
import { type CachedAnswer, cardRefusals, type OnlineAnswer } from "../core/cdr/token.js";
import { firstDifference } from "../core/json/json-text.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { Disk } from "../ledger/store/disk.js";
import { Table } from "../ledger/store/table.js";
import {
  type CardLists,
  type ListedCard,
  mostListedCards,
  type Refusal,
  type RemoteAnswer,
} from "../sync/station-port.js";

export const backendCardsFile = "backend-cards.json";
export const cardCacheFile = "authorization-cache.json";
const mostCached = 1_000;
/** The same answer again is written anew only after this long: a table is whole in each write, and cards wear out. */
const renewAfterMs = 3_600_000;

const listedCard = z.strictObject({
  uid: textField(36),
  contractId: textField(36),
  status: z.enum(["ALLOWED", "BLOCKED", "EXPIRED"]),
  group: textField(36).optional(),
  expires: z.iso.datetime({ offset: true }).optional(),
  tariff: textField(60).optional(),
});
const lists = z.record(
  z.string(),
  z.strictObject({ version: z.int().min(0), cards: z.array(listedCard).max(mostListedCards) }),
);
type Lists = z.infer<typeof lists>;

const cacheRow = z.strictObject({
  uid: textField(36),
  atMs: z.int(),
  expiresMs: z.int().optional(),
  status: z.enum(["ALLOWED", ...cardRefusals]),
  token: z.strictObject({
    uid: z.string(),
    type: z.enum(["RFID", "APP_USER", "AD_HOC_USER", "OTHER"]),
    contractId: z.string(),
    countryCode: z.string(),
    partyId: z.string(),
  }),
  group: z.string().optional(),
  tariff: z.string().optional(),
});
const cache = z.array(cacheRow).max(mostCached);
type CacheRow = z.infer<typeof cacheRow>;

/** Name what was read; throw where it does not fit. */
export const parseCardLists = (value: unknown): Lists => lists.parse(value);
export const parseCardCache = (value: unknown): readonly CacheRow[] => cache.parse(value);

export type BackendCardsParts = {
  readonly disk: Disk;
  readonly folder: string;
  readonly station: StationFacts;
  readonly settings: Config["authorisation"];
  readonly clock: Clock;
};

const no = (code: Refusal["code"], why: string): Refusal => ({ accepted: false, code, why });

export class BackendCards implements CardLists {
  readonly #parts: BackendCardsParts;
  readonly #lists: Table<Lists>;
  readonly #cache: Table<readonly CacheRow[]>;
  #listed: ReadonlyMap<string, CachedAnswer> = new Map();

  /** Throws Failure table/damaged, disk/failed. */
  constructor(
    parts: BackendCardsParts,
    private readonly record: (event: StationEvent) => void,
  ) {
    const { disk, folder } = parts;
    this.#parts = parts;
    this.#lists = Table.open<Lists>(disk, join(folder, backendCardsFile), parseCardLists, {});
    this.#cache = Table.open<readonly CacheRow[]>(disk, join(folder, cardCacheFile), parseCardCache, []);
    this.#count();
  }

  /** What the lists say of a card. */
  listed(uid: string): CachedAnswer | undefined {
    return this.#listed.get(uid.toUpperCase());
  }

  /** What a backend last answered about a card, while that may still be believed. */
  cached(uid: string, at: number): CachedAnswer | undefined {
    const row = this.#cache.data.find((one) => one.uid === uid);
    if (row === undefined || at - row.atMs >= this.#parts.settings.cacheLifetime) return undefined;
    const { uid: _, atMs: __, group, tariff, expiresMs, ...rest } = row;
    return {
      ...rest,
      ...(group === undefined ? {} : { group }),
      ...(tariff === undefined ? {} : { tariff }),
      ...(expiresMs === undefined ? {} : { expiresMs }),
    };
  }

  /** Keeps a backend's answer, in place of the oldest where there is no room. */
  keep(uid: string, answer: OnlineAnswer, atMs: number): void {
    if (this.#parts.settings.cacheLifetime === 0 || uid.length > 36) return;
    if (answer.allowed === "ALLOWED" && answer.once === true)
      return void this.#cache.update((rows) =>
        rows.some((row) => row.uid === uid) ? rows.filter((row) => row.uid !== uid) : rows,
      );
    const { station } = this.#parts;
    const row: CacheRow =
      answer.allowed === "ALLOWED"
        ? {
            uid,
            atMs,
            status: "ALLOWED",
            token: { ...answer.token },
            ...(answer.group === undefined ? {} : { group: answer.group }),
            ...(answer.tariff === undefined ? {} : { tariff: answer.tariff }),
            ...(answer.expiresMs === undefined ? {} : { expiresMs: Math.trunc(answer.expiresMs) }),
          }
        : {
            uid,
            atMs,
            status: answer.allowed,
            token: { uid, type: "RFID", contractId: uid, countryCode: station.countryCode, partyId: station.partyId },
          };
    this.#cache.update((rows) => {
      const before = rows.find((one) => one.uid === uid);
      if (
        before !== undefined &&
        atMs - before.atMs < renewAfterMs &&
        firstDifference({ ...before, atMs }, row) === undefined
      )
        return rows;
      return [...rows.filter((one) => one !== before), row].slice(-mostCached);
    });
  }

  listVersion(by: string): number {
    return this.#lists.data[by]?.version ?? 0;
  }

  listSize(by: string): number {
    return this.#lists.data[by]?.cards.length ?? 0;
  }

  replaceList(by: string, version: number, cards: readonly ListedCard[]): RemoteAnswer {
    return this.#write(by, version, cards);
  }

  changeList(by: string, version: number, changes: Parameters<CardLists["changeList"]>[2]): RemoteAnswer {
    const known = this.listVersion(by);
    if (version <= known) return no("failed", `the list has version ${known} already, and ${version} is not newer`);
    const next = new Map((this.#lists.data[by]?.cards ?? []).map((card) => [card.uid, card]));
    for (const change of changes) {
      if ("remove" in change) next.delete(change.uid);
      else next.set(change.uid, change);
    }
    return this.#write(by, version, [...next.values()]);
  }

  clearCache(by: string): RemoteAnswer {
    this.record({ type: "CacheCleared", moment: this.#parts.clock.now(), by });
    this.#cache.update((rows) => (rows.length === 0 ? rows : []));
    return { accepted: true };
  }

  #write(by: string, version: number, cards: readonly ListedCard[]): RemoteAnswer {
    if (cards.length > mostListedCards)
      return no("full", `the list has ${cards.length} cards, and at most ${mostListedCards} are held`);
    const read = z.array(listedCard).safeParse(cards);
    if (!read.success || new Set(cards.map(({ uid }) => uid)).size < cards.length)
      return no("failed", read.success ? "a card appears twice in the list" : z.prettifyError(read.error));
    this.record({ type: "CardsListed", moment: this.#parts.clock.now(), by, version, cards: cards.length });
    this.#lists.update((before) => ({ ...before, [by]: { version, cards: read.data } }));
    this.#count();
    return { accepted: true };
  }

  #count(): void {
    const { countryCode, partyId } = this.#parts.station;
    this.#listed = new Map(
      Object.values(this.#lists.data).flatMap(({ cards }) =>
        cards.map(({ uid, contractId, status, group, expires, tariff }): [string, CachedAnswer] => [
          uid.toUpperCase(),
          {
            status,
            token: { uid, type: "RFID", contractId, countryCode, partyId },
            ...(group === undefined ? {} : { group }),
            ...(tariff === undefined ? {} : { tariff }),
            ...(expires === undefined ? {} : { expiresMs: Date.parse(expires) }),
          },
        ]),
      ),
    );
  }
}
