// What is odd about a tariff that can be read: elements that never hold, gaps, overlaps, windows that the clock change
// cuts, prices that cannot be shown as a country asks. Warnings, all of them: the tariff prices as it stands.

import { decimalText, digitsAt, tenTo } from "../../../config/decimal.js";
import { durationInWords } from "../explain/price-text.js";
import { restrictionText } from "../explain/restriction-text.js";
import type { Fault } from "../json/json-reader.js";
import { kwhExact } from "../number/energy-text.js";
import { minorUnits } from "../number/money.js";
import { allCharges, type Charge } from "../tariff/charge.js";
import { type Conditions, holdsAt, holdsOtherwise } from "../tariff/restrictions.js";
import type { Offer, PriceComponent, Tariff } from "../tariff/tariff.js";
import { clockText, dateText, dayMs, localTime, minuteMs, offsetSpan, timeOfDayText } from "../time/time.js";
import { mostSituations, situationsOf } from "./lint-space.js";

export type LintWarning = Fault & { readonly rule: string };

export type LintOptions = { readonly timeZone: string; readonly nowMs: number; readonly country?: string };

function componentPath(component: PriceComponent): string {
  return `elements[${component.element}].price_components[${component.index}]`;
}

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
  readonly first: Offer;
  readonly second: Offer;
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

function offerHolds({ element }: Offer, conditions: Conditions): boolean {
  return (
    conditions.local !== undefined &&
    holdsAt(element.restrictions, conditions.local) &&
    holdsOtherwise(element.restrictions, conditions)
  );
}

function watch(pair: Pair, holding: ReadonlySet<Offer>, conditions: Conditions): void {
  const first = holding.has(pair.first);
  const second = holding.has(pair.second);
  if (first && second) pair.both ??= conditions;
  else if (first) pair.onlyFirst = true;
  else if (second) pair.onlySecond = true;
}

/** More steps than this are not taken: situations times pairs of offers. */
const mostSteps = 10_000_000;

/** Unreachable elements and components, gaps and overlaps, by walking through every situation. */
function lintSituations(tariff: Tariff, options: LintOptions): LintWarning[] {
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
    const holding = new Set<Offer>();
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

/** A weekday belongs to the instant, not to the evening on which a night began. */
function lintWrappedDays(tariff: Tariff): LintWarning[] {
  return tariff.elements.flatMap(({ index, restrictions }): LintWarning[] => {
    const { startMsOfDay: start, endMsOfDay: end, weekdays } = restrictions;
    if (weekdays === undefined || weekdays === 127 || start === undefined || end === undefined || start < end)
      return [];
    return [
      {
        path: `elements[${index}].restrictions`,
        rule: "wrapped-days",
        message:
          `"${restrictionText(restrictions, "en")}" means these days before the ` +
          `window's end and after its start, not the night that follows; write ` +
          `two elements, one until midnight and one from midnight on`,
      },
    ];
  });
}

type ClockChange = {
  readonly atMs: number;
  readonly fromMsOfDay: number;
  readonly toMsOfDay: number;
  readonly lost: boolean;
};

/**
 * The changes of the clock in the year from `nowMs`, as the stretch of the local day that is skipped or comes twice.
 */
function clockChanges(timeZone: string, nowMs: number): ClockChange[] {
  const changes: ClockChange[] = [];
  let span = offsetSpan(timeZone, nowMs);
  while (span.toMs < nowMs + 366 * dayMs) {
    const next = offsetSpan(timeZone, span.toMs);
    const shift = next.offsetMs - span.offsetMs;
    if (shift !== 0) {
      const wall = (((span.toMs + Math.min(span.offsetMs, next.offsetMs)) % dayMs) + dayMs) % dayMs;
      changes.push({ atMs: span.toMs, fromMsOfDay: wall, toMsOfDay: wall + Math.abs(shift), lost: shift > 0 });
    }
    span = next;
  }
  return changes;
}

function lintClockChanges(tariff: Tariff, options: LintOptions): LintWarning[] {
  const changes = clockChanges(options.timeZone, options.nowMs);
  return tariff.elements.flatMap(({ index, restrictions }) => {
    const { startMsOfDay: start, endMsOfDay: end } = restrictions;
    if (start === undefined && end === undefined) return [];
    return changes.flatMap((change): LintWarning[] => {
      const day = localTime(options.timeZone, change.atMs).day;
      const midnight = { day, weekday: (((day + 3) % 7) + 7) % 7 };
      let touched = 0;
      for (let msOfDay = change.fromMsOfDay; msOfDay < change.toMsOfDay; msOfDay += minuteMs)
        if (holdsAt(restrictions, { ...midnight, msOfDay })) touched += 1;
      if (touched === 0) return [];
      const how = change.lost ? "lost" : "doubled";
      return [
        {
          path: `elements[${index}].restrictions`,
          rule: "clock-change",
          message:
            `${touched} min of the window are ${how} when the clocks change on ${dateText(day)} (` +
            `${clockText(options.timeZone, change.atMs - 1)} is followed by ` +
            `${clockText(options.timeZone, change.atMs)})`,
        },
      ];
    });
  });
}

const europeanUnion = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" ");

