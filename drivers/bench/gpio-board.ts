// A simulated header: pins that an agent opens as a GpioPort, and that a world of cars and contactors reads and drives
// from outside. The board outlives the agent: what a dead process drove stays driven, as on a Pi. Its state is plain
// data.
import type { PinConfig } from "../../config/schema.js";
import { DeviceError } from "../driver.js";
import type { GpioInput, GpioOutput, GpioPort } from "../gpio/port/gpio-port.js";

/** One pin: which way it points, and whether it carries 3.3 V. */
export type BoardPin = { readonly gpio: number; readonly direction: "in" | "out"; readonly high: boolean };
export type BoardState = { readonly pins: readonly BoardPin[] };

/** A Pi's header, and all that a config can name. */
const headerPins = 54;

export class GpioBoard implements GpioPort {
  readonly sharesPins = true;
  #pins = new Map<number, BoardPin>();
  readonly #held = new Set<number>();
  readonly #broken = new Set<number>();
  readonly #watchers = new Map<number, Set<() => void>>();
  readonly #outsideWatchers = new Set<(pin: BoardPin) => void>();
  /** Counts the agents that died: their handles drive nothing any more. */
  #life = 0;

  /** `mostPins` = more than a header has, for a station beyond any Pi. */
  constructor(
    state: BoardState = { pins: [] },
    private readonly mostPins = headerPins,
  ) {
    this.restore(state);
  }

  // ---- the agent's side

  output(pin: PinConfig, initial: boolean): GpioOutput {
    const { gpio, activeLow } = pin;
    this.#hold(gpio);
    const life = this.#life;
    const set = (active: boolean): void => {
      if (life !== this.#life)
        throw new DeviceError("gpio/missing", `GPIO ${gpio}: it belonged to a process that is gone`);
      this.#check(gpio);
      this.#put({ gpio, direction: "out", high: active !== activeLow });
    };
    set(initial);
    return { set, close: () => this.#release(gpio, life) };
  }

  input(pin: PinConfig): GpioInput {
    const { gpio, activeLow } = pin;
    this.#hold(gpio);
    const life = this.#life;
    this.#put({ gpio, direction: "in", high: this.#pins.get(gpio)?.direction === "in" ? this.level(gpio) : activeLow });
    const watchers = new Set<() => void>();
    this.#watchers.set(gpio, watchers);
    return {
      read: () => {
        this.#check(gpio);
        return this.level(gpio) !== activeLow;
      },
      watch: (changed) => {
        const heard = (): void => changed();
        watchers.add(heard);
        return () => void watchers.delete(heard);
      },
      close: () => {
        watchers.clear();
        this.#release(gpio, life);
      },
    };
  }

  /** A bench ends with its agent. */
  openOrder(): undefined {
    return undefined;
  }

  leftActiveLow(): undefined {
    return undefined;
  }

  close(): void {
    this.#held.clear();
    this.#watchers.clear();
  }

  // ---- the world's side

  /** Whether the pin carries 3.3 V; a pin that nobody opened or drove does not. */
  level(gpio: number): boolean {
    return this.#pins.get(gpio)?.high ?? false;
  }

  /** Puts a voltage on an input from outside; may come before the agent opens it. */
  drive(gpio: number, high: boolean): void {
    if (this.#pins.get(gpio)?.direction === "out")
      throw new Error(`GPIO ${gpio} is an output: driving it from outside is a short circuit`);
    const changed = this.level(gpio) !== high;
    this.#put({ gpio, direction: "in", high });
    if (changed) for (const watcher of [...(this.#watchers.get(gpio) ?? [])]) watcher();
  }

  /** Whether the pin, by its own meaning in the config, is active. */
  isActive(pin: PinConfig): boolean {
    return this.#pins.has(pin.gpio) && this.level(pin.gpio) !== pin.activeLow;
  }

  /** Drives an input to active or not, by its own meaning in the config. */
  driveActive(pin: PinConfig, active: boolean): void {
    this.drive(pin.gpio, active !== pin.activeLow);
  }

  /** Calls `changed` with each output whose level or direction changed; the answer ends it. */
  onOutput(changed: (pin: BoardPin) => void): () => void {
    const heard = (pin: BoardPin): void => changed(pin);
    this.#outsideWatchers.add(heard);
    return () => void this.#outsideWatchers.delete(heard);
  }

  /** Breaks a pin, so that each use of it throws, or mends it. */
  break(gpio: number, broken: boolean): void {
    if (broken) this.#broken.add(gpio);
    else this.#broken.delete(gpio);
  }

  /** The agent's process is gone: its pins can be opened anew, and stay as it left them. */
  agentDied(): void {
    this.#life += 1;
    this.close();
  }

  snapshot(): BoardState {
    return { pins: [...this.#pins.values()].sort((a, b) => a.gpio - b.gpio) };
  }

  restore(state: BoardState): void {
    this.agentDied();
    this.#pins = new Map(state.pins.map((pin) => [pin.gpio, pin]));
  }

  #hold(gpio: number): void {
    if (gpio >= this.mostPins)
      throw new DeviceError("gpio/missing", `GPIO ${gpio}: the bench's board has only ${this.mostPins} pins`);
    if (this.#held.has(gpio)) throw new DeviceError("gpio/missing", `GPIO ${gpio} is already in use`);
    this.#check(gpio);
    this.#held.add(gpio);
  }

  #release(gpio: number, life: number): void {
    if (life === this.#life) this.#held.delete(gpio);
  }

  #check(gpio: number): void {
    if (this.#broken.has(gpio)) throw new DeviceError("gpio/missing", `GPIO ${gpio}: the bench has broken it`);
  }

  #put(pin: BoardPin): void {
    const before = this.#pins.get(pin.gpio);
    if (before?.high === pin.high && before.direction === pin.direction) return;
    this.#pins.set(pin.gpio, pin);
    if (pin.direction === "out") for (const watcher of [...this.#outsideWatchers]) watcher(pin);
  }
}
