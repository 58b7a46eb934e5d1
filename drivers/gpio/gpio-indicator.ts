// Lamps and buzzer: each indication has a rhythm of its own, so that nobody needs to tell green from red.
// A strip is a string of 250 ms steps, '#' on and '.' off, played round; the buzzer's strip is played once.
// A lamp that is not wired hands its strip to the green one. A still indicator (for the bench) shows lit or dark and
// keeps no timer.
import type { ConnectorConfig } from "../../config/schema.js";
import { type Clock, DeviceError, type Indication, type Indicator } from "../driver.js";
import type { GpioOutput, GpioPort } from "./port/gpio-port.js";

type Pattern = { readonly lamp: "green" | "red"; readonly strip: string; readonly buzzer?: string };

/** How long one step of a strip lasts. */
export const stepMs = 250;

/** What a driver sees and hears; a test compares the table in INSTALL.md with it. */
export const indicationPatterns: Readonly<Record<Indication, Pattern>> = {
  available: { lamp: "green", strip: "#" },
  chosen: { lamp: "green", strip: "###.#...", buzzer: "#" },
  "waiting-for-card": { lamp: "green", strip: "####...." },
  "waiting-for-plug": { lamp: "green", strip: "#.#....." },
  checking: { lamp: "green", strip: "#." },
  charging: { lamp: "green", strip: "#######.", buzzer: "##" },
  suspended: { lamp: "green", strip: "#......." },
  finishing: { lamp: "green", strip: "#.#.#...", buzzer: "#.#" },
  refused: { lamp: "red", strip: "#.#.#.#.#...", buzzer: "#.#.#" },
  "confirm-stop": { lamp: "green", strip: "#.#.####....", buzzer: "#.#.####" },
  fault: { lamp: "red", strip: "##..", buzzer: "####" },
  off: { lamp: "green", strip: "." },
};

type Output = "green" | "red" | "buzzer";

export class GpioIndicator implements Indicator {
  readonly #outputs = new Map<Output, GpioOutput>();
  readonly #levels = new Map<Output, boolean>();
  #shown: Indication | undefined;
  #step = 0;
  #cancel: (() => void) | undefined;

  /** Opens the pins that are wired, dark. Throws DeviceError gpio/missing. */
  constructor(
    port: GpioPort,
    config: NonNullable<ConnectorConfig["indicator"]>,
    private readonly clock: Clock,
    private readonly options: { readonly still?: boolean } = {},
  ) {
    try {
      for (const output of ["green", "red", "buzzer"] as const) {
        const pin = config[output];
        if (pin === undefined) continue;
        this.#outputs.set(output, port.output(pin, false));
        this.#levels.set(output, false);
      }
    } catch (error) {
      for (const output of this.#outputs.values()) output.close();
      throw error;
    }
  }

  /** Throws DeviceError gpio/missing when a pin refuses; the same indication again changes nothing. */
  show(indication: Indication): void {
    if (indication === this.#shown) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#shown = undefined;
    this.#step = 0;
    this.#play(indicationPatterns[indication]);
    this.#shown = indication;
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const [output, pin] of this.#outputs) {
      try {
        this.#drive(output, false);
      } finally {
        pin.close();
      }
    }
  }

  /** Shows this step and wakes for the next one at which something changes, if there ever is one. */
  #play(pattern: Pattern): void {
    const strip = this.options.still === true ? (pattern.strip.includes("#") ? "#" : ".") : pattern.strip;
    const buzzer = this.options.still === true ? "" : (pattern.buzzer ?? "");
    const lamp = pattern.lamp === "red" && this.#outputs.has("red") ? "red" : "green";
    const lit = (step: number): boolean => strip[step % strip.length] === "#";
    const loud = (step: number): boolean => this.#outputs.has("buzzer") && buzzer[step] === "#";
    this.#drive("green", lamp === "green" && lit(this.#step));
    this.#drive("red", lamp === "red" && lit(this.#step));
    this.#drive("buzzer", loud(this.#step));
    const within = Math.max(strip.length, buzzer.length - this.#step) + 1;
    for (let ahead = 1; ahead <= within; ahead++) {
      const next = this.#step + ahead;
      if (lit(next) === lit(this.#step) && loud(next) === loud(this.#step)) continue;
      this.#cancel = this.clock.at(this.clock.now().monoMs + ahead * stepMs, () => {
        // Once the buzzer is done, only the place in the round counts.
        this.#step =
          next >= buzzer.length ? (next % strip.length) + Math.ceil(buzzer.length / strip.length) * strip.length : next;
        try {
          this.#play(pattern);
        } catch (error) {
          if (!(error instanceof DeviceError)) throw error;
          // A lamp that breaks while it blinks must not bring the agent down; the next show() tries again and says so.
          this.#shown = undefined;
        }
      });
      return;
    }
  }

  #drive(output: Output, active: boolean): void {
    if (this.#levels.get(output) === active) return;
    const pin = this.#outputs.get(output);
    if (pin === undefined) return;
    this.#levels.delete(output);
    pin.set(active);
    this.#levels.set(output, active);
  }
}
