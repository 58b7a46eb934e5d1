// The contactor: one output that drives its coil, and an auxiliary contact that says what became of it, where one is
// wired. It starts open, and closing the driver opens it. Opening waits for nothing. Whoever watches over it hears of it
// before it closes and after it has opened.
import type { ConnectorConfig } from "../../config/schema.js";
import type { Contactor } from "../driver.js";
import type { GpioInput, GpioOutput, GpioPort } from "./port/gpio-port.js";
import type { ContactorWatch } from "./port/opener-link.js";

export class GpioContactor implements Contactor {
  readonly #coil: GpioOutput;
  readonly #auxiliary: GpioInput | undefined;
  readonly #watch: ContactorWatch | undefined;

  /** Opens the pins, coil off. Throws DeviceError gpio/missing. */
  constructor(port: GpioPort, config: ConnectorConfig["contactor"], watch?: ContactorWatch) {
    this.#watch = watch;
    this.#coil = port.output(config, false);
    try {
      this.#auxiliary = config.feedback === undefined ? undefined : port.input(config.feedback);
    } catch (error) {
      this.#coil.close();
      throw error;
    }
  }

  set(closed: boolean): void {
    if (closed) this.#watch?.closing();
    this.#coil.set(closed);
    if (!closed) this.#watch?.opened();
  }

  feedback(): boolean | undefined {
    return this.#auxiliary?.read();
  }

  close(): void {
    try {
      this.set(false);
    } finally {
      this.#coil.close();
      this.#auxiliary?.close();
    }
  }
}
