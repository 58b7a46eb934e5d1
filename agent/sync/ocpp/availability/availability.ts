// How a connector stands, and which faults stand, in the words of each version of OCPP. Pure: what was told before is
// compared elsewhere.

import type { Session } from "../../../core/session/session.js";
import { outOfServiceBy, reservedFor } from "../../../core/station/backend-orders.js";
import type { StationState } from "../../../core/station/station-state.js";
import type { StationFault } from "../../faults.js";
import type { Dialect } from "../rpc/frame.js";
import { timeText } from "../transactions/completed-transaction.js";

/** ConnectorStatusEnumType of 2.x, ChargePointStatus of 1.6. */
export type ConnectorStatus = {
  readonly in2x: "Available" | "Occupied" | "Reserved" | "Unavailable" | "Faulted";
  readonly in16: string;
};

export type ConnectorLook = {
  readonly stationState: StationState;
  readonly faults: readonly StationFault[];
  readonly blocked: (connector: number) => string | undefined;
};

const both = (in2x: ConnectorStatus["in2x"], in16: string = in2x): ConnectorStatus => ({ in2x, in16 });

/**
 * A session that runs is told before what will be afterwards; a fault before an order, an order before a reservation.
 */
export function connectorStatus(
  connector: number,
  { stationState, faults, blocked }: ConnectorLook,
  atMs: number,
): ConnectorStatus {
  const session = stationState.sessions.get(connector);
  if (faults.some(({ device }) => device === `connector ${connector}`)) return both("Faulted");
  if (session !== undefined && session.state !== "available") return both("Occupied", occupiedIn16(session));
  if (outOfServiceBy(stationState.orders, connector) !== undefined) return both("Unavailable");
  if (reservedFor(stationState.orders, stationState.sessions, connector, undefined, atMs) !== undefined)
    return both("Reserved");
  return blocked(connector) === undefined ? both("Available") : both("Unavailable");
}

function occupiedIn16(session: Exclude<Session, { state: "available" }>): string {
  switch (session.state) {
    case "occupied":
    case "starting":
      return "Preparing";
    case "charging":
      return {
        charging: "Charging",
        grace: "SuspendedEV",
        parking: "SuspendedEV",
        suspended: "SuspendedEVSE",
        reserved: "SuspendedEVSE",
      }[session.sale.activity];
    case "stopping":
    case "settling":
    case "finishing":
      return "Finishing";
    default:
      return session satisfies never;
  }
}

export type SentStatus = { readonly action: string; readonly payload: object };

/** 2.1 tells a changed AvailabilityState as an event; StatusNotification is on its way out there. */
export function statusNotice(
  dialect: Dialect,
  connector: number,
  status: ConnectorStatus,
  fault: StationFault | undefined,
  atMs: number,
  eventId: number,
): SentStatus {
  const timestamp = timeText(atMs);
  switch (dialect) {
    case "ocpp1.6":
      return {
        action: "StatusNotification",
        payload: {
          connectorId: connector,
          status: status.in16,
          errorCode: fault === undefined ? "NoError" : errorCode16(fault),
          timestamp,
          ...(fault === undefined
            ? {}
            : { vendorId: "chargetill", vendorErrorCode: fault.code.slice(0, 50), info: fault.message.slice(0, 50) }),
        },
      };
    case "ocpp2.0.1":
      return {
        action: "StatusNotification",
        payload: { timestamp, connectorStatus: status.in2x, evseId: connector, connectorId: 1 },
      };
    case "ocpp2.1":
      return {
        action: "NotifyEvent",
        payload: notifyEvent(atMs, {
          eventId,
          timestamp,
          trigger: "Delta",
          actualValue: status.in2x,
          eventNotificationType: "HardWiredNotification",
          component: connectorComponent(connector),
          variable: { name: "AvailabilityState" },
        }),
      };
    default:
      return dialect satisfies never;
  }
}

/** 2.x: a fault that was raised or cleared is a change of the component's Problem. */
export function faultNotice(fault: StationFault, cleared: boolean, atMs: number, eventId: number): SentStatus {
  return {
    action: "NotifyEvent",
    payload: notifyEvent(atMs, {
      eventId,
      timestamp: timeText(cleared ? atMs : fault.sinceMs),
      trigger: "Alerting",
      actualValue: cleared ? "false" : "true",
      ...(cleared ? { cleared } : {}),
      techCode: fault.code.slice(0, 50),
      techInfo: fault.message.slice(0, 500),
      eventNotificationType: "HardWiredNotification",
      component: componentOf(fault.device),
      variable: { name: "Problem" },
    }),
  };
}

const notifyEvent = (atMs: number, event: object): object => ({
  generatedAt: timeText(atMs),
  seqNo: 0,
  tbc: false,
  eventData: [event],
});
const connectorComponent = (connector: number): object => ({
  name: "Connector",
  evse: { id: connector, connectorId: 1 },
});

function componentOf(device: string): object {
  const [kind = "", name = ""] = device.split(" ");
  if (kind === "connector" && /^\d+$/.test(name)) return connectorComponent(Number(name));
  if (kind === "reader") return { name: "TokenReader", instance: name.slice(0, 50) };
  return { name: "ChargingStation" };
}

/** ChargePointErrorCode of 1.6 for a fault of ours. */
function errorCode16({ code }: StationFault): string {
  if (code.startsWith("meter/") || code.startsWith("port/")) return "PowerMeterFailure";
  if (code.startsWith("contactor/")) return "PowerSwitchFailure";
  if (code.startsWith("reader/")) return "ReaderFailure";
  return "OtherError";
}
