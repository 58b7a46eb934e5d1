// The faults that stand now, each by device and code: raised once, cleared once, shown everywhere.

import { DeviceError } from "../../drivers/driver.js";
import type { Failure } from "../core/failure.js";
import { type FaultCode, standsUntilSaid } from "../core/fault-table.js";

export type StationFault = {
  readonly device: string;
  readonly code: FaultCode;
  readonly message: string;
  readonly sinceMs: number;
};

const hourMs = 3_600_000;
/** A fault that comes and goes is told so often an hour. */
const mostToldAnHour = 12;

export class Faults {
  readonly #active = new Map<string, StationFault>();
  /** By device and code: when it was told within the last hour, and whether it is told that it stands. */
  readonly #told = new Map<string, { readonly atMs: readonly number[]; readonly stands: boolean }>();

  /**
   * `isTold`: it is written down and told. A fault that comes and goes all the time is so told only now and then, so
   * that a loose wire cannot fill a disk; that it stands, or no longer, holds at once for everything that is decided.
   */
  constructor(
    readonly raised: (fault: StationFault, isTold: boolean) => void,
    readonly cleared: (fault: StationFault, isTold: boolean) => void,
  ) {}

  raise(device: string, code: FaultCode, message: string, at: number): void {
    const key = `${device} ${code}`;
    const before = this.#active.get(key);
    const told = this.#told.get(key);
    if (before !== undefined && told?.stands === true) return;
    const atMs = (told?.atMs ?? []).filter((one) => Math.abs(at - one) < hourMs);
    // One that stands until somebody says so is written down each time: a restart must find it again.
    const isTold = atMs.length < mostToldAnHour || standsUntilSaid(code);
    if (before !== undefined && !isTold) return;
    const flaps = isTold && atMs.length === mostToldAnHour - 1 ? "; it comes and goes, and is told less often now" : "";
    const fault = before ?? { device, code, message, sinceMs: at };
    this.#active.set(key, fault);
    this.#told.set(key, { atMs: isTold ? [...atMs, at].slice(-mostToldAnHour) : atMs, stands: isTold });
    this.raised({ ...fault, message: `${fault.message}${flaps}` }, isTold);
  }

  /** Stands since before this start; told then, and not again. */
  restore(fault: StationFault): void {
    const key = `${fault.device} ${fault.code}`;
    this.#active.set(key, fault);
    this.#told.set(key, { atMs: [], stands: true });
  }

  /** Raises what a driver threw; anything but a DeviceError is a broken promise of ours and goes on up. */
  raiseError(device: string, error: unknown, at: number): void {
    if (!(error instanceof DeviceError)) throw error;
    this.raise(device, error.code, error.message, at);
  }

  /**
   * Clears the device's faults whose code starts with `prefix` ("" = all), now that they are not seen any more; one that
   * stands until somebody says so stays.
   */
  clear(device: string, prefix = ""): void {
    this.#drop(({ device: of, code }) => of === device && code.startsWith(prefix) && !standsUntilSaid(code));
  }

  /** Clears the device's faults whose code starts with `prefix`: somebody said, or it was shown, that they are mended. */
  mended(device: string, prefix: string): void {
    this.#drop(({ device: of, code }) => of === device && code.startsWith(prefix));
  }

  #drop(goes: (fault: StationFault) => boolean): void {
    for (const [key, fault] of this.#active) {
      if (!goes(fault)) continue;
      this.#active.delete(key);
      const told = this.#told.get(key);
      if (told !== undefined) this.#told.set(key, { ...told, stands: false });
      this.cleared(fault, told?.stands === true);
    }
  }

  of(device: string): StationFault | undefined {
    for (const fault of this.#active.values()) if (fault.device === device) return fault;
    return undefined;
  }

  all(): StationFault[] {
    return [...this.#active.values()];
  }
}

/** What a driver shows for a failure that keeps the station closed; what nobody foresaw there is a defect of ours. */
const faultCodes: Record<Failure["code"], FaultCode> = {
  "journal/damaged": "journal/damaged",
  "book/damaged": "book/damaged",
  "table/damaged": "book/damaged",
  "disk/full": "disk/full",
  "disk/failed": "disk/failed",
  "key/unusable": "key/unusable",
  "tariff/invalid": "tariff/unreadable",
  // A tariff file that cannot be opened.
  "usage/invalid": "tariff/unreadable",
  "config/invalid": "config/invalid",
  "config/missing": "config/invalid",
  "state/locked": "state/locked",
  "receipt/invalid": "agent/defect",
  "agent/unreachable": "agent/defect",
  "agent/refused": "agent/defect",
};
/** The fault that stands for what was thrown. */
export const faultCodeOf = (error: Failure | DeviceError): FaultCode =>
  error instanceof DeviceError ? error.code : faultCodes[error.code];
