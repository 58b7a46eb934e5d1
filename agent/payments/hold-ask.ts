// What a tap asks of the ledger of holds, and what it is answered.
import type { MinorAmount, PaymentCard, RefusalCode } from "../../drivers/payment-gateway.js";
import type { Hold } from "../core/payment/hold.js";

/** What is asked for at a tap. `begin` is called once the money is held: it journals the start, or says why there is none. */
export type HoldAsk = {
  readonly connector: number;
  readonly amount: MinorAmount;
  readonly cardKey?: string;
  readonly card?: PaymentCard;
  readonly begin: (hold: Hold) => string | undefined;
  /** How an `unsure` answer has turned out, while its driver may still wait. */
  readonly later: (answer: HoldAnswer) => void;
};

export type HoldAnswer =
  | { readonly kind: "began" }
  /** It is held, and let go of again: no session can start. */
  | { readonly kind: "not-begun"; readonly why: string }
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly message: string }
  /** The answer was lost: the gateway is being asked. */
  | { readonly kind: "unsure" };
