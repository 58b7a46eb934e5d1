// The pins as the drivers see them: opened as output or input, active or not. Narrow on purpose: two ports keep it, onoff
// over sysfs and the kernel's character device, and which of them is there makes no difference above it.
import type { PinConfig } from "../../../config/schema.js";

/** The chip behind the 40-pin header, by its label: Pi 0 to 3, Pi 4, Pi 5. */
export const headerChips = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"];

export interface GpioOutput {
  /** Drives the pin at once; throws DeviceError gpio/missing when the kernel refuses. */
  set(active: boolean): void;
  /** Lets go of the pin; its level stays as it is. */
  close(): void;
}

export interface GpioInput {
  /** The level now. */
  read(): boolean;
  /**
   * Calls `changed` some time after each change of level; quick ones may be merged, so read() again. The answer ends
   * it.
   */
  watch(changed: () => void): () => void;
  close(): void;
}

/** How another program opens a contactor: a pin by its number in sysfs, or a line of a chip, and the level in volts. */
export type OpenOrder =
  | { readonly kind: "sysfs"; readonly number: number; readonly high: boolean }
  | { readonly kind: "chip"; readonly label: string; readonly line: number; readonly high: boolean };

/** `active` honours `pin.activeLow`. Opening throws DeviceError gpio/missing. */
export interface GpioPort {
  /** Whether a pin can be driven that another process holds, as in sysfs. */
  readonly sharesPins: boolean;
  /** Opens an output at `initial` with no other level in between, also when a dead process left the pin driven. */
  output(pin: PinConfig, initial: boolean): GpioOutput;
  input(pin: PinConfig): GpioInput;
  /** How a contactor at that pin is opened without us; undefined where nobody else could. */
  openOrder(pin: PinConfig): OpenOrder | undefined;
  /** Whether a pin that a process left as an output was active low to it; undefined where nobody knows. */
  leftActiveLow(gpio: number): boolean | undefined;
  close(): void;
}
