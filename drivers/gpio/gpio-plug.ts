// The plug contact, debounced. A contact that chatters without end counts as unplugged, which is the safe reading of a
// loose plug.
import type { PinConfig } from "../../config/schema.js";
import type { Clock, Moment, PlugSensor } from "../driver.js";
import { DebouncedInput } from "./debounced-input.js";
import { EventFeed } from "./event-feed.js";
import type { GpioPort } from "./gpio-port.js";

type Change = { readonly plugged: boolean; readonly moment: Moment };

const defaultDebounceMs = 50;

export class GpioPlug implements PlugSensor {
  readonly #contact: DebouncedInput;
  readonly #changes = new EventFeed<Change>();

  /** Opens the pin. Throws DeviceError gpio/missing. */
  constructor(
    port: GpioPort,
    pin: PinConfig,
    private readonly clock: Clock,
    debounceMs = defaultDebounceMs,
  ) {
    this.#contact = new DebouncedInput(port, pin, clock, debounceMs, {
      changed: (plugged) => this.#changes.tell({ plugged, moment: clock.now() }),
      broken: (error) => this.#changes.break(error),
      mended: () => this.#changes.mend(),
    });
  }

  plugged(): boolean {
    return this.#contact.active;
  }

  /** Throws DeviceError gpio/missing when the pin can no longer be read. */
  plugs(signal: AbortSignal): AsyncGenerator<Change, void, void> {
    return this.#changes.from([{ plugged: this.plugged(), moment: this.clock.now() }], signal);
  }

  close(): void {
    this.#contact.close();
  }
}
