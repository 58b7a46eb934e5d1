// What can happen to the station: what happens to one connector, at a reader, by order of a backend, and what is written
// down for the record. Each is journalled before anything acts on it.

import type { Moment } from "../../../drivers/driver.js";
import type { CdrCopies } from "../cdr/cdr-copies.js";
import type { HoldEvent } from "../payment/hold-event.js";
import type { Acceptance } from "../session/opening.js";
import type { SessionEvent } from "../session/session-event.js";
import type { NoShow, Reservation } from "./backend-orders.js";
import type { Payment } from "./payment.js";

/**
 * The finished bytes of a receipt without a session of its own: journalled before the book has it, and never made
 * twice.
 */
export type IssuedReceipt = {
  readonly number: number;
  /** "start", "credit", "sale" (a correction), "reservation", "recovery", "lost" or "key". */
  readonly kind: string;
  readonly sessionId: string;
  readonly cdrId: string;
  readonly jws: string;
  /** What opens its withheld parts. */
  readonly disclosures: readonly string[];
  readonly ocmf: string;
  readonly cdr: CdrCopies | null;
  readonly issuedMs: number;
  /** The earlier receipt that a credit takes back, or a correction stands for. */
  readonly concerns?: number;
  /** The checkpoint that includes the receipt. */
  readonly checkpoint: string;
};

/** The numbers `first` to `last` were given before the station was restored from an older backup; `known` = by what. */
export type LostNumbers = {
  readonly first: number;
  readonly last: number;
  readonly known: "number mark" | "receipt files" | "person";
  readonly by?: string;
  readonly note?: string;
};

/** Cards, starts from afar and buttons: who waits for which connector. */
export type WaitingEvent = { readonly moment: Moment } & (
  | {
      readonly type: "CardWaits";
      readonly reader: string;
      readonly acceptance: Acceptance;
      readonly connector?: number;
    }
  | { readonly type: "CardLapsed"; readonly reader: string; readonly why: string }
  | { readonly type: "ConnectorChosen"; readonly connector: number }
  | { readonly type: "ChoiceLapsed"; readonly reader: string; readonly why: string }
  | { readonly type: "RemoteStartWaits"; readonly connector: number | null; readonly acceptance: Acceptance }
  | { readonly type: "RemoteStartLapsed"; readonly connector: number | null; readonly why: string }
  /** A backend says that somebody has begun to pay on its page for a start there; told again it begins anew. */
  | {
      readonly type: "WebPaymentStarted";
      readonly connector: number;
      readonly by: string;
      readonly forMs: number;
    }
  /** One that led to a start ends with that start, and has no event of its own. */
  | { readonly type: "WebPaymentEnded"; readonly connector: number; readonly why: string }
);

/** Orders of backends, and the start of the agent, which carries one out. */
export type OrderEvent = { readonly moment: Moment } & (
  | { readonly type: "Reserved"; readonly reservation: Reservation }
  /** A reservation that is used up ends with the `SessionBegan` that used it, and has no event of its own. */
  | {
      readonly type: "ReservationEnded";
      readonly id: string;
      readonly outcome: "expired" | "cancelled";
      readonly by: string;
    }
  /** It will not be charged: the station could not be used all the time. */
  | { readonly type: "ReservationFreed"; readonly id: string; readonly why: string }
  /** The receipt of a reservation that expired is in the book; null = it could not be priced, and is not charged. */
  | { readonly type: "ReservationSettled"; readonly sessionId: string; readonly number: number | null }
  | {
      readonly type: "OperativeSet";
      readonly connector: number | null;
      readonly operative: boolean;
      readonly by: string;
    }
  | { readonly type: "RestartAsked"; readonly when: "now" | "when-idle"; readonly by: string }
  /** All orders that stand, said again so that older entries may go into the archive. */
  | {
      readonly type: "OrdersStand";
      readonly reservations: readonly Reservation[];
      readonly inoperative: readonly { readonly connector: number; readonly by: string }[];
      /** Absent where there is none. */
      readonly noShows?: readonly NoShow[];
    }
  | { readonly type: "Started"; readonly version: string }
);

/** What became of a driver's complaint. `digest` is of what was written, salted; the words themselves stand elsewhere. */
type ComplaintEvent = { readonly number: number; readonly receipt: number; readonly sessionId: string } & (
  | {
      readonly type: "ComplaintOpened";
      readonly reason: string;
      readonly dueMs: number;
      readonly digest: string;
    }
  | { readonly type: "ComplaintAnswered"; readonly by: string; readonly digest: string }
  | {
      readonly type: "ComplaintClosed";
      readonly by: string;
      readonly outcome: "credited" | "closed";
      readonly credit?: number;
    }
);

