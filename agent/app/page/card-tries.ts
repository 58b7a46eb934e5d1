// How often the card of a session may be guessed at its connector: a few tries, then a pause, and each pause is longer
// than the one before. A window that slides gave 30 tries an hour for ever: a night is enough for four characters.
import type { MonoMs } from "../../../drivers/driver.js";

/** Tries before each pause. */
const triesAtOnce = 5;
/** The pauses of a session in turn, the last again and again: 15 tries in its first half hour, then five a day. */
const pausesMs = [600_000, 1_200_000, 86_400_000] as const;

type Guessed = {
  readonly sessionId: string;
  readonly tries: number;
  readonly pauses: number;
  readonly untilMs: MonoMs;
};

export class CardTries {
  /** One for each connector: the next session begins anew. */
  readonly #guessed = new Map<number, Guessed>();

  /** Takes a try; answers 0 where it may be made, else how long there is none. */
  take(connector: number, sessionId: string, now: MonoMs): number {
    const before = this.#guessed.get(connector);
    const { tries, pauses, untilMs } =
      before?.sessionId === sessionId ? before : { tries: 0, pauses: 0, untilMs: Number.NEGATIVE_INFINITY };
    if (now < untilMs) return untilMs - now;
    const isLast = tries + 1 >= triesAtOnce;
    const pauseMs = pausesMs[Math.min(pauses, pausesMs.length - 1)] ?? 0;
    this.#guessed.set(
      connector,
      isLast
        ? { sessionId, tries: 0, pauses: pauses + 1, untilMs: now + pauseMs }
        : { sessionId, tries: tries + 1, pauses, untilMs },
    );
    return 0;
  }

  /** The guess was right: nobody waits for it. The next pause is still as long as the wrong ones before have made it. */
  forgive(connector: number): void {
    const before = this.#guessed.get(connector);
    if (before !== undefined) this.#guessed.set(connector, { ...before, tries: 0, untilMs: Number.NEGATIVE_INFINITY });
  }
}
