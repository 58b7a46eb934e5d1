// The plug contact, debounced: a change counts when the level has held for a while, by the agent's clock.
// A contact that chatters without end counts as unplugged, which is the safe reading of a loose plug.
import type { PinConfig } from "../../config/schema.js";
import type { Clock, Moment, MonoMs, PlugSensor } from "../driver.js";
import type { GpioInput, GpioPort } from "./port.js";

type Change = { readonly plugged: boolean; readonly moment: Moment };

const defaultDebounceMs = 50;
/** Chatter that lasts this many debounce times is a fault of the contact. */
const chatterTimes = 20;
/** Changes that no one has fetched. Past it the oldest pair goes: what is left still tells of an unplugging. */
const mostWaiting = 64;

export class GpioPlug implements PlugSensor {
  readonly #input: GpioInput;
  readonly #unwatch: () => void;
  #plugged: boolean;
  #restlessSince: MonoMs | undefined;
  #cancel: (() => void) | undefined;
  #broken: unknown;
  readonly #listeners = new Set<(change: Change | undefined) => void>();

  /** Opens the pin. Throws DeviceError gpio/missing. */
  constructor(
    port: GpioPort,
    pin: PinConfig,
    private readonly clock: Clock,
    private readonly debounceMs = defaultDebounceMs,
  ) {
    this.#input = port.input(pin);
    try {
      this.#unwatch = this.#input.watch(() => this.#restless());
      this.#plugged = this.#input.read();
    } catch (error) {
      this.#input.close();
      throw error;
    }
  }

  plugged(): boolean {
    return this.#plugged;
  }

  /** Throws DeviceError gpio/missing when the pin can no longer be read. */
  async *plugs(signal: AbortSignal): AsyncGenerator<Change, void, void> {
    const waiting: Change[] = [{ plugged: this.#plugged, moment: this.clock.now() }];
    let wake: () => void = () => {};
    const listener = (change: Change | undefined): void => {
      if (change !== undefined) waiting.push(change);
      if (waiting.length > mostWaiting) waiting.splice(0, 2);
      wake();
    };
    const onAbort = (): void => wake();
    this.#listeners.add(listener);
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const change = waiting.shift();
        if (change !== undefined) yield change;
        else if (this.#broken !== undefined) throw this.#broken;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener("abort", onAbort);
    }
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
        this.#broken = undefined;
      } catch (error) {
        this.#broken = error;
        for (const listener of this.#listeners) listener(undefined);
      }
    });
  }

  #settle(plugged: boolean): void {
    if (plugged === this.#plugged) return;
    this.#plugged = plugged;
    const change = { plugged, moment: this.clock.now() };
    for (const listener of this.#listeners) listener(change);
  }
}
