// Which components hold at an instant: per dimension the first element whose restrictions all hold and which has that
// dimension (OCPI mod_tariffs, Tariff object). With a clock that cannot be trusted, the lowest of what may hold.

import { add, compare, multiply, type Ratio, ratioOf, zeroRatio } from "../number/money.js";
import type { Charge } from "./charge.js";
import type { Activity } from "./period.js";
import { asksTheClock, type Conditions, holdsAt, holdsOtherwise } from "./restrictions.js";
import type { PriceComponent, Tariff, TariffOffer } from "./tariff.js";

/** The component in force per charge; absent = nothing is charged for it. */
export type Selection = { readonly [Key in Charge]?: PriceComponent };

/** What can be charged in each activity. A pause is free of time; energy that flows is energy always. */
const charges: Record<Activity, readonly Charge[]> = {
  charging: ["ENERGY", "TIME", "FLAT"],
  grace: ["ENERGY", "FLAT"],
  parking: ["ENERGY", "PARKING_TIME", "FLAT"],
  suspended: ["ENERGY", "FLAT"],
  reserved: ["RESERVATION_TIME", "RESERVATION_FLAT", "EXPIRY_TIME", "EXPIRY_FLAT"],
};
// An unapproved clock may run fast or slow, so no time is charged by it.
const chargesWithoutClock: Record<Activity, readonly Charge[]> = {
  charging: ["ENERGY", "FLAT"],
  grace: ["ENERGY", "FLAT"],
  parking: ["ENERGY", "FLAT"],
  suspended: ["ENERGY", "FLAT"],
  reserved: ["RESERVATION_FLAT", "EXPIRY_FLAT"],
};

/** What a driver pays per unit, with tax. */
export function grossPrice(tariff: Tariff, component: PriceComponent): Ratio {
  const price = ratioOf(component.price);
  if (tariff.taxIncluded !== "NO" || component.vat === undefined) return price;
  return multiply(price, add({ n: 1n, d: 1n }, multiply(ratioOf(component.vat), { n: 1n, d: 100n })));
}

function firstMatch(offers: readonly TariffOffer[], conditions: Conditions): PriceComponent | undefined {
  const { local } = conditions;
  for (const { element, component } of offers)
    if (local !== undefined && holdsAt(element.restrictions, local) && holdsOtherwise(element.restrictions, conditions))
      return component;
  return undefined;
}

/**
 * Where the wall clock is unknown: every element that may hold, up to and including the first that certainly does, is a
 * candidate, and so is "free" where none certainly does. The lowest is charged.
 */
function lowestCandidate(
  tariff: Tariff,
  offers: readonly TariffOffer[],
  conditions: Conditions,
): PriceComponent | undefined {
  let lowest: { component: PriceComponent; price: Ratio } | undefined;
  for (const { element, component } of offers) {
    const { restrictions } = element;
    if (!holdsOtherwise(restrictions, conditions)) continue;
    const price = grossPrice(tariff, component);
    if (lowest === undefined || compare(price, lowest.price) < 0) lowest = { component, price };
    const hasDuration = restrictions.minDurationMs !== undefined || restrictions.maxDurationMs !== undefined;
    if (!asksTheClock(restrictions) && !(hasDuration && conditions.durationMs === undefined)) return lowest.component;
  }
  return lowest !== undefined && compare(lowest.price, zeroRatio) < 0 ? lowest.component : undefined;
}

/** The component of one charge that holds under these conditions. */
export function chooseComponent(tariff: Tariff, charge: Charge, conditions: Conditions): PriceComponent | undefined {
  const offers = tariff.offers[charge];
  return conditions.local === undefined ? lowestCandidate(tariff, offers, conditions) : firstMatch(offers, conditions);
}

/** All components that hold in an activity under these conditions; `local` undefined = the clock is not trusted. */
export function selectComponents(tariff: Tariff, activity: Activity, conditions: Conditions): Selection {
  const selection: { [Key in Charge]?: PriceComponent } = {};
  for (const charge of (conditions.local === undefined ? chargesWithoutClock : charges)[activity]) {
    if (tariff.offers[charge].length === 0) continue;
    const component = chooseComponent(tariff, charge, conditions);
    if (component !== undefined) selection[charge] = component;
  }
  return selection;
}

export function sameSelection(a: Selection, b: Selection): boolean {
  return (
    a.ENERGY === b.ENERGY &&
    a.TIME === b.TIME &&
    a.PARKING_TIME === b.PARKING_TIME &&
    a.FLAT === b.FLAT &&
    a.RESERVATION_TIME === b.RESERVATION_TIME &&
    a.RESERVATION_FLAT === b.RESERVATION_FLAT &&
    a.EXPIRY_TIME === b.EXPIRY_TIME &&
    a.EXPIRY_FLAT === b.EXPIRY_FLAT
  );
}
