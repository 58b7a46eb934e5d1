// Prices an existing CDR's charging periods as they stand (OCPI mod_cdrs): each period is one slice for the same tally
// that makes our own bills. What cannot be priced for certain is refused with its path; nothing is ever priced at a
// silent 0.

import { tenTo } from "../../../config/decimal.js";
import type { Language } from "../../../config/languages.js";
import { type Selection, select } from "../tariff/component-selection.js";
import { componentUsages, type Slice, unitsPer } from "../tariff/component-usage.js";
import { type Fault, JsonReader } from "../tariff/json-reader.js";
import type { Conditions } from "../tariff/restrictions.js";
import { inForce, type OcpiVersion, type Tariff } from "../tariff/tariff.js";
import { isZone, localTime } from "../time/time.js";
import { billOf, localTimeRule, taxWarnings } from "./bill.js";
import { type CdrPeriod, type CdrRecord, readCdr, unitsOf } from "./cdr-record.js";
import { type Working, work } from "./costing.js";
import type { Price } from "./price.js";

export type PricedCdr = {
  readonly working: Working;
  readonly version: OcpiVersion;
  /** What was consumed, in units of 1/`working.per` kWh and hours. */
  readonly energy: bigint;
  readonly time: bigint;
  readonly parking: bigint;
  readonly warnings: readonly string[];
};
export type PricingResult =
  | { readonly ok: true; readonly priced: PricedCdr }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** A CDR of very many periods can give cause for very many warnings; nobody reads on after these. */
const mostWarnings = 50;

function shortened(warnings: readonly string[]): readonly string[] {
  return warnings.length <= mostWarnings
    ? warnings
    : [...warnings.slice(0, mostWarnings), `and ${warnings.length - mostWarnings} more of the kind`];
}

/** OCPI ids are CiStrings: case does not tell them apart. */
function sameId(a: string, b: string): boolean {
  return a === b || a.toLowerCase() === b.toLowerCase();
}

/** The tariff of each period, or undefined where none is relevant. */
function tariffsOf(
  checked: JsonReader,
  cdr: CdrRecord,
  tariffs: readonly Tariff[],
  warnings: string[],
): (Tariff | undefined)[] {
  const active = tariffs.filter((tariff) => inForce(tariff, cdr.startMs));
  if (cdr.periods.every((period) => period.tariffId === undefined)) {
    const only = active[0];
    if (only === undefined) checked.fault("tariffs", "no tariff is in force at the start of the session");
    else if (active.length > 1)
      checked.fault(
        "charging_periods",
        `no period names a tariff and ${active.length} are in force: which one applies cannot be told`,
      );
    else warnings.push(`no period names a tariff; "${only.id}", the only one in force, was used`);
    return cdr.periods.map(() => only);
  }
  return cdr.periods.map((period, index) => {
    const { tariffId } = period;
    if (tariffId === undefined) {
      warnings.push(`period ${index} names no tariff: it is free`);
      return undefined;
    }
    const path = `charging_periods[${index}].tariff_id`;
    const named = tariffs.filter((tariff) => sameId(tariff.id, tariffId));
    if (named.length === 0) return checked.fault(path, `tariff "${tariffId}" was not given`);
    // The tariff is fixed at the start of the session, unless a period names one that took over at its own start.
    const valid = named.filter((tariff) => inForce(tariff, cdr.startMs));
    const chosen = valid.length > 0 ? valid : named.filter((tariff) => inForce(tariff, period.startMs));
    if (chosen.length === 0)
      return checked.fault(path, `tariff "${tariffId}" was not in force at the start of the session`);
    if (chosen.length > 1)
      return checked.fault(path, `${chosen.length} tariffs with the id "${tariffId}" are in force at once`);
    return chosen[0];
  });
}

type Momentary = Pick<Conditions, "lowPowerKw" | "highPowerKw" | "lowCurrentA" | "highCurrentA">;

const nobodyAsks: Momentary = {
  lowPowerKw: undefined,
  highPowerKw: undefined,
  lowCurrentA: undefined,
  highCurrentA: undefined,
};

/** The power and current that held in a period: what lower and upper bounds are compared with. */
function momentaryOf(
  period: CdrPeriod,
  units: ReturnType<typeof unitsOf>,
  per: bigint,
  index: number,
  tariff: Tariff,
  warnings: string[],
): Momentary {
  if (!tariff.asksPower && !tariff.asksCurrent) return nobodyAsks;
  const { extremes } = period;
  let lowPowerKw = extremes.POWER ?? extremes.MIN_POWER ?? extremes.MAX_POWER;
  let highPowerKw = extremes.POWER ?? extremes.MAX_POWER ?? extremes.MIN_POWER;
  let lowCurrentA = extremes.CURRENT ?? extremes.MIN_CURRENT ?? extremes.MAX_CURRENT;
  let highCurrentA = extremes.CURRENT ?? extremes.MAX_CURRENT ?? extremes.MIN_CURRENT;
  // Charging that states no energy is not idle: what flowed in it is unknown.
  const idle = units.energy === 0n && (period.energy !== undefined || units.time === 0n);
  if (lowPowerKw === undefined && tariff.asksPower) {
    const length = units.time > 0n ? units.time : BigInt(period.endMs - period.startMs) * (per / 3_600_000n);
    if (idle) lowPowerKw = highPowerKw = 0;
    else if (units.energy === 0n || length === 0n)
      warnings.push(`period ${index} states no power: elements that are restricted by power were left out`);
    else {
      warnings.push(`period ${index} states no power: its average was held against the restrictions`);
      lowPowerKw = highPowerKw = Number((units.energy * 1_000_000n) / length) / 1_000_000;
    }
  }
  if (lowCurrentA === undefined && tariff.asksCurrent) {
    if (idle) lowCurrentA = highCurrentA = 0;
    else warnings.push(`period ${index} states no current: elements that are restricted by current were left out`);
  }
  return { lowPowerKw, highPowerKw, lowCurrentA, highCurrentA };
}

