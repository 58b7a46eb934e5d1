// An OCPP 2.1 tariff as the OCPI tariff that this station prices by: exactly, or refused with the standard's word (a
// clock of the idle time alone, stacked taxes, a limit that no decimal holds). Idle is what the station's own rule
// calls parking: the car asks for no power, and its grace is over; a pause that the station makes is never idle.
import { type Decimal, decimalOf, decimalText, tenTo } from "../../../../config/decimal.js";
import type { Tariff } from "../../../core/tariff/tariff.js";
import { parseTariff } from "../../../core/tariff/tariff-reader.js";
import { isPrintable } from "../requests/request-context.js";
import type { CostLimit, TariffConditions, TariffType, TaxRates } from "./tariff-type.js";

type TariffRefusal = {
  readonly ok: false;
  readonly status: "Rejected" | "ConditionNotSupported" | "TooManyElements";
  readonly why: string;
};
export type TranslationResult = { readonly ok: true; readonly tariff: Tariff } | TariffRefusal;

/** Prices that one dimension may list: TariffCostCtrlr.MaxElements. */
export const mostPrices = 100;
/** OCPI's ids are shorter than OCPP's. */
const longestId = 36;
const longestText = 512;

/** What a tariff is held against: whose it is, and what it is set for ("mixed" = connectors of both kinds). */
export type TariffPlace = {
  readonly countryCode: string;
  readonly partyId: string;
  readonly kind: "AC" | "DC" | "mixed";
  /** ISO 8601, UTC. */
  readonly lastUpdated: string;
  /** Whether the reservations of whoever sets it are charged: else a price for them cannot be kept. Default: false. */
  readonly chargeReservations?: boolean;
};

type Element = { readonly price_components: readonly [Component]; readonly restrictions?: OcpiRestrictions };
type Component = {
  readonly type: "ENERGY" | "TIME" | "PARKING_TIME" | "FLAT";
  readonly price: number;
  readonly vat?: number;
  readonly step_size: 0;
};
type OcpiRestrictions = Readonly<Record<string, string | number | readonly string[]>>;
type PriceItem = { readonly price: number; readonly factor: bigint; readonly conditions?: TariffConditions };

/** The first reason against a tariff; what is read after it counts no more. */
class Doubt {
  refusal: TariffRefusal | undefined;

  refuse(status: TariffRefusal["status"], why: string): undefined {
    this.refusal ??= { ok: false, status, why };
    return undefined;
  }
}

/** The tariff that prices every session alike, or why there is none. */
export function tariffFromOcpp(given: TariffType, place: TariffPlace): TranslationResult {
  const doubt = new Doubt();
  if (!isPrintable(given.tariffId)) doubt.refuse("Rejected", "a tariff id is of printable ASCII");
  if (given.tariffId.length > longestId)
    doubt.refuse("Rejected", `a tariff id has at most ${longestId} characters here, as in OCPI`);
  const sold = [
    ...dimension(
      doubt,
      place,
      "ENERGY",
      given.energy?.prices.map(({ priceKwh: price, conditions }) => ({
        price,
        factor: 1n,
        ...(conditions && { conditions }),
      })),
      given.energy?.taxRates,
    ),
    ...dimension(doubt, place, "TIME", given.chargingTime?.prices.map(perHour), given.chargingTime?.taxRates),
    ...dimension(doubt, place, "PARKING_TIME", given.idleTime?.prices.map(perHour), given.idleTime?.taxRates),
    ...atStart(dimension(doubt, place, "FLAT", given.fixedFee?.prices.map(once), given.fixedFee?.taxRates)),
  ];
  if (sold.length === 0)
    doubt.refuse("Rejected", "it has no price that could apply here, and nothing is sold for nothing without a word");
  const elements = [...sold, ...reservationElements(doubt, place, given)];
  const rate = rateOf(doubt, given, elements);
  const limits = {
    ...limitOf(doubt, "min_price", given.minCost, rate),
    ...limitOf(doubt, "max_price", given.maxCost, rate),
  };
  const source = {
    country_code: place.countryCode,
    party_id: place.partyId,
    id: given.tariffId,
    currency: given.currency,
    type: "REGULAR",
    ...descriptionOf(given),
    ...limits,
    elements,
    ...(given.validFrom === undefined ? {} : { start_date_time: new Date(given.validFrom).toISOString() }),
    last_updated: place.lastUpdated,
  };
  if (doubt.refusal !== undefined) return doubt.refusal;
  const parsed = parseTariff(source, { version: "2.2.1" });
  return parsed.ok
    ? parsed
    : { ok: false, status: "Rejected", why: `${parsed.faults[0]?.path ?? ""}: ${parsed.faults[0]?.message ?? ""}` };
}

const perHour = ({
  priceMinute,
  conditions,
}: {
  readonly priceMinute: number;
  readonly conditions?: TariffConditions | undefined;
}): PriceItem => ({ price: priceMinute, factor: 60n, ...(conditions && { conditions }) });

