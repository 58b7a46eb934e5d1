// Keeps a CSMS informed of how connectors stand and which faults stand: compares what it was told with what is, and
// tells the difference. Nothing queues here: after a dead line only the present is told.
import type { Clock } from "../../../../drivers/driver.js";
import type { StationFault } from "../../faults.js";
import type { StationFeed } from "../../station-port.js";
import { callOutcome } from "../rpc/call-outcome.js";
import type { CallErrorCode, Dialect } from "../rpc/frame.js";
import { CallLost, callFailure, type RpcCall } from "../rpc/rpc.js";
import { connectorStatus, faultNotice, type SentStatus, statusNotice } from "./availability.js";

export type StatusNotificationsParts = {
  readonly feed: () => StationFeed | undefined;
  readonly connectors: readonly number[];
  readonly clock: Clock;
  readonly note: (text: string) => void;
};

export type StatusNotificationsLine = { readonly dialect: Dialect; readonly call: RpcCall };

const lookEveryMs = 60_000;
/** The CSMS does not know the message at all, or does not let us say it. */
const isForGood: readonly CallErrorCode[] = ["NotImplemented", "NotSupported", "SecurityError"];

type Difference = { readonly told: SentStatus; done(): void; undo(): void };

export class StatusNotifications {
  readonly #parts: StatusNotificationsParts;
  #line: StatusNotificationsLine | undefined;
  readonly #status = new Map<number, string>();
  readonly #faults = new Map<string, StationFault>();
  #eventId = 0;
  #telling = false;
  #again = false;
  #cancel: (() => void) | undefined;
  /** Actions that this CSMS does not take. */
  readonly #unwanted = new Set<string>();
  /** What the CSMS failed to take, but may take another time: each takes its note of having been told away again. */
  readonly #toldInVain: (() => void)[] = [];

  constructor(parts: StatusNotificationsParts) {
    this.#parts = parts;
  }

  /** The line stands and we are accepted; `anew` = the CSMS is told everything. */
  attach(line: StatusNotificationsLine, anew: boolean): void {
    this.#line = line;
    if (anew) {
      this.#status.clear();
      this.#faults.clear();
      this.#unwanted.clear();
      this.#toldInVain.length = 0;
    }
    this.look();
  }

  detach(): void {
    this.#line = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /**
   * Tells the state of a connector (all: undefined) again, changed or not; on this line even before we are accepted,
   * since it was asked for.
   */
  repeat(connector: number | undefined, line: StatusNotificationsLine): void {
    const { clock, connectors, note } = this.#parts;
    const { at } = clock.now();
    for (const id of connectors) {
      if (connector !== undefined && connector !== id) continue;
      const told = this.#current(id, line.dialect, at)?.told();
      if (told !== undefined)
        void clock
          .busy(line.call(told.action, told.payload))
          .catch((error: unknown) => note(`${told.action} was asked for and not taken: ${String(callFailure(error))}`));
    }
  }

  /** Something may have changed. */
  look(): void {
    this.#again = true;
    if (this.#telling || this.#line === undefined) return;
    this.#telling = true;
    void this.#tell().finally(() => {
      this.#telling = false;
      if (this.#again && this.#line !== undefined) return this.look();
      this.#sleep();
    });
  }

  async #tell(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      for (let next = this.#difference(); next !== undefined && this.#line !== undefined; next = this.#difference()) {
        try {
          await this.#parts.clock.busy(this.#line.call(next.told.action, next.told.payload));
        } catch (error) {
          // A CSMS that does not take a notice is not told it again on this line; after a lost call all is compared
          // anew.
          const failure = callFailure(error);
          if (failure instanceof CallLost && failure.blame !== "rests") return;
          // A failure that passes is not the notice's: it is told again with the next round.
          const passes =
            failure instanceof CallLost ||
            (callOutcome(failure, next.told.action).kind === "retry" && !isForGood.includes(failure.code));
          if (passes) this.#toldInVain.push(next.undo);
          else {
            if (!this.#unwanted.has(next.told.action))
              this.#parts.note(`the backend does not take ${next.told.action}: ${failure.message}`);
            this.#unwanted.add(next.told.action);
          }
        }
        next.done();
      }
    }
  }

  #difference(): Difference | undefined {
    const line = this.#line;
    const feed = this.#parts.feed();
    if (line === undefined || feed === undefined) return undefined;
    const { at } = this.#parts.clock.now();
    const faults = feed.faults().filter(({ device }) => !device.startsWith("uplink "));
    for (const connector of this.#parts.connectors) {
      const now = this.#current(connector, line.dialect, at);
      if (now !== undefined && this.#status.get(connector) !== now.key)
        return {
          told: now.told(),
          done: () => void this.#status.set(connector, now.key),
          undo: () => void this.#status.delete(connector),
        };
    }
    return line.dialect === "ocpp1.6" ? undefined : this.#faultDifference(faults, at);
  }

  /** How a connector stands now, by a key to compare and a notice to tell. */
  #current(connector: number, dialect: Dialect, at: number): { readonly key: string; told(): SentStatus } | undefined {
    const feed = this.#parts.feed();
    if (feed === undefined) return undefined;
    const faults = feed.faults();
    const status = connectorStatus(
      connector,
      { stationState: feed.stationState(), faults, blocked: (id) => feed.blocked(id) },
      at,
    );
    const fault = faults.find(({ device }) => device === `connector ${connector}`);
    return {
      key: dialect === "ocpp1.6" ? `${status.in16} ${fault?.code ?? ""}` : status.in2x,
      told: () => statusNotice(dialect, connector, status, fault, at, this.#eventId++),
    };
  }

  #faultDifference(faults: readonly StationFault[], at: number): Difference | undefined {
    const keyOf = ({ device, code }: StationFault): string => `${device} ${code}`;
    for (const fault of faults)
      if (!this.#faults.has(keyOf(fault)))
        return {
          told: faultNotice(fault, false, at, this.#eventId++),
          done: () => void this.#faults.set(keyOf(fault), fault),
          undo: () => void this.#faults.delete(keyOf(fault)),
        };
    const active = new Set(faults.map(keyOf));
    for (const [key, fault] of this.#faults)
      if (!active.has(key))
        return {
          told: faultNotice(fault, true, at, this.#eventId++),
          done: () => void this.#faults.delete(key),
          undo: () => void this.#faults.set(key, fault),
        };
    return undefined;
  }

  /** Services that close or a reservation that lapses are no fact of the station. */
  #sleep(): void {
    this.#cancel?.();
    if (this.#line === undefined) return;
    const { clock } = this.#parts;
    this.#cancel = clock.at(clock.now().monoMs + lookEveryMs, () => {
      this.#cancel = undefined;
      for (const undo of this.#toldInVain.splice(0)) undo();
      this.look();
    });
  }
}
