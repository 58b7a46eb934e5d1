// The Charge Detail Record of a settled session (OCPI 2.2.1 and 2.3.0, mod_cdrs): what a backend is told, made once, at
// settlement. The text that is posted is kept from then on; every copy that ever goes out is byte for byte that text.

import { isObject } from "../json/json-reader.js";
import { wireJson } from "../json/json-text.js";
import { wireNumber } from "../number/ocpi-number.js";
import type { ChargingPeriod } from "../tariff/period.js";
import { type OcpiVersion, versionOf } from "../tariff/tariff.js";
import { type WireCosts, wireCosts } from "./cdr-price.js";
import type { Settlement } from "./settlement.js";

/** The signed record of the readings, and the key that proves it (SPKI DER as hex). */
export type CdrEvidence = { readonly ocmf: string; readonly publicKeySpkiHex: string };

type CdrDimension = {
  readonly type:
    | "ENERGY"
    | "TIME"
    | "PARKING_TIME"
    | "RESERVATION_TIME"
    | "MIN_POWER"
    | "MAX_POWER"
    | "MIN_CURRENT"
    | "MAX_CURRENT";
  readonly volume: number;
};

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
  readonly auth_method: Settlement["authMethod"];
  readonly authorization_reference?: string;
  readonly cdr_location: Readonly<Record<string, unknown>>;
  readonly meter_id: string;
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

/** A normal CDR id has at most 36 characters; the three above that are for credits (mod_cdrs, CDR object). */
const longestId = 36;
const longestRemark = 255;

/**
 * True when the date of the session is not known: by the standard such a CDR cannot be sent; an uplink parks it unless
 * told otherwise.
 */
export function timeUnknown(settlement: Settlement): boolean {
  return settlement.timeTrust === "unsynced";
}

/**
 * The CDR of a settlement. `evidence` is absent only where the signer had failed.
 * With an unknown date the session begins at 1970-01-01T00:00:00Z and keeps its true durations; the remark says so.
 * Throws where the settlement contradicts itself: a wrong bill is worse than none.
 */
export function makeCdr(
  settlement: Settlement,
  evidence: CdrEvidence | undefined,
  options: { readonly version: OcpiVersion },
): Cdr {
  const { station, token } = settlement;
  if (settlement.cdrId.length > longestId)
    throw new RangeError(`the CDR id ${settlement.cdrId} is longer than ${longestId} characters`);
  const periods = withOne(settlement);
  const startMs = Math.min(settlement.startMs, periods[0].startMs);
  const at = (ms: number): string => new Date(timeUnknown(settlement) ? ms - startMs : ms).toISOString();
  const quantities = quantitiesOf(periods, settlement);
  const extremes = extremesOf(periods, settlement);
  const tariff = tariffAs(options.version, settlement.tariff);
  return {
    country_code: station.countryCode,
    party_id: station.partyId,
    id: settlement.cdrId,
    start_date_time: at(startMs),
    end_date_time: at(settlement.endMs),
    session_id: settlement.sessionId,
    cdr_token: {
      country_code: token.countryCode,
      party_id: token.partyId,
      uid: token.uid,
      type: token.type,
      contract_id: token.contractId,
    },
    auth_method: settlement.authMethod,
    ...(settlement.authorizationReference === undefined
      ? {}
      : { authorization_reference: settlement.authorizationReference }),
    cdr_location: locationOf(settlement),
    meter_id: settlement.meter.serial,
    currency: settlement.price.currency,
    ...(tariff === undefined ? {} : { tariffs: [tariff] }),
    charging_periods: periods.map((period, index) => ({
      start_date_time: at(period.startMs),
      dimensions: [...(quantities.dimensions[index] ?? []), ...(extremes[index] ?? [])],
      tariff_id: period.tariffId,
    })),
    ...(evidence === undefined ? {} : { signed_data: signedData(evidence) }),
    ...wireCosts(settlement.price, options.version),
    total_energy: quantities.energy,
    total_time: quantities.time,
    total_parking_time: quantities.parking,
    remark: remarkOf(settlement),
    last_updated: at(settlement.issuedMs),
  };
}

