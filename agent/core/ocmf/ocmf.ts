// OCMF 1.0: the begin and end register of a session as one signed record that the drivers' transparency software opens.
// The signed bytes are the text between the pipes, exactly; it is written once and never serialised again.

import type { ConnectorFacts, StationFacts } from "../../../config/schema.js";
import type { MeterIdentity, Reading, TimeTrust } from "../../../drivers/driver.js";
import type { SessionToken, StopReason, UserIdentity } from "../cdr/settlement.js";
import { hexText, utf8 } from "../number/bytes.js";
import { kwhExact } from "../number/energy-text.js";
import type { Price } from "../rating/price.js";
import { ReceiptFault, type Signer, unsignedMark } from "../signing/signer.js";
import { ocmfLocal } from "../time/iso-time.js";

/** What a record says; every part of a Settlement that it needs, so that a Settlement can be handed in whole. */
export type OcmfFacts = {
  readonly receiptNumber: number;
  readonly pagination: number;
  readonly station: Pick<StationFacts, "id">;
  readonly connector: Pick<ConnectorFacts, "evseId" | "powerType">;
  readonly token: Pick<SessionToken, "type">;
  readonly user: UserIdentity;
  readonly meter: MeterIdentity;
  readonly begin: Reading;
  readonly end: Reading;
  readonly boundaryReadings: readonly Reading[];
  readonly timeZone: string;
  readonly tariffId: string;
  readonly tariffDigest: string;
  readonly price: Pick<Price, "currency" | "due">;
  /** The price that stood on the display; absent where the session was priced by another tariff afterwards. */
  readonly shown?: { readonly text: string };
  readonly sessionId: string;
  readonly stopReason: StopReason;
  readonly softwareVersion: string;
};

/** GI of every record that this software writes. */
export const ownGateway = "chargetill";
/** OCPP 2.0.1 carries 2500 characters of base64: 1850 bytes and a little air. */
export const longestRecord = 1850;
/** More boundary readings than this stand in the receipt alone. */
export const mostBoundaryReadings = 6;
/** The lengths of TT and CF in the tables of the format. */
const longestTariffText = 250;
const longestFirmware = 25;
/** Room for the pipe and the signature part with the longest DER signature of P-256: 72 bytes in hex. */
const signatureRoom = signatureText("0".repeat(144)).length + 1;

