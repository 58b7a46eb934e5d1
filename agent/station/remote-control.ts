// The desk at which backends ask: each word is judged by how the station stands, answered with the truth, and enters
// where a tap enters, so that it is written down before anything acts on it and stands again after a restart.

import type { Config, ConnectorConfig } from "../../config/schema.js";
import type { Clock, Moment } from "../../drivers/driver.js";
import { isSameId, masked } from "../core/cdr/token.js";
import type { Acceptance } from "../core/session/opening.js";
import { isBusy } from "../core/session/session.js";
import { anyConnector, bearerOf, type Reservation, reservedFor, wholeStation } from "../core/station/backend-orders.js";
import type { StationState } from "../core/station/station-state.js";
import type { Tariff } from "../core/tariff/tariff.js";
import type { Refusal, RemoteAnswer, RemoteControl, RemoteStart } from "../sync/station-port.js";
import type { ActiveTariffs } from "../tariffs/active-tariffs.js";
import type { PushedTariff, PushedTariffs, TariffChanges } from "../tariffs/pushed-tariffs.js";
import { tariffDigest } from "../tariffs/tariff-digest.js";
import type { AgentEvent } from "./events.js";
import type { Station } from "./station.js";

export type StationRemoteControlParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly station: Pick<Station, "enter" | "stationState" | "feed" | "refusal" | "points" | "faults">;
  readonly activeTariffs: Pick<ActiveTariffs, "sells" | "look" | "remember">;
  readonly pushedTariffs: PushedTariffs;
  /** Ends the process, so that systemd starts it again; nothing is being sold. */
  readonly restart: () => void;
  readonly tell: (event: AgentEvent) => void;
};

const mostReservations = 100;
/** The wall clock may be set meanwhile, so a far hour is looked at again and again. */
const longestWaitMs = 60_000;
/** From the last settled session to the end of the process: whoever asked still gets the answer. */
const restartAfterMs = 1_000;

const no = (code: Refusal["code"], why: string): Refusal => ({ accepted: false, code, why });
const yes = { accepted: true } as const;

export class StationRemoteControl implements RemoteControl {
  readonly #parts: StationRemoteControlParts;
  readonly #lapses = new Map<number, () => void>();
  readonly #stopListening: () => void;
  #reservationTimer: (() => void) | undefined;
  #restartTimer: (() => void) | undefined;

