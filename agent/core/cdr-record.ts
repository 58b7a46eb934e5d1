// The part of an OCPI CDR that a price depends on, read strictly: its time line and the volumes of its charging periods.
import { Checked, didYouMean, isObject, suggestion, type JsonObject } from "./checked.js";
import { tenTo, type Decimal } from "./money.js";

/** Hours arrive with few decimals: a time this close to a whole second was that second. In seconds, as a fraction. */
const snapWithin = { n: 18n, d: 100n };

/** A volume of time: whole seconds, or the decimal hours that no second is near to. */
type Hours = { readonly seconds: bigint } | { readonly hours: Decimal };

export type CdrPeriod = {
  readonly startMs: number;
  readonly endMs: number;
  readonly tariffId: string | undefined;
  readonly energy: Decimal | undefined;
  readonly time: Hours | undefined;
  readonly parking: Hours | undefined;
  readonly reservation: Hours | undefined;
  /** What power and current did; only ever compared, never multiplied. */
  readonly extremes: { readonly [Key in (typeof momentary)[number]]?: number };
  readonly energyKwh: number;
  readonly timeHours: number;
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
  /** Powers of ten by which units must be finer than usual to hold every volume exactly. */
  readonly finer: number;
  readonly warnings: readonly string[];
};

const momentary = ["POWER", "CURRENT", "MIN_POWER", "MAX_POWER", "MIN_CURRENT", "MAX_CURRENT"] as const;
const metered = ["ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME"] as const;
const dimensionTypes = [...metered, ...momentary, "ENERGY_EXPORT", "ENERGY_IMPORT", "STATE_OF_CHARGE"] as const;
type DimensionType = (typeof dimensionTypes)[number];

const periodFields = ["start_date_time", "dimensions", "tariff_id"];
const volumeBounds = { places: 36, most: 1_000_000_000 };
const mostPeriods = 100_000;
const mostDimensions = 20;

/** A misspelt field would change the price; a field that looks like none of ours is somebody's extension. */
function refuseMisspelt(checked: Checked, object: JsonObject, path: string, known: readonly string[]): void {
  for (const key in object)
    if (!known.includes(key) && suggestion(key, known) !== undefined) checked.fault(`${path}.${key}`, `unknown field${didYouMean(key, known)}`);
}

function snapped(volume: Decimal): Hours {
  const scale = tenTo(volume.scale);
  const seconds = volume.digits * 3600n;
  const nearest = (2n * seconds + scale) / (2n * scale);
  const off = seconds - nearest * scale;
  return (off < 0n ? -off : off) * snapWithin.d <= snapWithin.n * scale ? { seconds: nearest } : { hours: volume };
}

function readPeriod(checked: Checked, value: unknown, path: string): Omit<CdrPeriod, "endMs"> | undefined {
  if (!isObject(value)) return checked.fault(path, "expected a charging period");
  refuseMisspelt(checked, value, path, periodFields);
  const startMs = checked.instant(value["start_date_time"], `${path}.start_date_time`);
  const list = checked.list(value["dimensions"], `${path}.dimensions`, mostDimensions) ?? [];
  const volumes = new Map<DimensionType, Decimal>();
  const extremes: { [Key in (typeof momentary)[number]]?: number } = {};
  list.forEach((entry, index) => {
    const at = `${path}.dimensions[${index}]`;
    if (!isObject(entry)) return checked.fault(at, "expected a dimension with type and volume");
    refuseMisspelt(checked, entry, at, ["type", "volume"]);
    const type = checked.oneOf(entry["type"], `${at}.type`, dimensionTypes);
    if (type === undefined) return;
    const watched = momentary.find((one) => one === type);
    const volume = checked.decimal(entry["volume"], `${at}.volume`, { ...volumeBounds, negative: !metered.some((one) => one === type) });
    if (volumes.has(type)) checked.fault(at, `${type} is stated twice in this period`);
    if (volume === undefined) return;
    volumes.set(type, volume);
    if (watched !== undefined) extremes[watched] = entry["volume"] as number;
  });
  const tariff = value["tariff_id"];
  const tariffId = tariff === undefined || tariff === null ? undefined : checked.text(tariff, `${path}.tariff_id`, 36);
  if (startMs === undefined) return undefined;
  const hours = (type: DimensionType): Hours | undefined => {
    const volume = volumes.get(type);
    return volume === undefined ? undefined : snapped(volume);
  };
  const energy = volumes.get("ENERGY");
  const time = hours("TIME");
  const parking = hours("PARKING_TIME");
  const reservation = hours("RESERVATION_TIME");
  const timed = time !== undefined || parking !== undefined;
  const energyKwh = energy === undefined ? 0 : Number(energy.digits) / 10 ** energy.scale;
  const volume = volumes.get("TIME");
  return {
    startMs, tariffId, energy, time, parking, reservation, extremes, energyKwh, timed,
    timeHours: volume === undefined ? 0 : Number(volume.digits) / 10 ** volume.scale,
    reserved: reservation !== undefined && !timed && energyKwh === 0,
    pause: reservation === undefined && !timed && energyKwh === 0,
  };
}

