// What an OCPI receiver is told while things happen (2.2.1 and 2.3.0): a Session as it runs, the same as it ended (from
// its CDR), and the status of an EVSE. Pure.

import { cdrToken } from "../../core/cdr/cdr.js";
import { wireCosts } from "../../core/cdr/cdr-price.js";
import { isObject } from "../../core/json/json-reader.js";
import { wireNumber } from "../../core/number/ocpi-number.js";
import { bill } from "../../core/rating/session-bill.js";
import type { Sale } from "../../core/session/sale.js";
import { available, isBusy } from "../../core/session/session.js";
import { outOfServiceBy, reservedFor } from "../../core/station/backend-orders.js";
import type { StationState } from "../../core/station/station-state.js";
import type { OcpiVersion } from "../../core/tariff/tariff.js";
import { shiftOf } from "../../core/time/time-line.js";
import type { StationFeed } from "../station-port.js";

type Fields = Readonly<Record<string, unknown>>;

/** Where an EVSE stands, by the names that its CDRs have. */
export type LiveEvse = {
  readonly connector: number;
  readonly countryCode: string;
  readonly partyId: string;
  readonly locationId: string;
  readonly evseUid: string;
};

/** mWh as kWh of four decimals: cut, so that no more is told than was metered. */
const wireKwh = (milliWh: number): number => wireNumber(BigInt(Math.floor(milliWh / 100)));

const dateTime = (atMs: number): string => new Date(atMs).toISOString();

/** A Session that runs; its time line has a date. */
export function activeSession(sale: Sale, place: LiveEvse, version: OcpiVersion, atMs: number): Fields {
  const { opening, line } = sale;
  const { token, authMethod, authorizationReference } = opening.acceptance;
  return {
    country_code: place.countryCode,
    party_id: place.partyId,
    id: opening.id,
    start_date_time: dateTime(opening.begin.moment.at + shiftOf(line)),
    ...changedSession(sale, version, atMs),
    cdr_token: cdrToken(token),
    auth_method: authMethod,
    ...(authorizationReference === undefined ? {} : { authorization_reference: authorizationReference }),
    location_id: place.locationId,
    evse_uid: place.evseUid,
    connector_id: String(place.connector),
    meter_id: opening.begin.serial,
    currency: opening.tariff.currency,
  };
}

/** What of a Session changes while it runs: what it would be if it ended now. */
export const changedSession = ({ opening, last, rating }: Sale, version: OcpiVersion, atMs: number): Fields => ({
  kwh: wireKwh(last.energyMilliWh - opening.begin.energyMilliWh),
  total_cost: wireCosts(bill(rating), version).total_cost,
  status: "ACTIVE",
  last_updated: dateTime(atMs),
});

/** The Session of a CDR, as it ended: each figure is the CDR's own. Undefined where that tells of no session. */
export function completedSession(cdr: unknown): { readonly id: string; readonly session: Fields } | undefined {
  if (!isObject(cdr)) return undefined;
  const { session_id: id, cdr_location: location, meter_id: meterId } = cdr;
  if (typeof id !== "string" || !isObject(location) || cdr["credit"] === true || meterId === undefined)
    return undefined;
  const same = ["country_code", "party_id", "start_date_time", "end_date_time", "cdr_token", "auth_method"] as const;
  const rest = ["authorization_reference", "meter_id", "currency", "charging_periods", "total_cost"] as const;
  const taken = (names: readonly string[]): Fields =>
    Object.fromEntries(names.filter((name) => cdr[name] !== undefined).map((name) => [name, cdr[name]]));
  return {
    id,
    session: {
      id,
      ...taken(same),
      kwh: cdr["total_energy"],
      location_id: location["id"],
      evse_uid: location["evse_uid"],
      connector_id: location["connector_id"],
      ...taken(rest),
      status: "COMPLETED",
      last_updated: cdr["last_updated"],
    },
  };
}

/** Status of OCPI for an EVSE as it is now. */
export function evseStatus(
  connector: number,
  feed: Pick<StationFeed, "faults" | "blocked"> & { readonly state: StationState },
  atMs: number,
): "AVAILABLE" | "BLOCKED" | "CHARGING" | "INOPERATIVE" | "OUTOFORDER" | "RESERVED" {
  const { sessions, orders } = feed.state;
  if (feed.faults().some(({ device }) => device === `connector ${connector}`)) return "OUTOFORDER";
  const session = sessions.get(connector) ?? available;
  if (isBusy(session)) return "CHARGING";
  // A car stands there and does not charge.
  if (session.state !== "available") return "BLOCKED";
  if (outOfServiceBy(orders, connector) !== undefined) return "INOPERATIVE";
  if (reservedFor(orders, sessions, connector, undefined, atMs) !== undefined) return "RESERVED";
  return feed.blocked(connector) === undefined ? "AVAILABLE" : "INOPERATIVE";
}
