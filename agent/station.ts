// The loop of the till: a fact comes in, is written down, moves the till, and what the till now wants is met. Then again.
// One loop and one writer for all connectors; if writing fails, every contactor opens and the process ends.
import { DeviceError, sleep, type CardReader, type CardTap, type Clock, type EnergyMeter, type Indication, type MeterIdentity, type Moment, type Reading } from "../drivers/driver.js";
import type { Config, ConnectorConfig } from "../config/schema.js";
import { anyConnector, keptFor, outOfServiceBy, type Bearer } from "./core/standing.js";
import { emptyTill, isEvidence, meaningOfTap, step, type Event, type Layout, type TapMeaning, type Till } from "./core/till.js";
import type { Reached } from "./core/limits.js";
import { wants, type Acceptance, type Opening, type Sale, type Session } from "./core/session.js";
import { masked, type AuthorizationInfo } from "./core/token.js";
import { moneyText } from "./core/money.js";
import { live } from "./core/rating.js";
import { Faults } from "./faults.js";
import type { Question } from "./authorizer.js";
import type { News } from "./news.js";
import { Point, type Pins } from "./point.js";
import { ordersStand } from "./needed-entries.js";
import type { Fact, StationFeed } from "./remote.js";
import { kwhText, unitPriceText } from "./snapshot.js";

export type StationParts = {
  readonly config: Config;
  readonly clock: Clock;
  /** Durable when it returns; throws when it is not. */
  readonly append: (event: Event) => void;
  readonly meter: (connector: ConnectorConfig) => EnergyMeter;
  readonly pins: (connector: ConnectorConfig) => Promise<Pins>;
  readonly reader: (name: string) => Promise<CardReader>;
  readonly authorize: (uid: string, at: number) => AuthorizationInfo | Question;
  /** Whether the sessions of one card have together reached what it may have open. */
  readonly exposed: (sale: Sale) => Reached | undefined;
  readonly open: (connector: ConnectorConfig, acceptance: Acceptance, meter: MeterIdentity, begin: Reading) => Opening | string;
  /** Numbers, signs and books the receipt of a session that is over, telling each step to `record`; false = not now. */
  readonly settle: (connector: ConnectorConfig, record: (event: Event) => void) => boolean;
  /** Why nothing may be sold at all, if so. */
  readonly closedShop: () => string | undefined;
  readonly tell: (news: News) => void;
  readonly changed: () => void;
  readonly die: (error: unknown) => void;
  readonly version: string;
};

const readerRetryMs = 5_000;

/** Which connectors stand at which reader, by the config. */
export const layoutOf = (config: Config): Layout => ({ connectors: config.connectors.map(({ id, reader }) => ({ id, reader })) });

export class Station {
  readonly layout: Layout;
  readonly faults: Faults;
  readonly points: ReadonlyMap<number, Point>;
  readonly #parts: StationParts;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<(fact: Fact) => void>();
  readonly #lapses = new Map<string, () => void>();
  /** By reader: the card about which a backend is being asked. */
  readonly #asking = new Map<string, string>();
  readonly #catching = new Map<string, (tap?: CardTap) => void>();
  #till: Till;
  #running: Promise<void>[] = [];
  #dead = false;

