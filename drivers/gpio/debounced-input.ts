// An input whose contact bounces: a change counts when the level has held for a while, by the agent's clock.
// A contact that chatters without end counts as inactive, which is the safe reading of a loose one: no plug, no press.
// It is the base of plug and button, which say what a change means.
import type { PinConfig } from "../../config/schema.js";
import type { Clock, MonoMs } from "../driver.js";
import { EventFeed } from "./event-feed.js";
import type { GpioInput, GpioPort } from "./gpio-port.js";

/** Chatter that lasts this many debounce times is a fault of the contact. */
const chatterTimes = 20;

export abstract class DebouncedInput<Change> {
  readonly #changes = new EventFeed<Change>();
  readonly #input: GpioInput;
  readonly #unwatch: () => void;
  #active: boolean;
  #restlessSince: MonoMs | undefined;
  #cancel: (() => void) | undefined;

  /** Opens the pin. Throws DeviceError gpio/missing. */
  protected constructor(
    port: GpioPort,
    pin: PinConfig,
    protected readonly clock: Clock,
    private readonly debounceMs: number,
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

  /** The contact is active, or no longer; asked in the turn in which it is known, never while the pin is opened. */
  protected abstract changed(active: boolean): void;

  protected get active(): boolean {
    return this.#active;
  }

  /** The level itself, beside its edges: one that was lost is made up for, with the debounce of any other. */
  protected recheck(): void {
    if (this.#cancel !== undefined) return;
    try {
      if (this.#input.read() !== this.#active) this.#restless();
    } catch (error) {
      this.#changes.break(error);
    }
  }

  protected tell(change: Change): void {
    this.#changes.emit(change);
  }

  /** `first`, then what is told. Throws DeviceError gpio/missing when the pin can no longer be read. */
  protected changes(first: readonly Change[], signal: AbortSignal): AsyncGenerator<Change, void, void> {
    return this.#changes.from(first, signal);
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
        this.#changes.mend();
      } catch (error) {
        // The next good reading mends it.
        this.#changes.break(error);
      }
    });
  }

  #settle(active: boolean): void {
    if (active === this.#active) return;
    this.#active = active;
    this.changed(active);
  }
}
