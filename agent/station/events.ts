// What the station has to tell: to the log, the live view, `--json` and the indicator. Told, never asked: nothing here decides anything.
// A card is always shown by its last four characters.
import type { FaultCode } from "../../drivers/driver.js";
import type { StopReason } from "../core/cdr/settlement.js";

export type News = { readonly at: number } & (
  | { readonly news: "started"; readonly version: string; readonly station: string; readonly receipts: number; readonly keyId: string }
  | { readonly news: "tap"; readonly reader: string; readonly card: string; readonly accepted: boolean; readonly connector: number | null; readonly answer: string }
  | { readonly news: "press"; readonly connector: number; readonly accepted: boolean; readonly answer: string }
  | { readonly news: "plug"; readonly connector: number; readonly plugged: boolean }
  | { readonly news: "session-began"; readonly connector: number; readonly session: string; readonly card: string; readonly price: string; readonly registerKwh: string }
  | { readonly news: "price-changed"; readonly connector: number; readonly price: string; readonly kwh: string; readonly cost: string }
  | { readonly news: "activity"; readonly connector: number; readonly activity: string }
  | { readonly news: "stopping"; readonly connector: number; readonly reason: StopReason; readonly detail: string }
  | { readonly news: "receipt"; readonly connector: number; readonly session: string; readonly number: number; readonly kwh: string; readonly total: string; readonly currency: string; readonly file: string }
  | { readonly news: "uplink"; readonly uplink: string; readonly state: string; readonly detail: string }
  | { readonly news: "uploaded"; readonly uplink: string; readonly number: number }
  | { readonly news: "fault"; readonly device: string; readonly code: FaultCode; readonly message: string }
  | { readonly news: "recovered"; readonly device: string; readonly code: FaultCode }
  | { readonly news: "note"; readonly text: string }
);

/** One line for a person: what happened, without its time. */
export function newsLine(news: News): string {
  switch (news.news) {
    case "started":
      return `chargetill ${news.version} at station ${news.station}: ${news.receipts} ${news.receipts === 1 ? "receipt" : "receipts"} in the book, key ${news.keyId.slice(0, 23)}…`;
    case "tap":
      return `card ${news.card} at ${news.reader}: ${news.accepted ? "" : "REFUSED: "}${news.answer}`;
    case "press":
      return `button of connector ${news.connector}: ${news.accepted ? "" : "REFUSED: "}${news.answer}`;
    case "plug":
      return `connector ${news.connector}: ${news.plugged ? "a car is plugged in" : "the car is gone"}`;
    case "session-began":
      return `connector ${news.connector}: charging begins for card ${news.card} at ${news.price}, register ${news.registerKwh} kWh`;
    case "price-changed":
      return `connector ${news.connector}: the price is now ${news.price} (so far ${news.kwh} kWh, ${news.cost})`;
    case "activity":
      return `connector ${news.connector}: ${news.activity}`;
    case "stopping":
      return `connector ${news.connector}: stopping, ${news.detail} (${news.reason})`;
    case "receipt":
      return `connector ${news.connector}: receipt ${news.number} signed: ${news.kwh} kWh, ${news.total} ${news.currency}`;
    case "uplink":
      return `uplink ${news.uplink}: ${news.state}${news.detail === "" ? "" : `, ${news.detail}`}`;
    case "uploaded":
      return `uplink ${news.uplink}: receipt ${news.number} acknowledged by the backend`;
    case "fault":
      return `FAULT ${news.code} at ${news.device}: ${news.message}`;
    case "recovered":
      return `recovered ${news.code} at ${news.device}`;
    case "note":
      return news.text;
    default:
      return news satisfies never;
  }
}
