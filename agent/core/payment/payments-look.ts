// Payments on the spot as a person sees them: plain data for `status` and `payments`. Amounts are decimal texts.

import type { HoldState } from "./hold.js";

/** A payment that has not ended. */
export type OpenPayment = {
  readonly number: number;
  readonly reference: string;
  readonly gateway: string;
  readonly connector: number;
  readonly state: HoldState;
  readonly held: string;
  readonly currency: string;
  readonly sinceMs: number;
  readonly handle?: string;
  readonly receipt?: number;
  /** Why the outcome of its last step is not known. */
  readonly unsure?: string;
  /** Why a person may be needed. */
  readonly stuck?: string;
};

/** What is owed back of a receipt. */
export type OwedBack = {
  readonly receipt: number;
  readonly reference: string;
  readonly owed: string;
  readonly booked: string;
  readonly currency: string;
  readonly sinceMs: number;
};

export type PaymentsLook = {
  readonly open: readonly OpenPayment[];
  readonly owed: readonly OwedBack[];
  /** Holds that are open at the gateway and not known here, by their handles. */
  readonly unknown: readonly string[];
};
