// What happens to a hold, each journalled before anything acts on it. That a session began on it and that its receipt is
// in the book, the session's own events say.

import type { Moment } from "../../../drivers/driver.js";
import type { GatewayHold, RefusalCode } from "../../../drivers/payment-gateway.js";
import type { Hold, HoldWish } from "./hold.js";

/** What a gateway has told of a hold that it made, beside what was asked for. */
type MadeHold = Omit<GatewayHold, "reference" | "amount"> & {
  /** Where it is not what was asked for. */
  readonly heldMinor?: number;
};

export type HoldEvent = { readonly moment: Moment } & (
  | { readonly type: "HoldWanted"; readonly wish: HoldWish }
  | { readonly type: "HoldMade"; readonly reference: string; readonly made: MadeHold }
  /** It was not made: refused, or asked about later and not found. `by`: a person's word. */
  | {
      readonly type: "HoldFailed";
      readonly reference: string;
      readonly code: RefusalCode;
      readonly why: string;
      readonly by?: string;
    }
  /** No answer says what became of the step under way; written down once until it is known. */
  | { readonly type: "HoldUnsure"; readonly reference: string; readonly why: string }
  | { readonly type: "BookWanted"; readonly reference: string; readonly receipt: number; readonly minor: number }
  /** `minor`: null = booked, and the gateway cannot say how much. */
  | { readonly type: "Booked"; readonly reference: string; readonly minor: number | null }
  /** The hold is lost without a booking: nothing more can be had from it. */
  | { readonly type: "BookFailed"; readonly reference: string; readonly code: RefusalCode; readonly why: string }
  | { readonly type: "ReleaseWanted"; readonly reference: string; readonly why: string; readonly by?: string }
  | { readonly type: "Released"; readonly reference: string }
  /** All holds that are open, said again so that older entries may go into the archive. */
  | { readonly type: "HoldsStand"; readonly holds: readonly Hold[] }
);
