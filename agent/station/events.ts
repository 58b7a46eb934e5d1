// What the station has to tell: to the log, the live view, `--json` and the indicator. Told, never asked: nothing here
// decides anything. A card is always shown by its last four characters.

import type { StopReason } from "../core/cdr/settlement.js";
import type { FaultCode } from "../core/fault-table.js";

export type AgentEvent = { readonly at: number } & (
  | {
      readonly type: "started";
      readonly version: string;
      readonly station: string;
      readonly receipts: number;
      readonly keyId: string;
    }
  | {
      readonly type: "tap";
      readonly reader: string;
      readonly card: string;
      readonly accepted: boolean;
      readonly connector: number | null;
      readonly answer: string;
    }
  | { readonly type: "press"; readonly connector: number; readonly accepted: boolean; readonly answer: string }
  | { readonly type: "plug"; readonly connector: number; readonly plugged: boolean }
  | {
      readonly type: "session-began";
      readonly connector: number;
      readonly session: string;
      readonly card: string;
      readonly price: string;
      readonly registerKwh: string;
    }
  | {
      readonly type: "price-changed";
      readonly connector: number;
      readonly price: string;
      readonly kwh: string;
      readonly cost: string;
    }
  | { readonly type: "activity"; readonly connector: number; readonly activity: string }
  | { readonly type: "stopping"; readonly connector: number; readonly reason: StopReason; readonly detail: string }
  | {
      readonly type: "receipt";
      readonly connector: number;
      readonly session: string;
      readonly number: number;
      readonly kwh: string;
      readonly total: string;
      readonly currency: string;
      readonly file: string;
    }
  | { readonly type: "uplink"; readonly uplink: string; readonly state: string; readonly detail: string }
  | { readonly type: "uploaded"; readonly uplink: string; readonly number: number }
  | { readonly type: "fault"; readonly device: string; readonly code: FaultCode; readonly message: string }
  | { readonly type: "recovered"; readonly device: string; readonly code: FaultCode }
  | { readonly type: "note"; readonly text: string }
);

/** One line for a person: what happened, without its time. */
export function eventLine(event: AgentEvent): string {
  switch (event.type) {
    case "started":
      return (
        `chargetill ${event.version} at station ${event.station}: ${event.receipts} ` +
        `${event.receipts === 1 ? "receipt" : "receipts"} in the book, key ` +
        `${event.keyId.slice(0, 23)}…`
      );
    case "tap":
      return `card ${event.card} at ${event.reader}: ${event.accepted ? "" : "REFUSED: "}${event.answer}`;
    case "press":
      return `button of connector ${event.connector}: ${event.accepted ? "" : "REFUSED: "}${event.answer}`;
    case "plug":
      return `connector ${event.connector}: ${event.plugged ? "a car is plugged in" : "the car is gone"}`;
    case "session-began":
      return `connector ${event.connector}: charging begins for card ${event.card} at ${event.price}, register ${event.registerKwh} kWh`;
    case "price-changed":
      return `connector ${event.connector}: the price is now ${event.price} (so far ${event.kwh} kWh, ${event.cost})`;
    case "activity":
      return `connector ${event.connector}: ${event.activity}`;
    case "stopping":
      return `connector ${event.connector}: stopping, ${event.detail} (${event.reason})`;
    case "receipt":
      return `connector ${event.connector}: receipt ${event.number} signed: ${event.kwh} kWh, ${event.total} ${event.currency}`;
    case "uplink":
      return `uplink ${event.uplink}: ${event.state}${event.detail === "" ? "" : `, ${event.detail}`}`;
    case "uploaded":
      return `uplink ${event.uplink}: receipt ${event.number} acknowledged by the backend`;
    case "fault":
      return `FAULT ${event.code} at ${event.device}: ${event.message}`;
    case "recovered":
      return `recovered ${event.code} at ${event.device}`;
    case "note":
      return event.text;
    default:
      return event satisfies never;
  }
}
