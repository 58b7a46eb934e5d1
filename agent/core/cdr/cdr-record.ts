// The part of an OCPI CDR that a price depends on, read strictly: its time line and the volumes of its charging
// periods.

import { type Decimal, tenTo } from "../../../config/decimal.js";
import { nearestName } from "../../../config/nearest-name.js";
import { decimalWithin, didYouMean, isObject, type JsonReader } from "../json/json-reader.js";
import { ratio, roundHalfUp } from "../number/money.js";
import { parseInstant } from "../time/time.js";

export type CdrPeriod = {
  /** Its place in the CDR, which need not be in the order of time. */
  readonly index: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly tariffId: string | undefined;
  readonly energy: Decimal | undefined;
  /** Whole seconds. */
  readonly time: bigint | undefined;
  readonly parking: bigint | undefined;
  readonly reservation: bigint | undefined;
  /** What power and current did; only ever compared, never multiplied. */
  readonly extremes: { readonly [Key in (typeof momentary)[number]]?: number };
  /** Only a reservation: no session went on. */
  readonly reserved: boolean;
  /** States TIME or PARKING_TIME. */
  readonly timed: boolean;
  /** Nothing flowed and no time is stated: a pause made by the station. */
  readonly pause: boolean;
};

export type CdrRecord = {
  readonly startMs: number;
  readonly endMs: number;
  /** When the session itself began: after the reservation, if there was one. */
  readonly beganMs: number;
  readonly currency: string | undefined;
  readonly periods: readonly CdrPeriod[];
  /** Powers of ten by which units must be finer than usual to hold every energy exactly. */
  readonly finer: number;
  readonly warnings: readonly string[];
};

const momentary = ["POWER", "CURRENT", "MIN_POWER", "MAX_POWER", "MIN_CURRENT", "MAX_CURRENT"] as const;
const metered = ["ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME"] as const;
const dimensionTypes = [...metered, ...momentary, "ENERGY_EXPORT", "ENERGY_IMPORT", "STATE_OF_CHARGE"] as const;
type DimensionType = (typeof dimensionTypes)[number];
const kinds: ReadonlyMap<unknown, DimensionType> = new Map(dimensionTypes.map((type) => [type, type]));

function isMomentary(type: DimensionType): type is (typeof momentary)[number] {
  return (momentary as readonly string[]).includes(type);
}

const periodFields = ["start_date_time", "dimensions", "tariff_id"];
const volumeBounds = { places: 36, most: 1_000_000_000 };
const mostPeriods = 100_000;
const mostDimensions = 20;

/** A misspelt field would change the price; a field that resembles none of OCPI's is an extension. */
function refuseMisspelt(checked: JsonReader, key: string, path: string, known: readonly string[]): void {
  if (nearestName(key, known) !== undefined) checked.fault(`${path}.${key}`, `unknown field${didYouMean(key, known)}`);
}

/** Hours arrive with few decimals, and were a whole number of seconds: the nearest. */
function nearestSeconds(hours: Decimal | undefined): bigint | undefined {
  return hours === undefined ? undefined : roundHalfUp(ratio(hours.digits * 3600n, tenTo(hours.scale)), 0);
}

/** Paths are only built for faults. */
function volumeOf(checked: JsonReader, value: unknown, path: () => string, negative: boolean): Decimal | undefined {
  return decimalWithin(value, volumeBounds) ?? checked.decimal(value, path(), { ...volumeBounds, negative });
}

type Volumes = { -readonly [Key in DimensionType]?: Decimal };

function readVolumes(
  checked: JsonReader,
  list: readonly unknown[],
  path: string,
): { volumes: Volumes; extremes: CdrPeriod["extremes"] } {
  const volumes: Volumes = {};
  const extremes: { [Key in (typeof momentary)[number]]?: number } = {};
  for (let index = 0; index < list.length; index += 1) {
    const entry = list[index];
    const at = (field: string): string => `${path}.dimensions[${index}]${field}`;
    if (!isObject(entry)) {
      checked.fault(at(""), "expected a dimension with type and volume");
      continue;
    }
    for (const key in entry)
      if (key !== "type" && key !== "volume") refuseMisspelt(checked, key, at(""), ["type", "volume"]);
    const type = kinds.get(entry["type"]) ?? checked.oneOf(entry["type"], at(".type"), dimensionTypes);
    if (type === undefined) continue;
    const volume = volumeOf(checked, entry["volume"], () => at(".volume"), !metered.some((one) => one === type));
    if (volume === undefined) continue;
    if (volumes[type] !== undefined) checked.fault(at(""), `${type} is stated twice in this period`);
    volumes[type] = volume;
    if (isMomentary(type)) extremes[type] = entry["volume"] as number;
  }
  return { volumes, extremes };
}

type StartedPeriod = Omit<CdrPeriod, "endMs">;

