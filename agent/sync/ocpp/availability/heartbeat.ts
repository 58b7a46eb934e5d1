// Heartbeat on a line that stands: one in each interval of the CSMS's choice. Its answer holds the CSMS's time, which
// is compared and never set.
import type { Clock } from "../../../../drivers/driver.js";
import { callFailure, type Rpc } from "../rpc/rpc.js";

/** Where Heartbeat is off, the interval is looked at this often, since the CSMS may set it again. */
const lookAgainMs = 60_000;
const mostDifferenceMs = 60_000;

export class Heartbeat {
  #rpc: Rpc | undefined;
  #cancel: (() => void) | undefined;
  #lastMonoMs = 0;
  #noted = false;

  constructor(
    private readonly clock: Clock,
    /** 0 = off; asked anew for each beat. */
    private readonly intervalS: () => number,
    private readonly note: (text: string) => void,
  ) {}

  /** The first beat comes after one interval: we have just been answered. */
  start(rpc: Rpc): void {
    this.stop();
    this.#rpc = rpc;
    this.#lastMonoMs = this.clock.now().monoMs;
    this.#later();
  }

  /** The interval is another one: it counts from the last beat. */
  anew(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#later();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#rpc = undefined;
  }

  /** One beat now. An answer that does not come is the line's to notice. */
  async beat(rpc: Rpc): Promise<void> {
    try {
      const payload = await this.clock.busy(rpc.call("Heartbeat", {}));
      if (
        typeof payload === "object" &&
        payload !== null &&
        "currentTime" in payload &&
        typeof payload.currentTime === "string"
      )
        this.compareClock(Date.parse(payload.currentTime));
    } catch (error) {
      callFailure(error);
    }
  }

  /** The clock is the system's to set; a difference is worth a word, once. Epoch ms. */
  compareClock(currentMs: number | undefined): void {
    if (currentMs === undefined || Number.isNaN(currentMs)) return;
    const difference = Math.abs(currentMs - this.clock.now().at);
    if (difference > mostDifferenceMs && !this.#noted)
      this.note(`the backend's clock and this station's differ by ${Math.round(difference / 1000)} s: check both`);
    this.#noted = difference > mostDifferenceMs;
  }

  #later(): void {
    const everyMs = this.intervalS() * 1000;
    const next = everyMs === 0 ? this.clock.now().monoMs + lookAgainMs : this.#lastMonoMs + everyMs;
    this.#cancel = this.clock.at(next, () => {
      this.#cancel = undefined;
      void this.#turn(everyMs > 0);
    });
  }

  async #turn(beats: boolean): Promise<void> {
    const rpc = this.#rpc;
    if (rpc === undefined) return;
    this.#lastMonoMs = this.clock.now().monoMs;
    if (beats) await this.beat(rpc);
    if (this.#rpc === rpc && this.#cancel === undefined) this.#later();
  }
}
