// A settlement: everything that is known of a session when it is over, and from which receipt and CDR are made.
// It is plain data, complete in itself: the receipt and the CDR ask nothing else.

import type { Language } from "../../../config/languages.js";
import type { ConnectorFacts, StationFacts } from "../../../config/schema.js";
import type { MeterIdentity, Moment, Reading, TimeTrust } from "../../../drivers/driver.js";
import type { PaymentFacts } from "../payment-facts.js";
import type { Price } from "../rating/price.js";
import type { Activity, ChargingPeriod } from "../tariff/period.js";

/**
 * Why a session ended, in OCPP's words (ReasonEnumType of 2.0.1, as far as this station can tell). A restart that a
 * backend ordered is ImmediateReset, or HardReset where 1.6 named it so; Reboot is one that nobody ordered.
 */
export type StopReason =
  | "Local"
  | "EVDisconnected"
  | "Remote"
  | "DeAuthorized"
  | "EnergyLimitReached"
  | "TimeLimitReached"
  | "CostLimitReached"
  | "PowerLoss"
  | "Reboot"
  | "ImmediateReset"
  | "HardReset"
  | "EmergencyStop"
  | "MeterFault"
  | "ContactorFault"
  | "Other";

/** OCPI's token, as far as a receipt and a CDR need it. */
export type SessionToken = {
  readonly uid: string;
  readonly type: "RFID" | "APP_USER" | "AD_HOC_USER" | "OTHER";
  /**
   * What OCPP calls its kind (IdTokenType.type), as the backend that ordered the session named it: OCPI has fewer
   * words.
   */
  readonly idTokenType?: string;
  readonly contractId: string;
  readonly countryCode: string;
  readonly partyId: string;
  /** The mobility provider's name, where it is known. */
  readonly provider?: string;
};

/**
 * Whom signed records name as the user, in OCMF's words: LOCAL and CENTRAL = `id` is the operator's name of the card,
 * which is not its UID; else it is the UID.
 */
export type UserIdentity = { readonly kind: "LOCAL" | "CENTRAL" | "ISO14443" | "UNDEFINED"; readonly id: string };

/** By what a card was believed: its bare UID, which anyone can copy, or a proof by the card's own key. */
export type CardLevel = "uid" | "ntag424" | "desfire" | "2532-100";

/** That the grid, or who runs it, let the station give less: `toMs` null = to the end. */
export type GridLimit = {
  readonly fromMs: number;
  readonly toMs: number | null;
  /** What the connector could still give; 0 = nothing. */
  readonly limitW: number;
  /** By whose word. */
  readonly source: string;
};

/** What the station adds to a tariff, as it was told with the price before the start. */
export type ShownTerms = {
  readonly language: Language;
  readonly idleGraceMs: number;
  readonly noEnergyMs: number;
  readonly limits: { readonly energyKwh?: string; readonly cost?: string; readonly timeMs?: number };
};

/** What others have seen of the history before this receipt, as far as was known when it was made. */
export type WitnessEvidence = {
  /** A checkpoint as a C2SP signed note, with the lines of those who cosigned it. */
  readonly checkpoint: string;
  /** An OpenTimestamps proof of that checkpoint, base64. */
  readonly timestamp?: string;
};

/** `toMs`: null = it lasted to the end, and how long that was is not known. */
export type Interruption = { readonly fromMs: number; readonly toMs: number | null; readonly why: string };

/**
 * A person's word that a meter is billed from although its register is lower than on the last receipt of the very same
 * meter.
 */
export type RegisterAcceptance = {
  readonly moment: Moment;
  readonly lastMilliWh: number;
  readonly acceptedMilliWh: number;
  readonly by: string;
  readonly note: string;
};

export type Settlement = {
  readonly receiptNumber: number;
  /** OCMF transaction pagination: T<n>, never reused. */
  readonly pagination: number;
  readonly sessionId: string;
  readonly cdrId: string;
  readonly station: StationFacts;
  readonly connector: ConnectorFacts;
  readonly token: SessionToken;
  readonly user: UserIdentity;
  readonly authMethod: "WHITELIST" | "AUTH_REQUEST" | "COMMAND";
  readonly authorizationReference?: string;
  /** By what the card was believed; absent where no card was read. */
  readonly cardLevel?: CardLevel;
  /** Absent = a contract is billed. */
  readonly payment?: PaymentFacts;
  /** The gateway's whole reference of the payment; the receipt withholds it. */
  readonly paymentReference?: string;
  readonly meter: MeterIdentity;
  /** A person's word that this register is billed from although it is lower than before. */
  readonly registerAccepted?: RegisterAcceptance;
  readonly begin: Reading;
  readonly end: Reading;
  /** Readings taken where the price changed with time, in order. */
  readonly boundaryReadings: readonly Reading[];
  /** Every sample the price was made from, in order, begin and end included: enough to rate the session again. */
  readonly samples: readonly {
    readonly atMs: number;
    readonly energyMilliWh: number;
    readonly powerW: number;
    readonly currentMilliA?: number;
    readonly activity: Activity;
  }[];
  /**
   * The session on its time line, each time with its own trust. Where the start is "unsynced" nobody knows the date of
   * the line, and where only the end is, the session lasted to the last time that is known, or longer.
   */
  readonly startMs: number;
  readonly startTrust: TimeTrust;
  readonly endMs: number;
  readonly endTrust: TimeTrust;
  readonly timeZone: string;
  /**
   * The OCPI tariff as it was in force (its JSON value), and SHA-256 (hex) of its canonical text. Of a long one it is
   * the part that the session could meet; `cutFrom` is the digest of the whole then.
   */
  readonly tariff: unknown;
  readonly tariffDigest: string;
  readonly cutFrom?: string;
  /** The price that stood on the display before the start, and since when. */
  readonly shown: { readonly text: string; readonly atMs: number; readonly terms?: ShownTerms };
  readonly price: Price;
  readonly periods: readonly ChargingPeriod[];
  readonly stopReason: StopReason;
  readonly stopDetail: string;
  readonly interruptions: readonly Interruption[];
  readonly gridLimits?: readonly GridLimit[];
  readonly issuedMs: number;
  readonly issuedTrust: TimeTrust;
  readonly softwareVersion: string;
  readonly seen?: WitnessEvidence;
};

/** What a CDR is made from: of a session, or of a reservation that expired, which has no meter and no readings. */
export type CdrFacts = Omit<
  Settlement,
  "meter" | "begin" | "end" | "boundaryReadings" | "pagination" | "stopReason" | "interruptions"
> &
  Partial<Pick<Settlement, "meter" | "stopReason">>;

/** Everything that is known of a reservation that expired without a session, and that is charged. */
export type ReservationSettlement = CdrFacts & {
  /** The backend's id of it, and the uplink that ordered it and vouched for the price being told. */
  readonly reservation: { readonly id: string; readonly by: string };
};
