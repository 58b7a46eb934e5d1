// Tokens and tariffs fetched from a backend over OCPI. A refresh is all or nothing; tokens come by their changes and once a day whole, so that
// one which was taken out goes; a tariff that cannot be priced exactly is named, and the one before it stays in force.
import { z } from "zod";
import type { OcpiUplinkConfig } from "../../config/uplink.js";
import type { Clock, FaultCode } from "../../drivers/driver.js";
import { parseTariff, type Tariff } from "../core/tariff.js";
import type { Token } from "../core/token.js";
import { fetchAll, type Fetched, type Trouble } from "./ocpi-fetch.js";
import { OcpiLine, type OcpiParty } from "./ocpi-line.js";
import { readToken, tokenOf } from "./ocpi-token.js";

const keptToken = z.strictObject({
  uid: z.string(),
  contractId: z.string(),
  countryCode: z.string(),
  partyId: z.string(),
  valid: z.boolean(),
  whitelist: z.enum(["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"]),
  group: z.string().optional(),
});
const state = z.strictObject({
  tokens: z.array(keptToken),
  /** When all tokens were last fetched, epoch ms; 0 = never. */
  fullAtMs: z.number(),
  /** The newest last_updated that the backend has written. */
  from: z.string(),
  last: z.strictObject({ atMs: z.number(), ok: z.boolean(), words: z.string() }).nullable(),
});
export type PullState = z.infer<typeof state>;
export const nothingPulled: PullState = { tokens: [], fullAtMs: 0, from: "", last: null };
export const parsePullState = (value: unknown): PullState => state.parse(value);

export type PullStatus = { readonly uplink: string; readonly atMs?: number; readonly ok?: boolean; readonly words?: string; readonly tokens: number; readonly tariffs: number };

export type OcpiPullParts = {
  readonly config: OcpiUplinkConfig;
  readonly from: OcpiParty;
  readonly clock: Clock;
  readonly store: { read(): PullState; write(state: PullState): void };
  /** The tariffs that are kept from this backend, and all of them anew; false where there is no room. */
  readonly tariffs: { own(): readonly Tariff[]; replace(tariffs: readonly Tariff[]): boolean };
  /** Undefined = the trouble is over. */
  readonly fault: (code: FaultCode, words: string | undefined) => void;
  readonly die: (error: unknown) => void;
};

const wholeEveryMs = 24 * 3_600_000;
const mostTokens = 50_000;
const mostTariffs = 400;
/** A whole list takes at most so many times what one answer may take. */
const totalTimeouts = 10;

export class OcpiPull {
  readonly #parts: OcpiPullParts;
  readonly #line: OcpiLine;
  readonly #stop = new AbortController();
  #known: ReadonlyMap<string, Token>;
  #running: Promise<void> | undefined;

  /** Throws Failure config/invalid where the token would travel in the open. */
  constructor(parts: OcpiPullParts) {
    const { config, from } = parts;
    this.#parts = parts;
    this.#line = new OcpiLine(config, from, new URL(config.tokensUrl ?? config.tariffsUrl ?? config.url));
    this.#known = byUid(parts.store.read().tokens);
  }

  get schedule(): string {
    return this.#parts.config.pull;
  }

  token(uid: string): Token | undefined {
    return this.#known.get(uid);
  }

  /** Fetches, unless it does so already: all that a schedule may ask. */
  due(): void {
    void this.now(false);
  }

