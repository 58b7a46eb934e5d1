// What backends may ask of the station: each order is judged by how the station is, answered with the truth, and enters
// where a tap enters, so that it is written down before anything acts on it and stands again after a restart.
import type { Config } from "../../../config/schema.js";
import type { Clock, Moment } from "../../../drivers/driver.js";
import { masked } from "../../core/cdr/token.js";
import { areSameLimits, limitsInWords, type SessionLimits } from "../../core/session/limits.js";
import type { Acceptance } from "../../core/session/opening.js";
import { isBusy } from "../../core/session/session.js";
import { anyConnector, bearerOf, type Reservation, wholeStation } from "../../core/station/backend-orders.js";
import type { StationEvent } from "../../core/station/station-event.js";
import type { StationState } from "../../core/station/station-state.js";
import type { Tariff } from "../../core/tariff/tariff.js";
import type { Refusal, RemoteAnswer, RemoteControl, RemoteStart } from "../../sync/station-port.js";
import type { ActiveTariffs } from "../../tariffs/active-tariffs.js";
import type { PushedTariffs, TariffChanges } from "../../tariffs/pushed-tariffs.js";
import type { AgentEvent } from "../events.js";
import { Lapses } from "../lapses.js";
import { enterOrder, orderedConnectors, refuseRemote, remoteAccepted } from "./remote-answer.js";
import { RemoteReservations } from "./remote-reservations.js";
import { RemoteTariffs } from "./remote-tariffs.js";
import { placeForStart, type StartPlace } from "./start-place.js";
import { WebPayments, type WebPaymentsParts } from "./web-payments.js";

export type StationRemoteControlParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly station: WebPaymentsParts["station"];
  readonly activeTariffs: Pick<ActiveTariffs, "whyUnpriced" | "reservationPrice" | "look" | "remember">;
  readonly pushedTariffs: PushedTariffs;
  readonly newId: () => string;
  /** Ends the process, so that systemd starts it again; nothing is being sold. */
  readonly restart: () => void;
  readonly emit: (event: AgentEvent) => void;
};

/** From the last settled session to the end of the process: whoever asked still gets the answer. */
const restartAfterMs = 1_000;

export class StationRemoteControl implements RemoteControl {
  readonly #parts: StationRemoteControlParts;
  /** By connector: the remote start that waits for a car. */
  readonly #lapses: Lapses<number>;
  readonly #stopListening: () => void;
  readonly #reservations: RemoteReservations;
  readonly #tariffs: RemoteTariffs;
  readonly #webPayments: WebPayments;
  #restartTimer: (() => void) | undefined;

