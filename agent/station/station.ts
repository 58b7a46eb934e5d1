// The station: a fact comes in, is written down, moves the state, and what the new state wants is brought about. Then
// again. One writer for all connectors; if writing fails, every contactor opens and the process ends.
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
import type { AuthorizationInfo } from "../core/cdr/token.js";
import type { FaultCode } from "../core/fault-table.js";
import { openHolds } from "../core/payment/hold.js";
import type { LimitReached } from "../core/session/limits.js";
import type { Acceptance, Opening } from "../core/session/opening.js";
import type { Sale } from "../core/session/sale.js";
import type { Session } from "../core/session/session.js";
import { wants } from "../core/session/wants.js";
import { type CardBearer, outOfServiceBy } from "../core/station/backend-orders.js";
import { leftOpen } from "../core/station/left-open.js";
import { reservedBefore } from "../core/station/reservation-fee.js";
import { isEvidence, type StationEvent } from "../core/station/station-event.js";
import { reduce } from "../core/station/station-reducer.js";
import { isChosen, type Layout, layoutOf, type StationState, waitingFor } from "../core/station/station-state.js";
import { whyKept } from "../core/station/tap-decision.js";
import { Faults, type StationFault } from "../sync/faults.js";
import type { RecordedFact, StationFeed } from "../sync/station-port.js";
import { tariffDigest } from "../tariffs/tariff-digest.js";
import type { AuthorizationQuestion } from "./authorizer.js";
import { ButtonHandler } from "./button-handler.js";
import { CardHandler } from "./card-handler.js";
import { changeEvents } from "./change-events.js";
import { type AcceptMeterParts, acceptMeter, type MeterAcceptance, type MeterWord } from "./connector/accept-meter.js";
import { ConnectorController } from "./connector/connector-controller.js";
import { StopWarnings } from "./connector/stop-warnings.js";
import type { AgentEvent } from "./events.js";
import { ordersStand } from "./journal-retention.js";

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
  readonly registers: MeterRegisters;
  /** Numbers, signs and books the receipt of a session that is over, telling each step to `record`; false = not now. */
  readonly settle: (connector: ConnectorConfig, record: (event: StationEvent) => void) => boolean;
  /** Why a session by this tariff, or by the connector's own, has no price now, if so. */
  readonly whyUnpriced: (connector: ConnectorConfig, tariff: string | undefined) => string | undefined;
  /** Why no session may start at all, if so. */
  readonly whyClosed: () => string | undefined;
  readonly emit: (event: AgentEvent) => void;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
  readonly version: string;
};

/** Where the registers of meters stood when they were billed from last, and what a person said of one that fell. */
type MeterRegisters = Pick<AcceptMeterParts, "billedMilliWh" | "acceptRegister">;

export class Station {
  readonly layout: Layout;
  readonly faults: Faults;
  readonly connectors: ReadonlyMap<number, ConnectorController>;
  readonly #parts: StationParts;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(fact: RecordedFact) => void>();
  readonly cardHandler: CardHandler;
  readonly buttonHandler: ButtonHandler;
  #stationState: StationState;
  readonly #running: Promise<void>[] = [];
  /** Connectors for which somebody pays just now. */
  readonly #paying = new Set<number>();
  #dead = false;

