// What is wrong with the CDRs of a sale, looked for by somebody who has their texts, the receipt and nothing else.

import { makeCopies } from "../../../agent/core/cdr/cdr-copies.js";
import { billOfCdr, priceCdr } from "../../../agent/core/cdr/cdr-pricing.js";
import type { CdrFacts, ReservationSettlement, Settlement } from "../../../agent/core/cdr/settlement.js";
import { readTariffList } from "../../../agent/core/cdr/tariff-list.js";
import { firstDifference } from "../../../agent/core/json/json-text.js";
import { localTimeRule } from "../../../agent/core/rating/price.js";
import type { ReservationPayload, SalePayload } from "../../../agent/core/receipt/receipt-payload.js";
import { reservationFields } from "../../../agent/core/receipt/reservation-receipt.js";
import { saleFields } from "../../../agent/core/receipt/sale-fields.js";
import { rerate } from "../../../agent/core/verify/rerate.js";

const versions = ["2.2.1", "2.3.0"] as const;
const totals = [
  "totalCost",
  "totalFixedCost",
  "totalEnergyCost",
  "totalTimeCost",
  "totalParkingCost",
  "totalReservationCost",
] as const;

/** Sentences; none where the CDRs of both versions and the receipt say the same. */
export function faultsOfSale(sold: Settlement): string[] {
  const receipt = { kind: "sale", sale: saleFields(sold, "", ""), timeZone: sold.timeZone } as SalePayload;
  return [...cdrFaults(sold), ...receiptFaults(rerate(receipt), receipt.sale)];
}

/** The same of a reservation that no session came for. */
export function faultsOfNoShow(sold: ReservationSettlement): string[] {
  const reservation = reservationFields(sold);
  const receipt = { kind: "reservation", reservation, timeZone: sold.timeZone } as ReservationPayload;
  return [...cdrFaults(sold), ...receiptFaults(rerate(receipt), reservation)];
}

function receiptFaults(
  { price, periods }: ReturnType<typeof rerate>,
  stated: Pick<SalePayload["sale"], "price" | "periods">,
): string[] {
  const again = firstDifference({ price: stated.price, periods: stated.periods }, { price, periods });
  return again === undefined
    ? []
    : [`the receipt says ${again.path} ${again.stated}, priced again it is ${again.found}`];
}

function cdrFaults(sold: CdrFacts): string[] {
  const copies = makeCopies(sold, undefined, versions);
  return [
    ...Object.entries(copies.wrong ?? {}).map(([version, difference]) => `${version}: ${difference}`),
    ...versions.flatMap((version) => strangersFaults(copies.texts[version] ?? "", sold, version)),
    ...versions.flatMap((version) => timeFaults(copies.texts[version] ?? "", sold)),
  ];
}

/**
 * A receiver prices by the tariff alone, in the version that it reads. So it comes to the receipt wherever the station
 * gave nothing beyond the tariff: its clock was set, and energy flowed.
 */
function strangersFaults(text: string, { price, timeZone }: CdrFacts, version: (typeof versions)[number]): string[] {
  const cdr = JSON.parse(text) as { readonly tariffs?: unknown };
  if (cdr.tariffs === undefined || price.timeRule !== localTimeRule || price.energyMilliWh === 0) return [];
  const { tariffs, faults } = readTariffList(cdr.tariffs, version);
  const found = priceCdr(tariffs, cdr, timeZone);
  if (!found.ok || faults.length > 0) return [`${version}: a receiver cannot price it`];
  const bill = billOfCdr(found.priced, "en");
  return totals.flatMap((total) =>
    JSON.stringify(bill[total]) === JSON.stringify(price[total])
      ? []
      : [`${version}: ${total} is ${price[total].incl}, a receiver finds ${bill[total].incl}`],
  );
}

/** Times in order; 1970 only where nobody knows the start. */
function timeFaults(text: string, { startTrust, endTrust, startMs, endMs, issuedTrust }: CdrFacts): string[] {
  const cdr = JSON.parse(text) as {
    readonly start_date_time: string;
    readonly end_date_time: string;
    readonly last_updated: string;
    readonly charging_periods: readonly { readonly start_date_time: string }[];
  };
  const line = [cdr.start_date_time, ...cdr.charging_periods.map((one) => one.start_date_time), cdr.end_date_time];
  const isOrdered = line.every((time, index) => index === 0 || Date.parse(time) >= Date.parse(line[index - 1] ?? ""));
  const isOf1970 = cdr.start_date_time.startsWith("1970");
  return [
    ...(isOrdered ? [] : [`its times do not follow one another: ${line.join(" ")}`]),
    ...(isOf1970 === (startTrust === "unsynced") ? [] : [`it starts at ${cdr.start_date_time}: ${startTrust}`]),
    ...(endMs >= startMs && endMs - startMs < longestMs ? [] : [`it lasted ${endMs - startMs} ms`]),
    ...(issuedTrust === "unsynced" && cdr.last_updated !== cdr.end_date_time
      ? [`last updated at ${cdr.last_updated}, by a clock that was not set`]
      : []),
    ...(startTrust === "unsynced" && endTrust !== "unsynced" ? ["its end is known, and its start is not"] : []),
  ];
}

/** No random sale lasts longer: eight stretches, three outages. */
const longestMs = 200 * 3_600_000;
