// The pins of a Raspberry Pi by the kernel's GPIO character device (/dev/gpiochipN), for kernels whose GPIO has no sysfs.
// The kernel lets go of a line with the process that holds it, and then it may float or stay closed: so it is held by a
// small program of ours, which opens every contactor when we end in whatever way.
import { spawnSync } from "node:child_process";
import type { PinConfig } from "../../../config/schema.js";
import { DeviceError, isDefect } from "../../driver.js";
import { type GpioInput, type GpioOutput, type GpioPort, headerChips, type OpenOrder } from "./gpio-port.js";
import { LineHolder } from "./line-holder.js";
import { pinsProgram } from "./pins-program.js";

const listWithinMs = 5_000;

type ChipFound = { readonly device: string; readonly label: string; readonly lines: number };

/** The GPIO chips under `root`, by their devices. Throws DeviceError gpio/missing. */
export function listChips(root = ""): ChipFound[] {
  const { status, stdout, stderr, error } = spawnSync(pinsProgram(), ["--root", root, "chips"], {
    encoding: "utf8",
    timeout: listWithinMs,
  });
  if (status !== 0)
    throw new DeviceError("gpio/missing", `the GPIO chips cannot be listed: ${error?.message ?? stderr.trim()}`);
  return stdout.split("\n").flatMap((line) => {
    const [, device, lines, label] = /^(gpiochip\d+) (\d+) (.+)$/.exec(line) ?? [];
    return device === undefined || label === undefined
      ? []
      : [{ device: `/dev/${device}`, label, lines: Number(lines) }];
  });
}

/** Whoever could not go on with pins that nobody holds: the process ends, and its contactors are opened from outside. */
const endProcess = (why: string): void => {
  throw new DeviceError("gpio/missing", why);
};

export class ChipPort implements GpioPort {
  readonly sharesPins = false;
  readonly #chip: ChipFound;
  readonly #holder: LineHolder;
  readonly #taken = new Set<number>();
  readonly #watchers = new Map<number, Set<() => void>>();

  /** Finds the header's chip and starts the holder of its lines. Throws DeviceError gpio/missing. */
  constructor(died: (why: string) => void = endProcess) {
    const chips = listChips();
    const [chip, ...others] = chips.filter(({ label }) => headerChips.includes(label));
    const found = chips.map(({ label }) => label).join(", ") || "none";
    if (chip === undefined)
      throw new DeviceError(
        "gpio/missing",
        `no GPIO chip of a Raspberry Pi header (${headerChips.join(", ")}) among /dev/gpiochip*; found: ${found}`,
      );
    if (others.length > 0)
      throw new DeviceError(
        "gpio/missing",
        `several GPIO chips could be the header's among /dev/gpiochip*: ${found}; cannot tell which one`,
      );
    this.#chip = chip;
    this.#holder = new LineHolder(
      pinsProgram(),
      (line) => {
        for (const changed of [...(this.#watchers.get(line) ?? [])]) changed();
      },
      died,
    );
    this.#ask(`the chip ${chip.label}`, `chip ${chip.label}`);
  }

  output(pin: PinConfig, initial: boolean): GpioOutput {
    return this.#open(pin, () => {
      const level = (active: boolean): string => (active === pin.activeLow ? "low" : "high");
      const name = `GPIO ${pin.gpio}`;
      this.#ask(name, `out ${pin.gpio} ${level(initial)} ${level(false)}`);
      if (this.#ask(name, `get ${pin.gpio}`) !== (level(initial) === "high" ? 1 : 0))
        throw new DeviceError(
          "gpio/missing",
          `${name}: it was set ${initial ? "active" : "inactive"} and reads otherwise; look for a short circuit`,
        );
      return {
        set: (active) => void this.#ask(name, `set ${pin.gpio} ${level(active)}`),
        close: () => void this.#taken.delete(pin.gpio),
      };
    });
  }

  input(pin: PinConfig): GpioInput {
    return this.#open(pin, () => {
      const name = `GPIO ${pin.gpio}`;
      this.#ask(name, `in ${pin.gpio}`);
      const watchers = new Set<() => void>();
      this.#watchers.set(pin.gpio, watchers);
      return {
        read: () => (this.#ask(name, `get ${pin.gpio}`) === 1) !== pin.activeLow,
        watch: (changed) => {
          const heard = (): void => changed();
          watchers.add(heard);
          return () => void watchers.delete(heard);
        },
        close: () => {
          watchers.clear();
          this.#ask(name, `free ${pin.gpio}`);
          this.#taken.delete(pin.gpio);
        },
      };
    });
  }

  openOrder({ gpio, activeLow }: PinConfig): OpenOrder {
    return { kind: "chip", label: this.#chip.label, line: gpio, high: activeLow };
  }

  /** A line of a chip tells nobody how it was driven. */
  leftActiveLow(): undefined {
    return undefined;
  }

  /** Every output goes to its inactive level, and all lines are let go of. Resolves when that is done. */
  close(): Promise<void> {
    return this.#holder.close();
  }

  #open<T>({ gpio }: PinConfig, open: () => T): T {
    if (gpio >= this.#chip.lines)
      throw new DeviceError(
        "gpio/missing",
        `GPIO ${gpio}: the chip ${this.#chip.label} has only ${this.#chip.lines} pins`,
      );
    if (this.#taken.has(gpio)) throw new DeviceError("gpio/missing", `GPIO ${gpio} is already in use`);
    const opened = open();
    this.#taken.add(gpio);
    return opened;
  }

  #ask(name: string, request: string): number {
    try {
      return this.#holder.ask(request);
    } catch (error) {
      if (isDefect(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      const why = /EACCES|EPERM/.test(message)
        ? `may not be used by this user; add the user to the group gpio (${message})`
        : /EBUSY/.test(message)
          ? `is held by another program, driver or overlay; see config.txt, and gpioinfo (${message})`
          : message;
      throw new DeviceError("gpio/missing", `${name}: ${why}`, { cause: error });
    }
  }
}