function lintCountry(tariff: Tariff, country: string | undefined): LintWarning[] {
  if (country === undefined) return [];
  const findings: LintWarning[] = [];
  const note = (path: string, message: string): number =>
    findings.push({ path, rule: "country", message: `${country}: ${message}` });
  const eu = europeanUnion.includes(country);
  const energy = tariff.offers.ENERGY.some(({ component }) => component.price.digits > 0n);
  const priced = tariff.elements
    .flatMap((element) => element.components)
    .filter((component) => component.price.digits > 0n);
  if (eu && !energy && priced.length > 0)
    note(
      "elements",
      `no price per kWh: for ad-hoc charging AFIR (EU 2023/1804) article 5(4) asks for one from 50 kW ` +
        `on${country === "DE" ? ", and PAngV section 14 at every public charge point" : ""}`,
    );
  if (country === "GB" && !energy && priced.length > 0)
    note("elements", "no price per kWh: the Public Charge Point Regulations 2023 ask for the price in pence per kWh");
  if (country === "GB" && tariff.offers.TIME.some(({ component }) => component.price.digits > 0n))
    note(
      "elements",
      "a price per hour of charging cannot be shown in pence per kWh (Public Charge Point Regulations 2023)",
    );
  if (eu || country === "GB") {
    for (const component of priced)
      if (tariff.taxIncluded === "NO" && component.vat === undefined)
        note(
          componentPath(component),
          "has no vat: the price incl. tax, which a consumer must be shown, cannot be told",
        );
    for (const [name, limit] of [
      ["min_price", tariff.minPrice],
      ["max_price", tariff.maxPrice],
    ] as const)
      if (limit !== undefined && limit.incl === undefined && tariff.taxIncluded !== "N/A")
        note(name, "has no figure incl. tax, which a consumer must be shown");
  }
  return findings;
}

/** Times are shown per minute: a price per hour that has no short price per minute is shown rounded. */
function lintDisplay(tariff: Tariff): LintWarning[] {
  const places = minorUnits(tariff.currency) + 2;
  return tariff.elements
    .flatMap((element) => element.components)
    .flatMap((component): LintWarning[] => {
      if (component.type !== "TIME" && component.type !== "PARKING_TIME") return [];
      const scale = Math.max(component.price.scale, places);
      const digits = digitsAt(component.price, scale);
      if (digits % (60n * tenTo(scale - places)) === 0n) return [];
      return [
        {
          path: componentPath(component),
          rule: "per-minute",
          message:
            `${decimalText(component.price)} per hour is no exact price per ` +
            `minute within ${places} decimals: a display has to round it`,
        },
      ];
    });
}

function lintBasics(tariff: Tariff, nowMs: number): LintWarning[] {
  const findings: LintWarning[] = [];
  for (const field of ["country_code", "party_id", "last_updated"])
    if (tariff.source[field] === undefined || tariff.source[field] === null)
      findings.push({ path: field, rule: "missing", message: "is required by OCPI; a backend may refuse the tariff" });
  if (tariff.endMs !== undefined && tariff.endMs <= nowMs)
    findings.push({
      path: "end_date_time",
      rule: "validity",
      message: "lies in the past: no session can start by this tariff",
    });
  if (tariff.taxIncluded === "YES")
    for (const component of tariff.elements.flatMap((element) => element.components))
      if (component.vat === undefined && component.price.digits !== 0n)
        findings.push({
          path: componentPath(component),
          rule: "tax",
          message: "includes tax of an unstated rate: the price before taxes is taken as the price",
        });
  if (tariff.taxIncluded === "N/A")
    for (const component of tariff.elements.flatMap((element) => element.components))
      if (component.vat !== undefined)
        findings.push({
          path: componentPath(component),
          rule: "tax",
          message: "states vat although tax_included is N/A: no tax is charged",
        });
  for (const component of tariff.elements.flatMap((element) => element.components))
    if (component.price.digits < 0n)
      findings.push({
        path: `${componentPath(component)}.price`,
        rule: "negative",
        message: "is negative: the driver is paid",
      });
  return findings;
}

/**
 * Everything worth a look, in the order of rules. The tariff was read before: what cannot be priced is a fault of its
 * parser.
 */
export function lintTariff(tariff: Tariff, options: LintOptions): LintWarning[] {
  return [
    ...lintBasics(tariff, options.nowMs),
    ...lintSituations(tariff, options),
    ...lintWrappedDays(tariff),
    ...lintClockChanges(tariff, options),
    ...lintDisplay(tariff),
    ...lintCountry(tariff, options.country),
  ];
}
