// What the station can see by itself of the security events of OCPP, beside what happens on the line: a system clock
// that was set, and a disk that fills up.
import type { Clock } from "../../../../drivers/driver.js";
import type { StationFault } from "../../faults.js";

export type SecurityWatchParts = {
  readonly clock: Clock;
  readonly faults: () => readonly StationFault[];
  readonly keep: (type: "SettingSystemTime" | "MemoryExhaustion", techInfo: string) => void;
};

const lookEveryMs = 60_000;
/** A clock that is disciplined runs some milliseconds faster or slower in a minute; one that is set leaps. */
const leastLeapMs = 1_000;

export class SecurityWatch {
  readonly #parts: SecurityWatchParts;
  #offsetMs: number;
  #isFull = false;
  #cancel: () => void = () => undefined;

  constructor(parts: SecurityWatchParts) {
    this.#parts = parts;
    this.#offsetMs = this.#offset();
  }

  begin(): void {
    this.look();
    const { clock } = this.#parts;
    this.#cancel = clock.at(clock.now().monoMs + lookEveryMs, () => this.begin());
  }

  close(): void {
    this.#cancel();
  }

  /** Something may have changed. */
  look(): void {
    const offset = this.#offset();
    const leapS = Math.round((offset - this.#offsetMs) / 100) / 10;
    const leaps = Math.abs(offset - this.#offsetMs) >= leastLeapMs;
    this.#offsetMs = offset;
    if (leaps) this.#parts.keep("SettingSystemTime", `set ${leapS > 0 ? "forward" : "back"} by ${Math.abs(leapS)} s`);
    const isFull = this.#parts.faults().some(({ code }) => code === "disk/full");
    if (isFull && !this.#isFull) this.#parts.keep("MemoryExhaustion", "little space is left on the disk");
    this.#isFull = isFull;
  }

  #offset(): number {
    const { at, monoMs } = this.#parts.clock.now();
    return at - monoMs;
  }
}
