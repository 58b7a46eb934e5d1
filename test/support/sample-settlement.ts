// One settlement as plain data for tests: 22 minutes of charging, a pause by the station, a quarter of an hour of
// parking. The amounts are worked out on paper from the tariff beside them.

import type { Settlement } from "../../agent/core/cdr/settlement.js";
import type { Amount, Price, PriceLine } from "../../agent/core/rating/price.js";
import type { Reading } from "../../drivers/driver.js";

export const startMs = Date.UTC(2026, 2, 2, 10, 0, 0, 0);

const reading = (atMs: number, energyMilliWh: number): Reading => ({
  moment: { at: atMs, monoMs: atMs - startMs, boot: "b1", trust: "synced" },
  energyMilliWh,
  powerW: 0,
  serial: "0042",
});

const line = (
  dimension: PriceLine["dimension"],
  quantity: string,
  units: number,
  unitPrice: string,
  amount: Amount,
  tax: string,
): PriceLine => ({
  dimension,
  tariffId: "T1",
  element: 0,
  component: 0,
  why: "always",
  fromMs: startMs,
  toMs: startMs + 2_200_100,
  quantity,
  units,
  unit: dimension === "ENERGY" ? "kWh" : dimension === "FLAT" ? "x" : "h",
  unitPrice,
  amount,
  taxes: [{ name: "VAT", ratePercent: "19", amount: tax }],
  sentence: "",
});

/** 5.555555 kWh, billed as 5556 Wh at 0.45, one start fee of 0.50, 0.25 h of parking at 1.20; 19 % on all. */
export const price: Price = {
  currency: "EUR",
  totalEnergyCost: { excl: "2.5002", incl: "2.975238" },
  totalFixedCost: { excl: "0.5", incl: "0.595" },
  totalTimeCost: { excl: "0", incl: "0" },
  totalParkingCost: { excl: "0.3", incl: "0.357" },
  totalReservationCost: { excl: "0", incl: "0" },
  totalCost: { excl: "3.3002", incl: "3.927238" },
  energyMilliWh: 5_555_555,
  timeMs: 2_200_100,
  parkingMs: 1_000_000,
  billed: { energy: "5556", time: "0", parking: "900", reservation: "0" },
  lines: [
    line("ENERGY", "5.556", 5_556_000, "0.45", { excl: "2.5002", incl: "2.975238" }, "0.475038"),
    line("FLAT", "1", 1, "0.5", { excl: "0.5", incl: "0.595" }, "0.095"),
    line("PARKING_TIME", "0.25", 900_000, "1.2", { excl: "0.3", incl: "0.357" }, "0.057"),
  ],
  adjustments: [],
  taxes: [{ name: "VAT", ratePercent: "19", net: "3.30", tax: "0.63", gross: "3.93" }],
  due: { net: "3.30", tax: "0.63", gross: "3.93" },
  rounding: "half-up",
  timeRule: "local time",
  warnings: [],
};

export const tariff = {
  country_code: "DE",
  party_id: "ABC",
  id: "T1",
  currency: "EUR",
  min_price: { excl_vat: 0.5, incl_vat: 0.595 },
  elements: [
    {
      price_components: [
        { type: "ENERGY", price: 0.45, vat: 19, step_size: 1 },
        { type: "FLAT", price: 0.5, vat: 19, step_size: 1 },
        { type: "PARKING_TIME", price: 1.2, vat: 19, step_size: 1 },
      ],
    },
  ],
  last_updated: "2026-01-01T00:00:00Z",
};

export const settlement: Settlement = {
  receiptNumber: 17,
  pagination: 16,
  sessionId: "S-17",
  cdrId: "DEABC-till-1-17",
  station: {
    id: "till-1",
    timeZone: "Europe/Berlin",
    countryCode: "DE",
    partyId: "ABC",
    operator: {
      name: "Strom GmbH",
      address: "Weg 1",
      taxId: "DE1",
      email: "a@example.org",
      helpline: "+49 30 1",
      complaints: "Weg 1",
    },
    location: {
      id: "LOC1",
      name: "Hof",
      address: "Weg 1",
      city: "Berlin",
      postalCode: "10115",
      country: "DEU",
      latitude: "52.520008",
      longitude: "13.404954",
    },
  },
  connector: {
    id: 1,
    evseId: "DE*ABC*E0001*1",
    standard: "IEC_60309_2_three_16",
    format: "SOCKET",
    powerType: "AC_3_PHASE",
    maxPowerW: 22_000,
  },
  token: { uid: "04A1B2C3D4E5F6", type: "RFID", contractId: "DE-ABC-C00000001-X", countryCode: "DE", partyId: "ABC" },
  user: { kind: "LOCAL", id: "0123456789abcdef01234567-E5F6" },
  authMethod: "WHITELIST",
  meter: { vendor: "Eastron", model: "SDM630", serial: "0042" },
  begin: reading(startMs, 1_000_000),
  end: reading(startMs + 2_200_100, 6_555_555),
  boundaryReadings: [],
  samples: [],
  startMs,
  startTrust: "synced",
  endMs: startMs + 2_200_100,
  endTrust: "synced",
  timeZone: "Europe/Berlin",
  tariff,
  tariffDigest: "00",
  shown: { text: "0.45 EUR/kWh", atMs: startMs },
  price,
  periods: [
    { startMs, endMs: startMs + 600_000, activity: "charging", tariffId: "T1", energyMilliWh: 3_333_333 },
    {
      startMs: startMs + 600_000,
      endMs: startMs + 1_200_100,
      activity: "charging",
      tariffId: "T1",
      energyMilliWh: 2_222_222,
    },
    {
      startMs: startMs + 1_200_100,
      endMs: startMs + 1_300_100,
      activity: "suspended",
      tariffId: "T1",
      energyMilliWh: 0,
    },
    { startMs: startMs + 1_300_100, endMs: startMs + 2_200_100, activity: "parking", tariffId: "T1", energyMilliWh: 0 },
  ],
  stopReason: "Local",
  stopDetail: "the same card",
  interruptions: [],
  issuedMs: startMs + 2_201_000,
  issuedTrust: "synced",
  softwareVersion: "0.1.0",
};
