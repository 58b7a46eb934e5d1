// When systemd is told that we still make progress. In quiet times a timer tells it; while a slow disk holds up the
// loop no timer fires, and each fsync that comes to its end is progress, for as long as a settlement on a dying card
// may take.

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
