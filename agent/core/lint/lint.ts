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
  return shortened([
    ...tariff.warnings,
    ...lintFields(tariff, options.nowMs),
    ...lintPlausibility(tariff),
    ...lintMissingRate(tariff, options.country),
    ...lintSituations(tariff, options),
    ...lintWrappedDays(tariff),
    ...lintClockChanges(tariff, options),
    ...lintDisplay(tariff),
    ...lintCountry(tariff, options.country),
  ]);
}

/** More warnings in the same words are told with the first of them, and more by one rule are only counted. */
const mostAlike = 3;
const mostByRule = 20;

/** A tariff of hundreds of elements has the same slip in each: said once it is read. */
function shortened(warnings: readonly LintWarning[]): LintWarning[] {
  const alike = new Map<string, LintWarning[]>();
  for (const warning of warnings) {
    const key = `${warning.rule} ${warning.message}`;
    const before = alike.get(key);
    if (before === undefined) alike.set(key, [warning]);
    else before.push(warning);
  }
  const byRule = new Map<string, number>();
  const kept = warnings.flatMap((warning): LintWarning[] => {
    const all = alike.get(`${warning.rule} ${warning.message}`) ?? [];
    const isMany = all.length > mostAlike;
    if (isMany && all[0] !== warning) return [];
    const count = (byRule.get(warning.rule) ?? 0) + 1;
    byRule.set(warning.rule, count);
    if (count > mostByRule) return [];
    return [
      isMany
        ? { ...warning, message: `${warning.message} (and ${all.length - 1} more, to ${all.at(-1)?.path})` }
        : warning,
    ];
  });
  const left = [...byRule].filter(([, count]) => count > mostByRule);
  return [
    ...kept,
    ...left.map(([rule, count]) => ({
      path: "elements",
      rule,
      message: `there are ${count - mostByRule} more warnings by this rule`,
    })),
  ];
}
