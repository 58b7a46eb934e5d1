// Handles taps at the readers: a tap finds its connector, its card is judged, a backend is asked where it must be, and the
// driver gets an answer. It tells the station facts and moves nothing itself.

import type { Config } from "../../config/schema.js";
import { type CardReader, type CardTap, type Clock, DeviceError, type Moment, sleep } from "../../drivers/driver.js";
import { type AuthorizationInfo, isSameId, masked } from "../core/cdr/token.js";
import type { Acceptance } from "../core/session/opening.js";
import type { Bearer } from "../core/station/backend-orders.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { Layout, StationState } from "../core/station/station-state.js";
import { decideTap, type TapDecision } from "../core/station/tap-decision.js";
import type { Faults } from "../sync/faults.js";
import type { AuthorizationQuestion } from "./authorizer.js";
import type { ConnectorController } from "./connector/connector.js";
import type { AgentEvent } from "./events.js";

export type CardHandlerParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly layout: Layout;
  readonly faults: Faults;
  readonly points: ReadonlyMap<number, ConnectorController>;
  readonly stationState: () => StationState;
  /** Written down before it returns. */
  readonly record: (event: StationEvent) => void;
  readonly reader: (name: string) => Promise<CardReader>;
  readonly authorize: (uid: string, at: number) => AuthorizationInfo | AuthorizationQuestion;
  /** Why this bearer may not start at a connector now. */
  readonly refusal: (connector: number, bearer: Bearer) => string | undefined;
  readonly tell: (event: AgentEvent) => void;
  readonly die: (error: unknown) => void;
};

const readerRetryMs = 5_000;

export class CardHandler {
  readonly #parts: CardHandlerParts;
  readonly #over = new AbortController();
  readonly #lapses = new Map<string, () => void>();
  /** By reader: the card about which a backend is being asked. */
  readonly #asking = new Map<string, string>();
  readonly #catching = new Map<string, (tap?: CardTap) => void>();

  constructor(parts: CardHandlerParts) {
    this.#parts = parts;
  }

