// Starting and stopping by the word of a CSMS, and what it asks about a transaction (2.x: F01 to F03, E14, F05; 1.6:
// 5.11, 5.12, 5.18).
import { z } from "zod";
import {
  evsePlace,
  type RequestContext,
  reasonCode,
  requestedSessionToken,
  usableGroup,
} from "../requests/request-context.js";
import {
  countSchema,
  idTokenSchema,
  readRequest,
  statusInfoOf,
  textSchema,
  wholeNumberSchema,
} from "../requests/request-schemas.js";
import type { Handlers } from "../rpc/rpc.js";

const noLock = "there is no lock that this station could open";

const startAsked = z.object({
  evseId: z.int().min(1).optional(),
  groupIdToken: idTokenSchema.optional(),
  idToken: idTokenSchema,
  remoteStartId: wholeNumberSchema,
  chargingProfile: z.unknown().optional(),
});
const stopAsked = z.object({ transactionId: textSchema(36) });
const statusAsked = z.object({ transactionId: textSchema(36).optional() });
const unlockAsked = z.object({ evseId: countSchema, connectorId: countSchema });

/** RequestStartTransaction and its fellows of 2.x. */
export const remoteControl = (context: RequestContext): Handlers => ({
  RequestStartTransaction: (payload) => requestStart(context, payload),
  RequestStopTransaction: (payload) => requestStop(context, payload),
  GetTransactionStatus: (payload) => transactionStatus(context, payload),
  UnlockConnector: (payload) => unlockConnector(context, payload),
});

function requestStart(context: RequestContext, payload: unknown): object {
  const { link, remote } = context;
  const asked = readRequest(startAsked, payload);
  if (link.registration !== "Accepted") return { status: "Rejected", ...statusInfoOf("CSNotAccepted") };
  const token = requestedSessionToken(context, asked.idToken);
  if (token === undefined)
    return {
      status: "Rejected",
      ...statusInfoOf(
        "InvalidIdToken",
        "a session needs a token of 1 to 36 characters that can be printed, and not of blanks",
      ),
    };
  const answer = remote.start({
    by: link.uplink,
    connector: asked.evseId ?? null,
    token,
    reference: String(asked.remoteStartId),
    ...usableGroup(asked.groupIdToken?.idToken),
  });
  if (!answer.accepted) return { status: "Rejected", ...statusInfoOf(reasonCode[answer.code], answer.why) };
  if (asked.chargingProfile === undefined) return { status: "Accepted" };
  // A station without smart charging leaves the profile out (F01.FR.12), and says so.
  return {
    status: "Accepted",
    ...statusInfoOf("UnsupportedParam", "the charging profile is left out: there is no smart charging here"),
  };
}

function requestStop({ link, remote }: RequestContext, payload: unknown): object {
  const { transactionId } = readRequest(stopAsked, payload);
  if (link.registration !== "Accepted") return { status: "Rejected", ...statusInfoOf("CSNotAccepted") };
  const session = link.sessionOf(transactionId);
  if (session === undefined) return { status: "Rejected", ...statusInfoOf("TxNotFound") };
  const answer = remote.stop(session, link.uplink);
  return answer.accepted
    ? { status: "Accepted" }
    : { status: "Rejected", ...statusInfoOf(reasonCode[answer.code], answer.why) };
}

function transactionStatus({ link, feed, waits }: RequestContext, payload: unknown): object {
  const { transactionId } = readRequest(statusAsked, payload);
  if (transactionId === undefined) return { messagesInQueue: waits(undefined) || link.untold(undefined) };
  const session = link.sessionOf(transactionId);
  const isOngoing = [...feed.stationState().sessions.values()].some(
    (one) => "sale" in one && one.sale.opening.id === session,
  );
  return {
    ongoingIndicator: isOngoing,
    messagesInQueue: waits(session ?? transactionId) || (session !== undefined && link.untold(session)),
  };
}

function unlockConnector(context: RequestContext, payload: unknown): object {
  const { evseId, connectorId } = readRequest(unlockAsked, payload);
  const place = evsePlace(context, { id: evseId, connectorId });
  if (place === undefined || place.connector === null) return { status: "UnknownConnector" };
  if (context.feed.stationState().sessions.get(place.connector)?.state === "charging")
    return { status: "OngoingAuthorizedTransaction" };
  return { status: "UnlockFailed", ...statusInfoOf("UnsupportedRequest", noLock) };
}

/**
 * RemoteStartTransaction and its fellows of 1.6; a charging profile is left out, as 1.6 asks of a station without smart
 * charging.
 */
export function remoteControl16(context: RequestContext): Handlers {
  const { link, remote } = context;
  const startAsked = z.object({ connectorId: wholeNumberSchema.optional(), idTag: textSchema(20) });
  // Who answers StartTransaction with an id that is text stops it by that text.
  const asNumber = (id: unknown): unknown => (typeof id === "string" && /^[0-9]{1,15}$/.test(id) ? Number(id) : id);
  const stopAsked = z.object({ transactionId: z.preprocess(asNumber, wholeNumberSchema) });
  const unlockAsked = z.object({ connectorId: wholeNumberSchema });
  const rejected = { status: "Rejected" };
  return {
    RemoteStartTransaction: (payload) => {
      const { connectorId, idTag } = readRequest(startAsked, payload);
      const token = requestedSessionToken(context, { idToken: idTag });
      if (link.registration !== "Accepted" || token === undefined || connectorId === 0) return rejected;
      return {
        status: remote.start({ by: link.uplink, connector: connectorId ?? null, token }).accepted
          ? "Accepted"
          : "Rejected",
      };
    },
    RemoteStopTransaction: (payload) => {
      const session = link.sessionOf(readRequest(stopAsked, payload).transactionId);
      if (link.registration !== "Accepted" || session === undefined) return rejected;
      return { status: remote.stop(session, link.uplink).accepted ? "Accepted" : "Rejected" };
    },
    UnlockConnector: (payload) => {
      readRequest(unlockAsked, payload);
      return { status: "NotSupported" };
    },
  };
}
