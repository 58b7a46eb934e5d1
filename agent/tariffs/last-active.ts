// The tariffs that were in force when the clock could last be trusted: what may still be sold by after a start without
// a clock.
import { z } from "zod";

/**
 * By tariff id. `tariff` is its OCPI text as it was read, proven again where it is used; `trustedMs` = epoch ms of that
 * moment.
 */
export type LastActive = Readonly<Record<string, { readonly tariff: unknown; readonly trustedMs: number }>>;

export const lastActiveFile = "last-active-tariffs.json";

const table = z.record(z.string(), z.object({ tariff: z.record(z.string(), z.unknown()), trustedMs: z.int() }));

/** Names the shape of the table. Throws an Error that names the field where it does not fit. */
export function parseLastActive(value: unknown): LastActive {
  const read = table.safeParse(value);
  if (read.success) return read.data;
  throw new Error(`the tariffs that were in force cannot be read: ${z.prettifyError(read.error)}`);
}
