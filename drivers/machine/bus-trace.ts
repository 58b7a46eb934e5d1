// What passes between the drivers and their devices, for whoever listens: bytes on a serial line, what the card reader
// saw, the levels of pins. Listening changes nothing, and with nobody listening it costs next to nothing.

import type { PinConfig } from "../../config/schema.js";
import { type Clock, DeviceError, type Moment } from "../driver.js";
import type { GpioInput, GpioOutput, GpioPort } from "../gpio/port/gpio-port.js";
import type { CardDetection } from "../rfid/card-detection.js";

/** `lost` = the port went away. Detections and levels are told when they change. */
export type BusEvent =
  | {
      readonly kind: "serial";
      readonly port: string;
      readonly what: "out" | "in" | "given up" | "lost";
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "card"; readonly reader: string; readonly detection: CardDetection }
  /** A frame to or from the card terminal, without what tells of a card: see masked-frame.ts. */
  | { readonly kind: "terminal"; readonly way: "out" | "in"; readonly masked: Uint8Array }
  | { readonly kind: "pin"; readonly gpio: number; readonly way: "in" | "out"; readonly active: boolean };

export type Listener = (event: BusEvent, moment: Moment) => void;

export class BusTrace {
  readonly #listeners = new Set<Listener>();
  readonly #last = new Map<string, { readonly text: string; readonly event: BusEvent }>();

  constructor(private readonly clock: Clock) {}

  /** Tells how pins and readers stand, then all that passes, until the answer is called. */
  listen(listener: Listener): () => void {
    const moment = this.clock.now();
    for (const { event } of this.#last.values()) listener(event, moment);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  serial(port: string, what: "out" | "in" | "given up" | "lost", bytes: Uint8Array): void {
    if (this.#listeners.size > 0) this.#tell({ kind: "serial", port, what, bytes: Uint8Array.from(bytes) });
  }

  terminal(way: "out" | "in", masked: () => Uint8Array): void {
    if (this.#listeners.size > 0) this.#tell({ kind: "terminal", way, masked: masked() });
  }

  card(reader: string, detection: CardDetection): void {
    this.#changed(`reader ${reader}`, JSON.stringify(detection), { kind: "card", reader, detection });
  }

  /** The same pins, overheard. */
  gpio(port: GpioPort): GpioPort {
    const level = (pin: PinConfig, way: "in" | "out", active: boolean): void =>
      this.#changed(`gpio ${pin.gpio}`, `${way} ${active}`, { kind: "pin", gpio: pin.gpio, way, active });
    return {
      sharesPins: port.sharesPins,
      output: (pin, initial) => {
        const output = port.output(pin, initial);
        level(pin, "out", initial);
        return overheardOutput(output, (active) => level(pin, "out", active));
      },
      input: (pin) => overheardInput(port.input(pin), (active) => level(pin, "in", active)),
      openOrder: (pin) => port.openOrder(pin),
      leftActiveLow: (gpio) => port.leftActiveLow(gpio),
      close: () => port.close(),
    };
  }

  #changed(key: string, text: string, event: BusEvent): void {
    if (this.#last.get(key)?.text === text) return;
    this.#last.set(key, { text, event });
    this.#tell(event);
  }

  #tell(event: BusEvent): void {
    if (this.#listeners.size === 0) return;
    const moment = this.clock.now();
    for (const listener of [...this.#listeners]) listener(event, moment);
  }
}

function overheardOutput(output: GpioOutput, told: (active: boolean) => void): GpioOutput {
  return {
    set: (active) => {
      output.set(active);
      told(active);
    },
    close: () => output.close(),
  };
}

function overheardInput(input: GpioInput, told: (active: boolean) => void): GpioInput {
  const read = (): boolean => {
    const active = input.read();
    told(active);
    return active;
  };
  return {
    read,
    watch: (changed) =>
      input.watch(() => {
        try {
          read();
        } catch (error) {
          // The driver meets the same fault when it reads, and knows what to do about it.
          if (!(error instanceof DeviceError)) throw error;
        }
        changed();
      }),
    close: () => input.close(),
  };
}
