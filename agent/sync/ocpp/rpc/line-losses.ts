// At which of our messages the line was lost again and again: a peer that closes it at a notice would never hear
// anything else. Pure but for the clock.
import type { Clock } from "../../../../drivers/driver.js";

/** So often in a row, and the action is kept back for a while. */
export const lossesBeforeRest = 5;
/** For so long. */
export const restMs = 600_000;

/**
 * Never kept back: without it there is no line, or a person waits, or it has bounds of its own (sessions and payments).
 */
const isAlwaysSent: ReadonlySet<string> = new Set([
  "BootNotification",
  "Authorize",
  "StartTransaction",
  "MeterValues",
  "StopTransaction",
  "TransactionEvent",
  "NotifySettlement",
]);

export class LineLosses {
  readonly #losses = new Map<string, { readonly count: number; readonly monoMs: number }>();

  constructor(private readonly clock: Clock) {}

  /** The line was lost while this was not answered yet. */
  lostAt(action: string): void {
    const count = (this.#losses.get(action)?.count ?? 0) + 1;
    this.#losses.set(action, { count, monoMs: this.clock.now().monoMs });
  }

  answered(action: string): void {
    this.#losses.delete(action);
  }

  /** Why it is not sent just now; undefined = it may go. */
  keptBack(action: string): string | undefined {
    const losses = this.#losses.get(action);
    if (losses === undefined || losses.count < lossesBeforeRest || isAlwaysSent.has(action)) return undefined;
    if (this.clock.now().monoMs >= losses.monoMs + restMs) return undefined;
    return `${action} rests, since the line was lost at it ${losses.count} times in a row`;
  }
}
