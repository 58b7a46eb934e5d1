// An input whose contact bounces: a change counts when the level has held for a while, by the agent's clock.
// A contact that chatters, or changes more often than people make it, is unsteady: it counts as inactive, which is the
// safe reading of a loose one (no plug, no press), and tells nothing more until it has been quiet for a while.
// It is the base of plug and button, which say what a change means.
import type { PinConfig } from "../../config/schema.js";
import type { Clock, MonoMs } from "../driver.js";
import { EventFeed } from "./event-feed.js";
import { InputSteadiness } from "./input-steadiness.js";
import type { GpioInput, GpioPort } from "./port/gpio-port.js";

/** Chatter that lasts this many debounce times counts as inactive; so many times as long, and the input is unsteady. */
const chatterTimes = 20;
const unsteadyTimes = 100;

/** How long a level must hold, and how many changes within half a minute are those of people. */
export type InputTiming = { readonly debounceMs: number; readonly mostInBurst: number };

export abstract class DebouncedInput<Change> {
  readonly #changes = new EventFeed<Change>();
  readonly #input: GpioInput;
  readonly #unwatch: () => void;
  readonly #debounceMs: number;
  readonly #steadiness: InputSteadiness;
  #active: boolean;
  #restlessSince: MonoMs | undefined;
  /** Of an input that rests: when its last edge came. */
  #lastEdge: MonoMs | undefined;
  #cancel: (() => void) | undefined;

  /** Opens the pin. Throws DeviceError gpio/missing. */
  protected constructor(
    port: GpioPort,
    pin: PinConfig,
    protected readonly clock: Clock,
    { debounceMs, mostInBurst }: InputTiming,
  ) {
    this.#debounceMs = debounceMs;
    this.#steadiness = new InputSteadiness(mostInBurst);
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

  /** The input became unsteady, or steady again; what it is then is told after it. */
  protected abstract steadinessChanged(): void;

  protected get active(): boolean {
    return this.#active;
  }

  /** It changes more often than people make it, and counts as inactive. */
  protected get unsteady(): boolean {
    return this.#lastEdge !== undefined;
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
    if (this.#lastEdge !== undefined) {
      this.#lastEdge = now;
      return;
    }
    this.#restlessSince ??= now;
    const restlessMs = now - this.#restlessSince;
    if (restlessMs >= this.#debounceMs * unsteadyTimes) return this.#rest(now);
    if (restlessMs >= this.#debounceMs * chatterTimes) this.#settle(false);
    if (this.unsteady) return;
    this.#wakeAt(now + this.#debounceMs, () => {
      this.#restlessSince = undefined;
      this.#read();
    });
  }

  #wakeAt(monoMs: MonoMs, work: () => void): void {
    this.#cancel?.();
    this.#cancel = this.clock.at(monoMs, () => {
      this.#cancel = undefined;
      work();
    });
  }

  #read(): void {
    try {
      this.#settle(this.#input.read());
      this.#changes.mend();
    } catch (error) {
      // The next good reading mends it.
      this.#changes.break(error);
    }
  }

  #settle(active: boolean): void {
    if (active === this.#active) return;
    const now = this.clock.now().monoMs;
    if (!this.#steadiness.allows(now)) return this.#rest(now);
    this.#active = active;
    this.changed(active);
  }

  /** Unsteady: inactive until no edge has come for a while, told once. */
  #rest(now: MonoMs): void {
    const restMs = this.#steadiness.rest(now);
    this.#restlessSince = undefined;
    this.#lastEdge = now;
    this.steadinessChanged();
    if (this.#active) {
      this.#active = false;
      this.changed(false);
    }
    const look = (): void => {
      const at = this.clock.now().monoMs;
      const calmAt = (this.#lastEdge ?? at) + restMs;
      if (at < calmAt) return this.#wakeAt(calmAt, look);
      this.#lastEdge = undefined;
      this.#steadiness.rested(at);
      this.steadinessChanged();
      this.#read();
    };
    this.#wakeAt(now + restMs, look);
  }
}
