// A session as StartTransaction, MeterValues and StopTransaction of OCPP 1.6J. Whole Wh: both register values rounded
// down, so that the difference is at most 1 Wh from what was billed; the exact values stand in transactionData. Pure.
import { idTokenOf, longestTag } from "../requests/id-token.js";
import {
  type CompletedTransaction,
  type MeterPoint,
  type TransactionBeginning,
  timeText,
  whText,
} from "./completed-transaction.js";
import { stopReasons } from "./stop-reasons.js";
import { type RunningTransaction, signedMeterValue, type TransactionEnding } from "./transaction-2x.js";

type Payload = Readonly<Record<string, unknown>>;

const wholeWh = (milliWh: number): number => Math.floor(milliWh / 1000);

/** A value is text in 1.6. */
const register = (point: MeterPoint, context: string): Payload => ({
  value: whText(point.registerMilliWh),
  context,
  format: "Raw",
  measurand: "Energy.Active.Import.Register",
  unit: "Wh",
});

/** Undefined where the token is longer than an idTag may be: a shortened one would be another card. */
export function startTransaction(begin: TransactionBeginning, reservationId: number | undefined): Payload | undefined {
  const { idToken } = idTokenOf(begin.token, "ocpp1.6");
  if (idToken.length > longestTag) return undefined;
  return {
    connectorId: begin.connector,
    idTag: idToken,
    meterStart: wholeWh(begin.registerMilliWh),
    timestamp: timeText(begin.atMs),
    ...(reservationId === undefined ? {} : { reservationId }),
  };
}

export function stopTransaction(
  completed: CompletedTransaction,
  transactionId: number,
  { withKey, without, stoppedBy }: TransactionEnding,
): Payload {
  const signed = without.includes("signedData") ? undefined : signedMeterValue(completed.receipt, withKey);
  const idTag = stoppedBy === undefined ? undefined : idTokenOf(stoppedBy, "ocpp1.6").idToken;
  return {
    transactionId,
    ...(idTag === undefined || idTag.length > longestTag ? {} : { idTag }),
    meterStop: wholeWh(completed.end.registerMilliWh),
    timestamp: timeText(completed.endMs),
    reason: stopReasons(completed.stopReason, "ocpp1.6").in16,
    transactionData: [
      { timestamp: timeText(completed.begin.atMs), sampledValue: [register(completed.begin, "Transaction.Begin")] },
      {
        timestamp: timeText(completed.end.atMs),
        sampledValue: [
          register(completed.end, "Transaction.End"),
          ...(signed === undefined
            ? []
            : [
                {
                  value: JSON.stringify(signed),
                  context: "Transaction.End",
                  format: "SignedData",
                  measurand: "Energy.Active.Import.Register",
                  unit: "Wh",
                },
              ]),
        ],
      },
    ],
  };
}

export function meterValues(
  connector: number,
  transactionId: number,
  now: RunningTransaction,
  context: "Sample.Periodic" | "Trigger",
): Payload {
  return {
    connectorId: connector,
    transactionId,
    meterValue: [
      {
        timestamp: timeText(now.atMs),
        sampledValue: [
          register(now, context),
          {
            value: String(Math.round(now.powerW)),
            context,
            format: "Raw",
            measurand: "Power.Active.Import",
            unit: "W",
          },
        ],
      },
    ],
  };
}
