// How long a connector may go without a turn before the watchdog is no longer fed. A line full of silent meters is
// slow, each for its whole time-out, and none of them is hung: killing the agent for it would open contactors for
// nothing, again and again.
import type { ConnectorConfig } from "../../config/schema.js";

/** A connector that took no turn for this long, beyond what its line may cost it, is not looked after. */
const progressWithinMs = 60_000;
/**
 * What a request that is given up keeps a line busy beyond its time-out, and how many may be given up in one
 * connector's turn.
 */
const lineRestMs = 1_000;
const requestsGivenUp = 2;

/**
 * Milliseconds from the beginning of one turn to the next, at most, where all meters of the connector's line are
 * silent.
 */
export function watchdogLimitMs(
  { meter: { port } }: Pick<ConnectorConfig, "meter">,
  connectors: readonly Pick<ConnectorConfig, "meter">[],
): number {
  const onLine = connectors.filter(({ meter }) => meter.port === port);
  return onLine.reduce((sum, { meter }) => sum + requestsGivenUp * (meter.timeout + lineRestMs), progressWithinMs);
}