/** Reads what a price depends on; undefined, with faults noted, where it cannot be read. */
export function readCdr(checked: Checked, json: unknown): CdrRecord | undefined {
  if (!isObject(json)) return checked.fault("cdr", "expected a CDR object");
  const startMs = checked.instant(json["start_date_time"], "start_date_time");
  const endMs = checked.instant(json["end_date_time"], "end_date_time");
  const currency = json["currency"] === undefined || json["currency"] === null ? undefined : checked.text(json["currency"], "currency", 3);
  const list = checked.list(json["charging_periods"], "charging_periods", mostPeriods);
  if (list?.length === 0) checked.fault("charging_periods", "a CDR has at least one charging period");
  const read = (list ?? []).map((entry, index) => readPeriod(checked, entry, `charging_periods[${index}]`));
  const started = read.filter((period) => period !== undefined);
  if (startMs === undefined || endMs === undefined || started.length !== read.length || started.length === 0) return undefined;
  const warnings: string[] = [];
  const periods = started.map((period, index): CdrPeriod => {
    const next = started[index + 1]?.startMs ?? endMs;
    if (next < period.startMs)
      checked.fault(index + 1 < started.length ? `charging_periods[${index + 1}].start_date_time` : "end_date_time", "lies before the start of the period before it");
    return { ...period, endMs: next };
  });
  if ((started[0]?.startMs ?? startMs) < startMs) warnings.push("the first period starts before the session does");
  let finer = 0;
  for (const { energy, time, parking, reservation } of periods) {
    if (energy !== undefined) finer = Math.max(finer, energy.scale - 6);
    for (const volume of [time, parking, reservation]) if (volume !== undefined && "hours" in volume) finer = Math.max(finer, volume.hours.scale - 6);
  }
  const afterReservation = periods[0]?.reserved === true ? periods.find((period) => !period.reserved) : undefined;
  const beganMs = afterReservation?.startMs ?? Math.min(startMs, periods[0]?.startMs ?? startMs);
  return { startMs, endMs, beganMs, currency, periods, finer, warnings };
}

/** A period's volumes in whole units of 1/`per` kWh and hours. */
export function unitsOf(period: CdrPeriod, per: bigint): { energy: bigint; time: bigint; parking: bigint; reservation: bigint } {
  const ofHours = (volume: Hours | undefined): bigint =>
    volume === undefined ? 0n : "seconds" in volume ? volume.seconds * (per / 3600n) : (volume.hours.digits * per) / tenTo(volume.hours.scale);
  return {
    energy: period.energy === undefined ? 0n : (period.energy.digits * per) / tenTo(period.energy.scale),
    time: ofHours(period.time),
    parking: ofHours(period.parking),
    reservation: ofHours(period.reservation),
  };
}
