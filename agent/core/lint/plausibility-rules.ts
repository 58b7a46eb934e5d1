// Figures that OCPI allows and that nobody means: a share written as a percentage, cents as euros, watts as kilowatts, a
// price per minute where one per hour belongs, a fee that depends on power or that should be a cap.

import { type Decimal, decimalText, powerOfTen } from "../../../config/decimal.js";
import { durationInWords, kwhText } from "../explain/price-text.js";
import { asksMomentary, isLateFee } from "../explain/restriction-text.js";
import type { ComponentType } from "../tariff/charge.js";
import { asksTheClock, type Restrictions } from "../tariff/restrictions.js";
import type { PriceComponent, Tariff } from "../tariff/tariff.js";
import { languageWords } from "../words/words.js";
import { componentPath, type LintWarning } from "./lint-warning.js";

/** About how many units a euro is worth; of a currency that is not listed no price is judged. */
const unitsPerEuro: ReadonlyMap<string, number> = new Map(
  (
    [
      [1, "EUR USD GBP CHF AUD CAD NZD SGD BGN"],
      [4, "PLN RON ILS AED MYR BRL"],
      [10, "DKK CNY HKD NOK SEK"],
      [25, "CZK ZAR MXN"],
      [50, "THB TWD TRY"],
      [150, "INR RSD ISK JPY"],
      [1000, "HUF KRW"],
    ] as const
  ).flatMap(([units, currencies]) => currencies.split(" ").map((currency) => [currency, units])),
);
/** Beyond these, in euros, a price is more likely a slip of the unit. */
const most: Readonly<Record<ComponentType, number>> = { ENERGY: 5, FLAT: 100, TIME: 300, PARKING_TIME: 300 };
const leastPerHour = 0.5;
const per: Readonly<Record<ComponentType, string>> = {
  ENERGY: "per kWh",
  FLAT: "once",
  TIME: "per hour",
  PARKING_TIME: "per hour",
};
/** Beyond these a restriction is more likely in a unit a thousand times smaller. */
const mostKw = 1000;
const mostAmpere = 2000;
const mostKwh = 1000;
const mostSeconds = 14 * 86_400;

/** A figure in another unit. */
const hundredth = ({ digits, scale }: Decimal): string => decimalText(powerOfTen(digits, -scale - 2));
const sixtyfold = ({ digits, scale }: Decimal): string => decimalText({ digits: digits * 60n, scale });
const hundredfold = ({ digits, scale }: Decimal): string => decimalText(powerOfTen(digits, 2 - scale));

/** Prices and rates that look like a slip of the unit. */
export function lintPlausibility(tariff: Tariff): LintWarning[] {
  return tariff.elements.flatMap(({ index, components, restrictions }) => [
    ...components.flatMap((component) => [
      ...priceFindings(tariff, component),
      ...rateFindings(component),
      ...feeFindings(tariff, component, restrictions),
    ]),
    ...unitFindings(restrictions, `elements[${index}].restrictions`),
  ]);
}

function priceFindings({ currency }: Tariff, component: PriceComponent): LintWarning[] {
  const worth = unitsPerEuro.get(currency);
  if (worth === undefined) return [];
  const price = decimalText(component.price);
  const euros = Number(price) / worth;
  const odd = (message: string): LintWarning[] => [
    { path: `${componentPath(component)}.price`, rule: "plausible", message },
  ];
  const isHigh = euros > most[component.type];
  if (isHigh)
    return odd(`${price} ${currency} ${per[component.type]} is very high: was ${hundredth(component.price)} meant?`);
  if (per[component.type] !== "per hour" || euros <= 0 || euros >= leastPerHour) return [];
  return odd(
    `${price} ${currency} per hour is very low: OCPI prices times per hour; was ${sixtyfold(component.price)} ` +
      "(the price per minute times 60) meant?",
  );
}

function rateFindings(component: PriceComponent): LintWarning[] {
  const { vat } = component;
  if (vat === undefined || vat.digits === 0n || Number(decimalText(vat)) >= 1) return [];
  return [
    {
      path: `${componentPath(component)}.vat`,
      rule: "plausible",
      message: `is ${decimalText(vat)} %: OCPI states vat in percent; was ${hundredfold(vat)} meant?`,
    },
  ];
}

/** A fee by the power of a moment; and one that begins where the price of time or energy stops, as a cap would. */
function feeFindings(tariff: Tariff, component: PriceComponent, own: Restrictions): LintWarning[] {
  if (component.type !== "FLAT" || component.price.digits === 0n) return [];
  const path = componentPath(component);
  const { minDurationMs, minMilliWh } = own;
  const stops = tariff.elements.some(
    ({ components, restrictions }) =>
      components.some(({ type }) => type !== "FLAT") &&
      ((minDurationMs !== undefined && restrictions.maxDurationMs === minDurationMs) ||
        (minMilliWh !== undefined && restrictions.maxMilliWh === minMilliWh)),
  );
  const bound =
    minDurationMs === undefined
      ? kwhText(minMilliWh ?? 0, languageWords.en.price)
      : durationInWords(minDurationMs / 1000);
  const flat = (rule: string, message: string): LintWarning => ({ path, rule, message });
  const atStart = tariff.offers.FLAT.find(
    ({ element }) => !isLateFee(element.restrictions) && !asksTheClock(element.restrictions),
  );
  const never =
    atStart !== undefined && own.reservation === undefined && isLateFee(own)
      ? `is never charged: a FLAT is charged once, and that of elements[${atStart.element.index}] when a session begins`
      : undefined;
  return [
    ...(asksMomentary(own)
      ? [flat("flat-power", "is charged in full once the power or current was in this range for one moment")]
      : []),
    ...(stops
      ? [flat("flat-cap", `is charged on top of what was used before ${bound}, and limits nothing: a cap is max_price`)]
      : []),
    ...(never === undefined ? [] : [flat("never-charged", never)]),
  ];
}

/** A bound in watts, milliamperes, watt-hours or milliseconds. */
function unitFindings(restrictions: Restrictions, path: string): LintWarning[] {
  const given: readonly (readonly [string, number | undefined, number, string])[] = (["min", "max"] as const).flatMap(
    (end) => [
      [`${end}_power`, restrictions[`${end}PowerKw`], mostKw, "kW"] as const,
      [`${end}_current`, restrictions[`${end}CurrentA`], mostAmpere, "A"] as const,
      [`${end}_kwh`, (restrictions[`${end}MilliWh`] ?? 0) / 1_000_000, mostKwh, "kWh"] as const,
      [`${end}_duration`, (restrictions[`${end}DurationMs`] ?? 0) / 1000, mostSeconds, "s"] as const,
    ],
  );
  return given.flatMap(([field, value, most, unit]) =>
    value === undefined || value <= most
      ? []
      : [
          {
            path: `${path}.${field}`,
            rule: "plausible",
            message: `is ${value} ${unit}: was ${value / 1000} ${unit} meant?`,
          },
        ],
  );
}
