// What a CSMS orders of the station itself: in or out of service, a restart, a message now, the cache emptied (2.x:
// G03, G04, B11, B12, F06, C11; 1.6: 5.2, 5.14, 5.17, 5.4).
import { z } from "zod";
import type { RemoteControl } from "../../station-port.js";
import { evsePlace, type RequestContext, reasonCode } from "../requests/request-context.js";
import {
  countSchema,
  evseSchema,
  readRequest,
  statusInfoOf,
  textSchema,
  wholeNumberSchema,
} from "../requests/request-schemas.js";
import { type Handlers, Reply } from "../rpc/rpc.js";

const status = z.enum(["Inoperative", "Operative"]);
const nothing = z.object({});

type Answer = ReturnType<RemoteControl["setOperative"]>;
const wordFor = (answer: Answer): object =>
  answer.accepted
    ? { status: answer.scheduled ? "Scheduled" : "Accepted" }
    : { status: "Rejected", ...statusInfoOf(reasonCode[answer.code], answer.why) };
const without = (answer: object): { readonly status: string } => ({
  status: (answer as { readonly status: string }).status,
});

export function availabilityHandlers(context: RequestContext): Handlers {
  const { link, remote, cards } = context;
  const availabilityAsked = z.object({ evse: evseSchema.optional(), operationalStatus: status });
  const resetAsked = z.object({
    type: z.enum(["Immediate", "OnIdle", "ImmediateAndResume"]),
    evseId: countSchema.optional(),
  });
  const triggerAsked = z.object({ requestedMessage: textSchema(50), evse: evseSchema.optional() });
  return {
    ChangeAvailability: (payload) => {
      const asked = readRequest(availabilityAsked, payload);
      const place = evsePlace(context, asked.evse);
      if (place === undefined) return { status: "Rejected", ...statusInfoOf("UnknownEvse") };
      return wordFor(remote.setOperative(place.connector, asked.operationalStatus === "Operative", link.uplink));
    },
    Reset: (payload) => {
      const { type, evseId } = readRequest(resetAsked, payload);
      if (evseId !== undefined && evseId !== 0)
        return { status: "Rejected", ...statusInfoOf("UnsupportedParam", "an EVSE cannot be restarted by itself") };
      if (type === "ImmediateAndResume")
        return {
          status: "Rejected",
          ...statusInfoOf("UnsupportedParam", "what runs is settled before a restart and does not go on after it"),
        };
      return wordFor(remote.restart(type === "Immediate" ? "now" : "when-idle", link.uplink));
    },
    TriggerMessage: (payload) => {
      const asked = readRequest(triggerAsked, payload);
      const place = evsePlace(context, asked.evse);
      if (place === undefined) return { status: "Rejected", ...statusInfoOf("UnknownEvse") };
      return trigger(context, asked.requestedMessage, place.connector);
    },
    ClearCache: (payload) => {
      readRequest(nothing, payload);
      const answer = cards.clearCache(link.uplink);
      return answer.accepted
        ? { status: "Accepted" }
        : { status: "Rejected", ...statusInfoOf(reasonCode[answer.code], answer.why) };
    },
  };
}

export function availabilityHandlers16(context: RequestContext): Handlers {
  const { link, remote, cards } = context;
  const availabilityAsked = z.object({ connectorId: wholeNumberSchema, type: status });
  // Both kinds settle what runs and then restart: a station never leaves a session open behind it of its own will.
  const resetAsked = z.object({ type: z.enum(["Hard", "Soft"]) });
  const triggerAsked = z.object({ requestedMessage: textSchema(50), connectorId: wholeNumberSchema.optional() });
  const triggerMessage = (payload: unknown): unknown => {
    const { requestedMessage, connectorId } = readRequest(triggerAsked, payload);
    const place = evsePlace(context, connectorId === undefined ? undefined : { id: connectorId });
    return place === undefined ? { status: "Rejected" } : trigger(context, requestedMessage, place.connector);
  };
  return {
    ChangeAvailability: (payload) => {
      const { connectorId, type } = readRequest(availabilityAsked, payload);
      const place = evsePlace(context, { id: connectorId });
      return place === undefined
        ? { status: "Rejected" }
        : without(wordFor(remote.setOperative(place.connector, type === "Operative", link.uplink)));
    },
    Reset: (payload) => {
      const { type } = readRequest(resetAsked, payload);
      return {
        status: remote.restart("now", link.uplink, type === "Hard" ? "HardReset" : "ImmediateReset").accepted
          ? "Accepted"
          : "Rejected",
      };
    },
    TriggerMessage: triggerMessage,
    ExtendedTriggerMessage: triggerMessage,
    ClearCache: (payload) => {
      readRequest(nothing, payload);
      return { status: cards.clearCache(link.uplink).accepted ? "Accepted" : "Rejected" };
    },
  };
}

/** The message goes out after the answer. Where there is none of its kind to send now, that is Rejected. */
function trigger({ link }: RequestContext, message: string, connector: number | null): unknown {
  const sends = link.triggered(message, connector ?? undefined);
  if (sends === undefined) return { status: "NotImplemented" };
  return sends === "nothing" ? { status: "Rejected" } : new Reply({ status: "Accepted" }, sends);
}
