// When a line that was lost is tried again (2.x part 4, 5.4 "Reconnecting", with the errata of 2025-06): after a least
// time, doubled so many times while it fails, each time with a random part of its own; after a connection that stood it
// begins anew. Pure.
import type { BackoffLimits } from "../../transport/backoff.js";

export type Reconnect = {
  /** OCPPCommCtrlr.RetryBackOffWaitMinimum. */
  readonly waitMinimumMs: number;
  /** OCPPCommCtrlr.RetryBackOffRandomRange. */
  readonly randomRangeMs: number;
  /** OCPPCommCtrlr.RetryBackOffRepeatTimes. */
  readonly repeatTimes: number;
};

/** Nobody wants a station that is away for longer. */
const longestMs = 86_400_000;

/** Milliseconds to the `tries`-th try (1 or more) since a connection stood. `random` is in [0, 1). */
export function reconnectMs(
  tries: number,
  { waitMinimumMs, randomRangeMs, repeatTimes }: Reconnect,
  random: number,
): number {
  return Math.min(
    longestMs,
    Math.round(waitMinimumMs * 2 ** Math.min(tries - 1, repeatTimes) + randomRangeMs * random),
  );
}

/** By the config, until a CSMS says otherwise: doubled as long as it stays within `most`. */
export const reconnectBy = ({ first, most }: BackoffLimits): Reconnect => ({
  waitMinimumMs: first,
  randomRangeMs: Math.round(first / 2),
  repeatTimes: Math.max(0, Math.floor(Math.log2(most / first))),
});