const once = ({
  priceFixed,
  conditions,
}: {
  readonly priceFixed: number;
  readonly conditions?: TariffConditions | undefined;
}): PriceItem => ({ price: priceFixed, factor: 1n, ...(conditions && { conditions }) });

/** What a reservation costs, used or not: OCPP has no price of its own for one that expired. */
function reservationElements(
  doubt: Doubt,
  place: TariffPlace,
  { reservationTime: time, reservationFixed: fixed }: TariffType,
): readonly Element[] {
  const elements = [
    ...dimension(doubt, place, "TIME", time?.prices.map(perHour), time?.taxRates),
    ...atStart(dimension(doubt, place, "FLAT", fixed?.prices.map(once), fixed?.taxRates)),
  ];
  const isCharged = elements.some(({ price_components: [{ price }] }) => price !== 0);
  if (isCharged && place.chargeReservations !== true)
    doubt.refuse("Rejected", "reservations are not charged here: chargeReservations is not set for this CSMS");
  const ofSessions = elements
    .flatMap(({ restrictions }) => Object.keys(restrictions ?? {}))
    .find((name) => /^(?:min|max)_/.test(name));
  if (ofSessions !== undefined)
    doubt.refuse(
      "ConditionNotSupported",
      `${ofSessions} cannot hold for a reservation: nothing flows and no session lasts`,
    );
  return elements.map((element) => ({
    ...element,
    restrictions: { ...element.restrictions, reservation: "RESERVATION" },
  }));
}

/** One element per price, in their order: in both standards the first whose conditions hold is the one that counts. */
function dimension(
  doubt: Doubt,
  place: TariffPlace,
  type: Component["type"],
  items: readonly PriceItem[] | undefined,
  taxes: TaxRates | undefined,
): Element[] {
  if (items === undefined) return [];
  if (items.length > mostPrices) doubt.refuse("TooManyElements", `at most ${mostPrices} prices of a kind`);
  const vat = vatOf(doubt, taxes);
  return items.slice(0, mostPrices).flatMap((item) => {
    const price =
      scaled(item.price, item.factor, 0) ?? doubt.refuse("Rejected", `a price of ${item.price} cannot be kept exactly`);
    const restrictions = restrictionsOf(doubt, place, item.conditions ?? {});
    // A price for the other kind of current can never apply.
    if (restrictions === "never") return [];
    const component: Component = { type, price: price ?? 0, ...(vat === undefined ? {} : { vat }), step_size: 0 };
    return [{ price_components: [component], ...(Object.keys(restrictions).length === 0 ? {} : { restrictions }) }];
  });
}

/**
 * A fixed fee is decided at the start alone (I12.FR.30): where none applies then, a fee of 0 keeps later ones from
 * falling due.
 */
function atStart(fees: readonly Element[]): readonly Element[] {
  if (fees.length === 0 || fees.some(({ restrictions }) => restrictions === undefined)) return fees;
  return [...fees, { price_components: [{ type: "FLAT", price: 0, step_size: 0 }] }];
}

const words = /^(vat|gst|mwst|ust|btw|tva|iva|moms|mva|dph|dds|pdv|ddv|áfa|afa|alv|km|pvm|pvn|kdv|ptu|fpa|φπα)\.?$/i;

/**
 * One tax on the net price is OCPI's vat. Several, stacked or of another name would stand on the receipt as something
 * they are not.
 */
function vatOf(doubt: Doubt, taxes: TaxRates | undefined): number | undefined {
  const [tax, ...more] = taxes ?? [];
  if (tax === undefined) return undefined;
  if (more.length > 0) return doubt.refuse("Rejected", "several taxes on one price have no place here");
  if (!words.test(tax.type.trim()))
    return doubt.refuse("Rejected", `a tax called "${tax.type}" has no place here: value added tax alone has`);
  return tax.tax;
}

function restrictionsOf(doubt: Doubt, place: TariffPlace, given: TariffConditions): OcpiRestrictions | "never" {
  const { startTimeOfDay: start, endTimeOfDay: end, evseKind } = given;
  if (evseKind !== undefined && place.kind === "mixed")
    doubt.refuse("ConditionNotSupported", "evseKind: the connectors are of both kinds; set a tariff for each of them");
  else if (evseKind !== undefined && evseKind !== place.kind) return "never";
  for (const name of [
    "minChargingTime",
    "maxChargingTime",
    "minIdleTime",
    "maxIdleTime",
    "paymentBrand",
    "paymentRecognition",
  ] as const)
    if (given[name] !== undefined) doubt.refuse("ConditionNotSupported", `${name} is not supported here`);
  for (const name of [
    "minEnergy",
    "maxEnergy",
    "minCurrent",
    "maxCurrent",
    "minPower",
    "maxPower",
    "minTime",
    "maxTime",
  ] as const)
    if ((given[name] ?? 0) < 0) doubt.refuse("ConditionNotSupported", `${name}: only charging is supported here`);
  if (start !== undefined && start === end && start !== "00:00")
    doubt.refuse("ConditionNotSupported", "a window that ends when it starts may mean all day or never");
  const exactly = (name: string, value: number | undefined, shift: number): number | undefined =>
    value === undefined
      ? undefined
      : (scaled(value, 1n, shift) ?? doubt.refuse("ConditionNotSupported", `${name}: ${value} cannot be kept exactly`));
  const all = {
    start_time: start,
    end_time: end,
    start_date: given.validFromDate,
    end_date: given.validToDate,
    day_of_week: given.dayOfWeek?.map((day) => day.toUpperCase()),
    min_kwh: exactly("minEnergy", given.minEnergy, 3),
    max_kwh: exactly("maxEnergy", given.maxEnergy, 3),
    min_current: exactly("minCurrent", given.minCurrent, 0),
    max_current: exactly("maxCurrent", given.maxCurrent, 0),
    min_power: exactly("minPower", given.minPower, 3),
    max_power: exactly("maxPower", given.maxPower, 3),
    min_duration: given.minTime,
    max_duration: given.maxTime,
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string | number | string[]] => entry[1] !== undefined),
  );
}

