// Taps at the readers. Each goes one way, top to bottom of this file: `tapped` takes it, `#judge` finds what it means
// and whether its card may charge, `#ask` holds the driver while a backend is asked, `#decide` tells the driver the
// answer, and `#act` tells the station. Nothing is moved here: what is recorded moves the station.
import { type CardReader, type CardTap, DeviceError, type Moment, sleep } from "../../drivers/driver.js";
import { type AuthorizationInfo, isSameId, masked } from "../core/cdr/token.js";
import type { Acceptance } from "../core/session/opening.js";
import { stopDetails } from "../core/session/session-event.js";
import type { CardBearer } from "../core/station/backend-orders.js";
import { decideTap, stopWishWaitsMs, type TapDecision } from "../core/station/tap-decision.js";
import type { AuthorizationQuestion } from "./authorizer.js";
import {
  accept,
  type DriverAnswer,
  decisionWords,
  decline,
  finishedWords,
  grantedWords,
  refusalWords,
  unusableWords,
} from "./driver-answer.js";
import type { HandlerParts } from "./handler-parts.js";
import { Lapses } from "./lapses.js";

export type CardHandlerParts = HandlerParts & {
  readonly reader: (name: string) => Promise<CardReader>;
  readonly authorize: (uid: string, at: number) => AuthorizationInfo | AuthorizationQuestion;
  /** Why this bearer may not start at a connector now by this tariff, or by the connector's own. */
  readonly refusal: (connector: number, bearer: CardBearer, tariff: string | undefined) => string | undefined;
  readonly die: (error: unknown) => void;
};

/** A card that was read, and where. */
type ReadCard = Extract<CardTap, { readonly kind: "card" }> & { readonly reader: string };

const readerRetryMs = 5_000;
/** So long a driver is kept waiting while a meter is asked anew that failed before. */
const meterWaitMs = 2_000;

export class CardHandler {
  readonly #parts: CardHandlerParts;
  readonly #over = new AbortController();
  /** By reader: the card that waits for a car. */
  readonly #lapses: Lapses<string>;
  /** By reader: the card that lies there to stop its session, which has only just begun. */
  readonly #stopWishes: Lapses<string>;
  /** By name, while they work. */
  readonly #readers = new Map<string, CardReader>();
  /** By reader: the card about which a backend is being asked. */
  readonly #asking = new Map<string, string>();
  /** By reader: who gets the next tap in place of the station. */
  readonly #catching = new Map<string, (tap?: CardTap) => void>();

  constructor(parts: CardHandlerParts) {
    this.#parts = parts;
    this.#lapses = new Lapses(parts.clock);
    this.#stopWishes = new Lapses(parts.clock);
  }

