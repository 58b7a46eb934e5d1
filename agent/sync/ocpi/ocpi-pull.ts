// Tokens and tariffs fetched from a backend over OCPI. A refresh is all or nothing; tokens come by their changes and
// once a day whole, so that one which was taken out goes; a tariff that cannot be priced exactly is named, and the one
// before it stays in force.

import { z } from "zod";
import type { OcpiUplinkConfig } from "../../../config/uplink-schema.js";
import type { Clock } from "../../../drivers/driver.js";
import type { Token } from "../../core/cdr/token.js";
import type { FaultCode } from "../../core/fault-table.js";
import { counted } from "../../core/number/counted.js";
import type { Tariff } from "../../core/tariff/tariff.js";
import { mostPushedTariffs } from "../../tariffs/pushed-tariffs.js";
import { backoffMs } from "../transport/backoff.js";
import type { FetchMark } from "./fetch-mark.js";
import { type FetchResult, type FetchTrouble, fetchAll, type ListBounds } from "./ocpi-fetch.js";
import { OcpiLine, type OcpiParty } from "./ocpi-line.js";
import { type KeptToken, keptToken, TariffList, TokenList } from "./ocpi-lists.js";

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
  /** Stands while a fetch runs, so that one which ended the process is known afterwards. */
  readonly mark: FetchMark;
  /** The tariffs that are kept from this backend, and all of them anew; false where there is no room. */
  readonly tariffs: { own(): readonly Tariff[]; replace(tariffs: readonly Tariff[]): boolean };
  /** Undefined = the trouble is over. */
  readonly fault: (code: FaultCode, words: string | undefined) => void;
  /** Told when fetching begins to fail, and when it goes again. */
  readonly note: (words: string) => void;
  readonly die: (error: unknown) => void;
};

const wholeEveryMs = 24 * 3_600_000;
const mebibyte = 1024 * 1024;
const mostTokens = 50_000;
/** What is kept of the tariffs is read at each start as it stands, so that they have less room. */
const tokenBounds: ListBounds = { rows: mostTokens, bytes: 32 * mebibyte, values: 2_000_000 };
const tariffBounds: ListBounds = { rows: 400, bytes: 4 * mebibyte, values: 200_000 };
/** After a fetch that ended the process: sessions come first. */
const afterDeath = { first: 600_000, most: 86_400_000 };
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

  /**
   * What a backend has changed while we were down is wanted at the start; but where the last fetch was the last thing
   * that the process did, later.
   */
  begin(): void {
    const { mark, random, clock } = this.#parts;
    const deaths = mark.deaths();
    if (deaths === 0) return void this.now(false);
    const waitMs = backoffMs(deaths, afterDeath, random());
    const words =
      `the agent ended while it fetched (${counted(deaths, "time")} in a row): ` +
      `it tries again in ${Math.round(waitMs / 60_000)} min, or by: chargetill sync now`;
    this.#tell({ atMs: clock.now().at, ok: false, words });
    this.#in(waitMs);
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

  /** The mark goes where the fetch came to an end, good or bad; what was thrown ends the process, and leaves it. */
  async #pull(whole: boolean): Promise<void> {
    this.#parts.mark.set();
    await this.#fetchBoth(whole);
    this.#parts.mark.clear();
  }

  async #fetchBoth(whole: boolean): Promise<void> {
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
    bounds: ListBounds,
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
      bounds,
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
      tokenBounds,
      (rows) => list.take(rows),
      whole ? undefined : before.from,
    );
    if (fetched === undefined || !fetched.ok) return fetched;
    const { tokens, unreadable } = list;
    if (tokens.size > mostTokens) return { ok: false, words: `more than ${mostTokens} tokens: no more are held here` };
    const ignored = `${counted(unreadable, "row")} could not be read and ${unreadable === 1 ? "counts" : "count"} for nothing`;
    const words =
      [counted(tokens.size, "token"), ...(unreadable === 0 ? [] : [ignored])].join(", ") +
      cleanedWords(fetched.cleaned);
    const from = list.from(fetched.serverMs);
    if (!whole && !list.changed && from === before.from) return { words };
    const kept = [...tokens.values()];
    this.#known = byUid(kept);
    return { words, kept: { tokens: kept, from, fullAtMs: whole ? at : before.fullAtMs } };
  }

  async #pullTariffs(): Promise<Found | FetchTrouble | undefined> {
    const { tariffs } = this.#parts;
    const list = new TariffList(tariffs.own());
    const fetched = await this.#fetch("tariffsUrl", tariffBounds, (rows) => list.take(rows));
    if (fetched === undefined || !fetched.ok) return fetched;
    this.#parts.fault("tariff/refused", list.refusal);
    if (!tariffs.replace(list.tariffs))
      return { ok: false, words: `too many tariffs (limit ${mostPushedTariffs}): nothing was changed` };
    return { words: `${list.words}${cleanedWords(fetched.cleaned)}` };
  }
}

const cleanedWords = (cleaned: number): string =>
  cleaned === 0 ? "" : `, ${counted(cleaned, "text")} cleaned of characters that cannot be printed`;

const byUid = (tokens: readonly KeptToken[]): ReadonlyMap<string, Token> =>
  new Map(
    tokens.map(({ group, provider, ...token }) => [
      token.uid,
      { ...token, ...(group === undefined ? {} : { group }), ...(provider === undefined ? {} : { provider }) },
    ]),
  );