/**
 * Prices a CDR (its JSON value) by tariffs that were read before. The zone is the location's: a CDR does not carry it.
 * Comes back with faults, never with a guess, where the CDR does not say what is needed.
 */
export function priceCdr(tariffs: readonly Tariff[], json: unknown, timeZone: string): PricingResult {
  const checked = new JsonReader();
  const cdr = readCdr(checked, json);
  return cdr === undefined || checked.faults.length > 0
    ? { ok: false, faults: checked.faults }
    : priceRecord(tariffs, cdr, timeZone);
}

/** The same for a CDR that was read before. */
export function priceRecord(tariffs: readonly Tariff[], cdr: CdrRecord, timeZone: string): PricingResult {
  const checked = new JsonReader();
  const failed = (): PricingResult => ({ ok: false, faults: checked.faults });
  if (!isZone(timeZone))
    checked.fault("timezone", `"${timeZone.slice(0, 60)}" is no IANA time zone that this machine knows`);
  if (tariffs.length === 0) checked.fault("tariffs", "no tariff was given, so nothing can be priced");
  const versions = new Set(tariffs.map((tariff) => tariff.version));
  if (versions.size > 1) checked.fault("tariffs", "tariffs of OCPI 2.2.1 and 2.3.0 are mixed");
  if (checked.faults.length > 0) return failed();
  const warnings = [...cdr.warnings];
  const byPeriod = tariffsOf(checked, cdr, tariffs, warnings);
  for (const tariff of byPeriod)
    if (tariff !== undefined && cdr.currency !== undefined && tariff.currency !== cdr.currency)
      checked.fault("currency", `the CDR is in ${cdr.currency}, tariff "${tariff.id}" in ${tariff.currency}`);
  const used = byPeriod.filter((tariff) => tariff !== undefined);
  if (new Set(used.map((tariff) => tariff.currency)).size > 1)
    checked.fault("tariffs", "the tariffs of this session are in different currencies");
  const session = cdr.periods.findIndex((period, index) => !period.reserved && byPeriod[index] !== undefined);
  const first = byPeriod[session] ?? used[0];
  if (first === undefined || checked.faults.length > 0) return failed();
  if (used.some((tariff) => tariff !== first && (tariff.minPrice !== undefined || tariff.maxPrice !== undefined)))
    warnings.push(`several tariffs apply: the limits are those of "${first.id}", by which the session started`);

  const per = unitsPer * tenTo(cdr.finer);
  let energy = 0n;
  let time = 0n;
  let parking = 0n;
  const slices: Slice[] = [];
  cdr.periods.forEach((period, index) => {
    const units = unitsOf(period, per);
    const tariff = byPeriod[index];
    if (tariff !== undefined) {
      const conditions: Conditions = {
        local: localTime(timeZone, period.startMs),
        energyMilliWh: Number((energy * 1_000_000n) / per),
        // The session's duration starts after the reservation.
        durationMs: Math.max(0, period.startMs - cdr.beganMs),
        ...momentaryOf(period, units, per, index, tariff, warnings),
      };
      let selection: Selection = select(
        tariff,
        period.reserved ? "reserved" : units.time > 0n ? "charging" : units.parking > 0n ? "parking" : "suspended",
        conditions,
      );
      // A period of two kinds of time is not one that the standard knows, but nothing forbids it.
      if (units.time > 0n && units.parking > 0n) selection = { ...selection, ...select(tariff, "parking", conditions) };
      if (units.reservation > 0n && !period.reserved)
        selection = { ...selection, ...select(tariff, "reserved", conditions) };
      slices.push({ tariff, fromMs: period.startMs, toMs: period.endMs, selection, ...units, pause: period.pause });
    }
    const length = BigInt(period.endMs - period.startMs) * (per / 3_600_000n);
    const silent = !period.reserved && !period.timed;
    energy += units.energy;
    time += units.time + units.parking + (silent ? length : 0n);
    parking += units.parking + (silent && units.energy === 0n ? length : 0n);
  });
  const expired = cdr.periods.every((period) => period.reserved);
  const working = work(componentUsages(slices, per, expired), per, first);
  return {
    ok: true,
    priced: {
      working,
      version: first.version,
      energy,
      time,
      parking,
      warnings: [...shortened(warnings), ...taxWarnings(working)],
    },
  };
}

/** The bill of a priced CDR. */
export function billOfCdr(priced: PricedCdr, language: Language): Price {
  const { working, warnings } = priced;
  const whole = (units: bigint, perUnit: bigint): number => Number((units * perUnit) / working.per);
  return billOf(working, {
    timeRule: localTimeRule,
    warnings,
    language,
    energyMilliWh: whole(priced.energy, 1_000_000n),
    timeMs: whole(priced.time, 3_600_000n),
    parkingMs: whole(priced.parking, 3_600_000n),
  });
}
