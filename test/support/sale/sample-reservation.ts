// A reservation that nobody came for, worked out on paper by the tests that use it.

import type { ReservationSettlement } from "../../../agent/core/cdr/settlement.js";
import { reservationPrices } from "../../../agent/core/explain/explain-tariff.js";
import { settledNoShow } from "../../../agent/core/receipt/reservation-receipt.js";
import type { NoShow } from "../../../agent/core/station/backend-orders.js";
import type { Tariff } from "../../../agent/core/tariff/tariff.js";
import { parseTariff } from "../../../agent/core/tariff/tariff-reader.js";
import { tariffDigest } from "../../../agent/tariffs/tariff-digest.js";
import { nameUser, settlement, station } from "../sample-receipt.js";

/** 3.00 an hour by day, 6.00 from 2 to 4 at night; 4.00 where nobody comes. */
export const reservationTariff = {
  country_code: "DE",
  party_id: "ABC",
  id: "RES",
  currency: "EUR",
  elements: [
    { price_components: [{ type: "ENERGY", price: 0.5, vat: 19, step_size: 1 }] },
    {
      price_components: [{ type: "TIME", price: 6, vat: 19, step_size: 60 }],
      restrictions: { reservation: "RESERVATION", start_time: "02:00", end_time: "04:00" },
    },
    {
      price_components: [{ type: "TIME", price: 3, vat: 19, step_size: 60 }],
      restrictions: { reservation: "RESERVATION" },
    },
    {
      price_components: [{ type: "FLAT", price: 4, vat: 19, step_size: 1 }],
      restrictions: { reservation: "RESERVATION_EXPIRES" },
    },
  ],
  last_updated: "2026-01-01T00:00:00Z",
};

function tariffOf(value: unknown): Tariff {
  const parsed = parseTariff(value);
  if (!parsed.ok) throw new Error("the tariff cannot be read");
  return parsed.tariff;
}

/** What the backend was given to tell. */
const toldOf = (tariff: Tariff): string =>
  reservationPrices(tariff, "en")
    .map(({ text }) => text)
    .join("\n");

/** A reservation from an instant on; `stoodMs` = by the monotonic clock, `untilMs` = as it was told. */
export function noShow(
  fromMs: number,
  stoodMs: number,
  untilMs = fromMs + stoodMs,
  more: Partial<NoShow["fee"]> = {},
): NoShow {
  const since = { at: fromMs, monoMs: 5_000, boot: "b", trust: "synced" as const };
  const { connector, token } = settlement(2);
  const tariff = tariffOf(more.tariff ?? reservationTariff);
  return {
    id: "csms:7",
    by: "csms",
    token,
    untilMs,
    fee: {
      sessionId: "S-7",
      connector,
      tariff: reservationTariff,
      tariffDigest: tariffDigest(tariff),
      shown: toldOf(tariff),
      timeZone: "Europe/Berlin",
      since,
      ...more,
    },
    ended: { ...since, at: fromMs + stoodMs, monoMs: 5_000 + stoodMs },
  };
}
/** Its settlement as receipt `receiptNumber`. */
export const settledReservation = (one: NoShow, receiptNumber = 2): ReservationSettlement =>
  settledNoShow(one, {
    receiptNumber,
    issuedMs: one.ended.at,
    issuedTrust: "synced",
    nameUser,
    softwareVersion: "0.1.0",
    station,
    digestOf: tariffDigest,
  });
