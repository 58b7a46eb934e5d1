// Prices the charging periods of an existing CDR as they stand (OCPI mod_cdrs): each period is one slice for the same
// costing that makes our own bills. What cannot be priced for certain is refused with its path; nothing is ever priced
// at a silent 0.

import { tenTo } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { type Fault, JsonReader } from "../json/json-reader.js";
import { billOf, taxWarnings } from "../rating/bill.js";
import { componentUsages } from "../rating/component-usage.js";
import { type Costing, costOf, onlyReservation } from "../rating/costing.js";
import { localTimeRule, type Price } from "../rating/price.js";
import { type Slice, unitsPer } from "../rating/slice.js";
import { type Selection, selectComponents } from "../tariff/component-selection.js";
import type { Conditions } from "../tariff/restrictions.js";
import type { OcpiVersion, Tariff } from "../tariff/tariff.js";
import { isZone, type LocalTime, localTime } from "../time/time.js";
import { type CdrPeriod, type CdrRecord, type PeriodUnits, periodUnits, readCdr, unitsOfMs } from "./cdr-record.js";
import { momentaryOf } from "./period-power.js";
import { tariffsOfPeriods } from "./period-tariff.js";

export type PricedCdr = {
  readonly costing: Costing;
  readonly version: OcpiVersion;
  /** What was consumed, in units of 1/`costing.per` kWh and hours. */
  readonly energy: bigint;
  /** How long the session lasted, without its reservation. */
  readonly time: bigint;
  readonly parking: bigint;
  /** When the session itself began. */
  readonly beganMs: number;
  readonly warnings: readonly string[];
};
export type PricingResult =
  | { readonly ok: true; readonly priced: PricedCdr }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/**
 * What a station may do in the driver's favour beyond the tariff: under an unset clock restrictions on time are not known
 * and time is free, and a session without energy costs its reservation alone. A receiver does neither.
 */
export type StationMercy = { readonly clockTrusted: boolean; readonly freeWithoutEnergy: boolean };
const byTariffAlone: StationMercy = { clockTrusted: true, freeWithoutEnergy: false };

/** A CDR of many periods can give many warnings; more than these are only counted. */
const mostWarnings = 50;

function shortened(warnings: readonly string[]): readonly string[] {
  return warnings.length <= mostWarnings
    ? warnings
    : [...warnings.slice(0, mostWarnings), `and ${warnings.length - mostWarnings} more of the kind`];
}

/**
 * Prices a CDR (its JSON value) by tariffs that were read before. The zone is the location's: a CDR does not carry it.
 * Comes back with faults, never with a guess, where the CDR does not say what is needed.
 */
export function priceCdr(
  tariffs: readonly Tariff[],
  json: unknown,
  timeZone: string,
  mercy: StationMercy = byTariffAlone,
): PricingResult {
  const checked = new JsonReader();
  const cdr = readCdr(checked, json);
  return cdr === undefined || checked.faults.length > 0
    ? { ok: false, faults: checked.faults }
    : priceRecord(tariffs, cdr, timeZone, mercy);
}

/** The same for a CDR that was read before. */
export function priceRecord(
  tariffs: readonly Tariff[],
  cdr: CdrRecord,
  timeZone: string,
  mercy: StationMercy = byTariffAlone,
): PricingResult {
  const checked = new JsonReader();
  checkTariffs(checked, tariffs, timeZone);
  if (checked.faults.length > 0) return { ok: false, faults: checked.faults };
  const warnings = [...cdr.warnings];
  const byPeriod = tariffsOfPeriods(checked, cdr, tariffs, warnings);
  checkCurrencies(checked, cdr, byPeriod);
  const governing = governingTariff(cdr, byPeriod, warnings);
  if (governing === undefined || checked.faults.length > 0) return { ok: false, faults: checked.faults };
  const per = unitsPer * tenTo(cdr.finer);
  const localAt = (atMs: number) => (mercy.clockTrusted ? localTime(timeZone, atMs) : undefined);
  const { slices, consumed } = slicesOfPeriods(cdr, byPeriod, governing, per, localAt, warnings);
  const expired = cdr.periods.every((period) => period.reserved);
  const full = costOf(componentUsages(slices, per, expired), per, governing, { expired });
  const isWaived = mercy.freeWithoutEnergy && consumed.energy === 0n && !expired;
  const costing = isWaived ? onlyReservation(full) : full;
  return {
    ok: true,
    priced: {
      costing,
      version: governing.version,
      ...consumed,
      time: unitsOfMs(cdr.endMs - cdr.beganMs, per),
      beganMs: cdr.beganMs,
      warnings: [...shortened(warnings), ...taxWarnings(costing)],
    },
  };
}

function checkTariffs(checked: JsonReader, tariffs: readonly Tariff[], timeZone: string): void {
  if (!isZone(timeZone))
    checked.fault("timezone", `"${timeZone.slice(0, 60)}" is not an IANA time zone that this machine knows`);
  if (tariffs.length === 0) checked.fault("tariffs", "no tariff was given, so nothing can be priced");
  if (tariffs.some(({ version }) => version !== tariffs[0]?.version))
    checked.fault("tariffs", "tariffs of OCPI 2.2.1 and 2.3.0 are mixed");
}

