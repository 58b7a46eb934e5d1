// SecurityEventNotification: what a CSMS is to know of the station's safety, kept until it has been told; not over a
// restart.
import type { Clock } from "../../../../drivers/driver.js";
import type { Dialect } from "../rpc/frame.js";
import { CallLost, callFailure, type Rpc } from "../rpc/rpc.js";
import { timeText } from "../transactions/completed-transaction.js";

type SecurityEvent = { readonly type: string; readonly timestamp: string; readonly techInfo?: string };

/** Of more than these the oldest are forgotten. */
const mostKept = 20;
/** The longest techInfo of OCPP. */
const longestInfo = 255;

/** The words of 1.6 for a CSMS and a charging station. */
const typeIn = (dialect: Dialect, type: string): string =>
  dialect === "ocpp1.6"
    ? type.replace("Csms", "CentralSystem").replace("ChargingStationCertificate", "ChargePointCertificate")
    : type;

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
  async tell(rpc: Pick<Rpc, "call" | "dialect">): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      await this.#tellAll(rpc);
    } finally {
      this.#isTelling = false;
    }
  }

  async #tellAll({ call, dialect }: Pick<Rpc, "call" | "dialect">): Promise<void> {
    for (let event = this.#kept[0]; event !== undefined; event = this.#kept[0]) {
      try {
        await this.#clock.busy(call("SecurityEventNotification", { ...event, type: typeIn(dialect, event.type) }));
      } catch (error) {
        // 1.6 knows it only with its security extension; whoever refuses it does not want it.
        if (callFailure(error) instanceof CallLost) return;
      }
      if (this.#kept[0] === event) this.#kept.shift();
    }
  }
}
