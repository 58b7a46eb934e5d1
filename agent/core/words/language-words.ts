// What a language has to say: the words in which prices are explained, and those of a printed receipt. A language that
// lacks one does not compile. Only words: what is said, and in which order, stands where it is said.

import type { TimeTrust } from "../../../drivers/driver.js";
import type { DecimalMark } from "../number/local-number.js";
import type { PaymentKind, PaymentState } from "../payment-facts.js";

export type LanguageWords = { readonly price: PriceWords; readonly receipt: ReceiptWords };

export type PriceWords = {
  readonly decimalMark: DecimalMark;
  readonly free: string;
  readonly always: string;
  /** Why energy is free: no element prices it. */
  readonly noElement: string;
  readonly otherwise: string;
  readonly energy: string;
  readonly charging: string;
  /** A FLAT that is charged when the session begins; and one that may come to be charged later. */
  readonly session: string;
  readonly flatFee: string;
  readonly idle: string;
  readonly reservation: string;
  readonly reservationFee: string;
  readonly expiry: string;
  readonly expiryFee: string;
  readonly minimum: string;
  readonly maximum: string;
  /** The limits at which the station ends a session by itself, one after the other. */
  readonly ends: (limits: string) => string;
  readonly endsAt: (value: string) => string;
  readonly endsAfter: (duration: string) => string;
  readonly endsWithout: (duration: string) => string;
  /** The station's own grace before the idle fee. */
  readonly graceFree: (duration: string) => string;
  readonly perKwh: string;
  readonly perMinute: string;
  readonly perSession: string;
  readonly once: string;
  readonly inclTax: (percent: string) => string;
  readonly taxInside: string;
  readonly noTax: string;
  /** Tax comes on top, at a rate that the tariff does not state. */
  readonly taxOnTop: string;
  readonly window: (from: string, to: string) => string;
  readonly fromTime: (time: string) => string;
  readonly untilTime: (time: string) => string;
  readonly fromDate: (date: string) => string;
  readonly untilDate: (date: string) => string;
  readonly onDate: (date: string) => string;
  readonly days: readonly [string, string, string, string, string, string, string];
  readonly on: (days: string) => string;
  readonly atLeast: (value: string) => string;
  readonly below: (value: string) => string;
  readonly after: (duration: string) => string;
  readonly first: (duration: string) => string;
  readonly durations: (from: string, to: string) => string;
  readonly steps: (step: string) => string;
  /** The bounds of prices that a table tells. */
  readonly byTheHour: (least: string, most: string) => string;
  /** Prices that are not told one by one. */
  readonly morePrices: (count: number) => string;
  readonly validFrom: (text: string) => string;
  readonly validUntil: (text: string) => string;
  readonly changes: (text: string) => string;
  /** How finely time and energy are billed. */
  readonly roundedDown: string;
  readonly used: {
    readonly charging: (duration: string) => string;
    readonly idle: (duration: string) => string;
    readonly idleAfter: (duration: string, grace: string) => string;
    readonly reserved: (duration: string) => string;
    readonly expired: (duration: string) => string;
    readonly more: (surplus: string) => string;
  };
  readonly plusTax: (percent: string) => string;
  readonly raised: (amount: string) => string;
  readonly capped: (amount: string) => string;
};

