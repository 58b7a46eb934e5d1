// What a reservation costs, decided when it is made: only what its driver was told before may be charged, and only where
// it is certain what that was.
import { type Config, connectorFacts } from "../../../config/schema.js";
import type { Moment } from "../../../drivers/driver.js";
import { isSameId } from "../../core/cdr/token.js";
import type { BackendOrders, Reservation, ReservationFee } from "../../core/station/backend-orders.js";
import type { StationState } from "../../core/station/station-state.js";
import { tariffFromStart } from "../../core/tariff/tariff-cut.js";
import type { ActiveTariffs } from "../../tariffs/active-tariffs.js";
import { tariffDigest } from "../../tariffs/tariff-digest.js";

export type ReservationPricingParts = {
  readonly config: Pick<Config, "connectors" | "station">;
  readonly activeTariffs: Pick<ActiveTariffs, "reservationPrice">;
  readonly newId: () => string;
};

/**
 * The reservation with its fee, or with the reason why it costs nothing although the tariff prices reservations.
 * `priceTold` = whoever ordered it has told its driver the price.
 */
export function pricedReservation(
  reservation: Reservation,
  priceTold: boolean,
  { orders, sessions }: StationState,
  now: Moment,
  { config, activeTariffs, newId }: ReservationPricingParts,
): Reservation {
  const { connectors, station } = config;
  const here = connectors.filter(({ id }) => reservation.connector === null || id === reservation.connector);
  const prices = here.map((connector) => activeTariffs.reservationPrice(connector, now));
  if (prices.every((price) => price === undefined)) return reservation;
  const free = (why: string): Reservation => ({ ...reservation, free: why });
  if (!priceTold) return free(`uplink ${reservation.by} does not vouch for the price being told (chargeReservations)`);
  if (now.trust === "unsynced") return free("the clock is not set");
  const [connector, ...others] = here;
  const [price] = prices;
  if (connector === undefined || others.length > 0) return free("it names no connector, so no price was told for one");
  if (price === undefined) return reservation;
  if (isPaidFor(orders, connector.id, reservation.id))
    return free("another reservation is charged for that connector already");
  const { tariff, lines } = price;
  const fee: ReservationFee = {
    sessionId: newId(),
    connector: connectorFacts(connector),
    tariff: tariffFromStart(tariff, station.timeZone, now.at, tariffDigest).tariff.source,
    tariffDigest: tariffDigest(tariff),
    shown: lines.join("\n"),
    timeZone: station.timeZone,
    since: sinceBefore(orders, reservation, connector.id, now) ?? now,
    ...(sessions.get(connector.id)?.state === "occupied" ? { carCame: true } : {}),
  };
  return { ...reservation, fee };
}

const isPaidFor = ({ reservations }: BackendOrders, connector: number, exceptId: string): boolean =>
  [...reservations.values()].some(({ id, fee }) => id !== exceptId && fee?.connector.id === connector);

/** Since when the reservation that this one replaces keeps the connector for the same card. */
function sinceBefore(
  { reservations }: BackendOrders,
  { id, token }: Reservation,
  connector: number,
  now: Moment,
): Moment | undefined {
  const before = reservations.get(id);
  const fee = before?.fee;
  if (before === undefined || fee === undefined) return undefined;
  const isSame = fee.connector.id === connector && isSameId(before.token.uid, token.uid);
  return isSame && fee.since.boot === now.boot ? fee.since : undefined;
}