function checkCurrencies(checked: JsonReader, cdr: CdrRecord, byPeriod: readonly (Tariff | undefined)[]): void {
  const used = byPeriod.filter((tariff) => tariff !== undefined);
  for (const tariff of used)
    if (cdr.currency !== undefined && tariff.currency !== cdr.currency)
      checked.fault("currency", `the CDR is in ${cdr.currency}, tariff "${tariff.id}" in ${tariff.currency}`);
  if (used.some(({ currency }) => currency !== used[0]?.currency))
    checked.fault("tariffs", "the tariffs of this session are in different currencies");
}

/** The tariff by which the session itself started: its limits hold. */
function governingTariff(
  cdr: CdrRecord,
  byPeriod: readonly (Tariff | undefined)[],
  warnings: string[],
): Tariff | undefined {
  const used = byPeriod.filter((tariff) => tariff !== undefined);
  const session = cdr.periods.findIndex((period, index) => !period.reserved && byPeriod[index] !== undefined);
  const governing = byPeriod[session] ?? used[0];
  const hasLimit = ({ minPrice, maxPrice }: Tariff): boolean => minPrice !== undefined || maxPrice !== undefined;
  if (governing !== undefined && used.some((tariff) => tariff !== governing && hasLimit(tariff)))
    warnings.push(`several tariffs apply: the limits are those of "${governing.id}", by which the session started`);
  return governing;
}

type Consumed = Pick<PricedCdr, "energy" | "parking">;

/** Every period in which something passed as a slice, and what was consumed in all of them. */
function slicesOfPeriods(
  cdr: CdrRecord,
  byPeriod: readonly (Tariff | undefined)[],
  governing: Tariff,
  per: bigint,
  localAt: (atMs: number) => LocalTime | undefined,
  warnings: string[],
): { readonly slices: Slice[]; readonly consumed: Consumed } {
  const slices: Slice[] = [];
  let consumed: Consumed = { energy: 0n, parking: 0n };
  for (const [index, period] of cdr.periods.entries()) {
    const units = periodUnits(period, per);
    const tariff = byPeriod[index];
    // A period without length and volumes has no instant at which anything could fall due.
    if (tariff !== undefined && !isEmptyPeriod(period, units)) {
      const selection = selectionIn(period, units, tariff, {
        local: localAt(period.startMs),
        energyMilliWh: Number((consumed.energy * 1_000_000n) / per),
        // The session's duration starts after the reservation.
        durationMs: Math.max(0, period.startMs - cdr.beganMs),
        ...momentaryOf(period, units, per, tariff, warnings),
      });
      slices.push({ tariff, fromMs: period.startMs, toMs: period.endMs, selection, ...units, pause: period.pause });
    } else if (units.energy > 0n) slices.push(freeSlice(period, governing, units.energy));
    consumed = consumedAfter(consumed, period, units, per);
  }
  return { slices, consumed };
}

/** Energy of a period for which no tariff is relevant. */
const freeSlice = ({ startMs, endMs }: CdrPeriod, tariff: Tariff, energy: bigint): Slice => ({
  tariff,
  fromMs: startMs,
  toMs: endMs,
  selection: {},
  energy,
  time: 0n,
  parking: 0n,
  reservation: 0n,
  pause: false,
});

function isEmptyPeriod({ startMs, endMs }: CdrPeriod, { energy, time, parking, reservation }: PeriodUnits): boolean {
  return startMs === endMs && energy + time + parking + reservation === 0n;
}

function selectionIn(period: CdrPeriod, units: PeriodUnits, tariff: Tariff, conditions: Conditions): Selection {
  const selection = selectComponents(
    tariff,
    period.reserved ? "reserved" : units.time > 0n ? "charging" : units.parking > 0n ? "parking" : "suspended",
    conditions,
  );
  // A period of two kinds of time is not one that the standard knows, but nothing forbids it.
  const parks = units.time > 0n && units.parking > 0n;
  const reserves = units.reservation > 0n && !period.reserved;
  if (!parks && !reserves) return selection;
  return {
    ...selection,
    ...(parks ? selectComponents(tariff, "parking", conditions) : {}),
    ...(reserves ? selectComponents(tariff, "reserved", conditions) : {}),
  };
}

function consumedAfter(before: Consumed, period: CdrPeriod, units: PeriodUnits, per: bigint): Consumed {
  // A period that states no time lasted all the same, and where nothing flowed it counts as parking.
  const isSilent = !period.reserved && !period.timed;
  const length = isSilent ? unitsOfMs(period.endMs - period.startMs, per) : 0n;
  return {
    energy: before.energy + units.energy,
    parking: before.parking + units.parking + (units.energy === 0n ? length : 0n),
  };
}

/** The bill of a priced CDR. */
export function billOfCdr(priced: PricedCdr, language: Language): Price {
  const { costing, warnings } = priced;
  const whole = (units: bigint, perUnit: bigint): number => Number((units * perUnit) / costing.per);
  return billOf(costing, {
    timeRule: localTimeRule,
    warnings,
    language,
    energyMilliWh: whole(priced.energy, 1_000_000n),
    timeMs: whole(priced.time, 3_600_000n),
    parkingMs: whole(priced.parking, 3_600_000n),
    beganMs: priced.beganMs,
  });
}
