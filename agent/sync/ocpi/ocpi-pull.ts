// Tokens and tariffs fetched from a backend over OCPI. A refresh is all or nothing; tokens come by their changes and
// once a day whole, so that one which was taken out goes; a tariff that cannot be priced exactly is named, and the one
// before it stays in force.

import { z } from "zod";
import type { OcpiUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import type { Token } from "../../core/cdr/token.js";
import type { FaultCode } from "../../core/fault-table.js";
import { firstDifference } from "../../core/json/json-text.js";
import { counted } from "../../core/number/counted.js";
import type { Tariff } from "../../core/tariff/tariff.js";
import { mostPushedTariffs } from "../../tariffs/pushed-tariffs.js";
import { backoffMs } from "../transport/backoff.js";
import { type FetchResult, type FetchTrouble, fetchAll } from "./ocpi-fetch.js";
import { OcpiLine, type OcpiParty } from "./ocpi-line.js";
import { readOcpiTariff } from "./ocpi-tariff.js";
import { readToken, tokenOfOcpi } from "./ocpi-token.js";

const keptToken = z.strictObject({
  uid: z.string(),
  contractId: z.string(),
  countryCode: z.string(),
  partyId: z.string(),
  valid: z.boolean(),
  whitelist: z.enum(["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"]),
  group: z.string().optional(),
});
type KeptToken = z.infer<typeof keptToken>;
const last = z.strictObject({ atMs: z.number(), ok: z.boolean(), words: z.string() });
const state = z.strictObject({
  tokens: z.array(keptToken),
  /** When all tokens were last fetched, epoch ms; 0 = never. */
  fullAtMs: z.number(),
  /** The newest last_updated that the backend has written. */
  from: z.string(),
  /** How the fetch went that changed this last. */
  last: last.nullable(),
});
export type PullState = z.infer<typeof state>;
export const nothingPulled: PullState = { tokens: [], fullAtMs: 0, from: "", last: null };
export const parsePullState = (value: unknown): PullState => state.parse(value);

export type PullStatus = {
  readonly uplink: string;
  readonly atMs?: number;
  readonly ok?: boolean;
  readonly words?: string;
  readonly tokens: number;
  readonly tariffs: number;
};

export type OcpiPullParts = {
  readonly config: OcpiUplinkConfig;
  readonly from: OcpiParty;
  readonly clock: Clock;
  /** In [0, 1): the jitter. */
  readonly random: () => number;
  readonly store: { read(): PullState; write(state: PullState): void };
  /** The tariffs that are kept from this backend, and all of them anew; false where there is no room. */
  readonly tariffs: { own(): readonly Tariff[]; replace(tariffs: readonly Tariff[]): boolean };
  /** Undefined = the trouble is over. */
  readonly fault: (code: FaultCode, words: string | undefined) => void;
  /** Told when fetching begins to fail, and when it goes again. */
  readonly note: (words: string) => void;
  readonly die: (error: unknown) => void;
};

const wholeEveryMs = 24 * 3_600_000;
const mostTokens = 50_000;
const mostTariffs = 400;
/** A whole list takes at most so many times what one answer may take. */
const totalTimeouts = 10;
/** A street of stations has one schedule: each begins a little later than it says, and before its next minute. */
const spreadMs = 50_000;

/** What one fetch of tokens found, and what of it is to be kept: nothing where nothing changed. */
type Found = { readonly words: string; readonly kept?: Omit<PullState, "last"> };

export class OcpiPull {
  readonly #parts: OcpiPullParts;
  readonly #lines: Readonly<Partial<Record<"tokensUrl" | "tariffsUrl", OcpiLine>>>;
  readonly #stop = new AbortController();
  #known: ReadonlyMap<string, Token>;
  #last: PullState["last"];
  #running: Promise<void> | undefined;
  #failures = 0;
  #wake: (() => void) | undefined;

  /** Throws Failure config/invalid where the token would travel in the open. */
  constructor(parts: OcpiPullParts) {
    const { config, from } = parts;
    const lineTo = (address: string): OcpiLine => new OcpiLine(config, from, new URL(address), parts.clock);
    this.#parts = parts;
    this.#lines = {
      ...(config.tokensUrl === undefined ? {} : { tokensUrl: lineTo(config.tokensUrl) }),
      ...(config.tariffsUrl === undefined ? {} : { tariffsUrl: lineTo(config.tariffsUrl) }),
    };
    const kept = parts.store.read();
    this.#known = byUid(kept.tokens);
    this.#last = kept.last;
  }

  get schedule(): string {
    return this.#parts.config.pull;
  }

  token(uid: string): Token | undefined {
    return this.#known.get(uid);
  }

  /** The schedule's turn: fetches within the minute, unless it does so already or waits after a failure. */
  due(): void {
    if (this.#stop.signal.aborted || this.#running !== undefined || this.#wake !== undefined) return;
    this.#in(this.#parts.random() * spreadMs);
  }

  /** Fetches; `whole` = all tokens, not their changes alone. Resolves when it is done, with or without success. */
  async now(whole = true): Promise<PullStatus> {
    this.#calm();
    if (this.#stop.signal.aborted) return this.status();
    this.#running ??= this.#parts.clock
      .busy(this.#pull(whole))
      .catch((error: unknown) => this.#parts.die(error))
      .finally(() => {
        this.#running = undefined;
      });
    await this.#running;
    return this.status();
  }

  /** Resolves when what runs is done. */
  async settled(): Promise<void> {
    await this.#running;
  }

  status(): PullStatus {
    return {
      uplink: this.#parts.config.name,
      ...(this.#last ?? {}),
      tokens: this.#known.size,
      tariffs: this.#parts.tariffs.own().length,
    };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#calm();
    await this.#running;
    for (const line of Object.values(this.#lines)) line.close();
  }

  #in(ms: number): void {
    const { clock } = this.#parts;
    this.#wake = clock.at(clock.now().monoMs + ms, () => void this.now(false));
  }

  #calm(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async #pull(whole: boolean): Promise<void> {
    const tokens = await this.#pullTokens(whole);
    if (this.#stop.signal.aborted) return;
    const tariffs = await this.#pullTariffs();
    if (this.#stop.signal.aborted) return;
    const results = [tokens, tariffs].filter((result) => result !== undefined);
    const troubles = results.filter((result): result is FetchTrouble => "ok" in result);
    this.#parts.fault("uplink/unauthorised", troubles.find((trouble) => trouble.fault !== undefined)?.words);
    // Both lists fail for one reason more often than not.
    const words = [
      ...new Set([...troubles, ...results.filter((result) => !("ok" in result))].map((result) => result.words)),
    ]
      .filter((text) => text !== "")
      .join("; ");
    this.#tell({ atMs: this.#parts.clock.now().at, ok: troubles.length === 0, words });
    const kept = tokens !== undefined && "kept" in tokens ? tokens.kept : undefined;
    // Written where something changed: a list is written whole, and a card that does so each hour wears out.
    if (kept !== undefined) this.#parts.store.write({ ...kept, last: this.#last });
    this.#failures = troubles.length === 0 ? 0 : this.#failures + 1;
    if (troubles.length === 0) return;
    this.#in(
      backoffMs(
        this.#failures,
        this.#parts.config.backoff,
        this.#parts.random(),
        Math.max(...troubles.map(({ afterMs = 0 }) => afterMs)),
      ),
    );
  }

  #tell(now: NonNullable<PullState["last"]>): void {
    const before = this.#last?.ok ?? true;
    this.#last = now;
    if (now.ok !== before)
      this.#parts.note(
        now.ok
          ? `tokens and tariffs are fetched again: ${now.words}`
          : `tokens and tariffs cannot be fetched, those from before stay in force: ${now.words}`,
      );
  }

  /** Undefined = there is nothing to fetch by that name. */
  async #fetch(
    key: "tokensUrl" | "tariffsUrl",
    mostRows: number,
    take: (rows: readonly unknown[]) => void,
    dateFrom?: string,
  ): Promise<FetchResult | undefined> {
    const { config, clock } = this.#parts;
    const [line, address] = [this.#lines[key], config[key]];
    if (line === undefined || address === undefined) return undefined;
    const { timeout, tokenFile } = config;
    const options = {
      clock,
      url: new URL(address),
      tokenFile,
      key,
      timeoutMs: timeout,
      totalMs: timeout * totalTimeouts,
      mostRows,
      ...(dateFrom === undefined ? {} : { dateFrom }),
    };
    return fetchAll(line, options, this.#stop.signal, take);
  }

  async #pullTokens(asked: boolean): Promise<Found | FetchTrouble | undefined> {
    const { store, clock } = this.#parts;
    const before = store.read();
    const { at } = clock.now();
    const whole = asked || before.from === "" || Math.abs(at - before.fullAtMs) >= wholeEveryMs;
    const list = new TokenList(whole ? [] : before.tokens, whole ? "" : before.from);
    const fetched = await this.#fetch(
      "tokensUrl",
      mostTokens,
      (rows) => list.take(rows),
      whole ? undefined : before.from,
    );
    if (fetched === undefined || !fetched.ok) return fetched;
    const { tokens, unreadable } = list;
    if (tokens.size > mostTokens) return { ok: false, words: `more than ${mostTokens} tokens: no more are held here` };
    const ignored = `${counted(unreadable, "row")} could not be read and ${unreadable === 1 ? "counts" : "count"} for nothing`;
    const words = [counted(tokens.size, "token"), ...(unreadable === 0 ? [] : [ignored])].join(", ");
    const from = list.from(fetched.serverMs);
    if (!whole && !list.changed && from === before.from) return { words };
    const kept = [...tokens.values()];
    this.#known = byUid(kept);
    return { words, kept: { tokens: kept, from, fullAtMs: whole ? at : before.fullAtMs } };
  }

  async #pullTariffs(): Promise<Found | FetchTrouble | undefined> {
    const { tariffs } = this.#parts;
    const rows: unknown[] = [];
    const fetched = await this.#fetch("tariffsUrl", mostTariffs, (page) => rows.push(...page));
    if (fetched === undefined || !fetched.ok) return fetched;
    const next: Tariff[] = [];
    const refused: string[] = [];
    for (const [index, row] of rows.entries()) {
      const read = readOcpiTariff(row);
      if (read.ok) {
        next.push(read.tariff);
        continue;
      }
      // The one in force before stays: no price is made up, and none is lost.
      const before = tariffs.own().filter((own) => own.id === read.id);
      next.push(...before);
      refused.push(
        `tariff ${read.id === undefined ? `at row ${index + 1}` : `"${read.id}"`} cannot be sold by: ${read.why}` +
          `${before.length === 0 ? "" : "; the one before it stays in force"}`,
      );
    }
    this.#parts.fault(
      "tariff/refused",
      refused.length === 0
        ? undefined
        : `${refused[0] ?? ""}${refused.length > 1 ? ` (and ${refused.length - 1} more)` : ""}`,
    );
    if (!tariffs.replace(next))
      return { ok: false, words: `too many tariffs (limit ${mostPushedTariffs}): nothing was changed` };
    return {
      words: `${counted(next.length, "tariff")}${refused.length === 0 ? "" : `, ${refused.length} could not be taken up`}`,
    };
  }
}

/** The tokens from before, and what pages change of them. */
class TokenList {
  readonly tokens: Map<string, KeptToken>;
  changed = false;
  unreadable = 0;
  #newest: string;

  constructor(before: readonly KeptToken[], from: string) {
    this.tokens = new Map(before.map((token) => [token.uid, token] as const));
    this.#newest = from;
  }

  take(rows: readonly unknown[]): void {
    for (const row of rows) {
      const read = readToken(row);
      if (!read.ok) {
        this.unreadable += 1;
        if (read.uid !== undefined) this.changed = this.tokens.delete(read.uid) || this.changed;
        continue;
      }
      const { token } = read;
      if (Date.parse(token.last_updated) > (Date.parse(this.#newest) || 0)) this.#newest = token.last_updated;
      // What no reader can read needs no room here.
      if (token.type !== "RFID") continue;
      const kept = tokenOfOcpi(token);
      this.changed ||= firstDifference(this.tokens.get(token.uid), kept) !== undefined;
      this.tokens.set(token.uid, kept);
    }
  }

  /**
   * From when on changes are asked for next: the newest that came, but never later than the server's own time, or one
   * wrong date would hide what comes before it.
   */
  from(serverMs = Number.POSITIVE_INFINITY): string {
    return Date.parse(this.#newest) > serverMs ? new Date(serverMs).toISOString() : this.#newest;
  }
}

const byUid = (tokens: readonly KeptToken[]): ReadonlyMap<string, Token> =>
  new Map(tokens.map(({ group, ...token }) => [token.uid, { ...token, ...(group === undefined ? {} : { group }) }]));
