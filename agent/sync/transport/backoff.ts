// How long to wait after the n-th failure: doubling, with jitter so that a street of stations does not come back as
// one, capped, for ever.

export type BackoffLimits = { readonly first: number; readonly most: number };

/** Nobody is believed who asks for more than a day (Retry-After). */
const longestAskedMs = 86_400_000;
const mostDoublings = 30;

/** Milliseconds to wait after `failures` (1 or more) in a row. `random` is in [0, 1). */
export function backoffMs(failures: number, limits: BackoffLimits, random: number, askedMs = 0): number {
  const full = Math.min(limits.most, limits.first * 2 ** Math.min(failures - 1, mostDoublings));
  return Math.max(Math.round(full / 2 + (full / 2) * random), Math.min(askedMs, longestAskedMs));
}
