// The pins of all connectors while the station is not open: every contactor opened, every lamp showing the fault. A pin
// that fails keeps no other from being opened.
import type { ConnectorConfig } from "../../config/schema.js";
import { DeviceError, type Pins } from "../../drivers/driver.js";
import { closePins } from "../../drivers/machine/open-machine.js";

export type HeldPinsParts = {
  readonly connectors: () => readonly ConnectorConfig[];
  /** Throws DeviceError. */
  readonly pins: (connector: ConnectorConfig) => Pins;
  /** A connector whose pins could not be opened: told again only when its error changes. */
  readonly failed: (connector: ConnectorConfig, error: DeviceError) => void;
};

export class HeldPins {
  readonly #parts: HeldPinsParts;
  readonly #held: Pins[] = [];
  /** By connector: the error that was told last. */
  readonly #told = new Map<number, string>();

  constructor(parts: HeldPinsParts) {
    this.#parts = parts;
  }

  /**
   * At a start: opens what a crash left closed, and lets go of the pins. One that fails is told by whoever needs it
   * next.
   */
  openContactors(): void {
    this.#take(
      ({ contactor }) => contactor.set(false),
      () => undefined,
    );
    this.release();
  }

  /** Opens every contactor, shows the fault, and holds the pins until `release`. */
  hold(): void {
    this.#take(
      ({ contactor, indicator }) => {
        contactor.set(false);
        indicator.show("fault");
      },
      (connector, error) => {
        if (this.#told.get(connector.id) !== error.message) this.#parts.failed(connector, error);
        this.#told.set(connector.id, error.message);
      },
    );
  }

  /** Lets go of the pins, for whoever opens them next. */
  release(): void {
    for (const pins of this.#held.splice(0)) {
      try {
        closePins(pins);
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
      }
    }
  }

  #take(drive: (pins: Pins) => void, failed: HeldPinsParts["failed"]): void {
    for (const connector of this.#parts.connectors()) {
      try {
        const pins = this.#parts.pins(connector);
        this.#held.push(pins);
        drive(pins);
      } catch (error) {
        if (!(error instanceof DeviceError)) throw error;
        failed(connector, error);
      }
    }
  }
}