  /** `stationState` = as the journal left it. */
  constructor(parts: StationParts, stationState: StationState) {
    this.#parts = parts;
    this.layout = layoutOf(parts.config);
    this.#stationState = stationState;
    this.faults = new Faults(
      (fault, isTold) => this.#faultRaised(fault, isTold),
      (fault, isTold) => this.#faultCleared(fault, isTold),
    );
    for (const { device, code, message, moment } of stationState.standing.values())
      this.faults.restore({ device, code: code as FaultCode, message, sinceMs: moment.at });
    this.connectors = new Map(parts.config.connectors.map((connector) => [connector.id, this.#controller(connector)]));
    const handlerParts = {
      ...parts,
      layout: this.layout,
      faults: this.faults,
      connectors: this.connectors,
      stationState: () => this.#stationState,
      stopWarnings: new StopWarnings({ connectors: this.connectors, stationState: () => this.#stationState }),
      record: (event: StationEvent): void => void this.#record(event),
    };
    this.buttonHandler = new ButtonHandler({
      ...handlerParts,
      asks: (reader) => this.cardHandler.asks(reader),
      blocked: (connector) => this.#blocked(connector),
    });
    this.cardHandler = new CardHandler({
      ...handlerParts,
      refusal: (connector, bearer, tariff) => this.refusal(connector, bearer, tariff),
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
    for (const event of leftOpen(this.#stationState, now, downSince)) this.#record(event);
    for (const controller of this.connectors.values()) this.#running.push(controller.run());
    for (const reader of Object.keys(this.#parts.config.readers))
      this.#running.push(this.cardHandler.watch(reader, this.#abort.signal));
  }

  /** Opens all contactors and lets everything go. Sessions stay open in the journal; the next start ends them. */
  async close(): Promise<void> {
    this.openAll();
    this.#abort.abort();
    this.cardHandler.close();
    this.buttonHandler.close();
    await Promise.all([...this.connectors.values()].map((controller) => controller.close()));
    await Promise.all(this.#running);
  }

  /** The process cannot go on: contactors open, and nothing is written or closed any more. */
  halt(): void {
    this.#dead = true;
    this.openAll();
  }

  openAll(): void {
    for (const controller of this.connectors.values()) controller.openContactor();
  }

  // ---- the loop

  /**
   * The inbox for what a backend orders: written down before anything acts on it; false when it had no meaning or
   * nothing is written any more.
   */
  enter(event: StationEvent): boolean {
    return this.#record(event);
  }

  /**
   * Writes the event down, moves the state and brings about what it wants. An event without meaning is neither written
   * nor acted on.
   */
  #record(event: StationEvent): boolean {
    if (this.#dead) return false;
    const before = this.#stationState;
    const after = reduce(before, event, this.layout);
    if (after === before && !isEvidence(event)) return false;
    const moved = [...after.sessions].filter(([id, session]) => before.sessions.get(id) !== session);
    // The safe direction comes before the disk: what opens, opens now.
    for (const [id, session] of moved) if (!wants(session).contactor) this.connectors.get(id)?.openContactor();
    try {
      this.#parts.append(event);
    } catch (error) {
      this.#die(error);
      return false;
    }
    this.#stationState = after;
    for (const listener of this.#listeners) listener({ event, before, after });
    for (const one of changeEvents(before, after, event)) this.#parts.emit(one);
    for (const [id] of moved) this.connectors.get(id)?.meet();
    if (before.orders !== after.orders || before.awaited !== after.awaited || before.webPayments !== after.webPayments)
      for (const controller of this.connectors.values()) controller.meet();
    for (const { reader } of this.layout.connectors)
      if (
        before.waiting.get(reader) !== after.waiting.get(reader) ||
        before.chosen.get(reader) !== after.chosen.get(reader)
      )
        this.cardHandler.meetAt(reader);
    this.#parts.changed();
    return true;
  }

  // ---- what others may know

  stationState(): StationState {
    return this.#stationState;
  }

  session(connector: number): Session | undefined {
    return this.#stationState.sessions.get(connector);
  }

  /** What backends may look at. */
  feed(): StationFeed {
    return {
      listen: (listener) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
      stationState: () => this.#stationState,
      liveReading: (connector) => this.connectors.get(connector)?.liveReading(),
      faults: () => this.faults.all(),
      blocked: (connector) => this.#blocked(connector),
    };
  }

  /** Why this bearer may not start at a connector now; without one: why nobody may who has no reservation. */
  refusal(connector: number, bearer: CardBearer | undefined, tariff?: string): string | undefined {
    return this.#blocked(connector, tariff) ?? whyKept(this.#stationState, connector, bearer, this.#now().at);
  }

  // ---- what others may ask

  /** Stops a session from afar. Answers null where it stops, else why not. */
  stop(connector: number): string | null {
    const session = this.session(connector);
    if (session === undefined) return `there is no connector ${connector}`;
    if (session.state !== "charging") return `connector ${connector} is not charging (${session.state})`;
    this.connectors.get(connector)?.openContactor();
    const why = { reason: "Remote", detail: "stopped by remote word" } as const;
    this.#record({ type: "StopRequested", moment: this.#now(), connector, ...why });
    return null;
  }

  /** A person's word that the meter of a connector may be billed from; answers what for, or why it is not taken up. */
  async acceptMeter(connector: number, word: MeterWord): Promise<MeterAcceptance | null | string> {
    const controller = this.connectors.get(connector);
    if (controller === undefined) return `there is no connector ${connector}`;
    const { clock, registers } = this.#parts;
    const record = (event: StationEvent): boolean => this.#record(event);
    const parts = { clock, faults: this.faults, controller, session: this.#session(connector), record, ...registers };
    return acceptMeter(parts, word);
  }

  /** Writes all orders and faults that stand again, so that the entries before may go into the archive. */
  restate(): void {
    for (const fault of this.#stationState.standing.values()) this.#record({ ...fault, moment: this.#now() });
    const holds = openHolds(this.#stationState.holds);
    if (holds.length > 0) this.#record({ type: "HoldsStand", moment: this.#now(), holds });
    const { reservations, inoperative, noShows } = this.#stationState.orders;
    if (ordersStand(this.#stationState))
      this.#record({
        type: "OrdersStand",
        moment: this.#now(),
        reservations: [...reservations.values()],
        inoperative: [...inoperative].map(([connector, by]) => ({ connector, by })),
        ...(noShows.size === 0 ? {} : { noShows: [...noShows.values()] }),
      });
  }

  /** Somebody pays for a start at a connector, or no longer: its lamp says so. */
  paying(connector: number, on: boolean): void {
    if (on) this.#paying.add(connector);
    else this.#paying.delete(connector);
    this.connectors.get(connector)?.meet();
  }

  /** Whether somebody pays at the station for a start at a connector, or a card at its reader is being checked. */
  asks = ({ id, reader }: ConnectorConfig): boolean => this.#paying.has(id) || this.cardHandler.asks(reader);

  /** All lamps again: nobody is to see "free" where nothing is sold. */
  relight(): void {
    if (!this.#dead) for (const controller of this.connectors.values()) controller.relight();
  }

  // ---- what connectors need

  /** A connector, with what it needs of the station. */
  #controller(connector: ConnectorConfig): ConnectorController {
    const parts = this.#parts;
    return new ConnectorController(connector, parts.meter(connector), () => parts.pins(connector), {
      clock: parts.clock,
      config: parts.config,
      faults: this.faults,
      session: () => this.#session(connector.id),
      record: (event) => this.#record(event),
      open: (acceptance, meter, begin) =>
        this.#withReservation(connector.id, parts.open(connector, acceptance, meter, begin)),
      billedMilliWh: parts.registers.billedMilliWh,
      settle: () => this.#settle(connector),
      blocked: (tariff) => this.#blocked(connector.id, tariff),
      exposed: parts.exposed,
      indication: () => this.#indication(connector),
      button: (news) => this.buttonHandler.heard(connector.id, news),
      changed: parts.changed,
      note: (text) => parts.emit({ type: "note", at: this.#now().at, text }),
      die: (error) => this.#die(error),
    });
  }

  /** Receipts are made one after the other: who has a number already goes first. */
  #settle(connector: ConnectorConfig): boolean {
    const session = this.#session(connector.id);
    if (session.state !== "settling") return true;
    const isAnotherNumbered = [...this.#stationState.sessions.values()].some(
      (other) => other.state === "settling" && other.numbered !== undefined,
    );
    if (session.numbered === undefined && isAnotherNumbered) return false;
    return this.#parts.settle(connector, (event) => void this.#record(event));
  }

  /** The opening with the reservation that it uses up, where that is charged. */
  #withReservation(connector: number, opening: Opening | string): Opening | string {
    if (typeof opening === "string") return opening;
    const reserved = reservedBefore(
      this.#stationState.orders,
      connector,
      opening,
      () => opening.cutFrom ?? tariffDigest(opening.tariff),
    );
    if (reserved === undefined) return opening;
    if (!("free" in reserved)) return { ...opening, reserved };
    const text = `connector ${connector}: the reservation is not charged: ${reserved.free}`;
    this.#parts.emit({ type: "note", at: this.#now().at, text });
    return opening;
  }

  #session(connector: number): Session {
    const session = this.#stationState.sessions.get(connector);
    if (session === undefined) throw new Error(`no session for connector ${connector}`);
    return session;
  }

  /**
   * Why a connector can sell by no tariff now: the station's reason, a fault of the connector, or the order
   * of a backend.
   */
  whyUnfit(connector: number): string | undefined {
    const { orders } = this.#stationState;
    const reason = this.#parts.whyClosed() ?? this.faults.of(`connector ${connector}`)?.message;
    if (reason !== undefined) return reason;
    if (orders.restart !== undefined) return `the station is about to restart, as ${orders.restart.by} asked`;
    const by = outOfServiceBy(orders, connector);
    return by === undefined ? undefined : `taken out of service by ${by}`;
  }

  /**
   * Why no tap could begin a session at a connector now, by the tariff of its card or else the connector's own: the one
   * answer that lamp, status, backends and the tap itself go by.
   */
  #blocked(id: number, tariff?: string): string | undefined {
    const connector = this.#parts.config.connectors.find((one) => one.id === id);
    return this.whyUnfit(id) ?? (connector === undefined ? undefined : this.#parts.whyUnpriced(connector, tariff));
  }

  #indication(connector: ConnectorConfig): Indication {
    const session = this.#session(connector.id);
    const free = session.state === "available" || session.state === "occupied";
    if (free && (this.asks(connector) || this.#stationState.webPayments.has(connector.id))) return "checking";
    if (free && this.#blocked(connector.id) !== undefined) return "fault";
    if (session.state === "available" && waitingFor(this.#stationState, connector.id, connector.reader) !== undefined)
      return "waiting-for-plug";
    return free && isChosen(this.#stationState, connector.id, connector.reader) ? "chosen" : wants(session).indicator;
  }

  // ---- faults, and the end

  #faultRaised({ device, code, message }: StationFault, isTold: boolean): void {
    if (isTold) {
      this.#record({ type: "FaultRaised", moment: this.#now(), device, code, message });
      this.#parts.emit({ type: "fault", at: this.#now().at, device, code, message });
    }
    this.relight();
  }

  #faultCleared({ device, code }: StationFault, isTold: boolean): void {
    if (isTold) {
      this.#record({ type: "FaultCleared", moment: this.#now(), device, code });
      this.#parts.emit({ type: "recovered", at: this.#now().at, device, code });
    }
    this.relight();
  }

  #die(error: unknown): void {
    if (this.#dead) return;
    this.halt();
    this.#parts.die(error);
  }

  #now(): Moment {
    return this.#parts.clock.now();
  }
}
