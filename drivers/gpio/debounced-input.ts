// An input whose contact bounces: a change counts when the level has held for a while, by the agent's clock.
// A contact that chatters without end counts as inactive, which is the safe reading of a loose one: no plug, no press.
import type { PinConfig } from "../../config/schema.js";
import type { Clock, MonoMs } from "../driver.js";
import type { GpioInput, GpioPort } from "./gpio-port.js";

/** Chatter that lasts this many debounce times is a fault of the contact. */
const chatterTimes = 20;

/** What is told of it, in the turn in which it is known. */
export type DebouncedEars = {
  changed(active: boolean): void;
  /** The pin can no longer be read; the next good reading mends it. */
  broken(error: unknown): void;
  mended(): void;
};

export class DebouncedInput {
  readonly #input: GpioInput;
  readonly #unwatch: () => void;
  #active: boolean;
  #restlessSince: MonoMs | undefined;
  #cancel: (() => void) | undefined;

  /** Opens the pin. Throws DeviceError gpio/missing. */
  constructor(
    port: GpioPort,
    pin: PinConfig,
    private readonly clock: Clock,
    private readonly debounceMs: number,
    private readonly ears: DebouncedEars,
  ) {
    this.#input = port.input(pin);
    try {
      this.#unwatch = this.#input.watch(() => this.#restless());
      this.#active = this.#input.read();
    } catch (error) {
      this.#input.close();
      throw error;
    }
  }

  get active(): boolean {
    return this.#active;
  }

  close(): void {
    this.#cancel?.();
    this.#unwatch();
    this.#input.close();
  }

  /** An edge: start to wait anew, but not for ever. */
  #restless(): void {
    const now = this.clock.now().monoMs;
    this.#restlessSince ??= now;
    if (now - this.#restlessSince >= this.debounceMs * chatterTimes) this.#settle(false);
    this.#cancel?.();
    this.#cancel = this.clock.at(now + this.debounceMs, () => {
      this.#cancel = undefined;
      this.#restlessSince = undefined;
      try {
        this.#settle(this.#input.read());
        this.ears.mended();
      } catch (error) {
        this.ears.broken(error);
      }
    });
  }

  #settle(active: boolean): void {
    if (active === this.#active) return;
    this.#active = active;
    this.ears.changed(active);
  }
}
