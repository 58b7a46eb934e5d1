// A station as an uplink sees it: a state that is moved by facts, told to whoever listens. The meter and the driver are
// the test's hand.

import type { SessionToken, Settlement } from "../../../agent/core/cdr/settlement.js";
import type { Opening } from "../../../agent/core/session/opening.js";
import type { StationEvent } from "../../../agent/core/station/station-event.js";
import { reduce } from "../../../agent/core/station/station-reducer.js";
import { emptyStationState, type StationState } from "../../../agent/core/station/station-state.js";
import type { Activity } from "../../../agent/core/tariff/period.js";
import { parseTariff } from "../../../agent/core/tariff/tariff-reader.js";
import type { StationFault } from "../../../agent/sync/faults.js";
import type { RecordedFact, StationFeed } from "../../../agent/sync/station-port.js";
import type { Moment, Reading } from "../../../drivers/driver.js";
import { meter, tariff, timeZone } from "../sample-receipt.js";
import type { HandClock } from "../time/hand-clock.js";
import type { SalesBook } from "./ocpp-bench.js";

const layout = {
  connectors: [
    { id: 1, reader: "front" },
    { id: 2, reader: "front" },
  ],
};

const card = { uid: "04A1B2C3D4E5F6", type: "RFID", contractId: "C", countryCode: "DE", partyId: "ABC" } as const;

export class SimulatedStation implements StationFeed {
  activeFaults: StationFault[] = [];
  closed: string | undefined;
  #stationState: StationState = emptyStationState(layout);
  readonly #listeners = new Set<(fact: RecordedFact) => void>();

  constructor(
    readonly clock: HandClock,
    readonly book: SalesBook,
  ) {}

  listen(listener: (fact: RecordedFact) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  stationState(): StationState {
    return this.#stationState;
  }
  liveReading(): undefined {
    return undefined;
  }
  faults(): readonly StationFault[] {
    return this.activeFaults;
  }
  blocked(): string | undefined {
    return this.closed;
  }

  happens(event: StationEvent): void {
    const before = this.#stationState;
    this.#stationState = reduce(before, event, layout);
    for (const listener of this.#listeners) listener({ event, before, after: this.#stationState });
  }

  /** A card and a car; the session begins. Answers its id. */
  begins(
    connector = 1,
    id = `session-${this.book.last() + 1}`,
    by?: { readonly reference: string },
    token: SessionToken = card,
  ): string {
    const parsed = parseTariff(tariff);
    if (!parsed.ok) throw new Error("the tariff of the tests cannot be read");
    const moment = this.clock.now();
    const acceptance = {
      token,
      authMethod: by === undefined ? ("WHITELIST" as const) : ("COMMAND" as const),
      ...(by === undefined ? {} : { authorizationReference: by.reference }),
    };
    const opening: Opening = {
      id,
      acceptance,
      meter,
      tariff: parsed.tariff,
      timeZone,
      shown: { text: "", atMs: moment.at },
      begin: this.#reading(moment, 0),
    };
    this.happens({ type: "PlugChanged", moment, connector, plugged: true });
    this.happens({ type: "CardAccepted", moment, connector, acceptance });
    this.happens({ type: "SessionBegan", moment, connector, opening });
    return id;
  }

  /** The meter is read. */
  reads(milliWh: number, activity: Activity = "charging", connector = 1): void {
    const moment = this.clock.now();
    this.happens({
      type: "MeterRead",
      moment,
      connector,
      reading: this.#reading(moment, milliWh),
      activity,
      atBoundary: false,
    });
  }

  /** The session stops and is settled: its receipt stands in the book. Answers its number. */
  settles(connector = 1, changes: Partial<Settlement> = {}, stop: { readonly card?: string } = {}): number {
    const moment = this.clock.now();
    const session = this.#stationState.sessions.get(connector);
    if (session === undefined || !("sale" in session)) throw new Error(`nothing runs at connector ${connector}`);
    const { id } = session.sale.opening;
    this.happens({ type: "StopRequested", moment, connector, reason: "Local", detail: "", ...stop });
    this.happens({ type: "SessionEnded", moment, connector, reading: this.#reading(moment, 12_345_000), detail: "" });
    const number = this.book.sell({ sessionId: id, ...changes });
    this.happens({ type: "ReceiptNumbered", moment, connector, number, pagination: number - 1 });
    this.happens({ type: "SessionSettled", moment, connector, number });
    this.happens({ type: "PlugChanged", moment, connector, plugged: false });
    return number;
  }

  #reading(moment: Moment, milliWh: number): Reading {
    return { moment, energyMilliWh: 1_234_500_000 + milliWh, powerW: 8_230, serial: meter.serial };
  }
}