/**
 * The one tax rate of all that is priced, in percent; undefined where they differ, so that nobody could say which is a
 * limit's.
 */
function rateOf(doubt: Doubt, given: TariffType, elements: readonly Element[]): number | undefined {
  if (given.maxCost !== undefined && elements.some(({ price_components: [{ price }] }) => price < 0))
    doubt.refuse("Rejected", "a maximum cannot be held exactly where a price is negative");
  const rates = new Set(
    [
      given.energy,
      given.chargingTime,
      given.idleTime,
      given.fixedFee,
      given.reservationTime,
      given.reservationFixed,
    ].flatMap((part) => (part === undefined ? [] : [part.taxRates?.[0]?.tax ?? 0])),
  );
  const [rate = 0] = rates;
  return rates.size > 1 ? undefined : rate;
}

/**
 * A limit with and without tax; both are written, so that the tax of what is lifted or cut is the tax of what was used.
 */
function limitOf(
  doubt: Doubt,
  name: "min_price" | "max_price",
  given: CostLimit | undefined,
  rate: number | undefined,
): Readonly<Record<string, unknown>> {
  if (given === undefined) return {};
  const refuse = (why: string): Record<string, never> =>
    doubt.refuse("Rejected", `${name === "min_price" ? "minCost" : "maxCost"}: ${why}`) ?? {};
  if (given.exclTax === undefined && given.inclTax === undefined) return refuse("it states no amount");
  if (rate === undefined) return refuse("prices of different tax rates have no limit that could be held exactly");
  const own = vatOf(doubt, given.taxRates);
  if (own !== undefined && own !== rate) return refuse("its tax is not the tax of the prices");
  const excl = given.exclTax ?? withoutTax(given.inclTax ?? 0, rate);
  const incl = excl === undefined ? undefined : withTax(excl, rate);
  if (excl === undefined || incl === undefined || (given.inclTax !== undefined && incl !== given.inclTax))
    return refuse("the amounts with and without tax are not exactly that tax apart");
  return { [name]: { excl_vat: excl, incl_vat: incl } };
}

/** `value` x `factor` / 10^`shift` as a JSON number; undefined where its text would not be exactly that. */
function scaled(value: number, factor: bigint, shift: number): number | undefined {
  const decimal = decimalOf(value);
  return decimal === undefined
    ? undefined
    : numberOf({ digits: decimal.digits * factor, scale: decimal.scale + shift });
}

function numberOf(value: Decimal): number | undefined {
  const text = decimalText(value);
  const number = Number(text);
  const back = decimalOf(number);
  return back !== undefined && decimalText(back) === text ? number : undefined;
}

function withTax(excl: number, rate: number): number | undefined {
  const net = decimalOf(excl);
  const percent = decimalOf(rate);
  if (net === undefined || percent === undefined) return undefined;
  return numberOf({
    digits: net.digits * (100n * tenTo(percent.scale) + percent.digits),
    scale: net.scale + percent.scale + 2,
  });
}

const mostPlaces = 10;

function withoutTax(incl: number, rate: number): number | undefined {
  const gross = decimalOf(incl);
  const percent = decimalOf(rate);
  if (gross === undefined || percent === undefined) return undefined;
  const divisor = (100n * tenTo(percent.scale) + percent.digits) * tenTo(gross.scale);
  const digits = gross.digits * tenTo(percent.scale + 2 + mostPlaces);
  return divisor > 0n && digits % divisor === 0n
    ? numberOf({ digits: digits / divisor, scale: mostPlaces })
    : undefined;
}

/** What of the description is plain text and not too long; a description is no price. */
function descriptionOf({ description }: TariffType): { readonly tariff_alt_text?: readonly object[] } {
  const texts = (description ?? []).flatMap(({ format, language = "en", content }) =>
    (format === "ASCII" || format === "UTF8") &&
    content !== "" &&
    content.length <= longestText &&
    !/\p{Cc}/u.test(content) &&
    /^[a-z]{2}/i.test(language)
      ? [{ language: language.slice(0, 2).toLowerCase(), text: content }]
      : [],
  );
  return texts.length === 0 ? {} : { tariff_alt_text: texts };
}
