// A session as TransactionEvents of OCPP 2.0.1 and 2.1: plain payloads, made once and kept as text until they are
// acknowledged. Pure.

import { kwhExact } from "../../../core/number/energy-text.js";
import type { Price } from "../../../core/rating/price.js";
import type { SalePayload } from "../../../core/receipt/receipt-payload.js";
import type { SessionLimits } from "../../../core/session/limits.js";
import { unsignedMark } from "../../../core/signing/signer.js";
import type { Activity } from "../../../core/tariff/period.js";
import type { StopToken } from "../cards/stop-card.js";
import { type IdToken, idTokenOf, idTokenTypeIn201 } from "../requests/id-token.js";
import type { Dialect } from "../rpc/frame.js";
import {
  type CompletedTransaction,
  type MeterPoint,
  type TransactionBeginning,
  timeText,
  whNumber,
} from "./completed-transaction.js";
import { costDetails, noCost, runningCost } from "./cost-details.js";
import { stopReasons } from "./stop-reasons.js";
import { transactionLimitOf } from "./transaction-limit.js";
import type { Extra } from "./transactions-state.js";

export type Dialect2x = Exclude<Dialect, "ocpp1.6">;
type Payload = Readonly<Record<string, unknown>>;

/** Where an event stands in its transaction; `offline` = it happened while there was no connection. */
export type TransactionPlace = { readonly seqNo: number; readonly offline: boolean };

/** What is known of a session while it runs; `price` = the bill if it ended now. */
export type RunningTransaction = MeterPoint & {
  readonly powerW: number;
  readonly activity: Activity;
  readonly energyMilliWh: number;
  readonly price: () => Price;
  /** What this CSMS has set for it. */
  readonly limits?: SessionLimits | undefined;
};

const vendorId = "chargetill";

const register = (point: MeterPoint, context: string, more: Payload = {}): Payload => ({
  timestamp: timeText(point.atMs),
  sampledValue: [
    {
      value: whNumber(point.registerMilliWh),
      context,
      measurand: "Energy.Active.Import.Register",
      unitOfMeasure: { unit: "Wh" },
      ...more,
    },
  ],
});

const placed = ({ seqNo, offline }: TransactionPlace): Payload => ({ seqNo, ...(offline ? { offline } : {}) });

const chargingStates: Readonly<Record<Activity, string>> = {
  charging: "Charging",
  grace: "SuspendedEV",
  parking: "SuspendedEV",
  suspended: "SuspendedEVSE",
  reserved: "Idle",
};

/** Who makes a pause, whether it is charged or not. */
export const chargingState = (activity: Activity): string => chargingStates[activity];

const evse = (connector: number): Payload => ({ id: connector, connectorId: 1 });

/**
 * What a CSMS is told of the price while a session runs: in 2.1 as costDetails where the tariff is one that it knows
 * (I12).
 */
export type EventOptions = { readonly dialect: Dialect2x; readonly tariffKnown: boolean; readonly cost: boolean };

/** The cost stands in customData: it has no other place. */
export const isInCustomData = ({ dialect, tariffKnown, cost }: EventOptions): boolean =>
  cost && !(dialect === "ocpp2.1" && tariffKnown);

/** The begin of power is the begin of the transaction (TxStartPoint PowerPathClosed). */
export function startedEvent(
  begin: TransactionBeginning,
  { dialect, tariffKnown, cost }: EventOptions,
  place: TransactionPlace,
  reservationId: number | undefined,
): Payload {
  const remoteStartId =
    begin.byCommand && /^-?\d{1,10}$/.test(begin.reference ?? "") ? Number(begin.reference) : undefined;
  const costKnown = dialect === "ocpp2.1" && tariffKnown;
  return {
    eventType: "Started",
    timestamp: timeText(begin.atMs),
    triggerReason: begin.byCommand ? "RemoteStart" : "Authorized",
    ...placed(place),
    transactionInfo: {
      transactionId: begin.sessionId,
      chargingState: "Charging",
      ...(remoteStartId === undefined ? {} : { remoteStartId }),
      ...(costKnown ? { tariffId: begin.tariff.id } : {}),
    },
    evse: evse(begin.connector),
    idToken: idTokenOf(begin.token, dialect),
    ...(reservationId === undefined ? {} : { reservationId }),
    meterValue: [register(begin, "Transaction.Begin")],
    // What the reservation before it costs is told with the first running cost.
    ...(costKnown && cost && begin.reserved !== true ? { costDetails: noCost(begin.tariff.currency) } : {}),
  };
}

/** `LimitSet` and `RunningCost` are of 2.1. */
export type UpdateReason = "MeterValuePeriodic" | "ChargingStateChanged" | "Trigger" | "RunningCost" | "LimitSet";