  /** Takes taps until `signal` ends it; a reader that is lost is opened again and again. */
  async watch(name: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      let reader: CardReader | undefined;
      try {
        reader = await this.#parts.reader(name);
        this.#parts.faults.clear(`reader ${name}`);
        for await (const tap of reader.taps(signal)) this.tapped(name, tap);
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof DeviceError)) {
          this.#parts.die(error);
          return;
        }
        this.#parts.faults.raiseError(`reader ${name}`, error, this.#parts.clock.now().at);
        await sleep(clock, readerRetryMs, signal);
      } finally {
        await reader?.close();
      }
    }
  }

  /** Whether a backend is being asked about a card at this reader. */
  asks(reader: string): boolean {
    return this.#asking.has(reader);
  }

  /**
   * The next tap at a reader goes to the caller, not to the station: for enrolling a card. Undefined when none came in
   * time.
   */
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

  /** A tap; also the door through which a test taps. */
  tapped(reader: string, tap: CardTap): void {
    const caught = this.#catching.get(reader);
    if (caught !== undefined) return caught(tap);
    const { tell } = this.#parts;
    const at = tap.moment.at;
    if (tap.kind === "refused") {
      const why = {
        "random-uid": "this is a phone or a card that changes its number; use a charging card",
        "several-cards": "more than one card: hold one alone to the reader",
        unreadable: "the card could not be read: hold it still",
      }[tap.why];
      tell({ type: "tap", at, reader, card: "…", accepted: false, connector: null, answer: why });
      this.#refuseAt(reader, null);
      return;
    }
    const asked = this.#asking.get(reader);
    if (asked !== undefined) {
      tell({
        type: "tap",
        at,
        reader,
        card: masked(tap.uid),
        accepted: asked === tap.uid,
        connector: null,
        answer: asked === tap.uid ? "still checking this card" : "another card is being checked: try again in a moment",
      });
      return;
    }
    const info = this.#parts.authorize(tap.uid, at);
    if (info.allowed !== "ASK") return this.#judged(reader, tap, info, tap.moment);
    const meaning = decideTap(this.#parts.stationState(), this.#parts.layout, reader, tap.uid, tap.moment, info.group);
    // Its own session stops without a question; and no question is asked where its answer would change nothing.
    if (meaning.kind !== "authorize" && !(meaning.kind === "refuse" && this.#groupCouldStop(reader)))
      return this.#judged(reader, tap, { allowed: "NOT_KNOWN" }, tap.moment);
    void this.#ask(reader, tap, info, meaning.kind === "authorize" ? meaning.connector : null).catch((error: unknown) =>
      this.#parts.die(error),
    );
  }

  /**
   * Holds the driver while a question is open; what the tap means is judged again by the state that the answer finds.
   */
  async #ask(
    reader: string,
    tap: Extract<CardTap, { kind: "card" }>,
    question: AuthorizationQuestion,
    connector: number | null,
  ): Promise<void> {
    this.#asking.set(reader, tap.uid);
    this.meetAt(reader);
    this.#parts.tell({
      type: "note",
      at: tap.moment.at,
      text: `card ${masked(tap.uid)} at ${reader}: ${question.words}`,
    });
    const info = await question.ask(connector, this.#over.signal);
    this.#asking.delete(reader);
    if (this.#over.signal.aborted) return;
    this.#judged(reader, tap, info, this.#parts.clock.now());
    this.meetAt(reader);
  }

  #groupCouldStop(reader: string): boolean {
    return this.#parts.layout.connectors.some(({ id, reader: at }) => {
      const session = this.#parts.stationState().sessions.get(id);
      return at === reader && session?.state === "charging" && session.sale.opening.acceptance.group !== undefined;
    });
  }

  #judged(reader: string, tap: Extract<CardTap, { kind: "card" }>, info: AuthorizationInfo, moment: Moment): void {
    const { tell } = this.#parts;
    const group = info.allowed === "ALLOWED" ? info.group : undefined;
    const meaning = this.#meaningNow(reader, tap, group, moment);
    const { accepted, connector, answer } = this.#answer(reader, meaning, info);
    tell({ type: "tap", at: moment.at, reader, card: masked(tap.uid), accepted, connector, answer });
    if (!accepted) this.#refuseAt(reader, connector);
    // Acting comes after the answer is told, so that log and view read in the order in which a driver lives it.
    if (meaning.kind === "stop") {
      this.#parts.points.get(meaning.connector)?.openContactor();
      this.#parts.record({
        type: "StopRequested",
        moment,
        connector: meaning.connector,
        reason: "Local",
        detail: "stopped by card",
      });
    } else if (meaning.kind === "authorize" && accepted && info.allowed === "ALLOWED") {
      const { allowed: _, ...acceptance } = info;
      if (meaning.connector === null) return this.#cardWaits(reader, acceptance, moment, meaning.chosen);
      // The card that waited at the reader is held again, for a car that is there.
      const waits = this.#parts.stationState().waiting.get(reader);
      if (waits !== undefined && isSameId(waits.acceptance.token.uid, tap.uid))
        this.#parts.record({ type: "CardLapsed", moment, reader, why: `used at connector ${meaning.connector}` });
      this.#parts.record({ type: "CardAccepted", moment, connector: meaning.connector, acceptance });
    }
  }

  /** A card that was shown to start must not stop what began while its question was open. */
  #meaningNow(
    reader: string,
    tap: Extract<CardTap, { kind: "card" }>,
    group: string | undefined,
    moment: Moment,
  ): TapDecision {
    const meaning = decideTap(this.#parts.stationState(), this.#parts.layout, reader, tap.uid, moment, group);
    if (meaning.kind !== "stop") return meaning;
    const session = this.#parts.stationState().sessions.get(meaning.connector);
    const begin = session?.state === "charging" ? session.sale.opening.begin.moment : undefined;
    return begin !== undefined && begin.boot === tap.moment.boot && begin.monoMs >= tap.moment.monoMs
      ? { kind: "refuse", why: "just-started" }
      : meaning;
  }

  /** The answer to a tap, in a driver's words. */
  #answer(
    reader: string,
    meaning: TapDecision,
    info: AuthorizationInfo,
  ): { accepted: boolean; connector: number | null; answer: string } {
    const no = (answer: string, connector: number | null = null) => ({ accepted: false, connector, answer });
    switch (meaning.kind) {
      case "stop":
        return { accepted: true, connector: meaning.connector, answer: `connector ${meaning.connector} stops` };
      case "waits-already":
        return { accepted: true, connector: null, answer: "accepted: plug in the car" };
      case "refuse":
        return no(
          {
            "just-started": "the session has only just begun",
            ending: "the session is ending",
            finished: "the session is over: unplug the car first",
            "in-use": "in use by another card",
            "other-card-waits": "another card is waiting for its car",
          }[meaning.why],
        );
      case "authorize": {
        if (info.allowed !== "ALLOWED") return no(refusalWords(info), meaning.connector);
        const only = meaning.connector ?? meaning.chosen;
        const ids =
          only === undefined
            ? this.#parts.layout.connectors.filter((entry) => entry.reader === reader).map(({ id }) => id)
            : [only];
        const reasons = ids.map((id) => this.#parts.refusal(id, { uid: info.token.uid, group: info.group }));
        if (reasons.every((reason) => reason !== undefined))
          return no(`no session can start: ${reasons[0] ?? ""}`, only);
        if (meaning.connector !== null)
          return {
            accepted: true,
            connector: meaning.connector,
            answer: `accepted: connector ${meaning.connector} starts`,
          };
        return {
          accepted: true,
          connector: null,
          answer: `accepted: plug in the car${only === undefined ? "" : ` at connector ${only}`}`,
        };
      }
      default:
        return meaning satisfies never;
    }
  }

  #cardWaits(reader: string, acceptance: Acceptance, moment: Moment, connector: number | undefined): void {
    this.#parts.record({
      type: "CardWaits",
      moment,
      reader,
      acceptance,
      ...(connector === undefined ? {} : { connector }),
    });
    const { clock, config } = this.#parts;
    this.#lapses.get(reader)?.();
    this.#lapses.set(
      reader,
      clock.at(moment.monoMs + config.timing.authorisation, () => {
        if (this.#parts.stationState().waiting.get(reader)?.since !== moment) return;
        this.#parts.record({
          type: "CardLapsed",
          moment: this.#parts.clock.now(),
          reader,
          why: "no car was plugged in",
        });
        this.#parts.tell({
          type: "note",
          at: this.#parts.clock.now().at,
          text: `${reader}: the accepted card ${masked(acceptance.token.uid)} lapsed, no car was plugged in`,
        });
      }),
    );
  }

  /** Lamps and contactors of the connectors at a reader are brought to what is wanted now. */
  meetAt(reader: string): void {
    for (const entry of this.#parts.layout.connectors)
      if (entry.reader === reader) this.#parts.points.get(entry.id)?.meet();
  }

  #refuseAt(reader: string, connector: number | null): void {
    for (const [id, point] of this.#parts.points) {
      const entry = this.#parts.layout.connectors.find((one) => one.id === id);
      if (entry?.reader === reader && (connector === null || connector === id)) point.refuse();
    }
  }

  /** Waiting cards lapse no more, and an open question changes nothing. */
  close(): void {
    this.#over.abort();
    for (const cancel of this.#lapses.values()) cancel();
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
