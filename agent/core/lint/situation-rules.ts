// Unreachable elements and components, gaps and overlaps: found by walking through every situation that a tariff tells
// apart.

import { durationInWords } from "../explain/price-text.js";
import { kwhExact } from "../number/energy-text.js";
import { allCharges, type Charge } from "../tariff/charge.js";
import { type Conditions, holdsAt, holdsOtherwise } from "../tariff/restrictions.js";
import type { PriceComponent, Tariff, TariffOffer } from "../tariff/tariff.js";
import { dateText, localTime, timeOfDayText } from "../time/time.js";
import { mostSituations, situationsOf } from "./lint-space.js";
import { componentPath, type LintOptions, type LintWarning } from "./lint-warning.js";

function situationText(conditions: Conditions): string {
  const { local } = conditions;
  const time = timeOfDayText(local?.msOfDay ?? 0);
  const weekday = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][local?.weekday ?? 0];
  const more = [
    conditions.energyMilliWh > 0 ? `${kwhExact(conditions.energyMilliWh, 0)} kWh` : "",
    (conditions.durationMs ?? 0) > 0 ? durationInWords((conditions.durationMs ?? 0) / 1000) : "",
    (conditions.lowPowerKw ?? 0) > 0 ? `${conditions.lowPowerKw} kW` : "",
    (conditions.lowCurrentA ?? 0) > 0 ? `${conditions.lowCurrentA} A` : "",
  ].filter((part) => part !== "");
  return `${weekday} ${local === undefined ? "" : dateText(local.day)} ${time}${more.length > 0 ? `, at ${more.join(", ")}` : ""}`;
}

type Pair = {
  readonly charge: Charge;
  readonly first: TariffOffer;
  readonly second: TariffOffer;
  both: Conditions | undefined;
  onlyFirst: boolean;
  onlySecond: boolean;
};

/** Every two offers of one charge, to be watched for overlaps. */
function pairsOf(tariff: Tariff, charge: Charge): Pair[] {
  const offers = tariff.offers[charge];
  return offers.flatMap((second, index) =>
    offers
      .slice(0, index)
      .map((first): Pair => ({ charge, first, second, both: undefined, onlyFirst: false, onlySecond: false })),
  );
}

function offerHolds({ element }: TariffOffer, conditions: Conditions): boolean {
  return (
    conditions.local !== undefined &&
    holdsAt(element.restrictions, conditions.local) &&
    holdsOtherwise(element.restrictions, conditions)
  );
}

function watch(pair: Pair, holding: ReadonlySet<TariffOffer>, conditions: Conditions): void {
  const first = holding.has(pair.first);
  const second = holding.has(pair.second);
  if (first && second) pair.both ??= conditions;
  else if (first) pair.onlyFirst = true;
  else if (second) pair.onlySecond = true;
}

/** More steps than this are not taken: situations times pairs of offers. */
const mostSteps = 10_000_000;

/** Unreachable elements and components, gaps and overlaps, by walking through every situation. */
export function lintSituations(tariff: Tariff, options: LintOptions): LintWarning[] {
  const situations = situationsOf(tariff, localTime(options.timeZone, options.nowMs).day);
  const pairs = allCharges.flatMap((charge) => pairsOf(tariff, charge));
  const offered = allCharges.filter((charge) => tariff.offers[charge].length > 0);
  if (situations.count > mostSituations || situations.count * (pairs.length + 1) > mostSteps)
    return [
      {
        path: "elements",
        rule: "size",
        message: `tells ${situations.count} situations apart; gaps, overlaps and unreachable elements were not looked for`,
      },
    ];
  const chosen = new Set<PriceComponent>();
  const gaps = new Map<Charge, Conditions>();
  situations.walk((conditions) => {
    const holding = new Set<TariffOffer>();
    for (const charge of offered) {
      const found = tariff.offers[charge].filter((offer) => offerHolds(offer, conditions));
      for (const offer of found) holding.add(offer);
      if (found[0] !== undefined) chosen.add(found[0].component);
      else if (!gaps.has(charge)) gaps.set(charge, conditions);
    }
    for (const pair of pairs) watch(pair, holding, conditions);
  });
  return [...unreachable(tariff, chosen), ...gapFindings(gaps), ...overlapFindings(pairs, chosen)];
}

function unreachable(tariff: Tariff, chosen: ReadonlySet<PriceComponent>): LintWarning[] {
  return tariff.elements.flatMap((element): LintWarning[] => {
    const dead = element.components.filter((component) => !chosen.has(component));
    if (dead.length === element.components.length)
      return [
        {
          path: `elements[${element.index}]`,
          rule: "unreachable",
          message: "is never used: its restrictions never hold, or an earlier element always comes first",
        },
      ];
    return dead.map((component) => {
      const double = element.components.some((other) => other.type === component.type && other.index < component.index);
      const reason = double
        ? `the element has another ${component.type} before it, and the first counts`
        : "an earlier element with this dimension always comes first";
      return { path: componentPath(component), rule: "never-charged", message: `is never charged: ${reason}` };
    });
  });
}

function gapFindings(gaps: ReadonlyMap<Charge, Conditions>): LintWarning[] {
  return [...gaps].flatMap(([charge, conditions]) =>
    charge === "ENERGY" || charge === "TIME" || charge === "PARKING_TIME"
      ? [
          {
            path: "elements",
            rule: "gap",
            message:
              `${charge} is free where no element holds, for example ` +
              `${situationText(conditions)}; add a price of 0 without restrictions if ` +
              `that is meant`,
          },
        ]
      : [],
  );
}

/**
 * A later element that holds wherever the earlier one does is a fall-back; one that holds only partly there is worth a
 * look.
 */
function overlapFindings(pairs: readonly Pair[], chosen: ReadonlySet<PriceComponent>): LintWarning[] {
  return pairs.flatMap(({ charge, first, second, both, onlyFirst, onlySecond }): LintWarning[] => {
    if (both === undefined || !onlyFirst || !onlySecond || !chosen.has(second.component)) return [];
    return [
      {
        path: componentPath(second.component),
        rule: "overlap",
        message: `${charge} overlaps with elements[${first.element.index}], which comes first, for example ${situationText(both)}`,
      },
    ];
  });
}
