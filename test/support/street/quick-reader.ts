// A card reader without its thread: looks into the bench's field by the agent's clock and tells visits by the driver's
// own rule. For tests that start agents by the thousand; the real reader over the simulated chip has its own tests and
// plays the demo.

import type { CardField } from "../../../drivers/bench/card-field.js";
import { type CardReader, type CardTap, type Clock, DeviceError, sleep } from "../../../drivers/driver.js";
import type { CardDetection } from "../../../drivers/rfid/card-detection.js";
import { type CardPresence, isCardThere, noCardPresent, trackPresence } from "../../../drivers/rfid/card-presence.js";

export class QuickReader implements CardReader {
  readonly #closing = new AbortController();

  constructor(
    private readonly field: CardField,
    private readonly clock: Clock,
    private readonly pollMs: number,
    private readonly debounceMs: number,
    /** Who lay there when the last reader was lost. */
    private readonly memory: { presence: CardPresence } = { presence: noCardPresent },
  ) {
    if (field.look().health !== "well") throw new DeviceError("reader/missing", "the bench's chip does not answer");
  }

  async *taps(signal: AbortSignal): AsyncGenerator<CardTap, void, void> {
    const ending = AbortSignal.any([signal, this.#closing.signal]);
    while (!ending.aborted) {
      const moment = this.clock.now();
      const { presence, seen } = trackPresence(this.memory.presence, this.#look(), moment.monoMs, this.debounceMs);
      this.memory.presence = presence;
      if (seen !== undefined) yield { ...seen, moment };
      if (!(await sleep(this.clock, this.pollMs, ending))) return;
    }
  }

  holds(uid: string): boolean {
    return isCardThere(this.memory.presence, uid, this.clock.now().monoMs, this.debounceMs);
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  #look(): Exclude<CardDetection, { kind: "lost" }> {
    const { cards, health } = this.field.look();
    if (health !== "well") throw new DeviceError("reader/lost", "the bench's chip no longer answers");
    const [first, ...more] = cards;
    if (first === undefined) return { kind: "none" };
    return more.length > 0
      ? { kind: "several" }
      : { kind: "card", uid: Buffer.from(first).toString("hex").toUpperCase() };
  }
}
