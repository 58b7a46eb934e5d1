// What is odd about a tariff that can be read: elements that never hold, gaps, overlaps, windows that the clock change
// cuts, prices that cannot be shown as a country asks. Warnings, all of them: the tariff prices as it stands.

import type { Tariff } from "../tariff/tariff.js";
import { lintClockChanges, lintWrappedDays } from "./clock-rules.js";
import { lintCountry, lintMissingRate } from "./country-rules.js";
import { lintDisplay, lintFields } from "./field-rules.js";
import type { LintOptions, LintWarning } from "./lint-warning.js";
import { lintPlausibility } from "./plausibility-rules.js";
import { lintSituations } from "./situation-rules.js";

/**
 * Everything worth a look, in the order of rules. The tariff was read before: what cannot be priced is a fault of its
 * parser.
 */
export function lintTariff(tariff: Tariff, options: LintOptions): LintWarning[] {
  return [
    ...tariff.warnings,
    ...lintFields(tariff, options.nowMs),
    ...lintPlausibility(tariff),
    ...lintMissingRate(tariff, options.country),
    ...lintSituations(tariff, options),
    ...lintWrappedDays(tariff),
    ...lintClockChanges(tariff, options),
    ...lintDisplay(tariff),
    ...lintCountry(tariff, options.country),
  ];
}
