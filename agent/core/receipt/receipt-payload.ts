// What stands in a receipt, field by field: the signed payload as types. config/receipt.schema.json says the same for
// everybody else. Times are local ISO texts with offset and milliseconds, energies kWh texts, amounts decimal texts:
// nothing is a float.

import type { ConnectorFacts, StationFacts } from "../../../config/schema.js";
import type { MeterIdentity, SignedRecord, TimeTrust } from "../../../drivers/driver.js";
import type { GridLimit, Settlement, ShownTerms, StopReason, WitnessEvidence } from "../cdr/settlement.js";
import type { Commitments } from "../disclosure/disclosure.js";
import type { PaymentFacts } from "../payment-facts.js";
import type { Price } from "../rating/price.js";
import { type Jws, parseJws } from "../signing/jws.js";
import type { LostNumbers } from "../station/station-event.js";
import type { Activity, ChargingPeriod } from "../tariff/period.js";
import type { ReceiptToken } from "./receipt-token.js";

export const receiptFormat = "chargetill receipt 1";

/**
 * What the station has sold since its chain was opened, this receipt included. A session that was corrected is one sale,
 * and its energy counts once.
 */
export type RunningTotals = {
  readonly sales: number;
  readonly energyMilliWh: number;
  /** One row per currency and tax rate, in the order in which they first appeared. */
  readonly rates: readonly {
    readonly currency: string;
    readonly name: string;
    readonly ratePercent: string;
    readonly net: string;
    readonly tax: string;
    readonly gross: string;
  }[];
};

/** A stretch of receipts that could not be signed. `digest` runs over their hashes in order. */
export type UnsignedSpan = { readonly first: number; readonly count: number; readonly digest: string };

/** Fields of every receipt. */
export type ReceiptFrame = {
  readonly format: typeof receiptFormat;
  readonly number: number;
  readonly issuedAt: string;
  readonly clock: TimeTrust;
  readonly timeZone: string;
  readonly station: Pick<StationFacts, "id" | "countryCode" | "partyId" | "operator" | "location" | "verifyUrl">;
  readonly key: { readonly id: string; readonly spki: string };
  readonly chain: {
    /** SHA-256 (hex) of the receipt before this one, exactly as stored; "" on the first. */
    readonly previous: string;
    /** The checkpoint over all receipts before this one, as a C2SP signed note. */
    readonly before: string;
  };
  /**
   * What is withheld, as digests that disclosures open: always the running totals, by which two receipts would tell what
   * was sold between them.
   */
  readonly commitments: Commitments;
  readonly softwareVersion: string;
  /** What others have seen of the history before this receipt; it holds without. */
  readonly seen?: WitnessEvidence;
  /** Plain words on what this receipt is not. */
  readonly notices: readonly string[];
};

export type ReceiptReading = {
  readonly at: string;
  readonly clock: TimeTrust;
  readonly registerKwh: string;
  readonly signed?: SignedRecord;
};

/** That a person has accepted a register lower than on the meter's last receipt (`lastKwh`). */
export type AcceptedRegister = {
  readonly at: string;
  readonly clock: TimeTrust;
  readonly lastKwh: string;
  readonly registerKwh: string;
  readonly by: string;
  readonly note: string;
};

/** An activity as a receipt names it: `suspended` is any pause, since all that counts there is that time is free. */
type ReceiptActivity = Exclude<Activity, "grace">;
export const receiptActivity = (activity: Activity): ReceiptActivity => (activity === "grace" ? "suspended" : activity);

/** Rows of [ms since the first sample, mWh since its register, W, mA or null, activity]. */
type SampleRow = readonly [number, number, number, number | null, ReceiptActivity];

export type ReceiptGridLimit = Pick<GridLimit, "limitW" | "source"> & {
  readonly from: string;
  readonly to: string | null;
};

/** Fields of a receipt for a session. */
export type SaleFields = {
  readonly sessionId: string;
  readonly cdrId: string;
  readonly connector: ConnectorFacts;
  readonly meter: MeterIdentity;
  readonly token: ReceiptToken;
  readonly authMethod: Settlement["authMethod"];
  readonly cardLevel?: Settlement["cardLevel"];
  readonly start: string;
  readonly startClock: TimeTrust;
  readonly end: string;
  readonly endClock: TimeTrust;
  readonly registerAccepted?: AcceptedRegister;
  readonly begin: ReceiptReading;
  readonly finish: ReceiptReading;
  readonly borders: readonly ReceiptReading[];
  readonly energyKwh: string;
  readonly samples: { readonly from: string; readonly registerKwh: string; readonly rows: readonly SampleRow[] };
  readonly tariff: {
    readonly id: string;
    readonly version: string;
    readonly digest: string;
    /** The digest of the tariff that `value` was cut from; absent = it is whole. */
    readonly cutFrom?: string;
    readonly value: unknown;
  };
  readonly shown: { readonly text: string; readonly at: string; readonly terms?: ShownTerms };
  readonly price: Price;
  /** Their activities by `receiptActivity`. */
  readonly periods: readonly ChargingPeriod[];
  readonly payment: PaymentFacts;
  readonly stop: { readonly reason: StopReason; readonly detail: string };
  readonly interruptions: readonly { readonly from: string; readonly to: string | null; readonly why: string }[];
  /** When the grid, or who runs it, let the station give less. */
  readonly gridLimits?: readonly ReceiptGridLimit[];
  /** The OCMF record, verbatim. */
  readonly ocmf: string;
  /** The short signed form that the QR code carries. */
  readonly short: string;
};

