// A sale priced anew by another tariff, from what its first receipt says: the same readings and samples, another price.
// The first receipt and its credit stay as they are; the corrected one names the first.

import type { StationFacts } from "../../../config/schema.js";
import type { Reading } from "../../../drivers/driver.js";
import type { RegisterAcceptance, Settlement } from "../cdr/settlement.js";
import type { WithheldValues } from "../disclosure/disclosure.js";
import { ratingOf } from "../rating/rating.js";
import { stationRules } from "../rating/sample.js";
import { bill, periods } from "../rating/session-bill.js";
import type { AcceptedRegister, ReceiptReading, SalePayload } from "../receipt/receipt-payload.js";
import { tokenFrom } from "../receipt/receipt-token.js";
import { receiptInstant, receiptMilliWh } from "../receipt/receipt-values.js";
import { receiptSamples } from "../receipt/sale-fields.js";
import { sessionStart } from "../session/settle.js";
import { ReceiptFault } from "../signing/signer.js";
import type { Tariff } from "../tariff/tariff.js";
import { tariffOfSession } from "../tariff/tariff-cut.js";

export type CorrectionFrame = Pick<
  Settlement,
  "receiptNumber" | "pagination" | "cdrId" | "issuedMs" | "issuedTrust" | "softwareVersion"
> & {
  readonly station: StationFacts;
  /** SHA-256 (hex) of a tariff's canonical text. */
  readonly digestOf: (tariff: Tariff) => string;
};

/**
 * The settlement of the session of `receipt`, priced by `tariff`; `values` = what is disclosed of the receipt. Throws
 * ReceiptFault where the receipt cannot be read, or its clock was not trusted.
 */
export function correctedSettlement(
  { sale, timeZone, number }: SalePayload,
  values: WithheldValues,
  tariff: Tariff,
  { digestOf, ...frame }: CorrectionFrame,
): Settlement {
  const samples = receiptSamples(sale);
  const [first, last] = [samples?.at(0), samples?.at(-1)];
  if (samples === undefined || first === undefined || last === undefined)
    throw new ReceiptFault(`the samples of receipt ${number} cannot be read`);
  if (sale.startClock === "unsynced")
    throw new ReceiptFault(
      `receipt ${number} is of a session whose time is not known: cannot tell which price was in force`,
    );
  const priced = tariffOfSession({ tariff }, timeZone, samples, true, digestOf);
  const rating = ratingOf(priced.tariff, stationRules(timeZone, true), samples);
  const reading = (of: ReceiptReading): Reading => readingOf(of, sale.meter.serial);
  return {
    ...frame,
    sessionId: sale.sessionId,
    connector: sale.connector,
    token: tokenFrom(sale.token, values),
    user: sale.token.user,
    authMethod: sale.authMethod,
    ...(typeof values.reference === "string" ? { authorizationReference: values.reference } : {}),
    ...(typeof values.payment === "string" ? { paymentReference: values.payment } : {}),
    ...(sale.cardLevel === undefined ? {} : { cardLevel: sale.cardLevel }),
    payment: sale.payment,
    meter: sale.meter,
    ...(sale.registerAccepted === undefined ? {} : { registerAccepted: acceptanceOf(sale.registerAccepted) }),
    begin: reading(sale.begin),
    end: reading(sale.finish),
    boundaryReadings: sale.borders.map(reading),
    samples,
    startMs: sessionStart(samples)?.atMs ?? first.atMs,
    startTrust: sale.startClock,
    endMs: last.atMs,
    endTrust: sale.endClock,
    timeZone,
    tariff: priced.tariff.source,
    tariffDigest: digestOf(priced.tariff),
    ...(priced.cutFrom === undefined ? {} : { cutFrom: priced.cutFrom }),
    shown: {
      text: sale.shown.text,
      atMs: receiptInstant(sale.shown.at),
      ...(sale.shown.terms === undefined ? {} : { terms: sale.shown.terms }),
    },
    price: bill(rating),
    periods: periods(rating),
    stopReason: sale.stop.reason,
    stopDetail: sale.stop.detail,
    interruptions: sale.interruptions.map(({ from, to, why }) => ({
      fromMs: receiptInstant(from),
      toMs: to === null ? null : receiptInstant(to),
      why,
    })),
    ...(sale.gridLimits === undefined
      ? {}
      : {
          gridLimits: sale.gridLimits.map(({ from, to, limitW, source }) => ({
            fromMs: receiptInstant(from),
            toMs: to === null ? null : receiptInstant(to),
            limitW,
            source,
          })),
        }),
  };
}

function acceptanceOf({ at, clock, lastKwh, registerKwh, by, note }: AcceptedRegister): RegisterAcceptance {
  const ms = receiptInstant(at);
  return {
    moment: { at: ms, monoMs: ms, boot: "receipt", trust: clock },
    lastMilliWh: receiptMilliWh(lastKwh),
    acceptedMilliWh: receiptMilliWh(registerKwh),
    by,
    note,
  };
}

function readingOf(of: ReceiptReading, serial: string): Reading {
  const at = receiptInstant(of.at);
  return {
    moment: { at, monoMs: at, boot: "receipt", trust: of.clock },
    energyMilliWh: receiptMilliWh(of.registerKwh),
    powerW: 0,
    serial,
    ...(of.signed === undefined ? {} : { signed: of.signed }),
  };
}
