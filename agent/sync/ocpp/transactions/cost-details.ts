// What a session cost, as OCPP 2.1 says it (CostDetailsType): at its end from the signed receipt alone, before that
// from the running bill. Pure. Energy is in Wh and time in seconds, as CostDimensionEnumType has them; a pause that the
// station made is no time that costs anything.

import { wireDecimal, wireNumber } from "../../../core/number/ocpi-number.js";
import type { Amount, Price, PriceLine, TaxShare } from "../../../core/rating/price.js";
import { sumText } from "../../../core/receipt/decimal-text.js";
import type { SaleFields } from "../../../core/receipt/receipt-payload.js";
import type { ChargingPeriod } from "../../../core/tariff/period.js";

type Fields = Readonly<Record<string, unknown>>;

/** The station writes no tax list longer than the standard takes. */
const mostTaxRates = 5;
/** More periods than these make a message of their own: past them the totals alone are told. */
const mostPeriods = 200;

/**
 * `tariffKnown` = the CSMS set the tariff itself: a period names it then, and names none that nobody there has heard of
 * (I12).
 */
export function costDetails(
  { price, periods, tariff }: Pick<SaleFields, "price" | "periods" | "tariff">,
  tariffKnown: boolean,
): Fields {
  const shares = price.taxShares;
  return {
    ...(periods.length === 0 || periods.length > mostPeriods
      ? {}
      : { chargingPeriods: periods.map((period) => chargingPeriod(period, tariffKnown ? tariff.id : undefined)) }),
    totalCost: {
      currency: price.currency,
      typeOfCost: typeOfCost(price),
      fixed: part(price.totalFixedCost, shares?.fixed),
      energy: part(price.totalEnergyCost, shares?.energy),
      chargingTime: part(price.totalTimeCost, shares?.time),
      idleTime: part(price.totalParkingCost, shares?.parking),
      ...reservationCost(price),
      // What is charged: rounded once, to the currency.
      total: { exclTax: wireDecimal(price.due.net), inclTax: wireDecimal(price.due.gross) },
    },
    totalUsage: {
      energy: thousandths(price.energyMilliWh),
      chargingTime: seconds(price.timeMs - price.parkingMs),
      idleTime: seconds(price.parkingMs),
      ...reservationUsage(price),
    },
  };
}

const linesOf = ({ lines }: Price, dimension: "RESERVATION_TIME" | "RESERVATION_FLAT"): readonly PriceLine[] =>
  lines.filter((line) => line.dimension === dimension);

/** The cost of the reservation before it, time and fee told apart; nothing where there was none. */
function reservationCost(price: Price): Fields {
  const sum = (name: string, lines: readonly PriceLine[]): Fields => {
    if (lines.length === 0) return {};
    const amount = lines.reduce<Amount>(
      (total, line) => ({
        excl: sumText(total.excl, line.amount.excl),
        incl: sumText(total.incl, line.amount.incl),
      }),
      { excl: "0", incl: "0" },
    );
    return {
      [name]: part(amount, [
        ...new Map(lines.flatMap(({ taxes }) => taxes).map((tax) => [tax.ratePercent, tax])).values(),
      ]),
    };
  };
  return {
    ...sum("reservationTime", linesOf(price, "RESERVATION_TIME")),
    ...sum("reservationFixed", linesOf(price, "RESERVATION_FLAT")),
  };
}

function reservationUsage(price: Price): Fields {
  const lines = linesOf(price, "RESERVATION_TIME");
  return lines.length === 0
    ? {}
    : { reservationTime: seconds(lines.reduce((ms, { fromMs, toMs }) => ms + toMs - fromMs, 0)) };
}

/** What a session costs so far: the totals alone, since periods are for the end (I12.FR.02, errata 2025-09). */
export const runningCost = (price: Price): Fields =>
  costDetails({ price, periods: [], tariff: { id: "", version: "", digest: "", value: null } }, false);

/** What a session costs when it begins: nothing, since no energy has flowed. */
export const noCost = (currency: string): Fields => ({
  totalCost: { currency, typeOfCost: "NormalCost", total: { exclTax: 0, inclTax: 0 } },
  totalUsage: { energy: 0, chargingTime: 0, idleTime: 0 },
});

function typeOfCost({ adjustments }: Price): "NormalCost" | "MinCost" | "MaxCost" {
  const kinds = adjustments.map(({ kind }) => kind);
  if (kinds.includes("waived")) return "NormalCost";
  return kinds.includes("max_price") ? "MaxCost" : kinds.includes("min_price") ? "MinCost" : "NormalCost";
}

function chargingPeriod(
  { startMs, endMs, activity, energyMilliWh, powerW, currentMilliA }: ChargingPeriod,
  tariffId: string | undefined,
): Fields {
  const dimensions: { type: string; volume: number }[] = [{ type: "Energy", volume: thousandths(energyMilliWh) }];
  if (activity === "charging") dimensions.push({ type: "ChargingTime", volume: thousandths(endMs - startMs) });
  // The standard's own schema spells it so.
  if (activity === "parking") dimensions.push({ type: "IdleTIme", volume: thousandths(endMs - startMs) });
  if (powerW !== undefined)
    dimensions.push(
      { type: "MinPower", volume: Math.floor(powerW.min) },
      { type: "MaxPower", volume: Math.floor(powerW.max) },
    );
  if (currentMilliA !== undefined)
    dimensions.push(
      { type: "MinCurrent", volume: thousandths(Math.floor(currentMilliA.min)) },
      { type: "MaxCurrent", volume: thousandths(Math.floor(currentMilliA.max)) },
    );
  return { ...(tariffId === undefined ? {} : { tariffId }), startPeriod: new Date(startMs).toISOString(), dimensions };
}

function part({ excl, incl }: Amount, shares: readonly TaxShare[] | undefined): Fields {
  const rates = (shares ?? []).filter(({ ratePercent }) => ratePercent !== "").slice(0, mostTaxRates);
  return {
    exclTax: wireDecimal(excl),
    inclTax: wireDecimal(incl),
    ...(rates.length === 0
      ? {}
      : { taxRates: rates.map(({ name, ratePercent }) => ({ type: name, tax: wireDecimal(ratePercent) })) }),
  };
}

/** mWh as Wh, ms as s, mA as A: exact. */
const thousandths = (whole: number): number => wireNumber(BigInt(whole) * 10n);

const seconds = (ms: number): number => Math.floor(ms / 1000);
