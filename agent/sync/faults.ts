// The faults that stand now, each by device and code: raised once, cleared once, shown everywhere.

import { DeviceError } from "../../drivers/driver.js";
import type { Failure } from "../core/failure.js";
import type { FaultCode } from "../core/fault-table.js";

export type StationFault = {
  readonly device: string;
  readonly code: FaultCode;
  readonly message: string;
  readonly sinceMs: number;
};

export class Faults {
  readonly #active = new Map<string, StationFault>();

  constructor(
    readonly raised: (fault: StationFault) => void,
    readonly cleared: (fault: StationFault) => void,
  ) {}

  raise(device: string, code: FaultCode, message: string, at: number): void {
    const key = `${device} ${code}`;
    if (this.#active.has(key)) return;
    const fault = { device, code, message, sinceMs: at };
    this.#active.set(key, fault);
    this.raised(fault);
  }

  /** Raises what a driver threw; anything but a DeviceError is a broken promise of ours and goes on up. */
  raiseError(device: string, error: unknown, at: number): void {
    if (!(error instanceof DeviceError)) throw error;
    this.raise(device, error.code, error.message, at);
  }

  /** Clears the device's faults whose code starts with `prefix` ("" = all). */
  clear(device: string, prefix = ""): void {
    for (const [key, fault] of this.#active) {
      if (fault.device !== device || !fault.code.startsWith(prefix)) continue;
      this.#active.delete(key);
      this.cleared(fault);
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
