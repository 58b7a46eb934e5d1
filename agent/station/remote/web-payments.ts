// Payments on the page of a backend (OCPP 2.1 C25): a connector is kept while somebody pays for a start there, for a
// bounded time. Whoever came first keeps it: a card that waits or is being checked, a reservation, another payment.
import type { ConnectorConfig } from "../../../config/schema.js";
import type { Clock } from "../../../drivers/driver.js";
import { reservedFor } from "../../core/station/backend-orders.js";
import { waitingFor } from "../../core/station/station-state.js";
import { longestWebPaymentMs, type Refusal, type RemoteAnswer } from "../../sync/station-port.js";
import { Lapses } from "../lapses.js";
import type { Station } from "../station.js";
import { enterOrder, type OrderedStation, refuseRemote, remoteAccepted } from "./remote-answer.js";
import { whyInUse, whyUnfit } from "./start-place.js";

export type WebPaymentsParts = {
  readonly config: { readonly connectors: readonly ConnectorConfig[] };
  readonly clock: Clock;
  readonly station: OrderedStation & Pick<Station, "asks">;
  readonly note: (text: string) => void;
};

export class WebPayments {
  readonly #lapses: Lapses<number>;

  constructor(private readonly parts: WebPaymentsParts) {
    this.#lapses = new Lapses(parts.clock);
  }

  /** See `RemoteControl.webPaymentStarted`. */
  started(connector: number, forMs: number, by: string): RemoteAnswer {
    const { station, clock, note } = this.parts;
    if (!(forMs > 0 && forMs <= longestWebPaymentMs))
      return refuseRemote("failed", `a payment keeps a connector for ${longestWebPaymentMs / 1000} s at most`);
    const refused = this.whyNotPayable(connector, by);
    if (refused !== undefined) return refused;
    const moment = clock.now();
    const answer = enterOrder(station, { type: "WebPaymentStarted", moment, connector, by, forMs });
    if (!answer.accepted) return answer;
    note(`connector ${connector}: somebody pays on the page of ${by}; kept for ${Math.round(forMs / 1000)} s`);
    this.#lapses.set(connector, moment.monoMs + forMs, () => {
      if (station.stationState().webPayments.get(connector)?.since !== moment) return;
      this.#end(connector, "no start came of the payment in time");
    });
    return answer;
  }

  /** See `RemoteControl.webPaymentEnded`. */
  ended(connector: number, by: string, why: string): RemoteAnswer {
    // One that ended by itself, or led to a start, is no longer there to be ended: what was wanted is so.
    if (this.parts.station.stationState().webPayments.get(connector)?.by === by) this.#end(connector, why);
    return remoteAccepted;
  }

  /** Why nobody could start at a connector after having paid; `by` = whose own payment is not in the way. */
  whyNotPayable(connector: number, by?: string): Refusal | undefined {
    const { config, station, clock } = this.parts;
    const configured = config.connectors.find(({ id }) => id === connector);
    if (configured === undefined) return refuseRemote("unknown-connector", `there is no connector ${connector}`);
    const unfit = whyUnfit(connector, station);
    if (unfit !== undefined) return unfit;
    const blocked = station.feed().blocked(connector);
    if (blocked !== undefined) return refuseRemote("no-tariff", blocked);
    const state = station.stationState();
    const inUse = whyInUse(connector, state.sessions.get(connector));
    if (inUse !== undefined) return inUse;
    if (waitingFor(state, connector, configured.reader) !== undefined)
      return refuseRemote("busy", `connector ${connector} waits for the car of somebody who came first`);
    if (station.asks(configured)) return refuseRemote("busy", `a card for connector ${connector} is being checked`);
    if (reservedFor(state.orders, state.sessions, connector, undefined, clock.now().at) !== undefined)
      return refuseRemote("busy", `connector ${connector} is reserved`);
    const payment = state.webPayments.get(connector);
    return payment === undefined || payment.by === by
      ? undefined
      : refuseRemote("busy", `somebody pays for connector ${connector} already`);
  }

  close(): void {
    this.#lapses.close();
  }

  #end(connector: number, why: string): void {
    const { station, clock, note } = this.parts;
    if (station.enter({ type: "WebPaymentEnded", moment: clock.now(), connector, why }))
      note(`connector ${connector} is free again: ${why}`);
  }
}
