// What the drivers make of a recording: what each frame held, and what was read, seen, pressed or broken.
import type { TraceEntry } from "../../../config/trace-schema.js";
import type { DeviceFaultCode } from "../../driver.js";
import type { RegisterShown } from "../../meter/modbus-meter.js";
import { BenchClock } from "../bench-clock.js";

/**
 * `ms` after the recording's start. `strayed` = the recording and the driver went apart: nothing after it on that port
 * is proven.
 */
export type PlayedEvent = { readonly ms: number } & (
  | {
      readonly heard: "registers";
      readonly port: string;
      readonly unit: number;
      readonly request: string;
      readonly values: readonly RegisterShown[];
    }
  | {
      readonly heard: "reading";
      readonly port: string;
      readonly unit: number;
      readonly connector: number;
      readonly energyMilliWh: number;
      readonly powerW: number;
      readonly currentMilliA?: number;
    }
  | { readonly heard: "fault"; readonly device: string; readonly code: DeviceFaultCode; readonly message: string }
  | { readonly heard: "tap"; readonly reader: string; readonly tap: string }
  | { readonly heard: "plug"; readonly connector: number; readonly plugged: boolean }
  | { readonly heard: "button"; readonly connector: number; readonly button: "pressed" | "stuck" | "free" }
  | {
      readonly heard: "contactor";
      readonly connector: number;
      readonly part: "coil" | "feedback";
      readonly closed: boolean;
    }
  | { readonly heard: "terminal"; readonly way: "out" | "in"; readonly words: string }
  | { readonly heard: "strayed"; readonly port: string; readonly why: string }
);

/** The entries of a recording that have this field. */
export type EntryWith<K extends string> = Extract<TraceEntry, { readonly [key in K]: unknown }>;
export const hasKey =
  <K extends string>(key: K) =>
  (entry: TraceEntry): entry is EntryWith<K> =>
    key in entry;

/** A clock at the recording's start, which moves only as it is told. */
export const traceClock = (): BenchClock => new BenchClock({ at: 0, monoMs: 0, boot: "trace", trust: "unsynced" }, 0);
