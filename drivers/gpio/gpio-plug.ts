// The plug contact, debounced. A contact that chatters without end counts as unplugged, which is the safe reading of a
// loose plug; that it is unsteady is told.
import type { PinConfig } from "../../config/schema.js";
import type { Clock, PlugChange, PlugSensor } from "../driver.js";
import { DebouncedInput } from "./debounced-input.js";
import type { GpioPort } from "./port/gpio-port.js";

const defaultDebounceMs = 50;
/** Five times in and out within half a minute: more is not somebody who tries to get it in. */
const mostInBurst = 10;

export class GpioPlug extends DebouncedInput<PlugChange> implements PlugSensor {
  /** Opens the pin. Throws DeviceError gpio/missing. */
  constructor(port: GpioPort, pin: PinConfig, clock: Clock, debounceMs = defaultDebounceMs) {
    super(port, pin, clock, { debounceMs, mostInBurst });
  }

  plugged(): boolean {
    this.recheck();
    return this.active;
  }

  /** Throws DeviceError gpio/missing when the pin can no longer be read. */
  plugs(signal: AbortSignal): AsyncGenerator<PlugChange, void, void> {
    return this.changes([this.#change(this.plugged())], signal);
  }

  protected override changed(plugged: boolean): void {
    this.tell(this.#change(plugged));
  }

  protected override steadinessChanged(): void {
    this.tell(this.#change(false));
  }

  #change(plugged: boolean): PlugChange {
    return { plugged, unsteady: this.unsteady, moment: this.clock.now() };
  }
}