/** Fields of a receipt for a reservation that no session came for. Nothing was metered, so it has no readings. */
export type ReservationFields = Pick<
  SaleFields,
  | "sessionId"
  | "cdrId"
  | "connector"
  | "token"
  | "start"
  | "end"
  | "startClock"
  | "endClock"
  | "tariff"
  | "price"
  | "periods"
  | "payment"
> & {
  /** The backend's id of it, and the uplink that ordered it. */
  readonly id: string;
  readonly by: string;
  /** Its price in words, which `by` vouches to have told before, and since when the connector was kept. */
  readonly shown: SaleFields["shown"];
};

type StartPayload = ReceiptFrame & { readonly kind: "start" };
export type SalePayload = ReceiptFrame & {
  readonly kind: "sale";
  readonly sale: SaleFields;
  readonly corrects?: number;
};
export type ReservationPayload = ReceiptFrame & {
  readonly kind: "reservation";
  readonly reservation: ReservationFields;
};
/**
 * How the money goes back: with the bill of the contract, by the way it was paid, by bank transfer, or in cash.
 */
export const refundWays = ["contract", "payment", "transfer", "cash"] as const;
export type RefundWay = (typeof refundWays)[number];

/** What a credit says of the receipt that it takes back. */
export type CreditedSale = Pick<SaleFields, "start" | "startClock" | "end" | "endClock"> & {
  readonly issuedAt: string;
  readonly evseId: string;
  readonly location: StationFacts["location"];
};

export type CreditPayload = ReceiptFrame & {
  readonly kind: "credit";
  readonly credit: {
    readonly number: number;
    /** SHA-256 (hex) of the receipt that is taken back. */
    readonly receipt: string;
    /** Where and when the receipt that is taken back was sold, as it says. */
    readonly sold: CreditedSale;
    readonly sessionId: string;
    readonly cdrId: string;
    readonly reason: string;
    /** Who made the credit. */
    readonly by: string;
    readonly refund: RefundWay;
    readonly currency: string;
    readonly due: Price["due"];
    readonly taxes: Price["taxes"];
    /** The short signed form that the QR code carries. */
    readonly short: string;
  };
};
/** The signer works again: commits to the receipts that it could not sign. */
type RecoveryPayload = ReceiptFrame & { readonly kind: "recovery"; readonly unsigned: UnsignedSpan };
/** Stands in the place of a receipt that is lost here, and in other hands perhaps. */
type LostPayload = ReceiptFrame & { readonly kind: "lost"; readonly lost: LostNumbers };
/** The key changes: signed by the old key as a receipt, and by the new one over `rotationText`. */
export type KeyPayload = ReceiptFrame & {
  readonly kind: "key";
  readonly next: { readonly id: string; readonly spki: string; readonly signature: string };
};

export type ReceiptPayload =
  | StartPayload
  | SalePayload
  | ReservationPayload
  | CreditPayload
  | RecoveryPayload
  | LostPayload
  | KeyPayload;

/**
 * The fields of a receipt by which something was sold: a session, or a reservation alone; undefined for any other, and
 * where there is none.
 */
export function soldIn(payload: ReceiptPayload | undefined): SaleFields | ReservationFields | undefined {
  return payload?.kind === "sale" ? payload.sale : payload?.kind === "reservation" ? payload.reservation : undefined;
}

/** The payload of a receipt of ours, its signature not judged; undefined where the text is none. */
export function payloadOf(jws: string): ReceiptPayload | undefined {
  const parts = parseJws(jws);
  return parts === undefined ? undefined : payloadIn(parts);
}

/** The payload of a JWS that was taken apart. */
export function payloadIn(parts: Jws): ReceiptPayload | undefined {
  try {
    const payload = JSON.parse(parts.payload) as ReceiptPayload;
    return payload.format === receiptFormat ? payload : undefined;
  } catch {
    return undefined;
  }
}