  /** Fetches; `whole` = all tokens, not their changes alone. Resolves when it is done, with or without success. */
  async now(whole = true): Promise<PullStatus> {
    if (!this.#stop.signal.aborted)
      await (this.#running ??= this.#parts.clock
        .busy(this.#pull(whole))
        .catch((error: unknown) => this.#parts.die(error))
        .finally(() => (this.#running = undefined)));
    return this.status();
  }

  status(): PullStatus {
    const { tokens, last } = this.#parts.store.read();
    return { uplink: this.#parts.config.name, ...(last ?? {}), tokens: tokens.length, tariffs: this.#parts.tariffs.own().length };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#line.close();
  }

  async #pull(whole: boolean): Promise<void> {
    const words: string[] = [];
    const troubles: Trouble[] = [];
    for (const part of [() => this.#pullTokens(whole), () => this.#pullTariffs()]) {
      const result = await part();
      if (this.#stop.signal.aborted) return;
      if (typeof result !== "string") troubles.push(result);
      else if (result !== "") words.push(result);
    }
    const fault = troubles.find((trouble) => trouble.fault !== undefined);
    this.#parts.fault("uplink/unauthorised", fault?.words);
    const { at } = this.#parts.clock.now();
    const { store } = this.#parts;
    store.write({ ...store.read(), last: { atMs: at, ok: troubles.length === 0, words: [...troubles.map((trouble) => trouble.words), ...words].join("; ") } });
  }

  #fetch(key: "tokensUrl" | "tariffsUrl", address: string, mostRows: number, dateFrom?: string): Promise<Fetched> {
    const { timeout, tokenFile } = this.#parts.config;
    return fetchAll(this.#line, { url: new URL(address), tokenFile, key, timeoutMs: timeout, totalMs: timeout * totalTimeouts, mostRows, ...(dateFrom === undefined ? {} : { dateFrom }) }, this.#stop.signal);
  }

  async #pullTokens(asked: boolean): Promise<string | Trouble> {
    const { config, store, clock } = this.#parts;
    if (config.tokensUrl === undefined) return "";
    const before = store.read();
    const { at } = clock.now();
    const whole = asked || before.from === "" || Math.abs(at - before.fullAtMs) >= wholeEveryMs;
    const fetched = await this.#fetch("tokensUrl", config.tokensUrl, mostTokens, whole ? undefined : before.from);
    if (!fetched.ok) return fetched;
    const tokens = new Map<string, PullState["tokens"][number]>(whole ? [] : before.tokens.map((token) => [token.uid, token] as const));
    let unreadable = 0;
    let newest = whole ? "" : before.from;
    for (const row of fetched.rows) {
      const read = readToken(row);
      if (!read.ok) {
        unreadable += 1;
        if (read.uid !== undefined) tokens.delete(read.uid);
        continue;
      }
      const { token } = read;
      if (Date.parse(token.last_updated) > (Date.parse(newest) || 0)) newest = token.last_updated;
      // What no reader can read needs no room here.
      if (token.type === "RFID") tokens.set(token.uid, tokenOf(token));
    }
    if (tokens.size > mostTokens) return { ok: false, words: `more than ${mostTokens} tokens: no more are held here` };
    const kept = [...tokens.values()];
    store.write({ ...before, tokens: kept, from: newest, fullAtMs: whole ? at : before.fullAtMs });
    this.#known = byUid(kept);
    return `${kept.length} tokens${unreadable === 0 ? "" : `, ${unreadable} rows could not be read and count for nothing`}`;
  }

  async #pullTariffs(): Promise<string | Trouble> {
    const { config, tariffs } = this.#parts;
    if (config.tariffsUrl === undefined) return "";
    const fetched = await this.#fetch("tariffsUrl", config.tariffsUrl, mostTariffs);
    if (!fetched.ok) return fetched;
    const next: Tariff[] = [];
    const refused: string[] = [];
    for (const [index, row] of fetched.rows.entries()) {
      const parsed = parseTariff(row);
      if (parsed.ok) next.push(parsed.tariff);
      else {
        const id: unknown = (row as { id?: unknown } | null)?.id;
        refused.push(`tariff ${typeof id === "string" ? `"${id}"` : `at row ${index + 1}`} cannot be sold by: ${parsed.faults[0]?.path ?? ""}: ${parsed.faults[0]?.message ?? ""}`);
        // The one in force before stays: no price is made up, and none is lost.
        next.push(...tariffs.own().filter((own) => own.id === id));
      }
    }
    this.#parts.fault("tariff/unreadable", refused.length === 0 ? undefined : `${refused[0] ?? ""}${refused.length > 1 ? ` (and ${refused.length - 1} more)` : ""}; the one before it stays in force`);
    if (!tariffs.replace(next)) return { ok: false, words: "there is no room for so many tariffs: nothing was changed" };
    return `${next.length} tariffs${refused.length === 0 ? "" : `, of which ${refused.length} could not be taken up`}`;
  }
}

const byUid = (tokens: PullState["tokens"]): ReadonlyMap<string, Token> =>
  new Map(tokens.map(({ group, ...token }) => [token.uid, { ...token, ...(group === undefined ? {} : { group }) }]));