  /** `history` = the journal's events, in order; `downSince` = the last moment that it knows. */
  constructor(parts: StationParts, history: readonly Event[]) {
    this.#parts = parts;
    this.layout = layoutOf(parts.config);
    this.#till = history.reduce((till, event) => step(till, event, this.layout), emptyTill(this.layout));
    const { tell } = parts;
    this.faults = new Faults(
      (fault) => {
        this.#record({ type: "FaultRaised", moment: this.#now(), device: fault.device, code: fault.code, message: fault.message });
        tell({ news: "fault", at: this.#now().at, device: fault.device, code: fault.code, message: fault.message });
      },
      (fault) => {
        this.#record({ type: "FaultCleared", moment: this.#now(), device: fault.device, code: fault.code });
        tell({ news: "recovered", at: this.#now().at, device: fault.device, code: fault.code });
      },
    );
    this.points = new Map(parts.config.connectors.map((connector) => [connector.id, this.#point(connector)]));
  }

  /** Takes up the work: sessions that a crash or power cut left open are ended by the rules, then everything runs. */
  start(downSince: Moment | undefined): void {
    const now = this.#now();
    this.#record({ type: "Started", moment: now, version: this.#parts.version });
    for (const reader of this.#till.waiting.keys()) this.#record({ type: "CardLapsed", moment: now, reader, why: "the station was restarted" });
    for (const key of this.#till.awaited.keys()) this.#record({ type: "RemoteStartLapsed", moment: now, connector: key === anyConnector ? null : key, why: "the station was restarted" });
    for (const [connector, session] of this.#till.sessions) {
      if (downSince === undefined || !["starting", "charging", "stopping"].includes(session.state)) continue;
      this.#record({ type: "Restarted", moment: now, connector, cause: downSince.boot === now.boot ? "Reboot" : "PowerLoss", downSince });
    }
    for (const point of this.points.values()) this.#running.push(point.run());
    for (const reader of Object.keys(this.#parts.config.readers)) this.#running.push(this.#watchReader(reader));
  }

  till(): Till {
    return this.#till;
  }

  /** Whether a backend is being asked about a card at this reader. */
  asks(reader: string): boolean {
    return this.#asking.has(reader);
  }

  /** What backends may look at. */
  feed(): StationFeed {
    return {
      listen: (listener) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
      till: () => this.#till,
      glance: (connector) => this.points.get(connector)?.glance(),
      faults: () => this.faults.all(),
      blocked: (connector) => this.#blocked(connector),
    };
  }

  session(connector: number): Session | undefined {
    return this.#till.sessions.get(connector);
  }

  /** The remote word: stops a session. Answers what is true: null = it is stopping, else why not. */
  stop(connector: number): string | null {
    const session = this.session(connector);
    if (session === undefined) return `there is no connector ${connector}`;
    if (session.state !== "charging") return `connector ${connector} is not charging (${session.state})`;
    this.points.get(connector)?.openContactor();
    this.#record({ type: "StopRequested", moment: this.#now(), connector, reason: "Remote", detail: "stopped by remote word" });
    return null;
  }

  /** The inbox for what a backend orders: written down before anything acts on it; false when it had no meaning or nothing is written any more. */
  enter(event: Event): boolean {
    return this.#record(event);
  }

  /** Why this bearer may not start at a connector now; without one: why nobody may who has no reservation. */
  refusal(connector: number, bearer: Bearer | undefined): string | undefined {
    const blocked = this.#blocked(connector);
    if (blocked !== undefined) return blocked;
    const kept = keptFor(this.#till.standing, this.#till.sessions, connector, bearer, this.#now().at);
    return kept === undefined ? undefined : `connector ${connector} is reserved for another card`;
  }

  /** Says all standing orders again, so that the entries before may go into the archive. */
  restate(): void {
    const { reservations, inoperative } = this.#till.standing;
    if (ordersStand(this.#till)) this.#record({ type: "OrdersStand", moment: this.#now(), reservations: [...reservations.values()], inoperative: [...inoperative].map(([connector, by]) => ({ connector, by })) });
  }

  /** Opens all contactors and lets everything go. Sessions stay open in the journal; the next start ends them. */
  async close(): Promise<void> {
    this.openAll();
    this.#abort.abort();
    for (const cancel of this.#lapses.values()) cancel();
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

  /** The next tap at a reader goes to the caller, not into the till: for enrolling a card. Undefined when none came in time. */
  catchTap(reader: string, withinMs: number): Promise<CardTap | undefined> {
    const { clock } = this.#parts;
    return new Promise((resolve) => {
      const over = (tap?: CardTap): void => {
        cancel();
        if (this.#catching.get(reader) === over) this.#catching.delete(reader);
        resolve(tap);
      };
      const cancel = clock.at(clock.now().monoMs + withinMs, () => over());
      this.#catching.get(reader)?.(undefined);
      this.#catching.set(reader, over);
    });
  }

  /** A tap from a reader; also the door through which a test taps. */
  tapped(reader: string, tap: CardTap): void {
    const caught = this.#catching.get(reader);
    if (caught !== undefined) return caught(tap);
    const { tell } = this.#parts;
    const at = tap.moment.at;
    if (tap.kind === "refused") {
      const why = { "random-uid": "this is a phone or a card that changes its number; use a charging card", "several-cards": "more than one card: hold one alone to the reader", unreadable: "the card could not be read: hold it still" }[tap.why];
      tell({ news: "tap", at, reader, card: "…", accepted: false, connector: null, answer: why });
      this.#refuseAt(reader, null);
      return;
    }
    const asked = this.#asking.get(reader);
    if (asked !== undefined) {
      tell({ news: "tap", at, reader, card: masked(tap.uid), accepted: asked === tap.uid, connector: null, answer: asked === tap.uid ? "still checking this card" : "another card is being checked: try again in a moment" });
      return;
    }
    const info = this.#parts.authorize(tap.uid, at);
    if (info.allowed !== "ASK") return this.#judged(reader, tap, info, tap.moment);
    const meaning = meaningOfTap(this.#till, this.layout, reader, tap.uid, tap.moment, info.group);
    // Its own session stops without a question; and no question is asked where its answer would change nothing.
    if (meaning.kind !== "authorize" && !(meaning.kind === "refuse" && this.#groupCouldStop(reader))) return this.#judged(reader, tap, { allowed: "NOT_KNOWN" }, tap.moment);
    void this.#ask(reader, tap, info, meaning.kind === "authorize" ? meaning.connector : null).catch((error: unknown) => this.#die(error));
  }

  /** Holds the driver while a backend is asked; what the tap means is judged again by the till that the answer finds. */
  async #ask(reader: string, tap: Extract<CardTap, { kind: "card" }>, question: Question, connector: number | null): Promise<void> {
    this.#asking.set(reader, tap.uid);
    this.#meetAt(reader);
    this.#parts.tell({ news: "note", at: tap.moment.at, text: `card ${masked(tap.uid)} at ${reader}: asking the backend` });
    const info = await question.ask(connector, this.#abort.signal);
    this.#asking.delete(reader);
    if (this.#abort.signal.aborted) return;
    this.#judged(reader, tap, info, this.#now());
    this.#meetAt(reader);
  }

  #groupCouldStop(reader: string): boolean {
    return this.layout.connectors.some(({ id, reader: at }) => {
      const session = this.#till.sessions.get(id);
      return at === reader && session?.state === "charging" && session.sale.opening.acceptance.group !== undefined;
    });
  }

  #judged(reader: string, tap: Extract<CardTap, { kind: "card" }>, info: AuthorizationInfo, moment: Moment): void {
    const { tell } = this.#parts;
    const group = info.allowed === "ALLOWED" ? info.group : undefined;
    const meaning = this.#meaningNow(reader, tap, group, moment);
    const { accepted, connector, answer } = this.#answer(reader, meaning, info);
    tell({ news: "tap", at: moment.at, reader, card: masked(tap.uid), accepted, connector, answer });
    if (!accepted) this.#refuseAt(reader, connector);
    // Acting comes after the answer is told, so that log and view read in the order in which a driver lives it.
    if (meaning.kind === "stop") {
      this.points.get(meaning.connector)?.openContactor();
      this.#record({ type: "StopRequested", moment, connector: meaning.connector, reason: "Local", detail: "stopped by card" });
    } else if (meaning.kind === "authorize" && accepted && info.allowed === "ALLOWED") {
      const { allowed: _, ...acceptance } = info;
      if (meaning.connector === null) this.#cardWaits(reader, acceptance, moment);
      else this.#record({ type: "CardAccepted", moment, connector: meaning.connector, acceptance });
    }
  }

  /** A card that was shown to start must not stop what began while its question was open. */
  #meaningNow(reader: string, tap: Extract<CardTap, { kind: "card" }>, group: string | undefined, moment: Moment): TapMeaning {
    const meaning = meaningOfTap(this.#till, this.layout, reader, tap.uid, moment, group);
    if (meaning.kind !== "stop") return meaning;
    const session = this.#till.sessions.get(meaning.connector);
    const begin = session?.state === "charging" ? session.sale.opening.begin.moment : undefined;
    return begin !== undefined && begin.boot === tap.moment.boot && begin.monoMs >= tap.moment.monoMs ? { kind: "refuse", why: "just-started" } : meaning;
  }

  /** The answer to a tap, in a driver's words. */
  #answer(reader: string, meaning: TapMeaning, info: AuthorizationInfo): { accepted: boolean; connector: number | null; answer: string } {
    const no = (answer: string, connector: number | null = null) => ({ accepted: false, connector, answer });
    switch (meaning.kind) {
      case "stop":
        return { accepted: true, connector: meaning.connector, answer: `connector ${meaning.connector} stops` };
      case "waits-already":
        return { accepted: true, connector: null, answer: "accepted: plug in the car" };
      case "refuse":
        return no({ "just-started": "the session has only just begun", ending: "the session is ending", finished: "the session is over: unplug the car first", "in-use": "in use by another card", "other-card-waits": "another card is waiting for its car" }[meaning.why]);
      case "authorize": {
        if (info.allowed !== "ALLOWED") return no(refusalWords(info), meaning.connector);
        const ids = meaning.connector === null ? this.layout.connectors.filter((entry) => entry.reader === reader).map(({ id }) => id) : [meaning.connector];
        const reasons = ids.map((id) => this.refusal(id, { uid: info.token.uid, group: info.group }));
        if (reasons.every((reason) => reason !== undefined)) return no(`no session can start: ${reasons[0] ?? ""}`, meaning.connector);
        return { accepted: true, connector: meaning.connector, answer: meaning.connector === null ? "accepted: plug in the car" : `accepted: connector ${meaning.connector} starts` };
      }
      default:
        return meaning satisfies never;
    }
  }

  #cardWaits(reader: string, acceptance: Acceptance, moment: Moment): void {
    this.#record({ type: "CardWaits", moment, reader, acceptance });
    const { clock, config } = this.#parts;
    this.#lapses.get(reader)?.();
    this.#lapses.set(
      reader,
      clock.at(moment.monoMs + config.timing.authorisation, () => {
        if (this.#till.waiting.get(reader)?.since !== moment) return;
        this.#record({ type: "CardLapsed", moment: this.#now(), reader, why: "no car was plugged in" });
        this.#parts.tell({ news: "note", at: this.#now().at, text: `${reader}: the accepted card ${masked(acceptance.token.uid)} lapsed, no car was plugged in` });
      }),
    );
  }

  #meetAt(reader: string): void {
    for (const entry of this.layout.connectors) if (entry.reader === reader) this.points.get(entry.id)?.meet();
  }

  #refuseAt(reader: string, connector: number | null): void {
    for (const [id, point] of this.points) {
      const entry = this.layout.connectors.find((one) => one.id === id);
      if (entry?.reader === reader && (connector === null || connector === id)) point.refuse();
    }
  }

  async #watchReader(name: string): Promise<void> {
    const { signal } = this.#abort;
    const { clock } = this.#parts;
    while (!signal.aborted) {
      let reader: CardReader | undefined;
      try {
        reader = await this.#parts.reader(name);
        this.faults.clear(`reader ${name}`);
        for await (const tap of reader.taps(signal)) this.tapped(name, tap);
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof DeviceError)) {
          this.#die(error);
          return;
        }
        this.faults.raiseError(`reader ${name}`, error, this.#now().at);
        await sleep(clock, readerRetryMs, signal);
      } finally {
        await reader?.close();
      }
    }
  }

  #point(connector: ConnectorConfig): Point {
    const parts = this.#parts;
    return new Point(connector, parts.meter(connector), () => parts.pins(connector), {
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
        if (session.numbered === undefined && [...this.#till.sessions.values()].some((other) => other.state === "settling" && other.numbered !== undefined)) return false;
        return parts.settle(connector, (event) => void this.#record(event));
      },
      blocked: () => this.#blocked(connector.id),
      exposed: parts.exposed,
      indication: () => this.#indication(connector),
      changed: parts.changed,
      note: (text) => parts.tell({ news: "note", at: this.#now().at, text }),
      die: (error) => this.#die(error),
    });
  }

  #session(connector: number): Session {
    const session = this.#till.sessions.get(connector);
    if (session === undefined) throw new Error(`no session for connector ${connector}`);
    return session;
  }

  /** Why nothing is sold at a connector now: the station's reason, a standing fault of the connector, or the order of a backend. */
  #blocked(connector: number): string | undefined {
    const { standing } = this.#till;
    const reason = this.#parts.closedShop() ?? this.faults.of(`connector ${connector}`)?.message;
    if (reason !== undefined) return reason;
    if (standing.restart !== undefined) return `the station is about to restart, as ${standing.restart.by} asked`;
    const by = outOfServiceBy(standing, connector);
    return by === undefined ? undefined : `taken out of service by ${by}`;
  }

  #indication(connector: ConnectorConfig): Indication {
    const session = this.#session(connector.id);
    const free = session.state === "available" || session.state === "occupied";
    if (free && this.#asking.has(connector.reader)) return "checking";
    if (free && this.#blocked(connector.id) !== undefined) return "fault";
    const waits = this.#till.waiting.has(connector.reader) || this.#till.awaited.has(connector.id) || this.#till.awaited.has(anyConnector);
    return session.state === "available" && waits ? "waiting-for-plug" : wants(session).indicator;
  }

  /** Writes the event down, moves the till and meets what it wants. An event without meaning is neither written nor met. */
  #record(event: Event): boolean {
    if (this.#dead) return false;
    const before = this.#till;
    const after = step(before, event, this.layout);
    if (after === before && !isEvidence(event)) return false;
    // The safe direction comes before the disk: what opens, opens now.
    for (const [id, session] of after.sessions) if (!wants(session).contactor && before.sessions.get(id) !== session) this.points.get(id)?.openContactor();
    try {
      this.#parts.append(event);
    } catch (error) {
      this.#die(error);
      return false;
    }
    this.#till = after;
    for (const listener of this.#listeners) listener({ event, before, after });
    this.#tellChange(before, after, event);
    for (const [id, session] of after.sessions) if (before.sessions.get(id) !== session) this.points.get(id)?.meet();
    if (before.standing !== after.standing || before.awaited !== after.awaited) for (const point of this.points.values()) point.meet();
    for (const { reader } of this.layout.connectors) if (before.waiting.get(reader) !== after.waiting.get(reader)) this.#meetAt(reader);
    this.#parts.changed();
    return true;
  }

  #tellChange(before: Till, after: Till, event: Event): void {
    const at = event.moment.at;
    const { tell } = this.#parts;
    if (event.type === "PlugChanged") tell({ news: "plug", at, connector: event.connector, plugged: event.plugged });
    const connector = "connector" in event ? event.connector : undefined;
    if (typeof connector !== "number") return;
    const was = before.sessions.get(connector);
    const is = after.sessions.get(connector);
    if (is?.state === "stopping" && was?.state !== "stopping") tell({ news: "stopping", at, connector, reason: is.reason, detail: is.detail });
    if (event.type === "SessionBegan" && is?.state === "charging") {
      const { opening, rating } = is.sale;
      const price = live(rating);
      tell({ news: "session-began", at, connector, session: opening.id, card: masked(opening.acceptance.token.uid), price: unitPriceText(price.unitPrices, price.currency, false), registerKwh: kwhText(opening.begin.energyMilliWh) });
    }
    if (event.type === "MeterRead" && event.border && is?.state === "charging" && was?.state === "charging") {
      const price = live(is.sale.rating);
      const parking = is.sale.activity === "parking";
      const now = unitPriceText(price.unitPrices, price.currency, parking);
      if (now !== unitPriceText(live(was.sale.rating).unitPrices, price.currency, parking))
        tell({ news: "price-changed", at, connector, price: now, kwh: kwhText(event.reading.energyMilliWh - is.sale.opening.begin.energyMilliWh), cost: `${moneyText(price.accrued.incl, price.currency)} ${price.currency}` });
    }
    if (is?.state === "charging" && was?.state === "charging" && is.sale.activity !== was.sale.activity) {
      const words = { charging: "the car draws power again", suspended: "the car asks for no power: idle, still free", parking: "the car asks for no power: idle time counts", reserved: "reserved" };
      tell({ news: "activity", at, connector, activity: words[is.sale.activity] });
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

/** A refusal in a driver's words; a backend may have some of its own. */
function refusalWords(info: Exclude<AuthorizationInfo, { allowed: "ALLOWED" }>): string {
  const words = {
    NOT_KNOWN: "this card is not known here",
    BLOCKED: "this card is blocked",
    EXPIRED: "this card has expired",
    NO_CREDIT: "there is no credit left on this card",
    NOT_ALLOWED: "this card may not charge here",
    ONLINE_ONLY: "this card needs an online check, which is not possible now",
    EXPOSED: "too much of this card's charging has not reached its provider yet: try again when the station is online",
  }[info.allowed];
  return info.info === undefined ? words : `${words} (${info.info})`;
}