  /** Takes taps until `signal` ends it; a reader that is lost is opened again and again. */
  async watch(name: string, signal: AbortSignal): Promise<void> {
    const { clock, faults } = this.#parts;
    while (!signal.aborted) {
      let reader: CardReader | undefined;
      try {
        reader = await this.#parts.reader(name);
        this.#readers.set(name, reader);
        faults.clear(`reader ${name}`);
        if (reader.remark !== undefined)
          this.#parts.emit({ type: "note", at: clock.now().at, text: `reader ${name}: ${reader.remark}` });
        for await (const tap of reader.taps(signal)) this.tapped(name, tap);
      } catch (error) {
        if (signal.aborted) break;
        if (!(error instanceof DeviceError)) {
          this.#parts.die(error);
          return;
        }
        faults.raiseError(`reader ${name}`, error, clock.now().at);
        await sleep(clock, readerRetryMs, signal);
      } finally {
        this.#readers.delete(name);
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

  /** Waiting cards lapse no more, and an open question changes nothing. */
  close(): void {
    this.#over.abort();
    this.#lapses.close();
    this.#stopWishes.close();
  }

  // ---- the way of a tap

  /** A tap; a test taps here too. */
  tapped(reader: string, tap: CardTap): void {
    const caught = this.#catching.get(reader);
    if (caught !== undefined) return caught(tap);
    if (tap.kind === "refused") return this.#answer(reader, "…", tap.moment, decline(unusableWords[tap.why]));
    const asked = this.#asking.get(reader);
    if (asked === undefined) return this.#judge({ ...tap, reader });
    const answer =
      asked === tap.uid
        ? accept("still checking this card")
        : decline("another card is being checked: try again in a moment");
    this.#tell(reader, masked(tap.uid), tap.moment, answer);
  }

  /** Where what is known here does not decide, a backend is asked, but only where its answer could change anything. */
  #judge(card: ReadCard): void {
    const info = this.#parts.authorize(card.uid, card.moment.at);
    if (info.allowed !== "ASK") return this.#decide(card, info, card.moment);
    const decision = this.#decisionOn(card, info.group, card.moment);
    const connector = decision.kind === "authorize" ? decision.connector : null;
    // The card's own session stops without a question.
    if (decision.kind === "authorize" || (decision.kind === "refuse" && this.#couldStopByGroup(card.reader)))
      void this.#ask(card, info, connector).catch((error: unknown) => this.#parts.die(error));
    else this.#decide(card, { allowed: "NOT_KNOWN" }, card.moment);
  }

  /** Holds the driver while a question is open. What the tap means is judged anew by the state that the answer finds. */
  async #ask(card: ReadCard, question: AuthorizationQuestion, connector: number | null): Promise<void> {
    const { reader, uid, moment } = card;
    const { emit, clock } = this.#parts;
    this.#asking.set(reader, uid);
    this.meetAt(reader);
    emit({ type: "note", at: moment.at, text: `card ${masked(uid)} at ${reader}: ${question.words}` });
    const info = await question.ask(connector, this.#over.signal);
    this.#asking.delete(reader);
    if (this.#over.signal.aborted) return;
    this.#decide(card, info, clock.now());
    this.meetAt(reader);
  }

  /** The answer is told before anything happens, so that log and view read in the order in which a driver lives it. */
  #decide(card: ReadCard, info: AuthorizationInfo, now: Moment, isLookedAnew = false): void {
    const decision = this.#decisionWithInfo(card, info, now);
    const doubted = isLookedAnew ? [] : this.#doubtedMeters(decision, card.reader, info);
    if (doubted.length > 0)
      return void this.#askMeters(card, info, doubted).catch((error: unknown) => this.#parts.die(error));
    if (decision.kind === "stop" && this.#warns(card, decision.connector, now)) return;
    const answer = this.#answerTo(decision, card.reader, info);
    this.#answer(card.reader, masked(card.uid), now, answer);
    if (answer.accepted) this.#act(card, decision, info, now);
    else if (decision.kind === "refuse" && decision.why === "just-started") this.#rememberStopWish(card, now);
  }

  /** A stop that costs the minimum is told before; a card that goes on lying there means it. */
  #warns(card: ReadCard, connector: number, now: Moment): boolean {
    const { config, connectors, stopWarnings } = this.#parts;
    const warning = stopWarnings.warning(connector, now, "hold the card");
    if (warning === undefined) return false;
    this.#tell(card.reader, masked(card.uid), now, decline(warning, connector));
    connectors.get(connector)?.answer("confirm-stop");
    this.#rememberStopWish(card, now, config.timing.refusalShown);
    return true;
  }

  /**
   * A card that is held to stop too soon is asked about again once it may, after `leastMs`, if it lies there still.
   */
  #rememberStopWish(card: ReadCard, now: Moment, leastMs = 0): void {
    const { clock, layout, stationState } = this.#parts;
    const { reader, uid } = card;
    const waitsMs = stopWishWaitsMs(stationState(), layout, reader, uid, card.moment);
    if (waitsMs === undefined) return;
    this.#stopWishes.set(reader, now.monoMs + Math.max(waitsMs, leastMs), () => {
      const moment = clock.now();
      const isStillAWish = stopWishWaitsMs(stationState(), layout, reader, uid, card.moment) !== undefined;
      if (isStillAWish && this.#readers.get(reader)?.holds(uid) === true) this.#judge({ ...card, moment });
    });
  }

  /** The connectors of this start, where nothing but a fault of the meter keeps each of them from selling. */
  #doubtedMeters(decision: TapDecision, reader: string, info: AuthorizationInfo): readonly number[] {
    if (decision.kind !== "authorize" || info.allowed !== "ALLOWED") return [];
    const candidates = this.#candidates(decision.connector ?? decision.chosen, reader);
    const bearer = { uid: info.token.uid, group: info.group };
    if (candidates.some((id) => this.#parts.refusal(id, bearer, info.tariff) === undefined)) return [];
    return candidates.filter((id) => this.#parts.connectors.get(id)?.isMeterDoubted === true);
  }

  /** A meter that failed may be well again: it is asked before anybody is turned away for it. */
  async #askMeters(card: ReadCard, info: AuthorizationInfo, connectors: readonly number[]): Promise<void> {
    const { reader, uid } = card;
    this.#asking.set(reader, uid);
    this.meetAt(reader);
    await Promise.all(connectors.map((id) => this.#parts.connectors.get(id)?.lookAnew(meterWaitMs)));
    this.#asking.delete(reader);
    if (this.#over.signal.aborted) return;
    this.#decide(card, info, this.#parts.clock.now(), true);
    this.meetAt(reader);
  }

  #act({ reader, uid }: ReadCard, decision: TapDecision, info: AuthorizationInfo, moment: Moment): void {
    const { connectors, record, stationState } = this.#parts;
    if (decision.kind === "stop") {
      const { connector } = decision;
      connectors.get(connector)?.openContactor();
      const session = stationState().sessions.get(connector);
      const isOwn = session?.state !== "charging" || isSameId(session.sale.opening.acceptance.token.uid, uid);
      record({
        type: "StopRequested",
        moment,
        connector,
        reason: "Local",
        ...(isOwn ? { detail: stopDetails.card } : { detail: stopDetails.groupCard, card: uid }),
      });
    } else if (decision.kind === "authorize" && info.allowed === "ALLOWED") {
      const { connector } = decision;
      const { allowed: _, ...acceptance } = info;
      if (connector === null) return this.#letCardWait(reader, acceptance, moment, decision.chosen);
      // The card that waited at the reader is held again, for a car that is there.
      const waits = stationState().waiting.get(reader);
      if (waits !== undefined && isSameId(waits.acceptance.token.uid, uid))
        record({ type: "CardLapsed", moment, reader, why: `used at connector ${connector}` });
      record({ type: "CardAccepted", moment, connector, acceptance });
    }
  }

  #letCardWait(reader: string, acceptance: Acceptance, moment: Moment, connector: number | undefined): void {
    const { clock, config, record, stationState, emit } = this.#parts;
    record({ type: "CardWaits", moment, reader, acceptance, ...(connector === undefined ? {} : { connector }) });
    this.#lapses.set(reader, moment.monoMs + config.timing.authorisation, () => {
      if (stationState().waiting.get(reader)?.since !== moment) return;
      const card = masked(acceptance.token.uid);
      record({ type: "CardLapsed", moment: clock.now(), reader, why: "no car was plugged in" });
      emit({
        type: "note",
        at: clock.now().at,
        text: `${reader}: the accepted card ${card} lapsed, no car was plugged in`,
      });
    });
  }

  // ---- what a tap means

  #decisionOn({ reader, uid }: ReadCard, group: string | undefined, now: Moment): TapDecision {
    const { stationState, layout } = this.#parts;
    return decideTap(stationState(), layout, reader, uid, now, group);
  }

  /** A card that was shown to start must not stop what began while its question was open. */
  #decisionWithInfo(card: ReadCard, info: AuthorizationInfo, now: Moment): TapDecision {
    const decision = this.#decisionOn(card, info.allowed === "ALLOWED" ? info.group : undefined, now);
    if (decision.kind !== "stop") return decision;
    const session = this.#parts.stationState().sessions.get(decision.connector);
    const begin = session?.state === "charging" ? session.sale.opening.begin.moment : undefined;
    return begin !== undefined && begin.boot === card.moment.boot && begin.monoMs >= card.moment.monoMs
      ? { kind: "refuse", why: "just-started" }
      : decision;
  }

