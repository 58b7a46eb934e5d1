// What can happen to one connector: facts and decisions, each journalled before anything acts on it.

import type { Moment, Reading } from "../../../drivers/driver.js";
import type { StopReason } from "../cdr/settlement.js";
import type { Activity } from "../tariff/period.js";
import type { SessionLimits } from "./limits.js";
import type { Acceptance, Opening } from "./opening.js";
import type { SignedReceipt } from "./session.js";

/** How a stop by card reads, on the receipt too: the card that began the session, or another one of its group. */
export const stopDetails = { card: "stopped by card", groupCard: "stopped by another card of its group" } as const;

export type SessionEvent = { readonly moment: Moment; readonly connector: number } & (
  | { readonly type: "PlugChanged"; readonly plugged: boolean }
  | { readonly type: "CardAccepted"; readonly acceptance: Acceptance }
  | { readonly type: "StartFailed"; readonly why: string }
  | { readonly type: "SessionBegan"; readonly opening: Opening }
  /** `atBoundary`: it was taken where the price changed, and stands in the signed record. */
  | { readonly type: "MeterRead"; readonly reading: Reading; readonly activity: Activity; readonly atBoundary: boolean }
  /** `limits`: all that this backend has set for the session that runs. */
  | { readonly type: "LimitsSet"; readonly by: string; readonly limits: SessionLimits }
  /** `card`: the UID of another card of its group that stopped it. */
  | { readonly type: "StopRequested"; readonly reason: StopReason; readonly detail: string; readonly card?: string }
  /** `reading`: null = the meter could not be read; the last reading is the end. */
  | { readonly type: "SessionEnded"; readonly reading: Reading | null; readonly detail: string }
  | { readonly type: "ReceiptNumbered"; readonly number: number; readonly pagination: number }
  | { readonly type: "ReceiptSigned"; readonly signed: SignedReceipt }
  | { readonly type: "SessionSettled"; readonly number: number }
  | { readonly type: "Restarted"; readonly cause: "PowerLoss" | "Reboot"; readonly downSince: Moment }
);
