// The Charge Detail Record of a settled session (OCPI 2.2.1 and 2.3.0, mod_cdrs): what a backend is told, made once, at
// settlement. The text that is posted is kept from then on; every copy that ever goes out is byte for byte that text.

import { isObject } from "../json/json-reader.js";
import { wireJson } from "../json/json-text.js";
import { localTimeRule } from "../rating/price.js";
import type { Activity, ChargingPeriod } from "../tariff/period.js";
import type { OcpiVersion } from "../tariff/tariff.js";
import { type WireCosts, wireCosts } from "./cdr-price.js";
import { tariffAs } from "./cdr-tariff.js";
import { type CdrDimension, cdrVolumes, momentaryDimensions } from "./cdr-volumes.js";
import type { CdrFacts } from "./settlement.js";

/** The signed record of the readings, and the key that proves it (SPKI DER as hex). */
export type CdrEvidence = { readonly ocmf: string; readonly publicKeySpkiHex: string };

export type Cdr = WireCosts & {
  readonly country_code: string;
  readonly party_id: string;
  readonly id: string;
  readonly start_date_time: string;
  readonly end_date_time: string;
  readonly session_id: string;
  readonly cdr_token: {
    readonly country_code: string;
    readonly party_id: string;
    readonly uid: string;
    readonly type: string;
    readonly contract_id: string;
  };
  readonly auth_method: CdrFacts["authMethod"];
  readonly authorization_reference?: string;
  readonly cdr_location: Readonly<Record<string, unknown>>;
  /** Absent where no session came. */
  readonly meter_id?: string;
  readonly currency: string;
  readonly tariffs?: readonly unknown[];
  readonly charging_periods: readonly {
    readonly start_date_time: string;
    readonly dimensions: readonly CdrDimension[];
    readonly tariff_id: string;
  }[];
  readonly signed_data?: Readonly<Record<string, unknown>>;
  readonly total_energy: number;
  readonly total_time: number;
  readonly total_parking_time: number;
  readonly remark: string;
  readonly last_updated: string;
};

/** The card or app of a session, as CDRs and Sessions name it. */
export const cdrToken = (token: CdrFacts["token"]): Cdr["cdr_token"] => ({
  country_code: token.countryCode,
  party_id: token.partyId,
  uid: token.uid,
  type: token.type,
  contract_id: token.contractId,
});

/** A normal CDR id has at most 36 characters; the three above that are for credits (mod_cdrs, CDR object). */
const longestId = 36;
const longestRemark = 255;

/**
 * True when nobody knows when the session began: by the standard such a CDR cannot be sent; an uplink parks it unless
 * told otherwise. Where only its end is not known, it ended at the last time that is.
 */
export function timeUnknown(settlement: CdrFacts): boolean {
  return settlement.startTrust === "unsynced";
}

/**
 * The CDR of a settlement. `evidence` is absent where the signer had failed, and where nothing was metered.
 * With an unknown date the session begins at 1970-01-01T00:00:00Z and keeps its true durations; the remark says so.
 * Throws where the settlement contradicts itself: a wrong bill is worse than none.
 */
export function makeCdr(
  settlement: CdrFacts,
  evidence: CdrEvidence | undefined,
  options: { readonly version: OcpiVersion },
): Cdr {
  const { station, token } = settlement;
  if (settlement.cdrId.length > longestId)
    throw new RangeError(`the CDR id ${settlement.cdrId} is longer than ${longestId} characters`);
  const periods = withOne(settlement);
  const startMs = Math.min(settlement.startMs, periods[0].startMs);
  const at = (ms: number): string => new Date(timeUnknown(settlement) ? ms - startMs : ms).toISOString();
  const volumes = cdrVolumes(periods, settlement);
  const tariff = tariffAs(options.version, settlement.tariff);
  return {
    country_code: station.countryCode,
    party_id: station.partyId,
    id: settlement.cdrId,
    start_date_time: at(startMs),
    end_date_time: at(settlement.endMs),
    session_id: settlement.sessionId,
    cdr_token: cdrToken(token),
    auth_method: settlement.authMethod,
    ...(settlement.authorizationReference === undefined
      ? {}
      : { authorization_reference: settlement.authorizationReference }),
    cdr_location: locationOf(settlement),
    ...(settlement.meter === undefined ? {} : { meter_id: settlement.meter.serial }),
    currency: settlement.price.currency,
    ...(tariff === undefined ? {} : { tariffs: [tariff] }),
    charging_periods: periods.map((period, index) => ({
      start_date_time: at(period.startMs),
      dimensions: [...(volumes.dimensions[index] ?? []), ...momentaryDimensions(period)],
      tariff_id: period.tariffId,
    })),
    ...(evidence === undefined ? {} : { signed_data: signedData(evidence) }),
    ...wireCosts(settlement.price, options.version),
    total_energy: volumes.energy,
    total_time: volumes.time,
    total_parking_time: volumes.parking,
    remark: remarkOf(settlement),
    // The clock by which the session is dated need not be that of the receipt.
    last_updated:
      settlement.issuedTrust === "unsynced" ? at(settlement.endMs) : new Date(settlement.issuedMs).toISOString(),
  };
}