  /** A session that runs here was started by a card of a group, of which this card may be one. */
  #couldStopByGroup(reader: string): boolean {
    const { sessions } = this.#parts.stationState();
    return this.#connectorsAt(reader).some((id) => {
      const session = sessions.get(id);
      return session?.state === "charging" && session.sale.opening.acceptance.group !== undefined;
    });
  }

  // ---- the answer

  #answerTo(decision: TapDecision, reader: string, info: AuthorizationInfo): DriverAnswer {
    switch (decision.kind) {
      case "stop":
        return accept(`connector ${decision.connector} stops`, decision.connector);
      case "waits-already":
        return accept("accepted: plug in the car");
      case "refuse":
        return decision.connector === undefined
          ? decline(decisionWords[decision.why])
          : decline(finishedWords(decision.connector), decision.connector);
      case "authorize":
        return info.allowed === "ALLOWED"
          ? this.#answerToAllowed(decision, reader, info)
          : decline(refusalWords(info), decision.connector);
      default:
        return decision satisfies never;
    }
  }

  /** The card may charge; whether a session may start at its connector, or at one of the reader's, is another matter. */
  #answerToAllowed(
    { connector, chosen }: Extract<TapDecision, { readonly kind: "authorize" }>,
    reader: string,
    { token, group, tariff, limits }: Acceptance,
  ): DriverAnswer {
    const bearer: CardBearer = { uid: token.uid, group };
    const only = connector ?? chosen;
    const reasons = this.#candidates(only, reader).map((id) => this.#parts.refusal(id, bearer, tariff));
    if (reasons.every((reason) => reason !== undefined))
      return decline(`no session can start: ${reasons[0] ?? ""}`, only ?? null);
    const ends = limits === undefined ? "" : `; ${grantedWords(limits)}`;
    if (connector !== null) return accept(`accepted: connector ${connector} starts${ends}`, connector);
    return accept(`accepted: plug in the car${only === undefined ? "" : ` at connector ${only}`}${ends}`);
  }

  /** Says it, and shows a refusal at the connectors that it is about. */
  #answer(reader: string, card: string, moment: Moment, answer: DriverAnswer): void {
    this.#tell(reader, card, moment, answer);
    if (answer.accepted) return;
    for (const id of this.#connectorsAt(reader))
      if (answer.connector === null || answer.connector === id) this.#parts.connectors.get(id)?.answer("refused");
  }

  #tell(reader: string, card: string, moment: Moment, answer: DriverAnswer): void {
    this.#parts.emit({ type: "tap", at: moment.at, reader, card, ...answer });
  }

  // ----

  /** Lamps and contactors of the connectors at a reader are brought to what is wanted now. */
  meetAt(reader: string): void {
    for (const id of this.#connectorsAt(reader)) this.#parts.connectors.get(id)?.meet();
  }

  /** Where a session may start: at the one that is meant, or at any of the reader's. */
  #candidates(only: number | undefined, reader: string): readonly number[] {
    return only === undefined ? this.#connectorsAt(reader) : [only];
  }

  #connectorsAt(reader: string): readonly number[] {
    return this.#parts.layout.connectors.filter((entry) => entry.reader === reader).map(({ id }) => id);
  }
}