  /** The station has been started: what stands in its till is taken up. */
  constructor(parts: StationRemoteControlParts) {
    this.#parts = parts;
    this.#stopListening = parts.station.feed().listen(({ before, after }) => {
      if (before.orders.reservations !== after.orders.reservations) this.#watchReservations(after);
      if (after.orders.restart !== undefined) this.#restartWhenIdle(after);
    });
    this.#watchReservations(parts.station.stationState());
  }

  start(
    request: RemoteStart,
  ): { readonly accepted: true; readonly connector: number | null; readonly waits: boolean } | Refusal {
    const found = this.#placeFor(request);
    if ("accepted" in found) return found;
    const { connector, waits } = found;
    const acceptance: Acceptance = {
      token: request.token,
      authMethod: "COMMAND",
      by: request.by,
      ...(request.group === undefined ? {} : { group: request.group }),
      ...(request.tariff === undefined ? {} : { tariff: request.tariff }),
      ...(request.reference === undefined ? {} : { authorizationReference: request.reference }),
      ...(request.limits === undefined
        ? {}
        : { limits: { ...request.limits, why: `set by ${request.by} when it started the session` } }),
    };
    const moment = this.#now();
    // Since when the price has stood there is known before the session begins.
    this.#parts.activeTariffs.look(moment);
    const entered = waits
      ? this.#parts.station.enter({ type: "RemoteStartWaits", moment, connector, acceptance })
      : connector !== null && this.#parts.station.enter({ type: "CardAccepted", moment, connector, acceptance });
    if (!entered) return no("busy", `connector ${connector ?? ""} is no longer free`);
    if (waits) this.#letLapse(connector, moment);
    const words = waits ? "accepted: plug in the car" : `accepted: connector ${connector} starts`;
    this.#parts.tell({
      news: "note",
      at: moment.at,
      text: `remote start by ${request.by} for ${masked(request.token.uid)}: ${words}`,
    });
    return { accepted: true, connector, waits };
  }

  stop(sessionId: string, by: string, reason: "Remote" | "DeAuthorized" = "Remote"): RemoteAnswer {
    for (const [connector, session] of this.#stationState().sessions) {
      if (!("sale" in session) || session.sale.opening.id !== sessionId) continue;
      if (session.state !== "charging") return yes;
      this.#parts.station.points.get(connector)?.openContactor();
      return this.#enter({ type: "StopRequested", moment: this.#now(), connector, reason, detail: `stopped by ${by}` });
    }
    return no("unknown-session", `no session ${sessionId} runs here`);
  }

  reserve(reservation: Reservation): RemoteAnswer {
    const { station } = this.#parts;
    const stationState = this.#stationState();
    const { at } = this.#now();
    if (reservation.connector !== null && !stationState.sessions.has(reservation.connector))
      return no("unknown-connector", `there is no connector ${reservation.connector}`);
    if (reservation.untilMs <= at)
      return no("failed", `the reservation would end at ${new Date(reservation.untilMs).toISOString()}, which is over`);
    const others = new Map(stationState.orders.reservations);
    others.delete(reservation.id);
    if (others.size >= mostReservations) return no("full", `${mostReservations} reservations stand already`);
    const bearer = { uid: reservation.token.uid, group: reservation.group };
    const reasons = this.#candidates(reservation.connector).map(({ id }): Refusal | undefined => {
      const blocked = this.#unfit(id);
      if (blocked !== undefined) return blocked;
      const session = stationState.sessions.get(id);
      if (session?.state !== "available" && session?.state !== "occupied")
        return no("busy", `connector ${id} is in use (${session?.state ?? ""})`);
      // As if the reservation that is replaced did not stand.
      const kept = reservedFor({ ...stationState.orders, reservations: others }, stationState.sessions, id, bearer, at);
      return kept === undefined ? undefined : no("busy", `connector ${id} is reserved already`);
    });
    const refused = refusalOfAll(reasons);
    return (
      refused ??
      this.#enter({ type: "Reserved", moment: this.#now(), reservation }, () =>
        station.stationState().orders.reservations.has(reservation.id),
      )
    );
  }

  cancel(reservationId: string, by: string): RemoteAnswer {
    if (!this.#stationState().orders.reservations.has(reservationId))
      return no("unknown-reservation", `there is no reservation ${reservationId}`);
    return this.#enter({ type: "ReservationEnded", moment: this.#now(), id: reservationId, outcome: "cancelled", by });
  }

  setOperative(
    connector: number | null,
    operative: boolean,
    by: string,
  ): { readonly accepted: true; readonly scheduled: boolean } | Refusal {
    const stationState = this.#stationState();
    if (connector !== null && !stationState.sessions.has(connector))
      return no("unknown-connector", `there is no connector ${connector}`);
    const key = connector ?? wholeStation;
    const isSo = stationState.orders.inoperative.has(key) !== operative;
    if (!isSo) {
      const answer = this.#enter({ type: "OperativeSet", moment: this.#now(), connector, operative, by });
      if (!answer.accepted) return answer;
      this.#parts.tell({
        news: "note",
        at: this.#now().at,
        text: `${by} has put ${connector === null ? "the station" : `connector ${connector}`} ${operative ? "into" : "out of"} service`,
      });
    }
    const scheduled =
      !operative &&
      this.#candidates(connector).some(({ id }) => isBusy(stationState.sessions.get(id) ?? { state: "available" }));
    return { accepted: true, scheduled };
  }

  restart(
    when: "now" | "when-idle",
    by: string,
    reason: "ImmediateReset" | "HardReset" = "ImmediateReset",
  ): { readonly accepted: true; readonly scheduled: boolean } | Refusal {
    const running = [...this.#stationState().sessions.values()].some(isBusy);
    const answer = this.#enter(
      { type: "RestartAsked", moment: this.#now(), when, by },
      () => this.#stationState().orders.restart !== undefined,
    );
    if (!answer.accepted) return answer;
    this.#parts.tell({
      news: "note",
      at: this.#now().at,
      text: `${by} asks for a restart ${when === "now" ? "now" : "when nothing runs"}`,
    });
    if (when === "now") {
      for (const [connector, session] of this.#stationState().sessions) {
        if (session.state !== "charging") continue;
        this.#parts.station.points.get(connector)?.openContactor();
        this.#parts.station.enter({
          type: "StopRequested",
          moment: this.#now(),
          connector,
          reason,
          detail: `${by} asked for a restart`,
        });
      }
    }
    return { accepted: true, scheduled: running && when === "when-idle" };
  }

  settingSet(settings: Readonly<Record<string, number | boolean>>, by: string): RemoteAnswer {
    return this.#enter({ type: "SettingSet", moment: this.#now(), by, settings });
  }

  setTariff(tariff: Tariff, connector: number | null | undefined, by: string): RemoteAnswer {
    return this.changeTariffs({ cleared: [], added: [{ tariff, connector, by }] }, by);
  }

  clearTariff(tariffId: string, by: string): RemoteAnswer {
    const cleared = this.tariffs().filter((row) => row.tariff.id === tariffId && row.by === by);
    return cleared.length === 0
      ? no("no-tariff", `no tariff ${tariffId} was set here by ${by}`)
      : this.changeTariffs({ cleared, added: [] }, by);
  }

  changeTariffs(changes: TariffChanges, by: string): RemoteAnswer {
    const { cleared, added } = changes;
    const strange = added.find(
      ({ connector }) => typeof connector === "number" && !this.#stationState().sessions.has(connector),
    );
    if (strange !== undefined) return no("unknown-connector", `there is no connector ${strange.connector}`);
    const puts = this.#parts.pushedTariffs.change(changes);
    if (puts === undefined) return no("full", "no more tariffs can be kept: clear some first");
    const moment = this.#now();
    const place = ({ connector }: PushedTariff): { readonly connector?: number | null } =>
      connector === undefined ? {} : { connector };
    const words = [
      ...cleared.map((row) => ({ type: "TariffCleared", moment, id: row.tariff.id, ...place(row), by }) as const),
      ...added.map(
        (row) =>
          ({
            type: "TariffSet",
            moment,
            id: row.tariff.id,
            ...place(row),
            digest: tariffDigest(row.tariff),
            by,
          }) as const,
      ),
    ];
    for (const word of words) {
      const entered = this.#enter(word);
      if (!entered.accepted) return entered;
    }
    puts();
    this.#repriced(moment);
    return yes;
  }

  /**
   * All tariffs of a backend that are chosen by their id, anew; each that is new, changed or gone is written down.
   * False = no room.
   */
  replaceTariffs(tariffs: readonly Tariff[], by: string): boolean {
    const { pushedTariffs } = this.#parts;
    const before = new Set(pushedTariffs.of(by).map(tariffDigest));
    const after = new Set(tariffs.map(tariffDigest));
    const moment = this.#now();
    for (const tariff of tariffs)
      if (!before.has(tariffDigest(tariff)))
        this.#parts.station.enter({ type: "TariffSet", moment, id: tariff.id, digest: tariffDigest(tariff), by });
    for (const { id } of pushedTariffs.of(by))
      if (!tariffs.some((tariff) => tariff.id === id))
        this.#parts.station.enter({ type: "TariffCleared", moment, id, by });
    if (before.size === after.size && [...after].every((digest) => before.has(digest))) return true;
    if (!pushedTariffs.replaceNamed(by, tariffs)) return false;
    this.#repriced(moment);
    return true;
  }

  tariffs(): ReturnType<RemoteControl["tariffs"]> {
    return this.#parts.pushedTariffs.rows();
  }

  close(): void {
    this.#stopListening();
    this.#reservationTimer?.();
    this.#restartTimer?.();
    for (const cancel of this.#lapses.values()) cancel();
  }

  // ---- where a start may happen

  #candidates(connector: number | null): ConnectorConfig[] {
    return this.#parts.config.connectors.filter(({ id }) => connector === null || id === connector);
  }

  /** The car that waits, the one plugged in last; else a connector to come. */
  #placeFor(request: RemoteStart): { readonly connector: number | null; readonly waits: boolean } | Refusal {
    const stationState = this.#stationState();
    if (request.connector !== null && !stationState.sessions.has(request.connector))
      return no("unknown-connector", `there is no connector ${request.connector}`);
    const moment = this.#now();
    const judged = this.#candidates(request.connector).map((connector) => ({
      connector,
      session: stationState.sessions.get(connector.id),
      refused: this.#startRefused(connector, request, moment),
    }));
    const fit = judged.filter(({ refused }) => refused === undefined);
    const refused = refusalOfAll(judged.map((one) => one.refused));
    if (refused !== undefined) return refused;
    const occupied = fit
      .flatMap(({ connector, session }) =>
        session?.state === "occupied" ? [{ id: connector.id, since: session.since.monoMs }] : [],
      )
      .sort((a, b) => b.since - a.since)[0];
    if (occupied !== undefined) return { connector: occupied.id, waits: false };
    const other = stationState.awaited.get(request.connector ?? anyConnector);
    if (other !== undefined && !isSameId(other.acceptance.token.uid, request.token.uid))
      return no("busy", "another remote start waits for its car there");
    return { connector: request.connector, waits: true };
  }

  #startRefused({ id, ...connector }: ConnectorConfig, request: RemoteStart, moment: Moment): Refusal | undefined {
    const unfit = this.#unfit(id);
    if (unfit !== undefined) return unfit;
    const session = this.#stationState().sessions.get(id);
    if (session?.state === "finishing") return no("busy", `connector ${id} has finished: its car must leave first`);
    if (session?.state !== "available" && session?.state !== "occupied")
      return no("busy", `connector ${id} is in use (${session?.state ?? ""})`);
    const reserved = this.#parts.station.refusal(id, { uid: request.token.uid, group: request.group });
    if (reserved !== undefined) return no("busy", reserved);
    if (this.#parts.activeTariffs.sells({ id, ...connector }, request.tariff, moment)) return undefined;
    return no(
      "no-tariff",
      request.tariff === undefined
        ? `no tariff is in force at connector ${id}`
        : `no tariff "${request.tariff}" is in force here`,
    );
  }

  /** Why a connector sells nothing, by kind. */
  #unfit(connector: number): Refusal | undefined {
    const why = this.#parts.station.feed().blocked(connector);
    if (why === undefined) return undefined;
    const { inoperative } = this.#stationState().orders;
    if (this.#parts.station.faults.of(`connector ${connector}`)?.message === why) return no("faulted", why);
    return no(inoperative.has(wholeStation) || inoperative.has(connector) ? "unavailable" : "closed", why);
  }

  // ---- what time brings

  #letLapse(connector: number | null, since: Moment): void {
    const { clock, config, station } = this.#parts;
    const key = connector ?? anyConnector;
    this.#lapses.get(key)?.();
    const lapse = (): void => {
      this.#lapses.delete(key);
      const waiting = this.#stationState().awaited.get(key);
      if (waiting?.since !== since) return;
      station.enter({ type: "RemoteStartLapsed", moment: this.#now(), connector, why: "no car was plugged in" });
      this.#parts.tell({
        news: "note",
        at: this.#now().at,
        text: `the remote start for ${masked(bearerOf(waiting.acceptance).uid)} lapsed, no car was plugged in`,
      });
    };
    this.#lapses.set(key, clock.at(since.monoMs + config.timing.authorisation, lapse));
  }

  /** Reservations end by the wall clock. */
  #watchReservations({ orders }: StationState): void {
    this.#reservationTimer?.();
    this.#reservationTimer = undefined;
    const next = Math.min(...[...orders.reservations.values()].map(({ untilMs }) => untilMs));
    if (!Number.isFinite(next)) return;
    const { at, monoMs } = this.#now();
    this.#reservationTimer = this.#parts.clock.at(monoMs + Math.min(longestWaitMs, Math.max(0, next - at)), () =>
      this.#expire(),
    );
  }

  #expire(): void {
    const moment = this.#now();
    for (const { id, by, untilMs } of this.#stationState().orders.reservations.values())
      if (untilMs <= moment.at)
        this.#parts.station.enter({ type: "ReservationEnded", moment, id, outcome: "expired", by });
    this.#watchReservations(this.#stationState());
  }

  #restartWhenIdle(stationState: StationState): void {
    if (this.#restartTimer !== undefined || [...stationState.sessions.values()].some(isBusy)) return;
    this.#restartTimer = this.#parts.clock.at(this.#now().monoMs + restartAfterMs, () => this.#parts.restart());
  }

  // ----

  #repriced(moment: Moment): void {
    this.#parts.activeTariffs.remember(moment);
    this.#parts.activeTariffs.look(moment);
  }

  /** `stands` = what was asked stands already: a word that changes nothing is still obeyed. */
  #enter(event: Parameters<Station["enter"]>[0], stands: () => boolean = () => false): RemoteAnswer {
    return this.#parts.station.enter(event) || stands()
      ? yes
      : no("failed", "the station is closing and takes no more orders");
  }

  #stationState(): StationState {
    return this.#parts.station.stationState();
  }

  #now(): Moment {
    return this.#parts.clock.now();
  }
}

/** The refusal where every candidate refuses: that one is busy is told first, since it passes. */
function refusalOfAll(reasons: readonly (Refusal | undefined)[]): Refusal | undefined {
  const refusals = reasons.filter((reason) => reason !== undefined);
  if (refusals.length < reasons.length) return undefined;
  return refusals.find(({ code }) => code === "busy") ?? refusals[0];
}
