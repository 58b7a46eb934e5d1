// The loop of the station: a fact comes in, is written down, moves the state, and what the state now wants is met. Then
// again. One loop and one writer for all connectors; if writing fails, every contactor opens and the process ends.

import type { Config, ConnectorConfig } from "../../config/schema.js";
import type {
  CardReader,
  Clock,
  EnergyMeter,
  Indication,
  MeterIdentity,
  Moment,
  Pins,
  Reading,
} from "../../drivers/driver.js";
import { type AuthorizationInfo, masked } from "../core/cdr/token.js";
import { kwhDisplay } from "../core/number/energy-text.js";
import { moneyText } from "../core/number/money.js";
import { live } from "../core/rating/live-price.js";
import type { LimitReached } from "../core/session/limits.js";
import type { Acceptance, Opening } from "../core/session/opening.js";
import type { Sale } from "../core/session/sale.js";
import type { Session } from "../core/session/session.js";
import { wants } from "../core/session/wants.js";
import { anyConnector, type Bearer, outOfServiceBy, reservedFor } from "../core/station/backend-orders.js";
import { isEvidence, type StationEvent } from "../core/station/station-event.js";
import { reduce } from "../core/station/station-reducer.js";
import { isChosen, type Layout, type StationState, waitingFor } from "../core/station/station-state.js";
import { Faults } from "../sync/faults.js";
import type { Fact, StationFeed } from "../sync/station-port.js";
import type { AuthorizationQuestion } from "./authorizer.js";
import { ButtonHandler } from "./button-handler.js";
import { CardHandler } from "./card-handler.js";
import { ConnectorController } from "./connector/connector.js";
import type { AgentEvent } from "./events.js";
import { ordersStand } from "./journal-retention.js";
import { unitPriceText } from "./snapshot.js";

export type StationParts = {
  readonly config: Config;
  readonly clock: Clock;
  /** Durable when it returns; throws when it is not. */
  readonly append: (event: StationEvent) => void;
  readonly meter: (connector: ConnectorConfig) => EnergyMeter;
  readonly pins: (connector: ConnectorConfig) => Promise<Pins>;
  readonly reader: (name: string) => Promise<CardReader>;
  readonly authorize: (uid: string, at: number) => AuthorizationInfo | AuthorizationQuestion;
  /** Whether the sessions of one card have together reached what it may have open. */
  readonly exposed: (sale: Sale) => LimitReached | undefined;
  readonly open: (
    connector: ConnectorConfig,
    acceptance: Acceptance,
    meter: MeterIdentity,
    begin: Reading,
  ) => Opening | string;
  /** Numbers, signs and books the receipt of a session that is over, telling each step to `record`; false = not now. */
  readonly settle: (connector: ConnectorConfig, record: (event: StationEvent) => void) => boolean;
  /** Why nothing may be sold at all, if so. */
  readonly whyClosed: () => string | undefined;
  readonly tell: (event: AgentEvent) => void;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
  readonly version: string;
};

/** Which connectors stand at which reader, by the config. */
export const layoutOf = (config: Config): Layout => ({
  connectors: config.connectors.map(({ id, reader }) => ({ id, reader })),
});

export class Station {
  readonly layout: Layout;
  readonly faults: Faults;
  readonly points: ReadonlyMap<number, ConnectorController>;
  readonly #parts: StationParts;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(fact: Fact) => void>();
  readonly readers: CardHandler;
  readonly buttons: ButtonHandler;
  #stationState: StationState;
  readonly #running: Promise<void>[] = [];
  #dead = false;

