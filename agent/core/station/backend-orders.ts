// What a backend has ordered and what stands until it is taken back: reservations, connectors out of service, a restart
// that is due. Pure: who may start where, judged by the orders that stand and the hour of the fact.
import type { ConnectorFacts } from "../../../config/schema.js";
import type { EpochMs, Moment } from "../../../drivers/driver.js";
import type { SessionToken } from "../cdr/settlement.js";
import { isSameId } from "../cdr/token.js";
import type { Acceptance } from "../session/opening.js";
import type { Session } from "../session/session.js";
import type { Tariff } from "../tariff/tariff.js";

export type Reservation = {
  readonly id: string;
  /** The uplink that asked. */
  readonly by: string;
  /** null = any connector: one is always kept free for it. */
  readonly connector: number | null;
  readonly token: SessionToken;
  readonly group?: string;
  readonly untilMs: EpochMs;
  /** What it costs, where that was told; else why it costs nothing although the tariff prices reservations. */
  readonly fee?: ReservationFee;
  readonly free?: string;
};

/** The price of a reservation that was told, and since when the connector is kept. */
export type ReservationFee = {
  /** The id of session and CDR where no session comes. */
  readonly sessionId: string;
  readonly connector: ConnectorFacts;
  /**
   * The OCPI tariff in force then: its JSON value (of a long one what is not over), the digest of the whole, and its
   * prices for reservations in words.
   */
  readonly tariff: Tariff["source"];
  readonly tariffDigest: string;
  readonly shown: string;
  readonly timeZone: string;
  readonly since: Moment;
  /** A car was plugged in since. Whose it was is not known, so that its driver is not told to have stayed away. */
  readonly carCame?: boolean;
};

/** A reservation that no session came for and that is charged: its receipt is to be made. */
export type NoShow = {
  readonly id: string;
  readonly by: string;
  readonly token: SessionToken;
  readonly untilMs: EpochMs;
  readonly fee: ReservationFee;
  /** When it was seen to have expired. */
  readonly ended: Moment;
};

export type BackendOrders = {
  readonly reservations: ReadonlyMap<string, Reservation>;
  /** Connectors that sell nothing by order of a backend, and who said so; `wholeStation` = all of them. */
  readonly inoperative: ReadonlyMap<number, string>;
  readonly restart?: { readonly when: "now" | "when-idle"; readonly by: string };
  /** By session id: reservations that expired and whose receipts are to be made. */
  readonly noShows: ReadonlyMap<string, NoShow>;
};

/** A key beside the connectors' numbers, which begin at 1: the whole station, or any connector. */
export const wholeStation = 0;
export const anyConnector = 0;

export const noOrders: BackendOrders = { reservations: new Map(), inoperative: new Map(), noShows: new Map() };

/** Whose word took the connector out of service. */
export const outOfServiceBy = ({ inoperative }: BackendOrders, connector: number): string | undefined =>
  inoperative.get(wholeStation) ?? inoperative.get(connector);

/** Who wants to start. `orderedBy` = the backend whose remote word it is. */
export type CardBearer = {
  readonly uid: string;
  readonly group?: string | undefined;
  readonly orderedBy?: string | undefined;
};

export const bearerOf = ({ token, group, authMethod, by }: Acceptance): CardBearer => ({
  uid: token.uid,
  group,
  ...(authMethod === "COMMAND" ? { orderedBy: by } : {}),
});

/** Whether a reservation is this bearer's: by the card, or by its group. */
export const isFor = (reservation: Reservation, { uid, group }: CardBearer): boolean =>
  isSameId(reservation.token.uid, uid) ||
  (reservation.group !== undefined && group !== undefined && isSameId(reservation.group, group));

/** The reservations that are in force at `atMs`. */
function reservationsAt({ reservations }: BackendOrders, atMs: EpochMs): Reservation[] {
  return [...reservations.values()].filter(({ untilMs }) => atMs < untilMs);
}

/** The reservation that a start of this bearer at the connector uses up: the connector's own before one of any. */
export function reservationUsedBy(
  orders: BackendOrders,
  connector: number,
  bearer: CardBearer,
  atMs: EpochMs,
): Reservation | undefined {
  const own = reservationsAt(orders, atMs).filter((reservation) => isFor(reservation, bearer));
  return (
    own.find((reservation) => reservation.connector === connector) ??
    own.find((reservation) => reservation.connector === null)
  );
}

/**
 * The reservation for which this connector is kept from the bearer, if one is; without a bearer: from everybody who has
 * none. A reservation of any connector keeps the last ones that are free: as many as there are such reservations.
 */
export function reservedFor(
  orders: BackendOrders,
  sessions: ReadonlyMap<number, Session>,
  connector: number,
  bearer: CardBearer | undefined,
  atMs: EpochMs,
): Reservation | undefined {
  const reservedNow = reservationsAt(orders, atMs);
  if (reservedNow.length === 0) return undefined;
  const isForeign = (reservation: Reservation): boolean => bearer === undefined || !isFor(reservation, bearer);
  const here = reservedNow.filter((reservation) => reservation.connector === connector);
  const foreign = here.find(isForeign);
  if (foreign !== undefined) return foreign;
  if (here.length > 0) return undefined;
  const ofAny = reservedNow.filter((reservation) => reservation.connector === null);
  if (ofAny.some((reservation) => !isForeign(reservation))) return undefined;
  const reserved = new Set(reservedNow.map((reservation) => reservation.connector));
  const free = [...sessions].filter(
    ([id, { state }]) =>
      (state === "available" || state === "occupied") && !reserved.has(id) && outOfServiceBy(orders, id) === undefined,
  );
  return free.length > ofAny.length ? undefined : ofAny[0];
}