/** What is kept in a table, or shown elsewhere; here it moves nothing. */
type RecordEvent = {
  readonly moment: Moment;
} /** `connector`: null = all, absent = for tokens that name it. */ & (
  | {
      readonly type: "TariffSet";
      readonly id: string;
      readonly connector?: number | null;
      readonly digest: string;
      readonly by: string;
    }
  | { readonly type: "TariffCleared"; readonly id: string; readonly connector?: number | null; readonly by: string }
  /** A backend's list of cards was changed or replaced. */
  | { readonly type: "CardsListed"; readonly by: string; readonly version: number; readonly cards: number }
  | { readonly type: "CacheCleared"; readonly by: string }
  /** A backend has set something of its own line that lasts. */
  | {
      readonly type: "SettingSet";
      readonly by: string;
      readonly settings: Readonly<Record<string, number | boolean>>;
    }
  | { readonly type: "FaultRaised"; readonly device: string; readonly code: string; readonly message: string }
  | { readonly type: "FaultCleared"; readonly device: string; readonly code: string }
  /** A person has said that a meter may be billed from: what stood at it is mended, its lower register accepted. */
  | {
      readonly type: "MeterAccepted";
      readonly connector: number;
      readonly by: string;
      readonly note: string;
      readonly mended: readonly string[];
      readonly register?: {
        readonly serial: string;
        readonly lastMilliWh: number;
        readonly acceptedMilliWh: number;
      };
    }
  /** Numbers that were given before an older backup was restored; `first` after `last`: none. */
  | ({ readonly type: "NumbersLost" } & LostNumbers)
  | { readonly type: "ReceiptIssued"; readonly receipt: IssuedReceipt }
  /** What was said of the payment of a receipt. */
  | { readonly type: "PaymentTold"; readonly payment: Payment & { readonly number: number } }
  | ComplaintEvent
  /** A hold that is not ours is let go of, by a person's word or the config's; written down before it is. */
  | { readonly type: "UnknownHoldReleased"; readonly gateway: string; readonly handle: string; readonly by: string }
  /** A part of what was booked for a receipt was paid back: by the gateway, or as a person says. */
  | {
      readonly type: "RefundTold";
      readonly receipt: number;
      readonly reference: string;
      readonly minor: number;
      readonly currency: string;
      readonly by: string;
    }
);

export type StationEvent = SessionEvent | WaitingEvent | OrderEvent | HoldEvent | RecordEvent;

type Subject = "session" | "waiting" | "order" | "hold" | "record";

/** What each event is about: a type that is missing here does not compile. */
const subjects = {
  PlugChanged: "session",
  CardAccepted: "session",
  StartFailed: "session",
  SessionBegan: "session",
  MeterRead: "session",
  LimitsSet: "session",
  StopRequested: "session",
  SessionEnded: "session",
  ReceiptNumbered: "session",
  ReceiptSigned: "session",
  SessionSettled: "session",
  Restarted: "session",
  CardWaits: "waiting",
  CardLapsed: "waiting",
  ConnectorChosen: "waiting",
  ChoiceLapsed: "waiting",
  RemoteStartWaits: "waiting",
  RemoteStartLapsed: "waiting",
  WebPaymentStarted: "waiting",
  WebPaymentEnded: "waiting",
  Reserved: "order",
  ReservationEnded: "order",
  ReservationFreed: "order",
  ReservationSettled: "order",
  OperativeSet: "order",
  RestartAsked: "order",
  OrdersStand: "order",
  Started: "order",
  HoldWanted: "hold",
  HoldMade: "hold",
  HoldFailed: "hold",
  HoldUnsure: "hold",
  BookWanted: "hold",
  Booked: "hold",
  BookFailed: "hold",
  ReleaseWanted: "hold",
  Released: "hold",
  HoldsStand: "hold",
  TariffSet: "record",
  TariffCleared: "record",
  CardsListed: "record",
  CacheCleared: "record",
  SettingSet: "record",
  FaultRaised: "record",
  FaultCleared: "record",
  MeterAccepted: "record",
  NumbersLost: "record",
  ReceiptIssued: "record",
  PaymentTold: "record",
  ComplaintOpened: "record",
  ComplaintAnswered: "record",
  ComplaintClosed: "record",
  UnknownHoldReleased: "record",
  RefundTold: "record",
} as const satisfies Record<StationEvent["type"], Subject>;

/** Whether a word is the type of an event that this version knows. */
export const isEventType = (type: unknown): boolean => typeof type === "string" && Object.hasOwn(subjects, type);

export const isSessionEvent = (event: StationEvent): event is SessionEvent => subjects[event.type] === "session";
export const isWaitingEvent = (event: StationEvent): event is WaitingEvent => subjects[event.type] === "waiting";
export const isHoldEvent = (event: StationEvent): event is HoldEvent => subjects[event.type] === "hold";
export const isOrderEvent = (event: StationEvent): event is OrderEvent => subjects[event.type] === "order";

/** What is written down even where it moves nothing. */
export const isEvidence = ({ type }: StationEvent): boolean =>
  subjects[type] === "record" || type === "OrdersStand" || type === "HoldsStand" || type === "Started";
