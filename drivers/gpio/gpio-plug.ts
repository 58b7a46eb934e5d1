// The plug contact, debounced. A contact that chatters without end counts as unplugged, which is the safe reading of a
// loose plug.
import type { PinConfig } from "../../config/schema.js";
import type { Clock, Moment, PlugSensor } from "../driver.js";
import { DebouncedInput } from "./debounced-input.js";
import type { GpioPort } from "./gpio-port.js";

type PlugChange = { readonly plugged: boolean; readonly moment: Moment };

const defaultDebounceMs = 50;

export class GpioPlug extends DebouncedInput<PlugChange> implements PlugSensor {
  /** Opens the pin. Throws DeviceError gpio/missing. */
  constructor(port: GpioPort, pin: PinConfig, clock: Clock, debounceMs = defaultDebounceMs) {
    super(port, pin, clock, debounceMs);
  }

  plugged(): boolean {
    this.recheck();
    return this.active;
  }

  /** Throws DeviceError gpio/missing when the pin can no longer be read. */
  plugs(signal: AbortSignal): AsyncGenerator<PlugChange, void, void> {
    return this.changes([{ plugged: this.plugged(), moment: this.clock.now() }], signal);
  }

  protected override changed(plugged: boolean): void {
    this.tell({ plugged, moment: this.clock.now() });
  }
}
