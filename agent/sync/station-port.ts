// The door between the station and a backend that speaks both ways: what it is told, and what it may ask. Whoever asks
// gets the truth, and what it asks enters where a tap enters: it is written down before anything acts on it.
import type { TokenConfig } from "../../config/schema.js";
import type { Moment } from "../../drivers/driver.js";
import type { SessionToken } from "../core/cdr/settlement.js";
import type { OnlineAnswer } from "../core/cdr/token.js";
import type { SessionLimits } from "../core/session/limits.js";
import type { LiveReading } from "../core/session/live-reading.js";
import type { Reservation } from "../core/station/backend-orders.js";
import type { StationEvent } from "../core/station/station-event.js";
import type { StationState } from "../core/station/station-state.js";
import type { Tariff } from "../core/tariff/tariff.js";
import type { PushedTariff, TariffChanges } from "../tariffs/pushed-tariffs.js";
import type { StationFault } from "./faults.js";

/** A fact after it was written down, with the state before and after it. */
export type RecordedFact = {
  readonly event: StationEvent;
  readonly before: StationState;
  readonly after: StationState;
};

/** What a backend may look at. */
export interface StationFeed {
  /** Told of every fact from now on, in order; the answer ends it. A listener must not throw and must not wait. */
  listen(listener: (fact: RecordedFact) => void): () => void;
  stationState(): StationState;
  /** The newest figures of a session that charges. */
  liveReading(connector: number): LiveReading | undefined;
  faults(): readonly StationFault[];
  /** Why nothing is sold at a connector now. */
  blocked(connector: number): string | undefined;
}

/** A refusal by its kind, with words for a technician. */
export type Refusal = {
  readonly accepted: false;
  readonly code:
    | "unknown-connector"
    | "unknown-session"
    | "unknown-reservation"
    | "busy"
    | "faulted"
    | "unavailable"
    | "closed"
    | "not-supported"
    | "no-tariff"
    | "full"
    | "failed";
  readonly why: string;
};
export type RemoteAnswer = { readonly accepted: true } | Refusal;

export type RemoteStart = {
  /** The uplink that asks. */
  readonly by: string;
  /** null = any connector that is free. */
  readonly connector: number | null;
  readonly token: SessionToken;
  readonly group?: string;
  /** The id of a tariff that the station knows. */
  readonly tariff?: string;
  /** OCPI authorization_reference, OCPP remoteStartId: stands in the CDR. */
  readonly reference?: string;
  readonly limits?: { readonly energyKwh?: string; readonly cost?: string };
};

/** The longest time for which one word of a payment keeps a connector (OCPP 2.1 C25: five minutes). */
export const longestWebPaymentMs = 300_000;

