// What a start finds that the last run of the agent left open, and ends.
import type { Moment } from "../../../drivers/driver.js";
import { anyConnector } from "./backend-orders.js";
import type { StationEvent } from "./station-event.js";
import type { StationState } from "./station-state.js";

/** What a restart ends: cards, choices, remote starts and payments that waited, and sessions that ran when we went down. */
export function leftOpen(state: StationState, moment: Moment, downSince: Moment | undefined): readonly StationEvent[] {
  const why = "the station was restarted";
  const ran = [...state.sessions].filter(([, { state: is }]) => ["starting", "charging", "stopping"].includes(is));
  const cause = downSince?.boot === moment.boot ? "Reboot" : "PowerLoss";
  return [
    ...[...state.waiting.keys()].map((reader) => ({ type: "CardLapsed", moment, reader, why }) as const),
    ...[...state.chosen.keys()].map((reader) => ({ type: "ChoiceLapsed", moment, reader, why }) as const),
    ...[...state.awaited.keys()].map((key) => {
      const connector = key === anyConnector ? null : key;
      return { type: "RemoteStartLapsed", moment, connector, why } as const;
    }),
    ...[...state.webPayments.keys()].map((connector) => ({ type: "WebPaymentEnded", moment, connector, why }) as const),
    ...(downSince === undefined
      ? []
      : ran.map(([connector]) => ({ type: "Restarted", moment, connector, cause, downSince }) as const)),
  ];
}
