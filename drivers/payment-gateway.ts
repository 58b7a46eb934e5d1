// What a payment gateway looks like from above, whether it is a card terminal on the station's own wire or a provider
// on the net: it holds an amount of the driver's money before he charges, books what the session cost, and releases the
// rest. It knows no session and no price.
//
// Every step crosses a line that may break between the deed and its answer. So there are three outcomes, and `unsure`
// is a fact, not an error: what may have happened is never sent again, it is asked about (`findHold`, `holdStatus`).

import type { EpochMs, Moment } from "./driver.js";

/** An amount of money in whole minor units of its currency (ISO 4217): 5000 EUR = 50.00 EUR, 5000 JPY = 5000 JPY. */
export type MinorAmount = { readonly minor: number; readonly currency: string };

/**
 * Why a gateway or a bank said no, by what a driver or a technician can do about it. A refusal is sure: nothing was
 * held, booked or released by the step that it answers.
 */
export type RefusalCode =
  /** The bank says no, without a reason. */
  | "declined"
  | "no-funds"
  | "card-expired"
  /** The card must be inserted, or wants its PIN at a terminal that can ask for it. */
  | "insert-card"
  | "card-not-accepted"
  /** Nobody came with a card, or the driver cancelled. */
  | "cancelled"
  | "amount-too-high"
  | "amount-too-low"
  | "currency"
  /** The gateway reaches no bank: nobody can pay by card now. */
  | "no-bank-line"
  /** It is busy or wants its end of day, diagnosis or initialisation first. */
  | "not-ready"
  /** The hold of this step is not open: it was booked, released or has lapsed, or never was. */
  | "hold-not-open"
  /** It cannot do this at all. */
  | "not-supported"
  /** Another refusal: `message` has the gateway's own code. */
  | "other";

/**
 * How a step ended. `message` and `why` are for a technician: a sentence without any card number, token or key.
 * `unsure`: it was sent, or may have been, and no answer came that says what became of it.
 */
export type GatewayOutcome<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly message: string }
  | { readonly kind: "unsure"; readonly why: string };

/** Why a step is not done: the sentence of a refusal, or of what is not known. */
export const whyNotDone = (outcome: Exclude<GatewayOutcome<unknown>, { readonly kind: "done" }>): string =>
  outcome.kind === "refused" ? outcome.message : outcome.why;

/**
 * What is asked to be held. `reference` is ours, made and journalled before anything is sent, never used twice: at most
 * 16 characters of A-Z and 0-9. `openBefore` = the handles that were open at the gateway just before, ours and others',
 * journalled with it: what is open afterwards and not among them is this hold.
 */
export type HoldRequest = {
  readonly reference: string;
  readonly amount: MinorAmount;
  readonly openBefore: readonly string[];
};

/**
 * A hold that was made. Nothing in it may be a card number, a track or a card's hash: `card` has the brand and at most
 * the last four digits.
 */
export type GatewayHold = {
  readonly reference: string;
  readonly amount: MinorAmount;
  /** The gateway's own name of it, by which it is booked and released (ZVT: the receipt number; else an id). */
  readonly handle: string;
  /** Of the terminal (ZVT: 29); absent = there is no terminal. */
  readonly terminalId?: string;
  /** ZVT: 0B. */
  readonly trace?: string;
  /** The bank's authorisation code (ZVT: 3B). */
  readonly authorization?: string;
  readonly card?: PaymentCard;
};

/** What a receipt may say of a card. */
export type PaymentCard = { readonly brand?: string; readonly lastFour?: string };

/** `booked`: in minor units; absent = it was booked, and the gateway could not say how much. */
export type GatewayBooking = { readonly bookedMinor?: number; readonly trace?: string; readonly handle?: string };

/**
 * What became of a hold. `ended` = it is no longer open, and the gateway cannot say whether it was booked, released or
 * has lapsed.
 */
export type HoldStatus =
  | { readonly state: "open" }
  | ({ readonly state: "booked" } & GatewayBooking)
  | { readonly state: "released" }
  | { readonly state: "ended" };