  /** The station has been started: what stands in its state is taken up. */
  constructor(parts: StationRemoteControlParts) {
    this.#parts = parts;
    this.#lapses = new Lapses(parts.clock);
    this.#reservations = new RemoteReservations({ ...parts, note: (text) => this.#note(text) });
    this.#tariffs = new RemoteTariffs(parts);
    this.#webPayments = new WebPayments({ ...parts, note: (text) => this.#note(text) });
    this.#stopListening = parts.station.feed().listen(({ before, after }) => {
      if (before.orders.reservations !== after.orders.reservations) this.#reservations.watch();
      if (after.orders.restart !== undefined) this.#restartWhenIdle(after);
    });
    this.#reservations.watch();
  }

  start(request: RemoteStart): (StartPlace & { readonly accepted: true }) | Refusal {
    const found = placeForStart(request, this.#parts, this.#now());
    if ("accepted" in found) return found;
    const { connector, waits } = found;
    const acceptance = acceptanceBy(request);
    const moment = this.#now();
    // Since when the price has stood there is known before the session begins.
    this.#parts.activeTariffs.look(moment);
    const entered = waits
      ? this.#parts.station.enter({ type: "RemoteStartWaits", moment, connector, acceptance })
      : connector !== null && this.#parts.station.enter({ type: "CardAccepted", moment, connector, acceptance });
    if (!entered) return refuseRemote("busy", `connector ${connector ?? ""} is no longer free`);
    if (waits) this.#letLapse(connector, moment);
    const words = waits ? "accepted: plug in the car" : `accepted: connector ${connector} starts`;
    this.#note(`remote start by ${request.by} for ${masked(request.token.uid)}: ${words}`);
    return { accepted: true, connector, waits };
  }

  stop(sessionId: string, by: string, reason: "Remote" | "DeAuthorized" = "Remote"): RemoteAnswer {
    for (const [connector, session] of this.#stationState().sessions) {
      if (!("sale" in session) || session.sale.opening.id !== sessionId) continue;
      if (session.state !== "charging") return remoteAccepted;
      // A backend does not know who pays on the spot, and the money for this session is held: it goes on.
      if (reason === "DeAuthorized" && session.sale.opening.acceptance.hold !== undefined)
        return refuseRemote(
          "not-supported",
          "the session is paid on the spot: no backend's word about its card counts",
        );
      this.#parts.station.connectors.get(connector)?.openContactor();
      return this.#enter({ type: "StopRequested", moment: this.#now(), connector, reason, detail: `stopped by ${by}` });
    }
    return refuseRemote("unknown-session", `no session ${sessionId} runs here`);
  }

  limit(sessionId: string, limits: SessionLimits, by: string): RemoteAnswer {
    for (const [connector, session] of this.#stationState().sessions) {
      if (!("sale" in session) || session.sale.opening.id !== sessionId) continue;
      if (session.state !== "charging") return remoteAccepted;
      const { opening, backendLimits } = session.sale;
      const before = backendLimits.find((one) => one.by === by)?.limits ?? {};
      const after = { ...before, ...limits };
      if (areSameLimits(before, after)) return remoteAccepted;
      const answer = this.#enter({ type: "LimitsSet", moment: this.#now(), connector, by, limits: after });
      const words = limitsInWords(after, opening.tariff.currency);
      if (answer.accepted) this.#note(`${by} lets the session at connector ${connector} take ${words} at most`);
      return answer;
    }
    return refuseRemote("unknown-session", `no session ${sessionId} runs here`);
  }

  reserve(reservation: Reservation, priceTold = false): RemoteAnswer {
    return this.#reservations.reserve(reservation, priceTold);
  }

  cancel(reservationId: string, by: string): RemoteAnswer {
    return this.#reservations.cancel(reservationId, by);
  }

  webPaymentStarted(connector: number, forMs: number, by: string): RemoteAnswer {
    return this.#webPayments.started(connector, forMs, by);
  }

  webPaymentEnded(connector: number, by: string, why: string): RemoteAnswer {
    return this.#webPayments.ended(connector, by, why);
  }

  whyNotPayable(connector: number): Refusal | undefined {
    return this.#webPayments.whyNotPayable(connector);
  }

  setOperative(
    connector: number | null,
    operative: boolean,
    by: string,
  ): { readonly accepted: true; readonly scheduled: boolean } | Refusal {
    const stationState = this.#stationState();
    if (connector !== null && !stationState.sessions.has(connector))
      return refuseRemote("unknown-connector", `there is no connector ${connector}`);
    const key = connector ?? wholeStation;
    const isSo = stationState.orders.inoperative.has(key) !== operative;
    if (!isSo) {
      const answer = this.#enter({ type: "OperativeSet", moment: this.#now(), connector, operative, by });
      if (!answer.accepted) return answer;
      const what = connector === null ? "the station" : `connector ${connector}`;
      this.#note(`${by} has put ${what} ${operative ? "into" : "out of"} service`);
    }
    const scheduled =
      !operative &&
      orderedConnectors(this.#parts.config.connectors, connector).some(({ id }) =>
        isBusy(stationState.sessions.get(id) ?? { state: "available" }),
      );
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
    this.#note(`${by} asks for a restart ${when === "now" ? "now" : "when nothing runs"}`);
    if (when === "now") {
      for (const [connector, session] of this.#stationState().sessions) {
        if (session.state !== "charging") continue;
        this.#parts.station.connectors.get(connector)?.openContactor();
        const detail = `${by} asked for a restart`;
        this.#parts.station.enter({ type: "StopRequested", moment: this.#now(), connector, reason, detail });
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
    return this.#tariffs.clear(tariffId, by);
  }

  changeTariffs(changes: TariffChanges, by: string): RemoteAnswer {
    return this.#tariffs.change(changes, by);
  }

  /**
   * All tariffs of a backend that are chosen by their id, anew; each that is new, changed or gone is written down.
   * False = no room.
   */
  replaceTariffs(tariffs: readonly Tariff[], by: string): boolean {
    return this.#tariffs.replace(tariffs, by);
  }

  tariffs(): ReturnType<RemoteControl["tariffs"]> {
    return this.#tariffs.rows();
  }

  close(): void {
    this.#stopListening();
    this.#reservations.close();
    this.#webPayments.close();
    this.#restartTimer?.();
    this.#lapses.close();
  }

  // ---- what time brings

  #letLapse(connector: number | null, since: Moment): void {
    const { config, station } = this.#parts;
    const key = connector ?? anyConnector;
    this.#lapses.set(key, since.monoMs + config.timing.authorisation, () => {
      const waiting = this.#stationState().awaited.get(key);
      if (waiting?.since !== since) return;
      station.enter({ type: "RemoteStartLapsed", moment: this.#now(), connector, why: "no car was plugged in" });
      this.#note(`the remote start for ${masked(bearerOf(waiting.acceptance).uid)} lapsed, no car was plugged in`);
    });
  }

  #restartWhenIdle(stationState: StationState): void {
    if (this.#restartTimer !== undefined || [...stationState.sessions.values()].some(isBusy)) return;
    this.#restartTimer = this.#parts.clock.at(this.#now().monoMs + restartAfterMs, () => this.#parts.restart());
  }

  // ----

  #enter(event: StationEvent, stands?: () => boolean): RemoteAnswer {
    return enterOrder(this.#parts.station, event, stands);
  }

  #note(text: string): void {
    this.#parts.emit({ type: "note", at: this.#now().at, text });
  }

  #stationState(): StationState {
    return this.#parts.station.stationState();
  }

  #now(): Moment {
    return this.#parts.clock.now();
  }
}

function acceptanceBy({ token, by, group, tariff, reference, limits }: RemoteStart): Acceptance {
  return {
    token,
    authMethod: "COMMAND",
    by,
    ...(group === undefined ? {} : { group }),
    ...(tariff === undefined ? {} : { tariff }),
    ...(reference === undefined ? {} : { authorizationReference: reference }),
    ...(limits === undefined ? {} : { limits: { ...limits, why: `set by ${by} when it started the session` } }),
  };
}
