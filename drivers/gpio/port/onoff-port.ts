// The pins of a Raspberry Pi through onoff (sysfs). The config counts by BCM; the kernel's numbers begin at the chip's
// base, which is 512 or 569 or 0: a pin is found by its chip's label, and never guessed. On a Pi 5, 512 + n may switch
// the Wi-Fi off. Native: import this file only when the config names real pins.
import { readdirSync, readFileSync } from "node:fs";
import { Gpio } from "onoff";
import type { PinConfig } from "../../../config/schema.js";
import { DeviceError, isDefect } from "../../driver.js";
import { type GpioInput, type GpioOutput, type GpioPort, headerChips, type OpenOrder } from "./gpio-port.js";

const root = "/sys/class/gpio";

type Chip = { readonly label: string; readonly base: number; readonly lines: number };

/** Finds the header's chip; throws DeviceError gpio/missing with the labels that were there instead. */
function findChip(): Chip {
  let folders: string[];
  try {
    folders = readdirSync(root).filter((entry) => entry.startsWith("gpiochip"));
  } catch (error) {
    throw new DeviceError(
      "gpio/missing",
      `neither ${root} nor /dev/gpiochip* is there: this kernel offers no GPIO, or this is not a Raspberry Pi`,
      { cause: error },
    );
  }
  const chips = folders.map((folder): Chip => {
    const text = (file: string): string => readFileSync(`${root}/${folder}/${file}`, "utf8").trim();
    return { label: text("label"), base: Number(text("base")), lines: Number(text("ngpio")) };
  });
  const [chip, ...others] = chips.filter(({ label }) => headerChips.includes(label));
  const found = chips.map(({ label }) => label).join(", ") || "none";
  if (chip === undefined)
    throw new DeviceError(
      "gpio/missing",
      `no GPIO chip of a Raspberry Pi header (${headerChips.join(", ")}) under ${root}; found: ${found}`,
    );
  if (others.length > 0)
    throw new DeviceError(
      "gpio/missing",
      `several GPIO chips could be the header's under ${root}: ${found}; cannot tell which one`,
    );
  if (!Number.isSafeInteger(chip.base) || chip.base < 0 || !Number.isSafeInteger(chip.lines))
    throw new DeviceError("gpio/missing", `the GPIO chip ${chip.label} under ${root} names no usable base and ngpio`);
  return chip;
}

export class OnoffPort implements GpioPort {
  readonly sharesPins = true;
  readonly #chip = findChip();
  /**
   * Every pin opened so far. An output stays here after it is let go: onoff closes only by giving the pin back, and
   * then it may float.
   */
  readonly #lines = new Map<number, { readonly gpio: Gpio; readonly isOutput: boolean }>();
  readonly #taken = new Set<number>();

  output(pin: PinConfig, initial: boolean): GpioOutput {
    return this.#open(pin, (line) => {
      // The kernel's "high" and "low" are volts and ignore active_low; "out" would drop the pin to 0 for a moment.
      const direction = initial === pin.activeLow ? "low" : "high";
      const known = this.#lines.get(line);
      const gpio = known?.gpio ?? new Gpio(line, direction, "none", { activeLow: pin.activeLow });
      this.#lines.set(line, { gpio, isOutput: true });
      // onoff passes over errors on a pin that was exported before: ask what came of it.
      if (gpio.direction() === "in" || gpio.activeLow() !== pin.activeLow)
        throw new Error("it did not become an output; another program may hold it, or its files are not writable");
      const set = (active: boolean): void => {
        try {
          gpio.writeSync(active ? 1 : 0);
        } catch (error) {
          throw trouble(pin, error);
        }
      };
      set(initial);
      if (gpio.readSync() !== (initial ? 1 : 0))
        throw new Error(`it was set ${initial ? "active" : "inactive"} and reads otherwise; look for a short circuit`);
      return { set, close: () => void this.#taken.delete(line) };
    });
  }

  input(pin: PinConfig): GpioInput {
    return this.#open(pin, (line) => {
      this.#giveBack(line);
      const gpio = new Gpio(line, "in", "both", { activeLow: pin.activeLow });
      this.#lines.set(line, { gpio, isOutput: false });
      if (gpio.direction() !== "in" || gpio.activeLow() !== pin.activeLow)
        throw new Error("it did not become an input; another program may hold it, or its files are not writable");
      return {
        read: () => {
          try {
            return gpio.readSync() === 1;
          } catch (error) {
            throw trouble(pin, error);
          }
        },
        watch: (changed) => {
          const heard = (): void => changed();
          try {
            gpio.watch(heard);
          } catch (error) {
            throw trouble(pin, error);
          }
          return () => gpio.unwatch(heard);
        },
        close: () => {
          this.#giveBack(line);
          this.#taken.delete(line);
        },
      };
    });
  }

  openOrder({ gpio, activeLow }: PinConfig): OpenOrder {
    return { kind: "sysfs", number: this.#chip.base + gpio, high: activeLow };
  }

  leftActiveLow(gpio: number): boolean | undefined {
    const text = (file: string): string => readFileSync(`${root}/gpio${this.#chip.base + gpio}/${file}`, "utf8").trim();
    try {
      return text("direction") === "out" ? text("active_low") === "1" : undefined;
    } catch {
      return undefined;
    }
  }

  /** Gives the inputs back. Outputs stay exported and driven: a pin that is let go may float. */
  close(): void {
    for (const [line, { isOutput }] of [...this.#lines]) if (!isOutput) this.#giveBack(line);
    this.#taken.clear();
  }

  #giveBack(line: number): void {
    this.#lines.get(line)?.gpio.unexport();
    this.#lines.delete(line);
  }

  #open<T>(pin: PinConfig, open: (line: number) => T): T {
    if (pin.gpio >= this.#chip.lines)
      throw new DeviceError(
        "gpio/missing",
        `GPIO ${pin.gpio}: the chip ${this.#chip.label} has only ${this.#chip.lines} pins`,
      );
    const line = this.#chip.base + pin.gpio;
    if (this.#taken.has(line)) throw new DeviceError("gpio/missing", `GPIO ${pin.gpio} is already in use`);
    try {
      const opened = open(line);
      this.#taken.add(line);
      return opened;
    } catch (error) {
      // It will be tried again, perhaps for days: leave no open file behind.
      this.#giveBack(line);
      throw error instanceof DeviceError ? error : trouble(pin, error);
    }
  }
}

/** The trouble with a pin behind what was thrown. A defect of ours is none, and is thrown again as it is. */
function trouble(pin: PinConfig, error: unknown): DeviceError {
  if (isDefect(error)) throw error;
  const message = error instanceof Error ? error.message : String(error);
  const why = /EACCES|EPERM/.test(message)
    ? `may not be used by this user; add the user to the group gpio (${message})`
    : /EBUSY/.test(message)
      ? `is held by another driver or overlay; see config.txt (${message})`
      : message;
  return new DeviceError("gpio/missing", `GPIO ${pin.gpio}: ${why}`, { cause: error });
}
