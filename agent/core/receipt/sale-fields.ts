// The fields of a receipt for a session, made from its settlement.

import type { Reading } from "../../../drivers/driver.js";
import type { GridLimit, RegisterAcceptance, Settlement } from "../cdr/settlement.js";
import { masked } from "../cdr/token.js";
import { kwhExact, milliWhOfKwh } from "../number/energy-text.js";
import { ReceiptFault } from "../signing/signer.js";
import { isoLocal, parseIsoLocal } from "../time/iso-time.js";
import {
  type AcceptedRegister,
  type ReceiptGridLimit,
  type ReceiptReading,
  receiptActivity,
  type SaleFields,
  type SalePayload,
} from "./receipt-payload.js";
import { receiptToken } from "./receipt-token.js";

/** The id and version of an OCPI tariff, as a receipt names them. */
export function tariffName(tariff: unknown): { readonly id: string; readonly version: string } {
  const { id, last_updated: version } = (typeof tariff === "object" && tariff !== null ? tariff : {}) as Record<
    string,
    unknown
  >;
  if (typeof id !== "string" || id === "") throw new ReceiptFault("the tariff of the session has no id");
  return { id, version: typeof version === "string" ? version : "" };
}

function readingOf(reading: Reading, timeZone: string): ReceiptReading {
  const { moment, energyMilliWh, signed } = reading;
  return {
    at: isoLocal(moment.at, timeZone),
    clock: moment.trust,
    registerKwh: kwhExact(energyMilliWh),
    ...(signed === undefined ? {} : { signed }),
  };
}

function acceptedRegister(
  { moment, lastMilliWh, acceptedMilliWh, by, note }: RegisterAcceptance,
  timeZone: string,
): AcceptedRegister {
  return {
    at: isoLocal(moment.at, timeZone),
    clock: moment.trust,
    lastKwh: kwhExact(lastMilliWh),
    registerKwh: kwhExact(acceptedMilliWh),
    by,
    note,
  };
}

function samplesOf({ samples, timeZone }: Settlement): SaleFields["samples"] {
  const first = samples[0];
  if (first === undefined)
    throw new ReceiptFault("a session without samples cannot be rated again, so it gets no receipt");
  return {
    from: isoLocal(first.atMs, timeZone),
    registerKwh: kwhExact(first.energyMilliWh),
    rows: samples.map(({ atMs, energyMilliWh, powerW, currentMilliA, activity }) => [
      atMs - first.atMs,
      energyMilliWh - first.energyMilliWh,
      powerW,
      currentMilliA ?? null,
      receiptActivity(activity),
    ]),
  };
}

/** The tariff that priced what was sold, as it stands in the payload. */
export function tariffOnReceipt({ tariff, tariffDigest, cutFrom }: TariffFacts): SaleFields["tariff"] {
  return {
    ...tariffName(tariff),
    digest: tariffDigest,
    ...(cutFrom === undefined ? {} : { cutFrom }),
    value: tariff,
  };
}

type TariffFacts = Pick<Settlement, "tariff" | "tariffDigest" | "cutFrom">;

/** The price that was told before, as it stands in the payload. */
export const shownFields = ({ text, atMs, terms }: Settlement["shown"], timeZone: string): SaleFields["shown"] => ({
  text,
  at: isoLocal(atMs, timeZone),
  ...(terms === undefined ? {} : { terms }),
});

const gridLimitFields = ({ fromMs, toMs, limitW, source }: GridLimit, timeZone: string): ReceiptGridLimit => ({
  from: isoLocal(fromMs, timeZone),
  to: toMs === null ? null : isoLocal(toMs, timeZone),
  limitW,
  source,
});

/** The sale as it stands in the payload; `ocmf` is the signed record, `short` the short form. */
export function saleFields(settlement: Settlement, ocmf: string, short: string): SaleFields {
  const { timeZone, connector } = settlement;
  return {
    sessionId: settlement.sessionId,
    cdrId: settlement.cdrId,
    connector: {
      id: connector.id,
      evseId: connector.evseId,
      standard: connector.standard,
      format: connector.format,
      powerType: connector.powerType,
      maxPowerW: connector.maxPowerW,
    },
    meter: settlement.meter,
    token: receiptToken(settlement),
    authMethod: settlement.authMethod,
    ...(settlement.cardLevel === undefined ? {} : { cardLevel: settlement.cardLevel }),
    start: isoLocal(settlement.startMs, timeZone),
    startClock: settlement.startTrust,
    end: isoLocal(settlement.endMs, timeZone),
    endClock: settlement.endTrust,
    ...(settlement.registerAccepted === undefined
      ? {}
      : { registerAccepted: acceptedRegister(settlement.registerAccepted, timeZone) }),
    begin: readingOf(settlement.begin, timeZone),
    finish: readingOf(settlement.end, timeZone),
    borders: settlement.boundaryReadings.map((boundary) => readingOf(boundary, timeZone)),
    energyKwh: kwhExact(settlement.end.energyMilliWh - settlement.begin.energyMilliWh),
    samples: samplesOf(settlement),
    tariff: tariffOnReceipt(settlement),
    shown: shownFields(settlement.shown, timeZone),
    price: settlement.price,
    periods: settlement.periods.map((period) => ({ ...period, activity: receiptActivity(period.activity) })),
    payment: settlement.payment ?? { kind: "contract", reference: masked(settlement.token.contractId) },
    stop: { reason: settlement.stopReason, detail: settlement.stopDetail },
    interruptions: settlement.interruptions.map(({ fromMs, toMs, why }) => ({
      from: isoLocal(fromMs, timeZone),
      to: toMs === null ? null : isoLocal(toMs, timeZone),
      why,
    })),
    ...(settlement.gridLimits === undefined || settlement.gridLimits.length === 0
      ? {}
      : { gridLimits: settlement.gridLimits.map((limit) => gridLimitFields(limit, timeZone)) }),
    ocmf,
    short,
  };
}

/** The samples of a receipt as the engine takes them, or undefined where they cannot be read. */
export function receiptSamples({ samples }: SalePayload["sale"]): Settlement["samples"] | undefined {
  const fromMs = parseIsoLocal(samples.from);
  const register = milliWhOfKwh(samples.registerKwh);
  if (fromMs === undefined || register === undefined) return undefined;
  return samples.rows.map(([afterMs, milliWh, powerW, currentMilliA, activity]) => ({
    atMs: fromMs + afterMs,
    energyMilliWh: register + milliWh,
    powerW,
    activity,
    ...(currentMilliA === null ? {} : { currentMilliA }),
  }));
}
