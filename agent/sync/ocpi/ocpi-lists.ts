// What the pages of a list come to: the tokens from before with their changes, and the tariffs anew. A page is read as
// it comes and let go, so that what a list costs is what is kept of it.
import { z } from "zod";
import { firstDifference } from "../../core/json/json-text.js";
import { counted } from "../../core/number/counted.js";
import type { Tariff } from "../../core/tariff/tariff.js";
import { parseInstant } from "../../core/time/time.js";
import { readOcpiTariff } from "./ocpi-tariff.js";
import { readToken, tokenOfOcpi } from "./ocpi-token.js";

/** A row of the table of tokens. */
export const keptToken = z.strictObject({
  uid: z.string(),
  contractId: z.string(),
  countryCode: z.string(),
  partyId: z.string(),
  valid: z.boolean(),
  whitelist: z.enum(["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"]),
  group: z.string().optional(),
  provider: z.string().optional(),
});
export type KeptToken = z.infer<typeof keptToken>;

/** The tokens from before, and what pages change of them. */
export class TokenList {
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
      if ((parseInstant(token.last_updated) ?? 0) > (parseInstant(this.#newest) ?? 0))
        this.#newest = token.last_updated;
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
    return (parseInstant(this.#newest) ?? 0) > serverMs ? new Date(serverMs).toISOString() : this.#newest;
  }
}

/** The tariffs of a backend anew; of one that cannot be sold by, the one before it stays. */
export class TariffList {
  readonly tariffs: Tariff[] = [];
  /** Why each that is refused cannot be sold by. */
  readonly refused: string[] = [];
  #rows = 0;

  constructor(private readonly before: readonly Tariff[]) {}

  take(rows: readonly unknown[]): void {
    for (const row of rows) {
      this.#rows += 1;
      const read = readOcpiTariff(row);
      if (read.ok) {
        this.tariffs.push(read.tariff);
        continue;
      }
      // The one in force before stays: no price is made up, and none is lost.
      const before = this.before.filter((own) => own.id === read.id);
      this.tariffs.push(...before);
      this.refused.push(
        `tariff ${read.id === undefined ? `at row ${this.#rows}` : `"${read.id}"`} cannot be sold by: ${read.why}` +
          `${before.length === 0 ? "" : "; the one before it stays in force"}`,
      );
    }
  }

  get words(): string {
    const { tariffs, refused } = this;
    const not = refused.length === 0 ? "" : `, ${refused.length} could not be taken up`;
    return `${counted(tariffs.length, "tariff")}${not}`;
  }

  /** Undefined where all of them can be sold by. */
  get refusal(): string | undefined {
    const [first = "", ...more] = this.refused;
    if (first === "") return undefined;
    return `${first}${more.length === 0 ? "" : ` (and ${more.length} more)`}`;
  }
}
