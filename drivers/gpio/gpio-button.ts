// A button, debounced. Held, it is one press; held for a minute, it is stuck, until it is let go.
// One that is down when it is opened was pressed before our time: that is no press, but it may be stuck.
import type { PinConfig } from "../../config/schema.js";
import type { Button, ButtonChange, Clock } from "../driver.js";
import { DebouncedInput } from "./debounced-input.js";
import type { GpioPort } from "./port/gpio-port.js";

/** A finger is quick: a press lasts from some 60 ms on. */
const defaultDebounceMs = 30;
/** Twenty presses within half a minute: somebody who is out of patience makes no more. */
const mostInBurst = 40;
/** Nobody holds a button for so long. */
export const stuckAfterMs = 60_000;

export class GpioButton extends DebouncedInput<ButtonChange> implements Button {
  #stuck = false;
  #cancel: (() => void) | undefined;

  /** Opens the pin. Throws DeviceError gpio/missing. */
  constructor(port: GpioPort, pin: PinConfig, clock: Clock, debounceMs = defaultDebounceMs) {
    super(port, pin, clock, { debounceMs, mostInBurst });
    if (this.down()) this.#watchHeld();
  }

  down(): boolean {
    return this.active;
  }

  /** Throws DeviceError gpio/missing when the pin can no longer be read. */
  presses(signal: AbortSignal): AsyncGenerator<ButtonChange, void, void> {
    return this.changes([], signal);
  }

  override close(): void {
    this.#cancel?.();
    super.close();
  }

  protected override changed(down: boolean): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const wasStuck = this.#stuck;
    this.#stuck = false;
    if (down) this.#watchHeld();
    if (down || wasStuck) this.#tellPress(down);
  }

  protected override steadinessChanged(): void {
    this.#tellPress(false);
  }

  #watchHeld(): void {
    this.#cancel = this.clock.at(this.clock.now().monoMs + stuckAfterMs, () => {
      this.#cancel = undefined;
      this.#stuck = true;
      this.#tellPress(false);
    });
  }

  #tellPress(pressed: boolean): void {
    this.tell({ pressed, stuck: this.#stuck, unsteady: this.unsteady, moment: this.clock.now() });
  }
}