/** A hold that is open at the gateway, whoever made it; `reference` and `amount` where it tells them. */
export type OpenHold = {
  readonly handle: string;
  readonly reference?: string;
  readonly amount?: MinorAmount;
  readonly atMs?: EpochMs;
};

/**
 * Somebody at the terminal. `bank-card`: `cardKey` is a keyed hash of what is the same each time that card or phone is
 * shown (hex, 64 digits; the key is the station's own and leaves it never): the only thing by which the same card is
 * known again. `id-card`: an RFID card, by its UID as a reader gives it: it means what a tap at the station's reader
 * means. `unreadable`: a card that cannot be used, by the reason.
 */
export type PaymentTap =
  | { readonly kind: "bank-card"; readonly cardKey: string; readonly card?: PaymentCard; readonly moment: Moment }
  | { readonly kind: "id-card"; readonly uid: string; readonly moment: Moment }
  | { readonly kind: "unreadable"; readonly code: RefusalCode; readonly message: string; readonly moment: Moment };

/**
 * One gateway. Steps come one at a time: whoever calls awaits each. None rejects for what a device, a line or a bank
 * can do; each settles within a bound of its own, `unsure` at the latest then.
 */
export interface PaymentGateway {
  /** As the config names it; stands in the journal with each hold. */
  readonly name: string;
  readonly currency: string;
  /** How long a hold lasts at the bank, ms: a warning comes before. */
  readonly holdLastsMs: number;
  /** The most that may be held at once, minor units; absent = the gateway tells none. */
  readonly mostHeldMinor?: number | undefined;
  /**
   * Taps as they happen; ends when the signal aborts. Throws DeviceError when the terminal is lost or is another one;
   * then the gateway is closed and opened again later. A gateway without a terminal has none.
   */
  readonly taps?: (signal: AbortSignal) => AsyncIterable<PaymentTap>;
  /** Shows a text on the terminal's own display, where it has one that can be written to. */
  readonly show?: (text: string) => void;
  /** Holds an amount on the card that was tapped last, or that is shown now. */
  hold(request: HoldRequest): Promise<GatewayOutcome<GatewayHold>>;
  /**
   * Asks what became of a `hold` that was unsure: `done` with the hold, or with null where none was made. Refused with
   * `not-supported` where it cannot be told apart from holds of others: then a person decides. Sends no hold.
   */
  findHold(request: HoldRequest): Promise<GatewayOutcome<GatewayHold | null>>;
  /** Raises an open hold to a larger amount, of which the answer is the hold as it is then. Absent = it cannot. */
  readonly raise?: (hold: GatewayHold, to: MinorAmount) => Promise<GatewayOutcome<GatewayHold>>;
  /**
   * Books `final` (over 0, at most the hold) of an open hold, and lets go of the rest. This, `release` and `holdStatus`
   * are refused with `not-supported` for a hold of another terminal: then a person must bring that one back.
   */
  book(hold: GatewayHold, final: MinorAmount): Promise<GatewayOutcome<GatewayBooking>>;
  /** Lets go of an open hold; nothing is booked. */
  release(hold: Pick<GatewayHold, "handle" | "reference" | "amount" | "terminalId">): Promise<GatewayOutcome<null>>;
  /** What became of a hold, after a booking, a release or a raise that was unsure. */
  holdStatus(hold: GatewayHold): Promise<GatewayOutcome<HoldStatus>>;
  /**
   * Gives back part of a booking under a reference of its own, the same each time the same refund is asked for. Absent =
   * it cannot without the card, and a person does it.
   */
  readonly refund?: (hold: GatewayHold, reference: string, amount: MinorAmount) => Promise<GatewayOutcome<null>>;
  /** All holds that are open at the gateway now, whoever made them. */
  openHolds(): Promise<GatewayOutcome<readonly OpenHold[]>>;
  close(): Promise<void>;
}

/**
 * What opens a gateway, with the station's own key of 32 bytes for the hashes by which it knows cards again. Rejects with
 * a DeviceError where it cannot be reached or is not the one of the config.
 */
export type OpenGateway = (cardKey: Uint8Array) => Promise<PaymentGateway>;