/**
 * JSON in pure ASCII without a pipe: whatever else stands in a name becomes an escape (raw UTF-8 fails in the Windows
 * reader).
 */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[|\u007f-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The third part of a record around the hex of a DER signature. */
export function signatureText(der: string): string {
  return `{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SM":"application/x-der","SD":"${der}"}`;
}

/**
 * How the record says that the session ended: by the driver, from afar, by a power cut, by a fault, or otherwise in
 * good order.
 */
function endMark(reason: StopReason): "E" | "L" | "R" | "A" | "P" {
  switch (reason) {
    case "Local":
      return "L";
    case "Remote":
    case "ImmediateReset":
    case "HardReset":
      return "R";
    case "PowerLoss":
      return "P";
    case "Reboot":
    case "EmergencyStop":
    case "MeterFault":
    case "ContactorFault":
    case "Other":
      return "A";
    case "EVDisconnected":
    case "DeAuthorized":
    case "EnergyLimitReached":
    case "TimeLimitReached":
    case "CostLimitReached":
      return "E";
    default:
      return reason satisfies never;
  }
}

/**
 * The clock's mark: S set by a time source, I running on since, R a sound duration from an unset clock, U neither.
 * `isRelative` is a property of the whole record: an R beside an S would have a reader subtract two clocks.
 */
function clockMark(trust: TimeTrust, isRelative: boolean): "S" | "I" | "R" | "U" {
  switch (trust) {
    case "synced":
      return "S";
    case "holdover":
      return "I";
    case "unsynced":
      return isRelative ? "R" : "U";
    default:
      return trust satisfies never;
  }
}

/**
 * The user's fields: a UID read without cryptography is hearsay; whoever came over the wire is known to the backend
 * alone.
 */
function userFields({ token: { type }, user: { kind, id } }: OcmfFacts): Record<string, unknown> {
  return { IS: true, IL: "HEARSAY", IF: type === "RFID" ? ["RFID_PLAIN"] : [], IT: kind, ID: id };
}

/** The readings that a record has room for at most. */
const recordReadings = ({
  begin,
  boundaryReadings,
  end,
}: OcmfFacts): readonly [Reading, readonly Reading[], Reading] => [
  begin,
  boundaryReadings.slice(0, mostBoundaryReadings),
  end,
];

/** Whether all readings come from one run of one clock that was never set: their differences are sound then. */
function isRelative(facts: OcmfFacts): boolean {
  return recordReadings(facts)
    .flat()
    .every(({ moment }) => moment.trust === "unsynced" && moment.boot === facts.begin.moment.boot);
}

/** What a record's reader finds its bill by: the receipt's number, the charge point, the total and the tariff. */
const boundText = ({ receiptNumber, connector, price, tariffDigest }: OcmfFacts): string =>
  `receipt ${receiptNumber}; ${connector.evseId}; ${price.due.gross} ${price.currency}; tariff sha256:${tariffDigest}`;

/** The same, and as much of the displayed price as the format leaves room for. */
function tariffText(facts: OcmfFacts): string {
  const bound = boundText(facts);
  if (facts.shown === undefined) return bound;
  const whole = `${bound}; ${facts.shown.text.trim().replaceAll(/\s*\n\s*/g, "; ")}`;
  return whole.length <= longestTariffText ? whole : `${whole.slice(0, longestTariffText - 3)}...`;
}

function readingText(reading: Reading, mark: string, facts: OcmfFacts): string {
  if (!Number.isSafeInteger(reading.energyMilliWh) || reading.energyMilliWh < 0 || reading.energyMilliWh % 10 !== 0)
    throw new ReceiptFault(
      `a reading of ${reading.energyMilliWh} mWh cannot be signed exactly: OCMF carries whole steps of 10 mWh`,
    );
  if (reading.serial !== facts.meter.serial)
    throw new ReceiptFault(`a reading of meter ${reading.serial} in a session of meter ${facts.meter.serial}`);
  const time = `${ocmfLocal(reading.moment.at, facts.timeZone)} ${clockMark(reading.moment.trust, isRelative(facts))}`;
  const current = facts.connector.powerType === "DC" ? "DC" : "AC";
  return (
    `{"TM":"${time}","TX":"${mark}","RV":${kwhExact(reading.energyMilliWh)},` +
    `"RI":"1-0:1.8.0","RU":"kWh","RT":"${current}","EF":"","ST":"G"}`
  );
}

/**
 * The payload of a session's record: begin, up to six readings at price boundaries, end, and the receipt and tariff it
 * belongs to. Throws ReceiptFault where a reading cannot be signed exactly, belongs to another meter, or runs
 * backwards.
 */
export function ocmfPayload(facts: OcmfFacts): string {
  if (facts.end.energyMilliWh < facts.begin.energyMilliWh)
    throw new ReceiptFault(`the register fell from ${facts.begin.energyMilliWh} to ${facts.end.energyMilliWh} mWh`);
  if (facts.meter.serial === "")
    throw new ReceiptFault("a meter without a serial number cannot be named in a signed record");
  const [first, boundaries, last] = recordReadings(facts);
  const begin = readingText(first, "B", facts);
  const end = readingText(last, endMark(facts.stopReason), facts);
  const between = boundaries.map((boundary) => readingText(boundary, "T", facts));
  const whole = (tariff: string | undefined): string => {
    const head = asciiJson(headFields(facts, tariff));
    return `${head.slice(0, -1)},"RD":[${[begin, ...between, end].join(",")}]}`;
  };
  const fits = (payload: string): boolean => "OCMF|".length + payload.length + signatureRoom <= longestRecord;
  const full = whole(tariffText(facts));
  if (fits(full)) return full;
  // Long names leave less room. The displayed price gives way, then boundary readings, last the tariff text: the receipt
  // holds them, and the keys that bind receipt and tariff stay.
  const bound = boundText(facts);
  while (!fits(whole(bound)) && between.length > 0) between.pop();
  for (const tariff of [bound, undefined]) if (fits(whole(tariff))) return whole(tariff);
  throw new ReceiptFault(`the names of station, meter and tariff leave no room for a record of ${longestRecord} bytes`);
}

/** The fields before the readings, in the profile's order. */
function headFields(facts: OcmfFacts, tariff: string | undefined): Readonly<Record<string, unknown>> {
  const { firmware = "" } = facts.meter;
  return {
    FV: "1.0",
    GI: ownGateway,
    GS: facts.station.id,
    GV: facts.softwareVersion,
    PG: `T${facts.pagination}`,
    MV: facts.meter.vendor,
    MM: facts.meter.model,
    MS: facts.meter.serial,
    ...(firmware === "" ? {} : { MF: firmware }),
    ...userFields(facts),
    ...(tariff === undefined ? {} : { TT: tariff }),
    // What switches the contactor is this software.
    CF: facts.softwareVersion.slice(0, longestFirmware),
    CT: "EVSEID",
    CI: facts.connector.evseId,
    URN: facts.receiptNumber,
    USI: facts.sessionId,
    UTI: facts.tariffId,
    UTD: facts.tariffDigest,
  };
}

/** The whole record. Where the signer fails, the mark stands in the signature's place and says so. */
export function ocmfRecord(facts: OcmfFacts, signer: Pick<Signer, "signDer"> | undefined): string {
  const payload = ocmfPayload(facts);
  return `OCMF|${payload}|${signatureText(signer === undefined ? unsignedMark : hexText(signer.signDer(utf8(payload))))}`;
}