/** The exact text that is posted. */
export function wireText(cdr: Cdr): string {
  return wireJson(cdr);
}

/**
 * OCPI wants one period at least; a session that ended where it began has one of no length, after its reservation too:
 * without it nobody came.
 */
function withOne(settlement: CdrFacts): readonly [ChargingPeriod, ...ChargingPeriod[]] {
  const { startMs, endMs, samples } = settlement;
  const [first, ...rest] = settlement.periods;
  const isReserved = ({ activity }: { readonly activity: Activity }): boolean => activity === "reserved";
  if (first !== undefined && !(settlement.periods.every(isReserved) && !samples.every(isReserved)))
    return [first, ...rest];
  const tariffId = tariffIdOf(settlement.tariff);
  const empty: ChargingPeriod = { startMs, endMs, activity: "suspended", tariffId, energyMilliWh: 0 };
  return first === undefined ? [empty] : [first, ...rest, empty];
}

function tariffIdOf(tariff: unknown): string {
  if (isObject(tariff) && typeof tariff["id"] === "string") return tariff["id"];
  throw new TypeError("the settlement's tariff has no id");
}

function locationOf({ station, connector }: CdrFacts): Readonly<Record<string, unknown>> {
  const { location } = station;
  return {
    id: location.id,
    name: location.name,
    address: location.address,
    city: location.city,
    postal_code: location.postalCode,
    country: location.country,
    coordinates: { latitude: location.latitude, longitude: location.longitude },
    evse_uid: evseUidOf(station, connector),
    evse_id: connector.evseId,
    connector_id: String(connector.id),
    connector_standard: connector.standard,
    connector_format: connector.format,
    connector_power_type: connector.powerType,
  };
}

/**
 * One record holds begin and end, so it goes as one value of nature End, the record verbatim beside its base64
 * (mod_cdrs, SignedData).
 */
function signedData({ ocmf, publicKeySpkiHex }: CdrEvidence): Readonly<Record<string, unknown>> {
  const der = (publicKeySpkiHex.match(/../g) ?? [])
    .map((byte) => String.fromCharCode(Number.parseInt(byte, 16)))
    .join("");
  return {
    encoding_method: "OCMF",
    encoding_method_version: 1,
    public_key: btoa(der),
    signed_values: [{ nature: "End", plain_data: ocmf, signed_data: btoa(ocmf) }],
  };
}

/** Why the session ended; before it, what a receiver that prices the CDR by its tariff alone has to know. */
function remarkOf(settlement: CdrFacts): string {
  const { price, endTrust, stopReason = "", stopDetail } = settlement;
  const known = timeUnknown(settlement)
    ? ["The date is not known, the durations are."]
    : endTrust === "unsynced"
      ? ["The clock was not set at the end."]
      : [];
  const rule = price.timeRule === localTimeRule ? [] : [`Price by the rule "${price.timeRule}".`];
  const isWaived = price.adjustments.some(({ kind }) => kind === "waived");
  const waived = isWaived ? ["Without energy only a reservation is charged."] : [];
  const why = [stopReason, stopDetail].filter((part) => part !== "").join(": ");
  return [...known, ...rule, ...waived, why].join(" ").slice(0, longestRemark);
}

/** The EVSE id is the technical id too, unless it is longer than the 36 characters that a uid may have. */
export function evseUidOf(
  station: Pick<CdrFacts["station"], "id">,
  connector: Pick<CdrFacts["connector"], "id" | "evseId">,
): string {
  return connector.evseId.length <= 36 ? connector.evseId : `${station.id}-${connector.id}`;
}
