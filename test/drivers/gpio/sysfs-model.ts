// The kernel's /sys/class/gpio as a table: which files there are, what they read, what a write does, when a poll wakes.
// After drivers/gpio/gpiolib-sysfs.c: "high" and "low" set volts whatever active_low says, "out" drops the pin to 0, an
// export changes nothing.

type Pin = {
  direction: "in" | "out";
  high: boolean;
  activeLow: boolean;
  edge: string;
  exported: boolean;
  events: number;
};

/** A write that the kernel would refuse. */
export class Refused extends Error {
  constructor(readonly errno: number) {
    super(`errno ${errno}`);
  }
}

export const EPERM = 1;
export const ENOENT = 2;
export const EIO = 5;
export const EBUSY = 16;
export const EINVAL = 22;

export class SysfsModel {
  readonly #pins = new Map<number, Pin>();
  readonly #history = new Map<number, boolean[]>();
  /** Pins that another driver holds, and pins whose files may not be written. */
  readonly held = new Set<number>();
  readonly locked = new Set<number>();
  /** Called when a pin with an edge enabled has changed. */
  onEvent: (gpio: number) => void = () => {};
  /** Called when a pin was driven to another level, or made an output. */
  onLevel: (gpio: number, high: boolean) => void = () => {};

  constructor(
    readonly label: string,
    readonly base: number,
    readonly lines: number,
  ) {}

  // ---- the wires, by BCM number

  drive(gpio: number, high: boolean): void {
    const pin = this.#pin(gpio);
    if (pin.direction === "out" || pin.high === high) return;
    pin.high = high;
    const wanted = pin.edge === "both" || pin.edge === (high !== pin.activeLow ? "rising" : "falling");
    if (!wanted) return;
    pin.events += 1;
    this.onEvent(gpio);
  }

  /** The levels that the pin was driven to since the last asking. */
  takeLevels(gpio: number): boolean[] {
    const levels = this.#history.get(gpio) ?? [];
    this.#history.delete(gpio);
    return levels;
  }

  // ---- the files

  /** undefined = no such file; a folder lists its names. */
  find(
    path: string,
  ): { readonly kind: "folder"; readonly names: readonly string[] } | { readonly kind: "file" } | undefined {
    const chip = `gpiochip${this.base}`;
    if (path === "/")
      return {
        kind: "folder",
        names: [
          "export",
          "unexport",
          chip,
          ...[...this.#pins].filter(([, pin]) => pin.exported).map(([gpio]) => `gpio${this.base + gpio}`),
        ],
      };
    if (path === "/export" || path === "/unexport") return { kind: "file" };
    if (path === `/${chip}`) return { kind: "folder", names: ["label", "base", "ngpio"] };
    if ([`/${chip}/label`, `/${chip}/base`, `/${chip}/ngpio`].includes(path)) return { kind: "file" };
    const [, number, file] = /^\/gpio(\d+)(?:\/(value|direction|active_low|edge))?$/.exec(path) ?? [];
    if (number === undefined || this.#pins.get(Number(number) - this.base)?.exported !== true) return undefined;
    return file === undefined
      ? { kind: "folder", names: ["value", "direction", "active_low", "edge"] }
      : { kind: "file" };
  }

  read(path: string): string {
    const chip = `/gpiochip${this.base}`;
    if (path === `${chip}/label`) return `${this.label}\n`;
    if (path === `${chip}/base`) return `${this.base}\n`;
    if (path === `${chip}/ngpio`) return `${this.lines}\n`;
    const { pin, file } = this.#open(path);
    switch (file) {
      case "value":
        return pin.high !== pin.activeLow ? "1\n" : "0\n";
      case "direction":
        return `${pin.direction}\n`;
      case "active_low":
        return pin.activeLow ? "1\n" : "0\n";
      default:
        return `${pin.edge}\n`;
    }
  }

  write(path: string, text: string): void {
    const word = text.trim();
    if (path === "/export" || path === "/unexport") return this.#export(Number(word) - this.base, path === "/export");
    const { pin, gpio, file } = this.#open(path);
    if (this.locked.has(gpio)) throw new Refused(EPERM);
    switch (file) {
      case "value":
        if (pin.direction === "in") throw new Refused(EPERM);
        return this.#put(gpio, pin, (word !== "0") !== pin.activeLow);
      case "direction":
        if (!["in", "out", "high", "low"].includes(word)) throw new Refused(EINVAL);
        if (word === "in") {
          pin.direction = "in";
          return;
        }
        return this.#put(gpio, pin, word === "high");
      case "active_low":
        pin.activeLow = word !== "0";
        return;
      default:
        if (pin.direction === "out") throw new Refused(EIO);
        if (!["none", "rising", "falling", "both"].includes(word)) throw new Refused(EINVAL);
        pin.edge = word;
    }
  }

  /** How many events the file has had; a reader that has seen fewer is woken. */
  events(path: string): number {
    return path.endsWith("/value") ? this.#open(path).pin.events : 0;
  }

  gpioOf(path: string): number | undefined {
    const [, number] = /^\/gpio(\d+)\/value$/.exec(path) ?? [];
    return number === undefined ? undefined : Number(number) - this.base;
  }

  #pin(gpio: number): Pin {
    const pin = this.#pins.get(gpio) ?? {
      direction: "in",
      high: false,
      activeLow: false,
      edge: "none",
      exported: false,
      events: 0,
    };
    this.#pins.set(gpio, pin);
    return pin;
  }

  #open(path: string): { pin: Pin; gpio: number; file: string } {
    const [, number, file] = /^\/gpio(\d+)\/(\w+)$/.exec(path) ?? [];
    const gpio = Number(number) - this.base;
    const pin = this.#pins.get(gpio);
    if (file === undefined || pin?.exported !== true) throw new Refused(ENOENT);
    return { pin, gpio, file };
  }

  #export(gpio: number, wanted: boolean): void {
    if (!Number.isInteger(gpio) || gpio < 0 || gpio >= this.lines) throw new Refused(EINVAL);
    const pin = this.#pin(gpio);
    if (wanted && (pin.exported || this.held.has(gpio))) throw new Refused(EBUSY);
    if (!wanted && !pin.exported) throw new Refused(EINVAL);
    pin.exported = wanted;
    pin.edge = "none";
    pin.activeLow = false;
  }

  #put(gpio: number, pin: Pin, high: boolean): void {
    const changed = pin.direction !== "out" || pin.high !== high;
    if (changed) this.#history.set(gpio, [...(this.#history.get(gpio) ?? []), high]);
    pin.direction = "out";
    pin.high = high;
    if (changed) this.onLevel(gpio, high);
  }
}
