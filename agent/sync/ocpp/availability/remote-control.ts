// Starting and stopping by the word of a CSMS, and what it asks about a transaction (2.x: F01 to F03, E14, F05; 1.6: 5.11, 5.12, 5.18).
import { z } from "zod";
import { because, count, idToken, read, text, whole } from "../requests/request-schemas.js";
import { placeOf, reasonOf, tokenOf, type FrontDesk } from "../requests/request-context.js";
import type { Handlers } from "../rpc/rpc.js";

const noLock = "there is no lock that this station could open";

/** RequestStartTransaction and its fellows of 2.x. */
export function remoteControl(desk: FrontDesk): Handlers {
  const { link, remote, feed, waits } = desk;
  const startAsked = z.object({ evseId: z.int().min(1).optional(), groupIdToken: idToken.optional(), idToken, remoteStartId: whole, chargingProfile: z.unknown().optional() });
  const stopAsked = z.object({ transactionId: text(36) });
  const statusAsked = z.object({ transactionId: text(36).optional() });
  const unlockAsked = z.object({ evseId: count, connectorId: count });
  return {
    RequestStartTransaction: (payload) => {
      const asked = read(startAsked, payload);
      if (link.registration !== "Accepted") return { status: "Rejected", ...because("CSNotAccepted") };
      const token = tokenOf(desk, asked.idToken);
      if (token === undefined) return { status: "Rejected", ...because("InvalidIdToken", "a session needs a token of 1 to 36 characters") };
      const answer = remote.start({
        by: link.uplink,
        connector: asked.evseId ?? null,
        token,
        reference: String(asked.remoteStartId),
        ...(asked.groupIdToken === undefined ? {} : { group: asked.groupIdToken.idToken }),
      });
      if (!answer.accepted) return { status: "Rejected", ...because(reasonOf[answer.code], answer.why) };
      // A station without smart charging leaves the profile out (F01.FR.12), and says so.
      return { status: "Accepted", ...(asked.chargingProfile === undefined ? {} : because("UnsupportedParam", "the charging profile is left out: there is no smart charging here")) };
    },
    RequestStopTransaction: (payload) => {
      const { transactionId } = read(stopAsked, payload);
      if (link.registration !== "Accepted") return { status: "Rejected", ...because("CSNotAccepted") };
      const session = link.sessionOf(transactionId);
      if (session === undefined) return { status: "Rejected", ...because("TxNotFound") };
      const answer = remote.stop(session, link.uplink);
      return answer.accepted ? { status: "Accepted" } : { status: "Rejected", ...because(reasonOf[answer.code], answer.why) };
    },
    GetTransactionStatus: (payload) => {
      const { transactionId } = read(statusAsked, payload);
      if (transactionId === undefined) return { messagesInQueue: waits(undefined) || link.untold(undefined) };
      const session = link.sessionOf(transactionId);
      const isOngoing = [...feed.till().sessions.values()].some((one) => "sale" in one && one.sale.opening.id === session);
      return { ongoingIndicator: isOngoing, messagesInQueue: waits(session ?? transactionId) || (session !== undefined && link.untold(session)) };
    },
    UnlockConnector: (payload) => {
      const { evseId, connectorId } = read(unlockAsked, payload);
      const place = placeOf(desk, { id: evseId, connectorId });
      if (place === undefined || place.connector === null) return { status: "UnknownConnector" };
      if (feed.till().sessions.get(place.connector)?.state === "charging") return { status: "OngoingAuthorizedTransaction" };
      return { status: "UnlockFailed", ...because("UnsupportedRequest", noLock) };
    },
  };
}

/** RemoteStartTransaction and its fellows of 1.6; a charging profile is left out, as 1.6 asks of a station without smart charging. */
export function remoteControl16(desk: FrontDesk): Handlers {
  const { link, remote } = desk;
  const startAsked = z.object({ connectorId: whole.optional(), idTag: text(20) });
  const stopAsked = z.object({ transactionId: whole });
  const unlockAsked = z.object({ connectorId: whole });
  const rejected = { status: "Rejected" };
  return {
    RemoteStartTransaction: (payload) => {
      const { connectorId, idTag } = read(startAsked, payload);
      const token = tokenOf(desk, { idToken: idTag });
      if (link.registration !== "Accepted" || token === undefined || connectorId === 0) return rejected;
      return { status: remote.start({ by: link.uplink, connector: connectorId ?? null, token }).accepted ? "Accepted" : "Rejected" };
    },
    RemoteStopTransaction: (payload) => {
      const session = link.sessionOf(read(stopAsked, payload).transactionId);
      if (link.registration !== "Accepted" || session === undefined) return rejected;
      return { status: remote.stop(session, link.uplink).accepted ? "Accepted" : "Rejected" };
    },
    UnlockConnector: (payload) => {
      read(unlockAsked, payload);
      return { status: "NotSupported" };
    },
  };
}

