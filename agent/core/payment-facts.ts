// How a session is paid, as its receipt says it: kinds, states and amounts. Nothing here names a whole card.

/**
 * Who takes the money: the mobility provider of a contract, the station's own card terminal, a payment page, the
 * backend that started the session, or the issuer of a charge grant.
 */
export type PaymentKind = "contract" | "terminal" | "page" | "backend" | "grant";

/** What was known of the payment when the receipt was made; `unsure` = whether it was booked or released is not known. */
export type PaymentState = "held" | "booked" | "released" | "unsure";

/** How a session is paid. Amounts are decimal texts in the bill's currency; nothing here names a whole card. */
export type PaymentFacts = {
  readonly kind: PaymentKind;
  /** The contract or card as a receipt may show it: masked. */
  readonly reference: string;
  readonly state?: PaymentState;
  /** The card's brand as the terminal names it, such as "girocard". */
  readonly brand?: string;
  /** The bank's authorization code. */
  readonly authorization?: string;
  readonly terminalId?: string;
  /** The terminal's trace number. */
  readonly trace?: string;
  /** Who books the final amount, where that is somebody else: the issuer of a grant. */
  readonly bookedBy?: string;
  readonly held?: string;
  readonly booked?: string;
  readonly released?: string;
  /** Taken from the driver above the total, and to be given back. */
  readonly owedBack?: string;
  /** Of the total, what is not charged: it lies above what was held, or no energy flowed. */
  readonly waived?: string;
};

/** What a receipt asks for. Amounts and energy are decimal texts. */
export type Payable = { readonly gross: string; readonly currency: string; readonly energyKwh: string };
