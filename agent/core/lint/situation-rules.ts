// Unreachable elements and components, gaps and overlaps: found by walking through the situations that a tariff tells
// apart.

import { durationInWords } from "../explain/price-text.js";
import { kwhExact } from "../number/energy-text.js";
import { allCharges, type Charge } from "../tariff/charge.js";
import type { Conditions, Restrictions } from "../tariff/restrictions.js";
import type { PriceComponent, Tariff, TariffOffer } from "../tariff/tariff.js";
import { dateText, localTime, timeOfDayText } from "../time/time.js";
import { walkSituations } from "./lint-space.js";
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

/** An offer, and in how many situations it holds. */
type Watched = { readonly charge: Charge; readonly offer: TariffOffer; readonly at: number; held: number };

/** Two offers of one charge that hold at once: in how many situations, and one of them. */
type Overlap = { readonly first: Watched; readonly second: Watched; readonly example: Conditions; held: number };

/** More pairs of overlapping offers than these are not watched. */
const mostOverlaps = 20_000;

/** Unreachable elements and components, gaps and overlaps, by a walk through the situations (lint-space.ts). */
export function lintSituations(tariff: Tariff, options: LintOptions): LintWarning[] {
  const today = localTime(options.timeZone, options.nowMs).day;
  const watched = tariff.elements.map((): Watched[] => []);
  const offered = allCharges.filter((charge) => tariff.offers[charge].length > 0);
  for (const charge of offered)
    for (const [at, offer] of tariff.offers[charge].entries())
      watched[offer.element.index]?.push({ charge, offer, at, held: 0 });
  const chosen = new Set<PriceComponent>();
  const gaps = new Map<Charge, Conditions>();
  const overlaps = new Map<string, Overlap>();
  const walk = walkSituations(tariff, today, (holding, conditions) => {
    let steps = 0;
    for (const charge of offered) {
      const found = holding.flatMap((index) => watched[index]?.filter((one) => one.charge === charge) ?? []);
      const [first] = found;
      if (first !== undefined) chosen.add(first.offer.component);
      else if (!gaps.has(charge)) gaps.set(charge, conditions());
      for (const [at, second] of found.entries()) {
        second.held += 1;
        for (const before of found.slice(0, at)) countOverlap(overlaps, before, second, conditions);
      }
      steps += found.length ** 2 + holding.length;
    }
    return steps;
  });
  const isWhole = walk.visited === walk.situations && overlaps.size < mostOverlaps;
  return [
    ...(isWhole ? unreachable(tariff, chosen, today) : unreachable(tariff, possible(tariff, chosen), today)),
    ...gapFindings(gaps),
    ...overlapFindings([...overlaps.values()], chosen),
    ...(isWhole
      ? []
      : [
          {
            path: "elements",
            rule: "size",
            message:
              `tells ${walk.situations} situations apart, of which ${walk.visited} were looked at: there may be more ` +
              "gaps, overlaps and elements that are never used",
          },
        ]),
  ];
}

function countOverlap(
  overlaps: Map<string, Overlap>,
  first: Watched,
  second: Watched,
  conditions: () => Conditions,
): void {
  const key = `${first.charge} ${first.at} ${second.at}`;
  const known = overlaps.get(key);
  if (known === undefined && overlaps.size < mostOverlaps)
    overlaps.set(key, { first, second, example: conditions(), held: 1 });
  else if (known !== undefined) known.held += 1;
}

/**
 * The components that may be charged, as far as can be told without a look at every situation: those that were, and
 * those that no single offer before theirs covers.
 */
function possible(tariff: Tariff, chosen: ReadonlySet<PriceComponent>): ReadonlySet<PriceComponent> {
  const may = new Set(chosen);
  for (const charge of allCharges)
    for (const [at, { element, component }] of tariff.offers[charge].entries()) {
      const isCovered = tariff.offers[charge]
        .slice(0, at)
        .some((before) => covers(before.element.restrictions, element.restrictions));
      if (!isCovered && !isContradiction(element.restrictions)) may.add(component);
    }
  return may;
}

/** Whether each restriction of `wide` is one of `narrow` too, as it stands: then it holds wherever that does. */
function covers(wide: Restrictions, narrow: Restrictions): boolean {
  return Object.entries(wide).every(([name, bound]) => narrow[name as keyof Restrictions] === bound);
}

function isContradiction(one: Restrictions): boolean {
  const pairs = [
    [one.startDay, one.endDay],
    [one.minMilliWh, one.maxMilliWh],
    [one.minDurationMs, one.maxDurationMs],
    [one.minPowerKw, one.maxPowerKw],
    [one.minCurrentA, one.maxCurrentA],
  ] as const;
  return pairs.some(([min, max]) => min !== undefined && max !== undefined && min >= max);
}

function unreachable(tariff: Tariff, chosen: ReadonlySet<PriceComponent>, today: number): LintWarning[] {
  return tariff.elements.flatMap((element): LintWarning[] => {
    const dead = element.components.filter((component) => !chosen.has(component));
    const { endDay } = element.restrictions;
    if (dead.length === element.components.length)
      return [
        {
          path: `elements[${element.index}]`,
          rule: "unreachable",
          message:
            endDay !== undefined && endDay <= today
              ? "is over: its end_date has passed"
              : "is never used: its restrictions never hold, or an earlier element always comes first",
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
function overlapFindings(overlaps: readonly Overlap[], chosen: ReadonlySet<PriceComponent>): LintWarning[] {
  return overlaps.flatMap(({ first, second, example, held }): LintWarning[] => {
    const isPartial = held < first.held && held < second.held;
    if (!isPartial || !chosen.has(second.offer.component)) return [];
    return [
      {
        path: componentPath(second.offer.component),
        rule: "overlap",
        message:
          `${second.charge} overlaps with elements[${first.offer.element.index}], which comes first, ` +
          `for example ${situationText(example)}`,
      },
    ];
  });
}