export function updatedEvent(
  begin: TransactionBeginning,
  now: RunningTransaction,
  reason: UpdateReason,
  { dialect, tariffKnown, cost }: EventOptions,
  place: TransactionPlace,
): Payload {
  const context = reason === "Trigger" ? "Trigger" : "Sample.Periodic";
  const { timestamp, sampledValue } = register(now, context) as {
    readonly timestamp: string;
    readonly sampledValue: readonly Payload[];
  };
  const costKnown = cost && dialect === "ocpp2.1" && tariffKnown;
  return {
    eventType: "Updated",
    timestamp,
    triggerReason: reason,
    ...placed(place),
    transactionInfo: {
      transactionId: begin.sessionId,
      chargingState: chargingState(now.activity),
      ...(reason === "LimitSet" && now.limits !== undefined
        ? { transactionLimit: transactionLimitOf(now.limits) }
        : {}),
      ...(costKnown ? { tariffId: begin.tariff.id } : {}),
      ...(cost && !costKnown
        ? {
            customData: {
              vendorId,
              energyKwh: kwhExact(now.energyMilliWh),
              ...priceData(now.price()),
              tariffId: begin.tariff.id,
            },
          }
        : {}),
    },
    evse: evse(begin.connector),
    meterValue: [
      {
        timestamp,
        sampledValue: [
          ...sampledValue,
          { value: Math.round(now.powerW), context, measurand: "Power.Active.Import", unitOfMeasure: { unit: "W" } },
        ],
      },
    ],
    ...(costKnown ? { costDetails: runningCost(now.price()) } : {}),
  };
}

/**
 * An event that was made for 2.1 and is still under way when the CSMS speaks 2.0.1: without the words that 2.0.1 does
 * not have.
 */
export function eventIn201(event: Payload): Payload {
  const { costDetails: _, transactionInfo, triggerReason, idToken, ...rest } = event;
  const { tariffId: __, transactionLimit: ___, ...info } = transactionInfo as Payload;
  const token = idToken as IdToken | undefined;
  return {
    ...rest,
    triggerReason:
      triggerReason === "RunningCost" || triggerReason === "LimitSet" ? "MeterValuePeriodic" : triggerReason,
    transactionInfo: info,
    ...(token === undefined ? {} : { idToken: { ...token, type: idTokenTypeIn201(token.type) ?? "Central" } }),
  };
}

export type TransactionEnding = {
  /** SHA-256 (hex) of the receipt as stored. */
  readonly digest: () => string;
  /** The backend knows the tariff by the id that stands in the receipt (2.1, I12). */
  readonly tariffKnown: boolean;
  /** PublicKeyWithSignedMeterValue is not Never. */
  readonly withKey: boolean;
  /** The card that stopped the session. */
  readonly stoppedBy?: StopToken;
  readonly without: readonly Extra[];
};

export function endedEvent(
  completed: CompletedTransaction,
  ending: TransactionEnding,
  dialect: Dialect2x,
  place: TransactionPlace,
): Payload {
  const { beginning, receipt, stopReason } = completed;
  const { stopped, trigger } = stopReasons(stopReason, dialect);
  const costKnown = dialect === "ocpp2.1" && ending.tariffKnown;
  return {
    eventType: "Ended",
    timestamp: timeText(completed.endMs),
    triggerReason: trigger,
    ...placed(place),
    transactionInfo: {
      transactionId: beginning.sessionId,
      chargingState: stopReason === "EVDisconnected" ? "Idle" : "EVConnected",
      timeSpentCharging: Math.floor(receipt.sale.price.timeMs / 1000) - Math.floor(receipt.sale.price.parkingMs / 1000),
      stoppedReason: stopped,
      ...(costKnown ? { tariffId: receipt.sale.tariff.id } : {}),
      ...(ending.without.includes("customData") ? {} : { customData: customData(receipt, ending.digest()) }),
    },
    evse: evse(beginning.connector),
    ...(ending.stoppedBy === undefined ? {} : { idToken: idTokenOf(ending.stoppedBy, dialect) }),
    meterValue: [
      register(completed.begin, "Transaction.Begin"),
      register(completed.end, "Transaction.End", signedValue(receipt, ending)),
    ],
    ...(costKnown ? { costDetails: costDetails(receipt.sale, true) } : {}),
  };
}

/**
 * The price as the receipt states it, in exact decimal texts: 2.0.1 has no field for a price that the station worked
 * out.
 */
function customData({ number, sale }: SalePayload, digest: string): Payload {
  const { price, tariff } = sale;
  return {
    vendorId,
    receipt: number,
    receiptDigest: digest,
    energyKwh: sale.energyKwh,
    ...priceData(price),
    tariffId: tariff.id,
    tariffDigest: tariff.digest,
  };
}

const priceData = ({ currency, due }: Price): Payload => ({
  currency,
  total: due.gross,
  totalNet: due.net,
  tax: due.tax,
});

/** The longest signedMeterData of 2.0.1. */
const longestSigned = 2500;

/**
 * One record holds both readings, so it goes once, with the last. Where the signer had failed there is nothing to
 * prove.
 */
export function signedMeterValue({ sale, key }: SalePayload, withKey: boolean): Payload | undefined {
  const signedMeterData = Buffer.from(sale.ocmf, "utf8").toString("base64");
  if (sale.ocmf === "" || sale.ocmf.includes(unsignedMark) || signedMeterData.length > longestSigned) return undefined;
  return {
    signedMeterData,
    signingMethod: "",
    encodingMethod: "OCMF",
    publicKey: withKey ? Buffer.from(`oca:base16:asn1:${key.spki}`, "utf8").toString("base64") : "",
  };
}

/** What the end of a session holds beyond what a backend must know. */
export const extrasOf = (receipt: SalePayload, dialect: Dialect): readonly Extra[] => [
  ...(dialect === "ocpp1.6" ? [] : (["customData"] as const)),
  ...(signedMeterValue(receipt, false) === undefined ? [] : (["signedData"] as const)),
];

function signedValue(receipt: SalePayload, { withKey, without }: TransactionEnding): Payload {
  const signed = without.includes("signedData") ? undefined : signedMeterValue(receipt, withKey);
  return signed === undefined ? {} : { signedMeterValue: signed };
}