/** The exact text that is posted. */
export function wireText(cdr: Cdr): string {
  return wireJson(cdr);
}

/** OCPI wants one period at least; a session that ended where it began has one of no length. */
function withOne(settlement: Settlement): readonly [ChargingPeriod, ...ChargingPeriod[]] {
  const [first, ...rest] = settlement.periods;
  if (first !== undefined) return [first, ...rest];
  const { startMs, endMs } = settlement;
  return [{ startMs, endMs, activity: "suspended", tariffId: tariffIdOf(settlement.tariff), energyMilliWh: 0 }];
}

function tariffIdOf(tariff: unknown): string {
  if (isObject(tariff) && typeof tariff["id"] === "string") return tariff["id"];
  throw new TypeError("the settlement's tariff has no id");
}

const milliWhPerUnit = 100n; // 0.0001 kWh
const msPerUnit = 360n; // 0.0001 h

/**
 * A quantity that only grows: a period is the difference of two floors of the running total, so periods add up and
 * nothing is ever above the truth.
 */
class Running {
  #total = 0n;
  #units = 0n;

  constructor(private readonly perUnit: bigint) {}

  add(quantity: number): number {
    this.#total += BigInt(quantity);
    const units = this.#total / this.perUnit;
    const grown = units - this.#units;
    this.#units = units;
    return wireNumber(grown);
  }

  get units(): bigint {
    return this.#units;
  }
}

/**
 * Volumes per period, and the totals: total_time leaves a reservation out, and sum(TIME) = total_time -
 * total_parking_time.
 */
function quantitiesOf(periods: readonly ChargingPeriod[], settlement: Settlement) {
  const energy = new Running(milliWhPerUnit);
  const charging = new Running(msPerUnit);
  const parking = new Running(msPerUnit);
  const reserved = new Running(msPerUnit);
  const session = new Running(msPerUnit);
  let milliWh = 0;
  let endedMs = periods[0]?.startMs;
  const dimensions = periods.map((period): CdrDimension[] => {
    const ms = period.endMs - period.startMs;
    if (period.startMs !== endedMs || ms < 0)
      throw new RangeError(`session ${settlement.sessionId}: its charging periods do not follow one another`);
    endedMs = period.endMs;
    // What the meter creeps before the session is nobody's.
    if (period.activity === "reserved") return [{ type: "RESERVATION_TIME", volume: reserved.add(ms) }];
    milliWh += period.energyMilliWh;
    session.add(ms);
    const kwh: CdrDimension = { type: "ENERGY", volume: energy.add(period.energyMilliWh) };
    switch (period.activity) {
      case "charging":
        return [kwh, { type: "TIME", volume: charging.add(ms) }];
      case "parking":
        return [kwh, { type: "PARKING_TIME", volume: parking.add(ms) }];
      case "suspended":
        // A pause that the station made has no time dimension: it is free.
        return [kwh];
      default:
        return period.activity satisfies never;
    }
  });
  if (milliWh !== settlement.price.energyMilliWh)
    throw new RangeError(
      `session ${settlement.sessionId}: its periods hold ${milliWh} mWh, its price ${settlement.price.energyMilliWh} mWh`,
    );
  return {
    dimensions,
    energy: wireNumber(energy.units),
    time: wireNumber(session.units),
    parking: wireNumber(session.units - charging.units),
  };
}

/**
 * The least and the most power (kW) and current (A) of each period, where the tariff asks for them: without these
 * nobody could price it again. A sample holds from its instant until the next. Cut to four decimals downwards, so that
 * no figure crosses a limit of the tariff.
 */
