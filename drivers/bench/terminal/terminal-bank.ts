// The bank behind the bench's card terminal: holds and what became of them. It remembers across cut lines, as a bank
// does, and counts how often each hold was ended.

/** A card that is shown to the terminal: a bank's, with what it may pay, or a plain RFID card. */
export type ShownCard =
  | {
      readonly kind: "bank";
      readonly number: string;
      readonly name: string;
      /** What the account holds, minor units. */
      readonly funds: number;
      /** The most that may be held, where the card tells it. */
      readonly maxHold?: number;
      readonly needsPin?: true;
    }
  | { readonly kind: "rfid"; readonly uid: string };

export type BankHold = {
  readonly receipt: string;
  readonly trace: string;
  readonly authorisation: string;
  /** What the client wrote beside it; "" = another client's, which the test put there. */
  readonly reference: string;
  readonly minor: number;
  readonly cardNumber: string;
  readonly cardName: string;
  readonly state: "open" | "booked" | "released";
  readonly bookedMinor: number;
  /** How often it was booked or released: more than once is money lost. */
  readonly endings: number;
};

/** A payment as the terminal prints it: the last one can be repeated. */
export type BankReceipt = Pick<BankHold, "receipt" | "trace" | "authorisation" | "cardNumber" | "cardName"> & {
  readonly minor: number;
};

/** ZVT's words for a refusal. */
const bankRefusal = {
  noFunds: 0x71,
  alreadyReversed: 0xb4,
  amountTooHigh: 0xb7,
  hold: 0xb8,
  pin: 0xec,
} as const;

export class TerminalBank {
  readonly #holds: BankHold[] = [];
  #receipts = 0;
  #last: BankReceipt | undefined;

  /** `first` = the first receipt number. */
  constructor(first = 231) {
    this.#receipts = first - 1;
  }

  get holds(): readonly BankHold[] {
    return this.#holds;
  }

  get open(): readonly BankHold[] {
    return this.#holds.filter(({ state }) => state === "open");
  }

  /** The last payment that was made, booked or released. */
  get last(): BankReceipt | undefined {
    return this.#last;
  }

  /** Holds an amount on a card; a number is the refusal. */
  hold(card: ShownCard, minor: number, reference: string): BankReceipt | number {
    if (card.kind !== "bank") return bankRefusal.hold;
    if (card.needsPin === true) return bankRefusal.pin;
    if (minor > card.funds) return bankRefusal.noFunds;
    const receipt = this.#receipt(card.number, card.name, minor, this.#authorisation());
    this.#holds.push({ ...receipt, reference, state: "open", bookedMinor: 0, endings: 0 });
    return receipt;
  }

  /** Books `minor` of a hold and lets go of the rest; 0 = releases it. A number is the refusal. */
  end(receipt: string, minor: number): BankReceipt | number {
    const index = this.#holds.findLastIndex((hold) => hold.receipt === receipt);
    const hold = this.#holds[index];
    if (hold === undefined) return bankRefusal.hold;
    if (hold.state !== "open") return bankRefusal.alreadyReversed;
    if (minor > hold.minor || minor < 0) return bankRefusal.amountTooHigh;
    this.#holds[index] = {
      ...hold,
      state: minor === 0 ? "released" : "booked",
      bookedMinor: minor,
      endings: hold.endings + 1,
    };
    return this.#receipt(hold.cardNumber, hold.cardName, minor, hold.authorisation);
  }

  #receipt(cardNumber: string, cardName: string, minor: number, authorisation: string): BankReceipt {
    this.#receipts = (this.#receipts % 9_999) + 1;
    const trace = String(this.#receipts + 744).padStart(6, "0");
    this.#last = {
      receipt: String(this.#receipts).padStart(4, "0"),
      trace,
      authorisation,
      minor,
      cardNumber,
      cardName,
    };
    return this.#last;
  }

  #authorisation(): string {
    return String(750_071 + 37 * this.#holds.length).slice(-6);
  }
}