function readPeriod(checked: JsonReader, value: unknown, index: number): StartedPeriod | undefined {
  const path = `charging_periods[${index}]`;
  if (!isObject(value)) return checked.fault(path, "expected a charging period");
  for (const key in value) if (!periodFields.includes(key)) refuseMisspelt(checked, key, path, periodFields);
  const start = value["start_date_time"];
  const startMs =
    (typeof start === "string" ? parseInstant(start) : undefined) ?? checked.instant(start, `${path}.start_date_time`);
  const dimensions = value["dimensions"];
  const list =
    Array.isArray(dimensions) && dimensions.length <= mostDimensions
      ? (dimensions as unknown[])
      : (checked.list(dimensions, `${path}.dimensions`, mostDimensions) ?? []);
  const { volumes, extremes } = readVolumes(checked, list, path);
  const tariff = value["tariff_id"];
  const tariffId = tariff === undefined || tariff === null ? undefined : checked.text(tariff, `${path}.tariff_id`, 36);
  if (startMs === undefined) return undefined;
  const time = nearestSeconds(volumes.TIME);
  const parking = nearestSeconds(volumes.PARKING_TIME);
  const reservation = nearestSeconds(volumes.RESERVATION_TIME);
  const timed = time !== undefined || parking !== undefined;
  const nothing = volumes.ENERGY === undefined || volumes.ENERGY.digits === 0n;
  return {
    index,
    startMs,
    tariffId,
    energy: volumes.ENERGY,
    time,
    parking,
    reservation,
    extremes,
    timed,
    reserved: reservation !== undefined && !timed && nothing,
    pause: reservation === undefined && !timed && nothing,
  };
}

/** Reads what a price depends on; undefined, with faults noted, where it cannot be read. */
export function readCdr(checked: JsonReader, json: unknown): CdrRecord | undefined {
  if (!isObject(json)) return checked.fault("cdr", "expected a CDR object");
  const startMs = checked.instant(json["start_date_time"], "start_date_time");
  const endMs = checked.instant(json["end_date_time"], "end_date_time");
  const currency =
    json["currency"] === undefined || json["currency"] === null
      ? undefined
      : checked.text(json["currency"], "currency", 3);
  const list = checked.list(json["charging_periods"], "charging_periods", mostPeriods);
  if (list?.length === 0) checked.fault("charging_periods", "a CDR has at least one charging period");
  const read = (list ?? []).map((entry, index) => readPeriod(checked, entry, index));
  const started = read.filter((period) => period !== undefined);
  if (startMs === undefined || endMs === undefined || started.length !== read.length || started.length === 0)
    return undefined;
  const warnings: string[] = [];
  const periods = inOrder(started, endMs, warnings);
  if (endMs < (periods.at(-1)?.startMs ?? endMs))
    checked.fault("end_date_time", "lies before the start of the last period");
  if ((periods[0]?.startMs ?? startMs) < startMs) warnings.push("the first period starts before the session does");
  const finer = periods.reduce((most, { energy }) => Math.max(most, (energy?.scale ?? 0) - 6), 0);
  // A reservation that no session came for lasts to the end: no session began before it.
  const beganMs =
    periods[0]?.reserved === true
      ? (periods.find((period) => !period.reserved)?.startMs ?? endMs)
      : Math.min(startMs, periods[0]?.startMs ?? startMs);
  return { startMs, endMs, beganMs, currency, periods, finer, warnings };
}

/** The periods by the order of time, each until the next begins. */
function inOrder(started: readonly StartedPeriod[], endMs: number, warnings: string[]): CdrPeriod[] {
  const sorted = [...started].sort((a, b) => a.startMs - b.startMs);
  if (sorted.some((period, place) => period !== started[place]))
    warnings.push("the charging periods do not stand in the order of time: they were sorted");
  return sorted.map((period, place) => ({ ...period, endMs: sorted[place + 1]?.startMs ?? endMs }));
}

/** The volumes of a period in whole units of 1/`per` of a kWh or an hour. */
export type PeriodUnits = {
  readonly energy: bigint;
  readonly time: bigint;
  readonly parking: bigint;
  readonly reservation: bigint;
};

/** A length of time in units of 1/`per` of an hour. */
export const unitsOfMs = (ms: number, per: bigint): bigint => BigInt(ms) * (per / 3_600_000n);

export function periodUnits(period: CdrPeriod, per: bigint): PeriodUnits {
  const ofSeconds = (seconds: bigint | undefined): bigint => (seconds === undefined ? 0n : seconds * (per / 3600n));
  return {
    energy: period.energy === undefined ? 0n : (period.energy.digits * per) / tenTo(period.energy.scale),
    time: ofSeconds(period.time),
    parking: ofSeconds(period.parking),
    reservation: ofSeconds(period.reservation),
  };
}
