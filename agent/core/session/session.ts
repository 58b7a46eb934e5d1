// One connector's session, from plug or tap to receipt, as a value. `reduceSession` moves it by one fact and does
// nothing else; `wants` says what the world should look like now. Levels, not edges: after a restart the journal is
// replayed and `wants` is asked again.

import type { Moment, Reading, TimeTrust } from "../../../drivers/driver.js";
import type { CdrCopies } from "../cdr/cdr-copies.js";
import type { StopReason } from "../cdr/settlement.js";
import type { Acceptance } from "./opening.js";
import type { Sale } from "./sale.js";

/** The finished bytes of a receipt: journalled before anyone sees them, and never made twice. */
export type SignedReceipt = {
  readonly number: number;
  readonly jws: string;
  /** What opens the withheld parts of the receipt. */
  readonly disclosures: readonly string[];
  readonly ocmf: string;
  /** The checkpoint that includes the receipt, and the proof that leads there. */
  readonly checkpoint: string;
  readonly proof: readonly string[];
  readonly cdr: CdrCopies;
};

export type Session =
  | { readonly state: "available" }
  | { readonly state: "occupied"; readonly since: Moment }
  | { readonly state: "starting"; readonly acceptance: Acceptance; readonly since: Moment }
  | { readonly state: "charging"; readonly sale: Sale }
  | {
      readonly state: "stopping";
      readonly sale: Sale;
      readonly since: Moment;
      readonly reason: StopReason;
      readonly detail: string;
      readonly plugged: boolean;
    }
  | {
      readonly state: "settling";
      readonly sale: Sale;
      readonly end: Reading;
      readonly reason: StopReason;
      readonly detail: string;
      readonly plugged: boolean;
      readonly numbered?: {
        readonly number: number;
        readonly pagination: number;
        readonly issuedMs: number;
        readonly issuedTrust: TimeTrust;
      };
      readonly signed?: SignedReceipt;
    }
  | {
      readonly state: "finishing";
      readonly receiptNumber: number;
      /** Of the card whose session it was. */
      readonly uid: string;
      /** Why the session ended, in words. */
      readonly why: string;
    };

/** A session in one of its states. */
export type SessionIn<State extends Session["state"]> = Extract<Session, { state: State }>;

export const available: Session = { state: "available" };

/** A session runs there, or is about to. */
export const isBusy = ({ state }: Session): boolean =>
  state === "starting" || state === "charging" || state === "stopping" || state === "settling";
