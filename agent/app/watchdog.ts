// When systemd is told that we still make progress. In quiet times a timer tells it; while a slow disk holds up the
// loop no timer fires, and each fsync that comes to its end is progress, for as long as a settlement on a dying card
// may take.
import type { ConnectorConfig } from "../../config/schema.js";
import type { Machine } from "../../drivers/machine/open-machine.js";
import type { Faults } from "../sync/faults.js";

/** Tells systemd at once, also while nothing else can run. */
export type PingNow = () => void;

export const pingEveryMs = 10_000;
/** A loop that was held up for longer than this is not slow, it is lost: whatever it writes, it is not pinged for. */
const heldUpAtMostMs = 5 * 60_000;

export class Watchdog {
  #pingedMs = Number.NEGATIVE_INFINITY;
  #turnMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly pingNow: PingNow) {}

  /** The loop turns: `monoMs` = now. Whoever calls this pings by itself. */
  turned(monoMs: number): void {
    this.#turnMs = monoMs;
    this.#pingedMs = monoMs;
  }

  /** An fsync has returned. */
  synced(monoMs: number): void {
    if (monoMs - this.#pingedMs < pingEveryMs || monoMs - this.#turnMs > heldUpAtMostMs) return;
    this.#pingedMs = monoMs;
    this.pingNow();
  }
}

/** A connector that took no turn for this long, beyond what its line may cost it, is not looked after. */
const progressWithinMs = 60_000;
/**
 * What a request that is given up keeps a line busy beyond its time-out, and how many may be given up in one
 * connector's turn: the one that a meter is lost by with its repeats, and one more.
 */
const lineRestMs = 1_000;
const requestsGivenUp = 4;

/**
 * How long a connector may go without a turn before systemd is no longer told of progress: milliseconds from the
 * beginning of one turn to the next, at most, where all meters of its line are silent. Such a line is slow, each meter
 * for its whole time-out, and not hung: killing the agent for it would open contactors for nothing, again and again.
 */
export function watchdogLimitMs(
  { meter: { port } }: Pick<ConnectorConfig, "meter">,
  connectors: readonly Pick<ConnectorConfig, "meter">[],
): number {
  const onLine = connectors.filter(({ meter }) => meter.port === port);
  return onLine.reduce((sum, { meter }) => sum + requestsGivenUp * (meter.timeout + lineRestMs), progressWithinMs);
}

/**
 * Raises or clears that nobody opens the contactors at once when we hang. The station sells all the same: systemd's
 * watchdog ends what hangs, only later.
 */
export function lookAtOpener(
  { openerTrouble, clock }: Pick<Machine, "openerTrouble" | "clock">,
  faults: Faults | undefined,
): void {
  const trouble = openerTrouble();
  if (trouble === undefined) faults?.clear("station", "opener/missing");
  else faults?.raise("station", "opener/missing", trouble, clock.now().at);
}
