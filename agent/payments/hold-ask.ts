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

/** The name of a hold at the gateway, from its number and a random text. */
export function holdReference(number: number, id: string): string {
  // The end keeps it apart from one of the same number before an older backup was restored.
  const end = id
    .replace(/[^0-9a-zA-Z]/g, "")
    .slice(0, 6)
    .toUpperCase();
  return `S${String(number).padStart(6, "0")}${end}`;
}
