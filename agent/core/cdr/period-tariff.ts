// By which tariff a charging period of a CDR is priced. Our own CDRs always name it; others may leave it out.

import type { JsonReader } from "../json/json-reader.js";
import { inForce, type Tariff } from "../tariff/tariff.js";
import type { CdrRecord } from "./cdr-record.js";

/** OCPI ids are CiStrings: case does not tell them apart. */
function sameId(a: string, b: string): boolean {
  return a === b || a.toLowerCase() === b.toLowerCase();
}

/** The tariff of each period, or undefined where none is relevant. Faults are noted in `checked`. */
export function tariffsOfPeriods(
  checked: JsonReader,
  cdr: CdrRecord,
  tariffs: readonly Tariff[],
  warnings: string[],
): (Tariff | undefined)[] {
  if (cdr.periods.every((period) => period.tariffId === undefined)) {
    const only = onlyTariff(checked, cdr, tariffs, warnings);
    return cdr.periods.map(() => only);
  }
  return cdr.periods.map((period) => {
    if (period.tariffId !== undefined)
      return namedTariff(
        checked,
        cdr,
        tariffs,
        period.tariffId,
        period.startMs,
        () => `charging_periods[${period.index}].tariff_id`,
      );
    warnings.push(`period ${period.index} names no tariff: it is free`);
    return undefined;
  });
}

/** The one tariff that is in force, where no period names any. */
function onlyTariff(
  checked: JsonReader,
  cdr: CdrRecord,
  tariffs: readonly Tariff[],
  warnings: string[],
): Tariff | undefined {
  const active = tariffs.filter((tariff) => inForce(tariff, cdr.startMs));
  const [only] = active;
  if (only === undefined) return checked.fault("tariffs", "no tariff is in force at the start of the session");
  if (active.length > 1)
    return checked.fault(
      "charging_periods",
      `no period names a tariff and ${active.length} are in force: cannot tell which one applies`,
    );
  warnings.push(`no period names a tariff; "${only.id}", the only one in force, was used`);
  return only;
}

/** The tariff is fixed at the start of the session, unless a period names one that took over at its own start. */
function namedTariff(
  checked: JsonReader,
  cdr: CdrRecord,
  tariffs: readonly Tariff[],
  id: string,
  periodStartMs: number,
  path: () => string,
): Tariff | undefined {
  const named = tariffs.filter((tariff) => sameId(tariff.id, id));
  if (named.length === 0) return checked.fault(path(), `tariff "${id}" was not given`);
  const valid = named.filter((tariff) => inForce(tariff, cdr.startMs));
  const chosen = valid.length > 0 ? valid : named.filter((tariff) => inForce(tariff, periodStartMs));
  if (chosen.length === 0) return checked.fault(path(), `tariff "${id}" was not in force at the start of the session`);
  if (chosen.length > 1)
    return checked.fault(path(), `${chosen.length} tariffs with the id "${id}" are in force at once`);
  return chosen[0];
}
