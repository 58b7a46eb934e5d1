// The cost of a session in OCPP 2.1's words, from the receipt: figures worked out on paper beside the sample
// settlement.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Price } from "../../../../../agent/core/rating/price.js";
import { costDetails } from "../../../../../agent/sync/ocpp/transactions/cost-details.js";
import { price, settlement } from "../../../../support/sample-settlement.js";
import { mustFit } from "../../../../support/sync/schemas.js";

const test = suite("cost details");
const sale = {
  price,
  periods: settlement.periods,
  tariff: { id: "T1", version: "", digest: "", value: settlement.tariff },
};
const inAnEvent = (details: unknown): unknown => ({
  eventType: "Ended",
  timestamp: "2026-03-02T11:00:00Z",
  triggerReason: "EVCommunicationLost",
  seqNo: 1,
  transactionInfo: { transactionId: "S-17" },
  costDetails: details,
});

test("parts keep four decimals, the total is what is charged, usage is in Wh and seconds", () => {
  const details = costDetails(sale, true);
  assert.equal(details["totalCost"], {
    currency: "EUR",
    typeOfCost: "NormalCost",
    fixed: { exclTax: 0.5, inclTax: 0.595 },
    energy: { exclTax: 2.5002, inclTax: 2.9752 },
    chargingTime: { exclTax: 0, inclTax: 0 },
    idleTime: { exclTax: 0.3, inclTax: 0.357 },
    total: { exclTax: 3.3, inclTax: 3.93 },
  });
  // 2 200.1 s in all, of which 1 000 s without energy.
  assert.equal(details["totalUsage"], { energy: 5555.555, chargingTime: 1200, idleTime: 1000 });
  mustFit("ocpp2.1", "TransactionEvent", "request", inAnEvent(details));
});

test("every period names its tariff, its energy and the time that costs something", () => {
  const periods = costDetails(sale, true)["chargingPeriods"] as {
    tariffId?: string;
    startPeriod: string;
    dimensions: { type: string; volume: number }[];
  }[];
  assert.equal(periods[0], {
    tariffId: "T1",
    startPeriod: "2026-03-02T10:00:00.000Z",
    dimensions: [
      { type: "Energy", volume: 3333.333 },
      { type: "ChargingTime", volume: 600 },
    ],
  });
  assert.equal(
    periods.map(({ dimensions }) => dimensions.map(({ type }) => type).join(" ")),
    ["Energy ChargingTime", "Energy ChargingTime", "Energy", "Energy IdleTIme"],
  );
  assert.is(
    periods
      .flatMap(({ dimensions }) => dimensions)
      .filter(({ type }) => type === "Energy")
      .reduce((sum, { volume }) => sum + Math.round(volume * 1000), 0),
    5_555_555,
  );
});

test("a tariff that the CSMS never set is not named", () => {
  const periods = costDetails(sale, false)["chargingPeriods"] as object[];
  assert.not.ok(periods.some((period) => "tariffId" in period));
});

test("a limit that took effect is said, and a waived session is none", () => {
  const adjusted = (...kinds: Price["adjustments"][number]["kind"][]): unknown => {
    const adjustments = kinds.map((kind) => ({ kind, amount: { excl: "1", incl: "1.19" }, sentence: "" }));
    return (costDetails({ ...sale, price: { ...price, adjustments } }, true)["totalCost"] as { typeOfCost: string })
      .typeOfCost;
  };
  assert.equal(
    [adjusted("min_price"), adjusted("max_price"), adjusted("min_price", "waived")],
    ["MinCost", "MaxCost", "NormalCost"],
  );
});

test("tax rates are named where the receipt has them", () => {
  const shares = [{ name: "VAT", ratePercent: "19", amount: "0.095" }];
  const details = costDetails(
    {
      ...sale,
      price: { ...price, taxShares: { total: [], fixed: shares, energy: [], time: [], parking: [], reservation: [] } },
    },
    true,
  );
  assert.equal((details["totalCost"] as { fixed: unknown }).fixed, {
    exclTax: 0.5,
    inclTax: 0.595,
    taxRates: [{ type: "VAT", tax: 19 }],
  });
  mustFit("ocpp2.1", "TransactionEvent", "request", inAnEvent(details));
});

test("the reservation before a session is told apart, time and fee, and counts as no charging time", () => {
  const [line] = price.lines;
  if (line === undefined) throw new Error("the sample has no line");
  const reserved = {
    ...line,
    element: 1,
    fromMs: 0,
    toMs: 1_200_500,
    taxes: [{ name: "VAT", ratePercent: "19", amount: "0.19" }],
  };
  const lines = [
    { ...reserved, dimension: "RESERVATION_TIME" as const, amount: { excl: "1", incl: "1.19" } },
    { ...reserved, dimension: "RESERVATION_FLAT" as const, toMs: 0, amount: { excl: "0.25", incl: "0.2975" } },
    ...price.lines,
  ];
  const details = costDetails({ ...sale, price: { ...price, lines } }, true);
  const cost = details["totalCost"] as Record<string, unknown>;
  const taxRates = [{ type: "VAT", tax: 19 }];
  assert.equal(cost["reservationTime"], { exclTax: 1, inclTax: 1.19, taxRates });
  assert.equal(cost["reservationFixed"], { exclTax: 0.25, inclTax: 0.2975, taxRates });
  assert.equal(details["totalUsage"], { energy: 5555.555, chargingTime: 1200, idleTime: 1000, reservationTime: 1200 });
  mustFit("ocpp2.1", "TransactionEvent", "request", inAnEvent(details));
});

test.run();
