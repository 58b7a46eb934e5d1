// The contactor: one output that drives its coil, and an auxiliary contact that says what became of it, where one is
// wired. It starts open, and closing the driver opens it. Opening waits for nothing.
import type { ConnectorConfig } from "../../config/schema.js";
import type { Contactor } from "../driver.js";
import type { GpioInput, GpioOutput, GpioPort } from "./gpio-port.js";

export class GpioContactor implements Contactor {
  readonly #coil: GpioOutput;
  readonly #auxiliary: GpioInput | undefined;

  /** Opens the pins, coil off. Throws DeviceError gpio/missing. */
  constructor(port: GpioPort, config: ConnectorConfig["contactor"]) {
    this.#coil = port.output(config, false);
    try {
      this.#auxiliary = config.feedback === undefined ? undefined : port.input(config.feedback);
    } catch (error) {
      this.#coil.close();
      throw error;
    }
  }

  set(closed: boolean): void {
    this.#coil.set(closed);
  }

  feedback(): boolean | undefined {
    return this.#auxiliary?.read();
  }

  close(): void {
    try {
      this.#coil.set(false);
    } finally {
      this.#coil.close();
      this.#auxiliary?.close();
    }
  }
}