/** What a backend may ask. */
export interface RemoteControl {
  /** As if the token had been shown at the connector's reader; `waits` = no car is plugged in yet. */
  start(
    request: RemoteStart,
  ): { readonly accepted: true; readonly connector: number | null; readonly waits: boolean } | Refusal;
  /** `DeAuthorized` = the backend takes back that this card may charge; else it is the remote word to stop. */
  stop(sessionId: string, by: string, reason?: "Remote" | "DeAuthorized"): RemoteAnswer;
  /**
   * Limits for a session that runs; what is not named stays as this backend set it before. One that is passed already
   * ends it at the next look at the meter, which is at once.
   */
  limit(sessionId: string, limits: SessionLimits, by: string): RemoteAnswer;
  /** A reservation of the same id is replaced. `priceTold` = its driver was told what it costs; else it is free. */
  reserve(reservation: Reservation, priceTold?: boolean): RemoteAnswer;
  cancel(reservationId: string, by: string): RemoteAnswer;
  /**
   * Somebody has begun to pay on the backend's page for a start at a connector: it is kept for that start so long, at
   * most `longestWebPaymentMs`. Told again, it begins anew. Who came first keeps it: then it is refused.
   */
  webPaymentStarted(connector: number, forMs: number, by: string): RemoteAnswer;
  /** The payment came to nothing. */
  webPaymentEnded(connector: number, by: string, why: string): RemoteAnswer;
  /** Why nobody could start at a connector after having paid for it now, if so. */
  whyNotPayable(connector: number): Refusal | undefined;
  /**
   * null = all. A session that runs goes on; `scheduled` = it takes effect when that session is over. Lasts over
   * restarts.
   */
  setOperative(
    connector: number | null,
    operative: boolean,
    by: string,
  ): { readonly accepted: true; readonly scheduled: boolean } | Refusal;
  /**
   * Sells nothing more, settles what runs (for that reason) and restarts the process; `scheduled` = when the last
   * session is over by itself.
   */
  restart(
    when: "now" | "when-idle",
    by: string,
    reason?: "ImmediateReset" | "HardReset",
  ): { readonly accepted: true; readonly scheduled: boolean } | Refusal;
  /** Writes down what a backend sets of its own line; refused, it is not to be kept. */
  settingSet(settings: Readonly<Record<string, number | boolean>>, by: string): RemoteAnswer;
  /**
   * A tariff for sessions to come at a connector (null = all) or, with `connector` undefined, for tokens that name it.
   * Lasts over restarts.
   */
  setTariff(tariff: Tariff, connector: number | null | undefined, by: string): RemoteAnswer;
  /** Takes away all that this backend has set by that id. */
  clearTariff(tariffId: string, by: string): RemoteAnswer;
  /** Rows of `tariffs()` go and others come, all of it or nothing, whatever happens meanwhile. */
  changeTariffs(changes: TariffChanges, by: string): RemoteAnswer;
  tariffs(): readonly PushedTariff[];
}

/** What leads a phone to the page of a backend where its driver pays, as long as it stands. */
export type PaymentCode = {
  readonly url: string;
  /** Epoch ms: then there is another. */
  readonly endsMs: number;
  /** The error correction that the backend wants for its picture. */
  readonly quality: "Low" | "Medium" | "Quartile" | "High";
};
/** The code of a connector; undefined while none may be shown there. */
export type PaymentCodeSource = (connector: number, now: Moment) => PaymentCode | undefined;

/** A card of a backend's own list; what is not ALLOWED is refused, and told apart for the driver's sake. */
export type ListedCard = Omit<TokenConfig, "valid" | "whitelist"> & {
  readonly status: "ALLOWED" | "BLOCKED" | "EXPIRED";
};

/**
 * Cards that the list of one backend holds: LocalAuthListCtrlr.Entries, LocalAuthListMaxLength. More in one message are
 * read by nobody.
 */
export const mostListedCards = 10_000;

/** The list of cards that a backend keeps at the station (OCPP's local list), and what it once said about others. */
export interface CardLists {
  /** The version of the backend's list; 0 = it has none here. */
  listVersion(by: string): number;
  /** How many cards stand in it. */
  listSize(by: string): number;
  /** The whole list anew, all or nothing. Refused as "full" where it is longer than the station holds. */
  replaceList(by: string, version: number, cards: readonly ListedCard[]): RemoteAnswer;
  /** Rows added, changed or (by UID alone) taken out; refused as "failed" where the version is not newer. */
  changeList(
    by: string,
    version: number,
    changes: readonly (ListedCard | { readonly uid: string; readonly remove: true })[],
  ): RemoteAnswer;
  /** Forgets all that was once answered about cards (ClearCache). */
  clearCache(by: string): RemoteAnswer;
}

/** A backend that can be asked whether a card may charge. */
export interface OnlineCheck {
  readonly name: string;
  /**
   * Asks about one card; `connector` where it is known. Undefined = no answer. Never rejects for what a backend or a
   * line can do, and settles soon after `signal` aborts: the driver waits at the reader.
   */
  ask(uid: string, connector: number | null, signal: AbortSignal): Promise<OnlineAnswer | undefined>;
  /** Lets go of connections that are kept open for questions alone. */
  close?(): void;
}
