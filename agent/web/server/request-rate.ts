// How many requests a client may make: a bucket each, in a map of bounded size.
import { processMs } from "../../../drivers/clock.js";

const perSecond = 10;
const burst = 40;
/** Clients that are remembered; beyond it the one that asked longest ago is forgotten. */
const mostClients = 4_096;

export class RequestRate {
  readonly #buckets = new Map<string, { readonly tokens: number; readonly atMs: number }>();

  constructor(private readonly now: () => number = processMs) {}

  /** Takes a request; false where the client has made too many. */
  take(client: string): boolean {
    const atMs = this.now();
    const before = this.#buckets.get(client) ?? { tokens: burst, atMs };
    const tokens = Math.min(burst, before.tokens + ((atMs - before.atMs) / 1_000) * perSecond);
    this.#buckets.delete(client);
    const oldest = this.#buckets.size >= mostClients ? this.#buckets.keys().next().value : undefined;
    if (oldest !== undefined) this.#buckets.delete(oldest);
    this.#buckets.set(client, { tokens: tokens < 1 ? tokens : tokens - 1, atMs });
    return tokens >= 1;
  }
}
