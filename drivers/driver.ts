// What a charge point's devices look like from above: plain data and six small interfaces.
// A driver knows volts, bytes and cards; it knows no session and no price.

/** Milliseconds since the Unix epoch, by the wall clock. */
export type EpochMs = number;
/** Milliseconds of the monotonic clock; only differences within one boot mean anything. */
export type MonoMs = number;

/** How far the wall clock can be believed: set by NTP, running on since, or never set. */
export type TimeTrust = "synced" | "holdover" | "unsynced";

/** One look at both clocks. `boot` names the boot in which `monoMs` counts. */
export type Moment = {
  readonly at: EpochMs;
  readonly monoMs: MonoMs;
  readonly boot: string;
  readonly trust: TimeTrust;
};

/** The clock is a device of the machine: handed in, so that a bench can have a time of its own. */
export interface Clock {
  now(): Moment;
  /** Calls `wake` once when the monotonic clock reaches `monoMs`; the answer cancels it. */
  at(monoMs: MonoMs, wake: () => void): () => void;
  /** Marks `work` as in flight. A real clock hands it back; a bench's time stands still until it has settled. */
  busy<T>(work: Promise<T>): Promise<T>;
}

/** Resolves after `ms`, or at once (as false) when the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    const onAbort = (): void => {
      cancel();
      resolve(false);
    };
    const cancel = clock.at(clock.now().monoMs + ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve(true);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** A signal that aborts after `ms`, unless it is cancelled before. */
export function abortsAfter(clock: Clock, ms: number): { readonly signal: AbortSignal; readonly cancel: () => void } {
  const over = new AbortController();
  return { signal: over.signal, cancel: clock.at(clock.now().monoMs + ms, () => over.abort()) };
}

/** What a meter says of itself. `serial` binds a reading to one device. */
export type MeterIdentity = {
  readonly vendor: string;
  readonly model: string;
  readonly serial: string;
  /** The meter tells no number: this one is the config's, typed in from the label. */
  readonly serialByHand?: true;
  readonly firmware?: string;
  /** The last day of its calibration, as the label says (2031-12-31). */
  readonly calibratedUntil?: string;
};

/** A meter's own signed record, carried verbatim beside the value it signs. */
export type SignedRecord = { readonly format: "OCMF" | "EDL"; readonly data: string; readonly publicKey?: string };

/**
 * One reading. `moment` is when its bytes arrived, never when it was passed on.
 * `energyMilliWh` is the import register, exact, rounded down to the register's stated resolution.
 */
export type Reading = {
  readonly moment: Moment;
  readonly energyMilliWh: number;
  readonly powerW: number;
  /** Sum over the phases, in milliampere, where the meter gives it. */
  readonly currentMilliA?: number;
  readonly serial: string;
  readonly signed?: SignedRecord;
};

export interface EnergyMeter {
  /** The steps in which its register moves, in milliwatt-hours. */
  readonly stepMilliWh: number;
  identify(): Promise<MeterIdentity>;
  /**
   * Its serial number, asked anew and alone: cheap. Readings bear what it tells from then on. Rejects as identify()
   * does.
   */
  confirm(): Promise<string>;
  /** Rejects with a DeviceError; a value that is not certain is never returned. */
  read(): Promise<Reading>;
  close(): Promise<void>;
}

/** A card seen at a reader: its whole UID (4, 7 or 10 bytes) as upper-case hex, or why it cannot be used. */
export type CardTap =
  | { readonly kind: "card"; readonly uid: string; readonly moment: Moment }
  | { readonly kind: "refused"; readonly why: "random-uid" | "several-cards" | "unreadable"; readonly moment: Moment };

export interface CardReader {
  /**
   * Taps as they happen; a card held to the reader is one tap. Ends when the signal aborts, throws DeviceError when the
   * reader is lost.
   */
  taps(signal: AbortSignal): AsyncIterable<CardTap>;
  /** Whether the card of this UID lies there still, as far as the last search could tell. */
  holds(uid: string): boolean;
  /** What a technician should know of a reader that works. */
  readonly remark?: string | undefined;
  close(): Promise<void>;
}

export interface Contactor {
  /** Drives the coil. Synchronous: opening waits for nothing. */
  set(closed: boolean): void;
  /** The auxiliary contact: true = main contacts closed; undefined = none is wired. */
  feedback(): boolean | undefined;
  close(): void;
}

/** `unsteady` = its contact changes more often than people make it: it counts as unplugged until it is quiet. */
export type PlugChange = { readonly plugged: boolean; readonly unsteady?: boolean; readonly moment: Moment };

export interface PlugSensor {
  /** The state now. */
  plugged(): boolean;
  /** The state now, then each debounced change, and when it is unsteady and when no longer. */
  plugs(signal: AbortSignal): AsyncIterable<PlugChange>;
  close(): void;
}

/**
 * What a button has to tell: `pressed` = just now, once however long it is held; `stuck` = it has been down for longer
 * than anybody presses; `unsteady` = it changes more often than people press, and counts as let go until it is quiet.
 */
export type ButtonChange = {
  readonly pressed: boolean;
  readonly stuck: boolean;
  readonly unsteady?: boolean;
  readonly moment: Moment;
};

export interface Button {
  /** Whether it is held down now. */
  down(): boolean;
  /** Each press, and when it is stuck or unsteady and when no longer. */
  presses(signal: AbortSignal): AsyncIterable<ButtonChange>;
  close(): void;
}

/** The devices of a connector that hang on pins; they are opened together. */
export type Pins = {
  readonly contactor: Contactor;
  readonly plug: PlugSensor;
  readonly indicator: Indicator;
  readonly button?: Button;
};

/** What a driver must be able to tell apart at the point itself; each has a pattern of its own, never colour alone. */
export type Indication =
  | "available"
  | "chosen"
  | "waiting-for-plug"
  | "waiting-for-card"
  | "checking"
  | "charging"
  | "suspended"
  | "finishing"
  | "refused"
  | "confirm-stop"
  | "fault"
  | "off";

export interface Indicator {
  show(indication: Indication): void;
  close(): void;
}

/** What can be wrong with a device, by a code; their words stand in the agent's table (core/fault-table.ts). */
export type DeviceFaultCode =
  | "meter/timeout"
  | "meter/exception"
  | "meter/garbled"
  | "meter/implausible"
  | "meter/serial-changed"
  | "meter/unknown"
  | "meter/stale"
  | "meter/power-while-open"
  | "meter/backwards"
  | "meter/register-fell"
  | "port/missing"
  | "port/lost"
  | "reader/missing"
  | "reader/lost"
  | "gpio/missing"
  | "terminal/lost"
  | "terminal/changed"
  | "terminal/not-ready"
  | "terminal/unproven";

/**
 * Whether what was thrown is a broken promise of ours, such as a TypeError, and no trouble with a device: it goes on up
 * as it is, so that nobody looks for the fault in a device that is well.
 */
export const isDefect = (error: unknown): boolean =>
  error instanceof TypeError ||
  error instanceof RangeError ||
  error instanceof ReferenceError ||
  (error instanceof Error && error.name === "AssertionError");

/** Device trouble: a code to decide by, a sentence that names the device and what to do. */
export class DeviceError extends Error {
  override readonly name = "DeviceError";
  constructor(
    readonly code: DeviceFaultCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
