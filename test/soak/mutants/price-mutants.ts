// Restrictions, steps, caps, tax and rounding: the rules of a price.
import type { Mutant } from "./mutant.js";

const restrictions = "agent/core/tariff/restrictions.ts";
const selection = "agent/core/tariff/component-selection.ts";
const boundaries = "agent/core/tariff/tariff-boundaries.ts";
const steps = "agent/core/rating/step-rounding.ts";
const taxed = "agent/core/rating/taxed.ts";
const inBoundaries = ["agent/core/rating/between-readings"];
const cases = ["agent/core/rating/price-cases"];

export const priceMutants: readonly Mutant[] = [
  {
    rule: "an upper bound of a restriction excludes its value",
    file: restrictions,
    find: "high < max",
    replace: "high <= max",
    tests: cases,
  },
  {
    rule: "a lower bound of a restriction includes its value",
    file: restrictions,
    find: "low >= min",
    replace: "low > min",
    tests: cases,
  },
  {
    rule: "an end date excludes its day",
    file: restrictions,
    find: "local.day >= restrictions.endDay",
    replace: "local.day > restrictions.endDay",
    tests: cases,
  },
  {
    rule: "a daily window may pass midnight",
    file: restrictions,
    find: "msOfDay >= start || msOfDay < end",
    replace: "msOfDay >= start && msOfDay < end",
    tests: cases,
  },
  {
    rule: "a daily window excludes its end",
    file: restrictions,
    find: "msOfDay >= start && msOfDay < end",
    replace: "msOfDay >= start && msOfDay <= end",
    tests: cases,
  },
  {
    rule: "a start date includes its day",
    file: restrictions,
    find: "local.day < restrictions.startDay",
    replace: "local.day <= restrictions.startDay",
    tests: cases,
  },
  {
    rule: "an element of other weekdays does not hold",
    file: restrictions,
    find: "(restrictions.weekdays & (1 << local.weekday)) === 0",
    replace: "false",
    tests: cases,
  },
  {
    rule: "charging time is billed",
    file: selection,
    find: 'charging: ["ENERGY", "TIME", "FLAT"],',
    replace: 'charging: ["ENERGY", "FLAT"],',
    tests: cases,
  },
  {
    rule: "idle time is billed",
    file: "agent/core/rating/slice.ts",
    find: 'parking: time("parkingMs"),',
    replace: "parking: 0n,",
    tests: inBoundaries,
  },
  {
    rule: "time is not sold by a clock that nobody vouches for",
    file: selection,
    find: "conditions.local === undefined ? chargesWithoutClock : charges",
    replace: "charges",
    tests: ["agent/core/rating/rating-clock"],
  },
  {
    rule: "without a trusted clock the lowest price that may hold is charged",
    file: selection,
    find: "compare(price, lowest.price) < 0)",
    replace: "compare(price, lowest.price) > 0)",
    tests: ["agent/core/rating/rating-clock"],
  },
  {
    rule: "the tariff is looked at again where the offset of local time changes",
    file: boundaries,
    find: "next = Math.min(next, span.toMs);",
    replace: "",
    tests: inBoundaries,
  },
  {
    rule: "what begins to hold at the end of a session is not charged",
    file: "agent/core/rating/slice.ts",
    find: "atMs === fromMs && energyMilliWh === fromMilliWh;",
    replace: "atMs < fromMs;",
    tests: ["agent/core/rating/half-open"],
  },
  {
    rule: "the open contactor at the begin reading decides over no price",
    file: "agent/core/session/sale.ts",
    find: "...withPowerAtBegin(sale, powerW, currentMilliA),",
    replace: "...sale,",
    tests: ["agent/core/rating/half-open"],
  },
  {
    rule: "the tariff is looked at again at a boundary of energy",
    file: "agent/core/rating/sample.ts",
    find: "const crossed = boundary.energyMilliWh < next.energyMilliWh;",
    replace: "const crossed = false;",
    tests: inBoundaries,
  },
  {
    rule: "energy is split at a boundary of time",
    file: "agent/core/rating/sample.ts",
    find: "last.energyMilliWh + share(span, boundary.atMs - last.atMs, spanMs)",
    replace: "next.energyMilliWh",
    tests: inBoundaries,
  },
  {
    rule: "a quantity that fills its steps is not rounded up further",
    file: steps,
    find: "over === 0n ? total : total + step - over",
    replace: "total + step - over",
    tests: cases,
  },
  {
    rule: "charging time is not rounded up where parking follows",
    file: steps,
    find: "last.parking === undefined",
    replace: "true",
    tests: cases,
  },
  {
    rule: "time and energy are billed as a CDR can say them: whole seconds, whole tenths of a watt-hour",
    file: "agent/core/rating/slice.ts",
    find: "(Math.floor(after / unit) - Math.floor(before / unit)) * unit",
    replace: "after - before",
    tests: ["agent/core/cdr/cdr-check"],
  },
  {
    rule: "what a step adds is billed",
    file: "agent/core/rating/costing.ts",
    find: "isLast ? billed[kind] - metered.totals[kind] : 0n",
    replace: "0n",
    tests: cases,
  },
  {
    rule: "a price cap holds",
    file: taxed,
    find: 'step("max_price", tariff.maxPrice, (a, b) => compare(a, b) > 0);',
    replace: "",
    tests: cases,
  },
  {
    rule: "a minimum price holds",
    file: taxed,
    find: "if (which.min) step(",
    replace: "if (false) step(",
    tests: cases,
  },
  {
    rule: "a cap that includes tax limits what is paid",
    file: taxed,
    find: "clampIncl ? inclBound : total.incl",
    replace: "total.incl",
    tests: cases,
  },
  {
    rule: "tax that a price does not include is added",
    file: taxed,
    find: "incl: { n: base * (hundred + percent), d }",
    replace: "incl: { n: base * hundred, d }",
    tests: cases,
  },
  {
    rule: "a session without energy costs nothing",
    file: "agent/core/rating/rating.ts",
    find: "last.energyMilliWh === start.energyMilliWh;",
    replace: "last.energyMilliWh < start.energyMilliWh;",
    tests: ["agent/core/receipt/unusual-sessions"],
  },
  {
    rule: "hours on the wire are the nearest to the whole seconds",
    file: "agent/core/cdr/cdr-volumes.ts",
    find: "(2n * 25n * (ms / 1000n) + 9n) / (2n * 9n)",
    replace: "ms / 360n",
    tests: ["agent/core/cdr/cdr-check"],
  },
  {
    rule: "halves are rounded up",
    file: "agent/core/number/money.ts",
    find: "(2n * (negative ? -scaled : scaled) + value.d) / (2n * value.d)",
    replace: "(negative ? -scaled : scaled) / value.d",
    tests: cases,
  },
  {
    rule: "what is left over by rounding shares goes to the largest remainders",
    file: "agent/core/number/money.ts",
    find: "if (left <= 0n) break;",
    replace: "break;",
    tests: ["agent/core/number/money"],
  },
];
