// The bill of a session and its charging periods, at the last sample of its rating.

import type { Language } from "../../../config/languages.js";
import { compare, type Ratio } from "../number/money.js";
import { type ChargingPeriod, isPause } from "../tariff/period.js";
import { billOf, taxWarnings } from "./bill.js";
import { componentUsages } from "./component-usage.js";
import { type Costing, costOf, onlyReservation } from "./costing.js";
import { localTimeRule, lowerOfBothRule, type Price, untrustedTimeRule } from "./price.js";
import { isWithoutEnergy, type Rating, slicesOf } from "./rating.js";
import { unitsPer } from "./slice.js";

/** What the session costs at the last sample, worked out slice by slice. */
export function costingOf(rating: Rating): Costing {
  const { tariff, start } = rating.progress;
  const slices = slicesOf(rating).map(({ slice }) => slice);
  // A reservation that no session came for has expired.
  const expired = start === undefined;
  const costing = costOf(componentUsages(slices, unitsPer, expired), unitsPer, tariff, { expired });
  return isWithoutEnergy(rating) ? onlyReservation(costing) : costing;
}

/** The bill of a session that ends at the last sample. */
export function bill(rating: Rating, language: Language = "en"): Price {
  const { progress, last } = rating;
  const costing = costingOf(rating);
  const lasted = (isPart: (period: ChargingPeriod) => boolean): number =>
    slicesOf(rating).reduce((ms, { period }) => (isPart(period) ? ms + period.endMs - period.startMs : ms), 0);
  return billOf(costing, {
    timeRule: progress.options.clockTrusted ? localTimeRule : untrustedTimeRule,
    warnings: taxWarnings(costing),
    energyMilliWh: progress.start === undefined ? 0 : last.energyMilliWh - progress.start.energyMilliWh,
    timeMs: lasted(({ activity }) => activity !== "reserved"),
    parkingMs: lasted(({ activity }) => activity === "parking" || isPause(activity)),
    beganMs: progress.start?.atMs ?? last.atMs,
    language,
  });
}

/**
 * The bill of a session whose clock became good before it ended: the lower of the full price, over the time line
 * rebuilt from the monotonic clock, and the reduced one, with the periods that belong to it. Both ratings are of the
 * same samples.
 */
export function lowerOf(
  full: Rating,
  reduced: Rating,
  language: Language = "en",
): { readonly price: Price; readonly periods: readonly ChargingPeriod[] } {
  const gross = (rating: Rating): Ratio => costingOf(rating).limited.total.incl;
  const lower = compare(gross(reduced), gross(full)) < 0 ? reduced : full;
  return { price: { ...bill(lower, language), timeRule: lowerOfBothRule }, periods: periods(lower) };
}

/** The charging periods so far: a new one begins wherever a component or the activity changed. */
export function periods(rating: Rating): readonly ChargingPeriod[] {
  return slicesOf(rating).map(({ period }) => period);
}