export type ReceiptWords = {
  readonly decimalMark: DecimalMark;
  /** Order and marks of a date: Y, M and D stand for its parts. */
  readonly date: string;
  readonly kinds: {
    readonly sale: string;
    readonly reservation: string;
    readonly start: string;
    readonly credit: string;
    readonly recovery: string;
    readonly lost: string;
    readonly key: string;
  };
  readonly copy: string;
  readonly corrects: string;
  readonly correctedBy: string;
  readonly creditedBy: string;
  /** How the money of a credit goes back. */
  readonly refunds: {
    readonly contract: string;
    readonly payment: string;
    readonly transfer: string;
    readonly cash: string;
  };
  readonly unsigned: string;
  readonly labels: {
    readonly issued: string;
    readonly taxId: string;
    readonly helpline: string;
    readonly place: string;
    readonly chargePoint: string;
    readonly upTo: string;
    readonly session: string;
    readonly cdr: string;
    readonly card: string;
    readonly start: string;
    readonly end: string;
    readonly clock: string;
    readonly beginRegister: string;
    readonly endRegister: string;
    /** Before a register that a person accepted although it is lower than on the meter's last receipt. */
    readonly registerAccepted: string;
    readonly meter: string;
    readonly serial: string;
    /** Behind a serial number that the meter does not tell. */
    readonly byHand: string;
    readonly energy: string;
    readonly duration: string;
    readonly power: string;
    readonly stopped: string;
    readonly interruptions: string;
    readonly none: string;
    readonly until: string;
    readonly stillOut: string;
    readonly notKnown: string;
    readonly price: string;
    readonly net: string;
    readonly tax: string;
    readonly gross: string;
    readonly total: string;
    readonly rounding: string;
    readonly timeRule: string;
    readonly inclTax: string;
    readonly minimum: string;
    readonly maximum: string;
    readonly waived: string;
    readonly shown: string;
    readonly toldBefore: string;
    readonly tariff: string;
    readonly digest: string;
    /** The hash of the tariff of which the receipt holds a part. */
    readonly cutFrom: string;
    readonly payment: string;
    readonly station: string;
    readonly previous: string;
    readonly key: string;
    readonly receiptDigest: string;
    readonly check: string;
    readonly command: string;
    readonly complaints: string;
    readonly loss: string;
    readonly reason: string;
    readonly takesBack: string;
    /** Of a credit: the way of the money, and who made it. */
    readonly refund: string;
    readonly madeBy: string;
    /** The receipts before this one, to which it commits. */
    readonly tree: string;
    readonly span: string;
    readonly lostNumbers: string;
    readonly newKey: string;
    readonly software: string;
    readonly when: string;
    readonly where: string;
    /** Headings: all that is measured; and what is there for a check alone. */
    readonly details: string;
    readonly checking: string;
    /** Before an amount with all its decimals. */
    readonly exactly: string;
    readonly item: string;
    readonly amount: string;
    readonly questions: string;
    readonly email: string;
    /** Why idle time is charged. */
    readonly idleWhy: string;
    /** What the drawings are, for who cannot see them. */
    readonly curve: string;
    readonly code: string;
    readonly provider: string;
    readonly authorization: string;
    readonly terminal: string;
    readonly trace: string;
    /** In front of who books a payment, where that is somebody else. */
    readonly bookedBy: string;
    readonly held: string;
    readonly booked: string;
    readonly released: string;
    readonly owedBack: string;
    /** Of the total, what lies above the amount that was held. */
    readonly notCharged: string;
    readonly paymentState: string;
    readonly gridLimits: string;
    /** In front of whose word a limit was. */
    readonly source: string;
    readonly calibrated: string;
    readonly cardLevel: string;
  };
  readonly payments: Readonly<Record<PaymentKind, string>>;
  readonly paymentStates: Readonly<Record<PaymentState, string>>;
  /** What a line of the bill is for. */
  readonly dimensions: {
    readonly ENERGY: string;
    readonly TIME: string;
    readonly PARKING_TIME: string;
    readonly FLAT: string;
    /** A FLAT that was charged after the session had begun. */
    readonly LATE_FLAT: string;
    readonly RESERVATION_TIME: string;
    readonly RESERVATION_FLAT: string;
  };
  readonly clocks: Readonly<Record<TimeTrust, string>>;
  /** Why the session ended. */
  readonly reasons: {
    readonly Local: string;
    readonly EVDisconnected: string;
    readonly Remote: string;
    readonly DeAuthorized: string;
    readonly EnergyLimitReached: string;
    readonly TimeLimitReached: string;
    readonly CostLimitReached: string;
    readonly PowerLoss: string;
    readonly Reboot: string;
    readonly ImmediateReset: string;
    readonly HardReset: string;
    readonly EmergencyStop: string;
    readonly MeterFault: string;
    readonly ContactorFault: string;
    readonly Other: string;
  };
  /** How it ended, where the reason alone does not say it. */
  readonly stops: {
    readonly card: string;
    readonly groupCard: string;
    readonly button: string;
    readonly limit: (limit: string) => string;
    readonly cardLimit: string;
    readonly noEnergy: (minutes: string) => string;
    readonly noMeterValue: (seconds: string) => string;
    readonly stillFlowing: (watts: string) => string;
    readonly noEndReading: string;
    readonly noTime: string;
  };
  /** Rules and names that the engine writes in English, as this language says them; English has none. */
  readonly terms?: {
    readonly rounding: string;
    readonly localTime: string;
    readonly untrustedTime: string;
    readonly lowerOfBoth: string;
    readonly vat: string;
    readonly untaxed: string;
    readonly nothingFlowed: string;
    readonly onlyReserved: string;
  };
  readonly notices: readonly string[];
};
