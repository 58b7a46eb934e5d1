// SecurityEventNotification: what a CSMS is to know of the station's safety, kept until it has been told; not over a
// restart.
import type { Clock } from "../../../../drivers/driver.js";
import { CallLost, callFailure, type RpcCall } from "../rpc/rpc.js";
import { timeText } from "../transactions/completed-transaction.js";

type SecurityEvent = { readonly type: string; readonly timestamp: string; readonly techInfo?: string };

/** Of more than these the oldest are forgotten. */
const mostKept = 20;
/** The longest techInfo of OCPP. */
const longestInfo = 255;

export class SecurityEvents {
  readonly #clock: Clock;
  readonly #kept: SecurityEvent[] = [];
  #distrusted: string | undefined;
  #isTelling = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be told with the next connection. */
  keep(type: string, techInfo?: string): void {
    if (this.#kept.length >= mostKept) this.#kept.shift();
    const timestamp = timeText(this.#clock.now().at);
    this.#kept.push({
      type,
      timestamp,
      ...(techInfo === undefined ? {} : { techInfo: techInfo.slice(0, longestInfo) }),
    });
  }

  /** The certificate of the CSMS cannot be trusted: once for the same trouble, however often it is met. */
  distrust(words: string): void {
    if (this.#distrusted !== words) this.keep("InvalidCsmsCertificate", words);
    this.#distrusted = words;
  }

  /** Tells all of them, in their order. Never rejects with what the CSMS or its line does. */
  async tell(rpc: { readonly call: RpcCall }): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      await this.#tellAll(rpc);
    } finally {
      this.#isTelling = false;
    }
  }

  async #tellAll(rpc: { readonly call: RpcCall }): Promise<void> {
    for (let event = this.#kept[0]; event !== undefined; event = this.#kept[0]) {
      try {
        await this.#clock.busy(rpc.call("SecurityEventNotification", event));
      } catch (error) {
        // 1.6 knows it only with its security extension; whoever refuses it does not want it.
        if (callFailure(error) instanceof CallLost) return;
      }
      if (this.#kept[0] === event) this.#kept.shift();
    }
  }
}
