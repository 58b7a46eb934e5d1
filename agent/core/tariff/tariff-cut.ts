// The part of a long tariff that a session could meet. Day-ahead tariffs have an element for each quarter of an hour of
// two days or a week, and a receipt that carried all of them would be mostly prices that its session never saw. What is
// left are elements of the tariff as they stand, in their order: under it any session of that span costs what it costs
// under the whole. Whoever has the whole tariff can cut it again, and compare (verify-together.ts).

import { compare, type Ratio } from "../number/money.js";
import { localTime } from "../time/time.js";
import { allCharges, type Charge } from "./charge.js";
import { grossPrice } from "./component-selection.js";
import type { Activity } from "./period.js";
import { asksTheClock, holdsAt, type Restrictions } from "./restrictions.js";
import type { Tariff, TariffElement } from "./tariff.js";
import { boundariesOf, nextTimeBoundary } from "./tariff-boundaries.js";
import { parseTariff } from "./tariff-reader.js";

/** A tariff of no more elements than these goes whole into every receipt: so it is easier compared. */
const mostWhole = 24;

/** Boundaries of a month of quarter hours; of a longer span nothing is cut. */
const mostLooks = 3_000;

/** The stretch of a session; `toMs` excluded, Infinity while the end is not known. */
type TariffSpan = { readonly fromMs: number; readonly toMs: number };

/** Whether a tariff is long enough to be cut. */
const isLongTariff = ({ elements }: Tariff): boolean => elements.length > mostWhole;

/** A tariff that a session is priced by, and the digest of the tariff that it was cut from; absent = it is whole. */
export type CutTariff = { readonly tariff: Tariff; readonly cutFrom?: string };

/** What a session that begins at `fromMs` is priced by. `digestOf` gives the digest of a tariff. */
export function tariffFromStart(
  tariff: Tariff,
  timeZone: string,
  fromMs: number,
  digestOf: (tariff: Tariff) => string,
): CutTariff {
  if (!isLongTariff(tariff)) return { tariff };
  const part = cutTariff(tariff, timeZone, { fromMs, toMs: Number.POSITIVE_INFINITY }, true);
  return part === tariff ? { tariff } : { tariff: part, cutFrom: digestOf(tariff) };
}

/**
 * What of it stands in the receipt of a session that is over. `clockTrusted` = it was priced by the wall clock alone.
 * Of a reservation before it nothing is cut.
 */
export function tariffOfSession(
  { tariff, cutFrom }: CutTariff,
  timeZone: string,
  samples: readonly { readonly atMs: number; readonly activity: Activity }[],
  clockTrusted: boolean,
  digestOf: (tariff: Tariff) => string,
): CutTariff {
  const first = samples.find(({ activity }) => activity !== "reserved") ?? samples[0];
  const last = samples.at(-1);
  const isLong = cutFrom !== undefined || isLongTariff(tariff);
  const kept: CutTariff = cutFrom === undefined ? { tariff } : { tariff, cutFrom };
  if (first === undefined || last === undefined || !isLong) return kept;
  const part = cutTariff(tariff, timeZone, { fromMs: first.atMs, toMs: last.atMs }, !clockTrusted);
  return part === tariff ? kept : { tariff: part, cutFrom: cutFrom ?? digestOf(tariff) };
}

/**
 * The part of the tariff that a session of that span could meet; the same object where that is all of it.
 * `withLowest`: with the lowest of the prices that it cannot meet too, which are charged where the clock is not known
 * (component-selection.ts).
 */
export function cutTariff(tariff: Tariff, timeZone: string, span: TariffSpan, withLowest: boolean): Tariff {
  const met = elementsMet(tariff, timeZone, span);
  if (met === undefined) return tariff;
  if (withLowest) for (const element of lowestElements(tariff)) met.add(element);
  // A tariff has at least one element, also for a session that meets none.
  if (met.size === 0) for (const element of tariff.elements.slice(0, 1)) met.add(element);
  if (met.size === tariff.elements.length) return tariff;
  const elements = (tariff.source["elements"] as readonly unknown[]).filter((_, index) => {
    const element = tariff.elements[index];
    return element !== undefined && met.has(element);
  });
  const parsed = parseTariff({ ...tariff.source, elements }, { version: tariff.version });
  if (!parsed.ok) throw new Error(`a part of tariff ${tariff.id} cannot be read: ${parsed.faults[0]?.message}`);
  return parsed.tariff;
}

/** What the wall clock does not decide over, or may at some instant of the span; undefined where the span is too long. */
function elementsMet(tariff: Tariff, timeZone: string, { fromMs, toMs }: TariffSpan): Set<TariffElement> | undefined {
  const isOpen = toMs === Number.POSITIVE_INFINITY;
  const today = localTime(timeZone, fromMs).day;
  const met = new Set<TariffElement>();
  let waiting: TariffElement[] = [];
  for (const element of tariff.elements) {
    const { restrictions } = element;
    // Without an end in sight only that can be ruled out whose last day is today, or is over.
    const isAsked = asksTheClock(restrictions) && !(isOpen && (restrictions.endDay ?? today + 2) > today + 1);
    // Reservations are few, and begin before the session does.
    if (isAsked && restrictions.reservation === undefined) waiting.push(element);
    else met.add(element);
  }
  const boundaries = boundariesOf(tariff);
  let atMs = fromMs;
  for (let looks = 0; waiting.length > 0 && (atMs < toMs || looks === 0); looks += 1) {
    if (looks === mostLooks) return undefined;
    const local = localTime(timeZone, atMs);
    if (isOpen && local.day > today) break;
    const before = waiting;
    waiting = [];
    for (const element of before)
      if (holdsAt(element.restrictions, local)) met.add(element);
      else waiting.push(element);
    atMs = nextTimeBoundary(boundaries, { timeZone, clockTrusted: true }, undefined, atMs);
  }
  return met;
}

/** What the clock does not decide over, as a text: elements alike in it may be candidates under the same conditions. */
function otherwiseText(restrictions: Restrictions): string {
  const { startMsOfDay, endMsOfDay, startDay, endDay, weekdays, ...others } = restrictions;
  return JSON.stringify(others, Object.keys(others).sort());
}

/**
 * The elements whose price is charged where the clock is not known: of those that the clock decides over, and that stand
 * between the same two that it does not, the first of the lowest; for each charge, and for each set of other conditions.
 */
function lowestElements(tariff: Tariff): Set<TariffElement> {
  const lowest = new Set<TariffElement>();
  const inRun = (charge: Charge): void => {
    let run = new Map<string, { element: TariffElement; price: Ratio }>();
    const close = (): void => {
      for (const { element } of run.values()) lowest.add(element);
      run = new Map();
    };
    for (const { element, component } of tariff.offers[charge]) {
      if (!asksTheClock(element.restrictions)) {
        close();
        continue;
      }
      const key = otherwiseText(element.restrictions);
      const price = grossPrice(tariff, component);
      const before = run.get(key);
      if (before === undefined || compare(price, before.price) < 0) run.set(key, { element, price });
    }
    close();
  };
  for (const charge of allCharges) inRun(charge);
  return lowest;
}