  /** `stationState` = as the journal left it. */
  constructor(parts: StationParts, stationState: StationState) {
    this.#parts = parts;
    this.layout = layoutOf(parts.config);
    this.#stationState = stationState;
    const { tell } = parts;
    this.faults = new Faults(
      (fault) => {
        this.#record({
          type: "FaultRaised",
          moment: this.#now(),
          device: fault.device,
          code: fault.code,
          message: fault.message,
        });
        tell({ type: "fault", at: this.#now().at, device: fault.device, code: fault.code, message: fault.message });
        this.relight();
      },
      (fault) => {
        this.#record({ type: "FaultCleared", moment: this.#now(), device: fault.device, code: fault.code });
        tell({ type: "recovered", at: this.#now().at, device: fault.device, code: fault.code });
        this.relight();
      },
    );
    this.points = new Map(parts.config.connectors.map((connector) => [connector.id, this.#point(connector)]));
    const record = (event: StationEvent): void => void this.#record(event);
    const handlerParts = {
      ...parts,
      layout: this.layout,
      faults: this.faults,
      points: this.points,
      stationState: () => this.#stationState,
      record,
    };
    this.buttons = new ButtonHandler({
      ...handlerParts,
      asks: (reader) => this.readers.asks(reader),
      blocked: (connector) => this.#blocked(connector),
    });
    this.readers = new CardHandler({
      ...handlerParts,
      refusal: (connector, bearer) => this.refusal(connector, bearer),
      die: (error) => this.#die(error),
    });
  }

  /**
   * `downSince` = the last moment that the journal knows. Takes up the work: sessions that a crash or power cut left
   * open are ended by the rules, then everything runs.
   */
  start(downSince: Moment | undefined): void {
    const now = this.#now();
    this.#record({ type: "Started", moment: now, version: this.#parts.version });
    for (const reader of this.#stationState.waiting.keys())
      this.#record({ type: "CardLapsed", moment: now, reader, why: "the station was restarted" });
    for (const reader of this.#stationState.chosen.keys())
      this.#record({ type: "ChoiceLapsed", moment: now, reader, why: "the station was restarted" });
    for (const key of this.#stationState.awaited.keys())
      this.#record({
        type: "RemoteStartLapsed",
        moment: now,
        connector: key === anyConnector ? null : key,
        why: "the station was restarted",
      });
    for (const [connector, session] of this.#stationState.sessions) {
      if (downSince === undefined || !["starting", "charging", "stopping"].includes(session.state)) continue;
      this.#record({
        type: "Restarted",
        moment: now,
        connector,
        cause: downSince.boot === now.boot ? "Reboot" : "PowerLoss",
        downSince,
      });
    }
    for (const point of this.points.values()) this.#running.push(point.run());
    for (const reader of Object.keys(this.#parts.config.readers))
      this.#running.push(this.readers.watch(reader, this.#abort.signal));
  }

  stationState(): StationState {
    return this.#stationState;
  }

  /** What backends may look at. */
  feed(): StationFeed {
    return {
      listen: (listener) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
      stationState: () => this.#stationState,
      liveReading: (connector) => this.points.get(connector)?.liveReading(),
      faults: () => this.faults.all(),
      blocked: (connector) => this.#blocked(connector),
    };
  }

  session(connector: number): Session | undefined {
    return this.#stationState.sessions.get(connector);
  }

  /** The remote word: stops a session. Answers what is true: null = it is stopping, else why not. */
  stop(connector: number): string | null {
    const session = this.session(connector);
    if (session === undefined) return `there is no connector ${connector}`;
    if (session.state !== "charging") return `connector ${connector} is not charging (${session.state})`;
    this.points.get(connector)?.openContactor();
    this.#record({
      type: "StopRequested",
      moment: this.#now(),
      connector,
      reason: "Remote",
      detail: "stopped by remote word",
    });
    return null;
  }

  /**
   * The inbox for what a backend orders: written down before anything acts on it; false when it had no meaning or
   * nothing is written any more.
   */
  enter(event: StationEvent): boolean {
    return this.#record(event);
  }

  /** Why this bearer may not start at a connector now; without one: why nobody may who has no reservation. */
  refusal(connector: number, bearer: Bearer | undefined): string | undefined {
    const blocked = this.#blocked(connector);
    if (blocked !== undefined) return blocked;
    const kept = reservedFor(this.#stationState.orders, this.#stationState.sessions, connector, bearer, this.#now().at);
    return kept === undefined ? undefined : `connector ${connector} is reserved for another card`;
  }

  /** Writes all orders in force again, so that the entries before may go into the archive. */
  restate(): void {
    const { reservations, inoperative } = this.#stationState.orders;
    if (ordersStand(this.#stationState))
      this.#record({
        type: "OrdersStand",
        moment: this.#now(),
        reservations: [...reservations.values()],
        inoperative: [...inoperative].map(([connector, by]) => ({ connector, by })),
      });
  }

  /** Opens all contactors and lets everything go. Sessions stay open in the journal; the next start ends them. */
  async close(): Promise<void> {
    this.openAll();
    this.#abort.abort();
    this.readers.close();
    this.buttons.close();
    await Promise.all([...this.points.values()].map((point) => point.close()));
    await Promise.all(this.#running);
  }

  /** The process cannot go on: contactors open, and nothing is written or closed any more. */
  halt(): void {
    this.#dead = true;
    this.openAll();
  }

  openAll(): void {
    for (const point of this.points.values()) point.openContactor();
  }

  #point(connector: ConnectorConfig): ConnectorController {
    const parts = this.#parts;
    return new ConnectorController(connector, parts.meter(connector), () => parts.pins(connector), {
      clock: parts.clock,
      config: parts.config,
      faults: this.faults,
      session: () => this.#session(connector.id),
      record: (event) => this.#record(event),
      open: (acceptance, meter, begin) => parts.open(connector, acceptance, meter, begin),
      settle: () => {
        const session = this.#session(connector.id);
        if (session.state !== "settling") return true;
        // Receipts are made one after the other: who has a number already goes first.
        if (
          session.numbered === undefined &&
          [...this.#stationState.sessions.values()].some(
            (other) => other.state === "settling" && other.numbered !== undefined,
          )
        )
          return false;
        return parts.settle(connector, (event) => void this.#record(event));
      },
      blocked: () => this.#blocked(connector.id),
      exposed: parts.exposed,
      indication: () => this.#indication(connector),
      button: (change) => this.buttons.heard(connector.id, change),
      changed: parts.changed,
      note: (text) => parts.tell({ type: "note", at: this.#now().at, text }),
      die: (error) => this.#die(error),
    });
  }

  /** All lamps again: nobody is to see "free" where nothing is sold. */
  relight(): void {
    if (!this.#dead) for (const point of this.points.values()) point.relight();
  }

  #session(connector: number): Session {
    const session = this.#stationState.sessions.get(connector);
    if (session === undefined) throw new Error(`no session for connector ${connector}`);
    return session;
  }

  /**
   * Why nothing is sold at a connector now: the station's reason, a fault of the connector, or the order of a
   * backend.
   */
  #blocked(connector: number): string | undefined {
    const { orders } = this.#stationState;
    const reason = this.#parts.whyClosed() ?? this.faults.of(`connector ${connector}`)?.message;
    if (reason !== undefined) return reason;
    if (orders.restart !== undefined) return `the station is about to restart, as ${orders.restart.by} asked`;
    const by = outOfServiceBy(orders, connector);
    return by === undefined ? undefined : `taken out of service by ${by}`;
  }

  #indication(connector: ConnectorConfig): Indication {
    const session = this.#session(connector.id);
    const free = session.state === "available" || session.state === "occupied";
    if (free && this.readers.asks(connector.reader)) return "checking";
    if (free && this.#blocked(connector.id) !== undefined) return "fault";
    if (session.state === "available" && waitingFor(this.#stationState, connector.id, connector.reader) !== undefined)
      return "waiting-for-plug";
    return free && isChosen(this.#stationState, connector.id, connector.reader) ? "chosen" : wants(session).indicator;
  }

  /**
   * Writes the event down, moves the state and meets what it wants. An event without meaning is neither written nor met.
   */
  #record(event: StationEvent): boolean {
    if (this.#dead) return false;
    const before = this.#stationState;
    const after = reduce(before, event, this.layout);
    if (after === before && !isEvidence(event)) return false;
    // The safe direction comes before the disk: what opens, opens now.
    for (const [id, session] of after.sessions)
      if (!wants(session).contactor && before.sessions.get(id) !== session) this.points.get(id)?.openContactor();
    try {
      this.#parts.append(event);
    } catch (error) {
      this.#die(error);
      return false;
    }
    this.#stationState = after;
    for (const listener of this.#listeners) listener({ event, before, after });
    this.#tellChange(before, after, event);
    for (const [id, session] of after.sessions) if (before.sessions.get(id) !== session) this.points.get(id)?.meet();
    if (before.orders !== after.orders || before.awaited !== after.awaited)
      for (const point of this.points.values()) point.meet();
    for (const { reader } of this.layout.connectors)
      if (
        before.waiting.get(reader) !== after.waiting.get(reader) ||
        before.chosen.get(reader) !== after.chosen.get(reader)
      )
        this.readers.meetAt(reader);
    this.#parts.changed();
    return true;
  }

  #tellChange(before: StationState, after: StationState, event: StationEvent): void {
    const at = event.moment.at;
    const { tell } = this.#parts;
    if (event.type === "PlugChanged") tell({ type: "plug", at, connector: event.connector, plugged: event.plugged });
    const connector = "connector" in event ? event.connector : undefined;
    if (typeof connector !== "number") return;
    const was = before.sessions.get(connector);
    const is = after.sessions.get(connector);
    if (is?.state === "stopping" && was?.state !== "stopping")
      tell({ type: "stopping", at, connector, reason: is.reason, detail: is.detail });
    if (event.type === "SessionBegan" && is?.state === "charging") {
      const { opening, rating } = is.sale;
      const price = live(rating);
      tell({
        type: "session-began",
        at,
        connector,
        session: opening.id,
        card: masked(opening.acceptance.token.uid),
        price: unitPriceText(price.unitPrices, price.currency, false),
        registerKwh: kwhDisplay(opening.begin.energyMilliWh),
      });
    }
    if (event.type === "MeterRead" && event.atBoundary && is?.state === "charging" && was?.state === "charging") {
      const price = live(is.sale.rating);
      const parking = is.sale.activity === "parking";
      const now = unitPriceText(price.unitPrices, price.currency, parking);
      if (now !== unitPriceText(live(was.sale.rating).unitPrices, price.currency, parking))
        tell({
          type: "price-changed",
          at,
          connector,
          price: now,
          kwh: kwhDisplay(event.reading.energyMilliWh - is.sale.opening.begin.energyMilliWh),
          cost: `${moneyText(price.accrued.incl, price.currency)} ${price.currency}`,
        });
    }
    if (is?.state === "charging" && was?.state === "charging" && is.sale.activity !== was.sale.activity) {
      const words = {
        charging: "the car draws power again",
        suspended: "the car asks for no power: idle, still free",
        parking: "the car asks for no power: idle time counts",
        reserved: "reserved",
      };
      tell({ type: "activity", at, connector, activity: words[is.sale.activity] });
    }
  }

  #now(): Moment {
    return this.#parts.clock.now();
  }

  #die(error: unknown): void {
    if (this.#dead) return;
    this.halt();
    this.#parts.die(error);
  }
}
