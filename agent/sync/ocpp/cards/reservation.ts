// Reservations by the word of a CSMS (2.x: H01 to H03; 1.6: 5.13 and 5.2).
import { z } from "zod";
import { bearerOf, reservationUsedBy } from "../../../core/station/backend-orders.js";
import type { RecordedFact, Refusal } from "../../station-port.js";
import {
  connectorType,
  evsePlace,
  type RequestContext,
  reasonCode,
  requestedSessionToken,
  usableGroup,
} from "../requests/request-context.js";
import {
  countSchema,
  idTokenSchema,
  instantSchema,
  readRequest,
  statusInfoOf,
  textSchema,
  wholeNumberSchema,
} from "../requests/request-schemas.js";
import type { Handlers } from "../rpc/rpc.js";

/** Reservation ids are numbers of each CSMS's own; at the station they bear its name. */
export const reservationKey = (uplink: string, id: number): string => `${uplink}:${id}`;

/** The CSMS's own number of a reservation; undefined where it is another's. */
export function reservationNumber(uplink: string, key: string): number | undefined {
  const own = key.startsWith(`${uplink}:`) ? key.slice(uplink.length + 1) : "";
  return /^-?\d{1,15}$/.test(own) ? Number(own) : undefined;
}

const statusOf: Readonly<Record<Refusal["code"], string>> = {
  busy: "Occupied",
  faulted: "Faulted",
  unavailable: "Unavailable",
  closed: "Unavailable",
  "unknown-connector": "Rejected",
  "unknown-session": "Rejected",
  "unknown-reservation": "Rejected",
  "not-supported": "Rejected",
  "no-tariff": "Rejected",
  full: "Rejected",
  failed: "Rejected",
};

export function reservations(context: RequestContext): Handlers {
  const { link, remote, config, uplink } = context;
  const reserveAsked = z.object({
    id: countSchema,
    expiryDateTime: instantSchema,
    connectorType: textSchema(20).optional(),
    idToken: idTokenSchema,
    evseId: countSchema.optional(),
    groupIdToken: idTokenSchema.optional(),
  });
  const cancelAsked = z.object({ reservationId: countSchema });
  return {
    ReserveNow: (payload) => {
      const asked = readRequest(reserveAsked, payload);
      const place = evsePlace(context, asked.evseId === undefined ? undefined : { id: asked.evseId });
      if (place === undefined) return { status: "Rejected", ...statusInfoOf("UnknownEvse") };
      const token = requestedSessionToken(context, asked.idToken);
      if (token === undefined)
        return {
          status: "Rejected",
          ...statusInfoOf(
            "InvalidIdToken",
            "a reservation needs a token of 1 to 36 characters that can be printed, and not of blanks",
          ),
        };
      const { connectorType: type } = asked;
      const types = config.connectors
        .filter(({ id }) => place.connector === null || id === place.connector)
        .map(connectorType);
      // Where connectors of several types are at hand, one of any type is no promise of one of this type.
      if (type !== undefined && types.some((one) => one !== type))
        return {
          status: "Rejected",
          ...statusInfoOf(
            "UnknownConnectorType",
            types.includes(type) ? "name the EVSE: not all are of that type" : undefined,
          ),
        };
      const reservation = {
        id: reservationKey(link.uplink, asked.id),
        by: link.uplink,
        connector: place.connector,
        token,
        untilMs: asked.expiryDateTime,
        ...usableGroup(asked.groupIdToken?.idToken),
      };
      const answer = remote.reserve(reservation, uplink.chargeReservations);
      return answer.accepted
        ? { status: "Accepted" }
        : { status: statusOf[answer.code], ...statusInfoOf(reasonCode[answer.code], answer.why) };
    },
    CancelReservation: (payload) => {
      const answer = remote.cancel(
        reservationKey(link.uplink, readRequest(cancelAsked, payload).reservationId),
        link.uplink,
      );
      return answer.accepted
        ? { status: "Accepted" }
        : { status: "Rejected", ...statusInfoOf(reasonCode[answer.code], answer.why) };
    },
  };
}

export function reservations16(context: RequestContext): Handlers {
  const { link, remote, uplink } = context;
  const reserveAsked = z.object({
    connectorId: wholeNumberSchema,
    expiryDate: instantSchema,
    idTag: textSchema(20),
    parentIdTag: textSchema(20).optional(),
    reservationId: wholeNumberSchema,
  });
  const cancelAsked = z.object({ reservationId: wholeNumberSchema });
  return {
    ReserveNow: (payload) => {
      const asked = readRequest(reserveAsked, payload);
      const token = requestedSessionToken(context, { idToken: asked.idTag });
      const place = evsePlace(context, { id: asked.connectorId });
      if (token === undefined || place === undefined) return { status: "Rejected" };
      const id = reservationKey(link.uplink, asked.reservationId);
      const reservation = {
        id,
        by: link.uplink,
        connector: place.connector,
        token,
        untilMs: asked.expiryDate,
        ...usableGroup(asked.parentIdTag),
      };
      const answer = remote.reserve(reservation, uplink.chargeReservations);
      return { status: answer.accepted ? "Accepted" : statusOf[answer.code] };
    },
    CancelReservation: (payload) => ({
      status: remote.cancel(reservationKey(link.uplink, readRequest(cancelAsked, payload).reservationId), link.uplink)
        .accepted
        ? "Accepted"
        : "Rejected",
    }),
  };
}

/** The reservation of this CSMS that a session has used up with its begin, and the session. */
export function reservationUsed(
  uplink: string,
  { event, before }: RecordedFact,
): { readonly sessionId: string; readonly reservationId: number } | undefined {
  if (event.type !== "SessionBegan") return undefined;
  const { id: sessionId, acceptance } = event.opening;
  const used = reservationUsedBy(before.orders, event.connector, bearerOf(acceptance), event.moment.at);
  const reservationId = used?.by === uplink ? reservationNumber(uplink, used.id) : undefined;
  return reservationId === undefined ? undefined : { sessionId, reservationId };
}