function extremesOf(
  periods: readonly ChargingPeriod[],
  { samples, tariff }: Settlement,
): readonly (readonly CdrDimension[])[] {
  const asked = restrictionsOf(tariff);
  if (!asked.power && !asked.current) return [];
  const pair = (
    low: "MIN_POWER" | "MIN_CURRENT",
    high: "MAX_POWER" | "MAX_CURRENT",
    units: readonly number[],
  ): CdrDimension[] => {
    if (units.length === 0) return [];
    const least = units.reduce((so, one) => Math.min(so, one));
    const most = units.reduce((so, one) => Math.max(so, one));
    return [
      { type: low, volume: wireNumber(BigInt(least)) },
      { type: high, volume: wireNumber(BigInt(most)) },
    ];
  };
  let next = 0;
  return periods.map((period) => {
    while ((samples[next + 1]?.atMs ?? Number.POSITIVE_INFINITY) <= period.startMs) next += 1;
    const from = next;
    while ((samples[next + 1]?.atMs ?? Number.POSITIVE_INFINITY) < period.endMs) next += 1;
    const held = samples.slice(from, next + 1);
    return [
      ...(asked.power
        ? pair(
            "MIN_POWER",
            "MAX_POWER",
            held.map((sample) => Math.floor(sample.powerW * 10)),
          )
        : []),
      ...(asked.current
        ? pair(
            "MIN_CURRENT",
            "MAX_CURRENT",
            held.flatMap(({ currentMilliA }) => (currentMilliA === undefined ? [] : [Math.floor(currentMilliA * 10)])),
          )
        : []),
    ];
  });
}

function restrictionsOf(tariff: unknown): { readonly power: boolean; readonly current: boolean } {
  const elements =
    isObject(tariff) && Array.isArray(tariff["elements"]) ? (tariff["elements"] as readonly unknown[]) : [];
  const names = elements.flatMap((element) =>
    isObject(element) && isObject(element["restrictions"]) ? Object.keys(element["restrictions"]) : [],
  );
  const any = (...known: string[]): boolean => known.some((name) => names.includes(name));
  return { power: any("min_power", "max_power"), current: any("min_current", "max_current") };
}

function locationOf({ station, connector }: Settlement): Readonly<Record<string, unknown>> {
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

function remarkOf(settlement: Settlement): string {
  const unknown = timeUnknown(settlement) ? "The date is not known, the durations are. " : "";
  const detail = settlement.stopDetail === "" ? "" : `: ${settlement.stopDetail}`;
  return `${unknown}${settlement.stopReason}${detail}`.slice(0, longestRemark);
}

const limitNames = { "2.2.1": ["excl_vat", "incl_vat"], "2.3.0": ["before_taxes", "after_taxes"] } as const;

/**
 * The tariff as this version of OCPI writes it; undefined where that cannot be done exactly (prices incl. tax have no
 * place in 2.2.1).
 * 2.3.0 added tax_included and preauthorize_amount and renamed the limits; 2.2.1 prices are always without tax.
 */
function tariffAs(version: OcpiVersion, tariff: unknown): unknown {
  const written = versionOf(tariff);
  if (written === version || !isObject(tariff)) return tariff;
  const { tax_included: taxIncluded, preauthorize_amount: _, ...rest } = tariff;
  const fields: Record<string, unknown> = rest;
  if (taxIncluded === "YES") return undefined;
  for (const limit of ["min_price", "max_price"]) {
    const amounts = fields[limit];
    if (!isObject(amounts)) continue;
    const [excl, incl] = limitNames[written].map((name) => amounts[name]);
    const [exclName, inclName] = limitNames[version];
    fields[limit] = { [exclName]: excl, ...(incl === undefined ? {} : { [inclName]: incl }) };
  }
  return version === "2.3.0" ? { ...fields, tax_included: "NO" } : fields;
}

/** The EVSE id is the technical id too, unless it is longer than the 36 characters that a uid may have. */
export function evseUidOf(
  station: Pick<Settlement["station"], "id">,
  connector: Pick<Settlement["connector"], "id" | "evseId">,
): string {
  return connector.evseId.length <= 36 ? connector.evseId : `${station.id}-${connector.id}`;
}
