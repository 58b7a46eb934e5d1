// A session that used up a reservation whose price was told: the reservation is its head, on the bill, on the receipt
// and in the CDR.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeCdr, wireText } from "../../../../agent/core/cdr/cdr.js";
import { wireDifference } from "../../../../agent/core/cdr/cdr-check.js";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import { hexText, utf8 } from "../../../../agent/core/number/bytes.js";
import { receiptSheet } from "../../../../agent/core/print/receipt-sheet.js";
import { receiptText } from "../../../../agent/core/print/receipt-text.js";
import { livePrice } from "../../../../agent/core/rating/live-price.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import type { Opening } from "../../../../agent/core/session/opening.js";
import { openSale } from "../../../../agent/core/session/sale.js";
import { available, type Session } from "../../../../agent/core/session/session.js";
import type { SessionEvent } from "../../../../agent/core/session/session-event.js";
import { reduceSession } from "../../../../agent/core/session/session-reducer.js";
import { settlementOf } from "../../../../agent/core/session/settle.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../../agent/receipts/dispute/findings-text.js";
import type { ConnectorConfig } from "../../../../config/schema.js";
import type { Reading } from "../../../../drivers/driver.js";
import { chainOf, littleBook, nameUser, settlement, signer } from "../../../support/sample-receipt.js";

const test = suite("a session after a reservation");
const minute = 60_000;
/** 00:30 in Berlin, two and a half hours before the clocks go back. */
const startMs = Date.UTC(2026, 9, 24, 22, 30);
const tariffJson = {
  country_code: "DE",
  party_id: "ABC",
  id: "T",
  currency: "EUR",
  last_updated: "2026-01-01T00:00:00Z",
  elements: [
    {
      price_components: [
        { type: "ENERGY", price: 0.5, vat: 19, step_size: 1 },
        { type: "FLAT", price: 1, vat: 19, step_size: 1 },
      ],
    },
    {
      price_components: [
        { type: "TIME", price: 3, vat: 19, step_size: 300 },
        { type: "FLAT", price: 0.25, vat: 19, step_size: 1 },
      ],
      restrictions: { reservation: "RESERVATION" },
    },
    {
      price_components: [{ type: "FLAT", price: 9, vat: 19, step_size: 1 }],
      restrictions: { reservation: "RESERVATION_EXPIRES" },
    },
  ],
};
const parsed = parseTariff(tariffJson);
if (!parsed.ok) throw new Error("the test's tariff cannot be read");
const { tariff } = parsed;

const reading = (minutes: number, kwh: number, powerW = 10_000): Reading => ({
  moment: { at: startMs + minutes * minute, monoMs: minutes * minute, boot: "boot-1", trust: "synced" },
  energyMilliWh: 1_000_000 + kwh * 1_000_000,
  powerW,
  serial: "M1",
});

const openingAfter = (reservedMinutes: number): Opening => ({
  id: "S1",
  acceptance: { token: settlement(2).token, authMethod: "COMMAND" },
  meter: { vendor: "V", model: "M", serial: "M1" },
  tariff,
  timeZone: "Europe/Berlin",
  shown: { text: "0.50 EUR/kWh", atMs: startMs },
  begin: reading(0, 0, 0),
  reserved: { id: "csms:7", fromMs: startMs - reservedMinutes * minute },
});

function settled(reservedMinutes: number, kwh: number, powerW = 10_000): Settlement {
  const at = { moment: reading(0, 0).moment, connector: 1 };
  const opening = openingAfter(reservedMinutes);
  const [read, end] = [reading(6, Math.min(kwh, 1), powerW), reading(200, kwh, 0)];
  const activity = "charging" as const;
  const events: readonly SessionEvent[] = [
    { type: "PlugChanged", ...at, plugged: true },
    { type: "CardAccepted", ...at, acceptance: opening.acceptance },
    { type: "SessionBegan", ...at, opening },
    { type: "MeterRead", ...at, moment: read.moment, reading: read, activity, atBoundary: false },
    { type: "StopRequested", ...at, moment: end.moment, reason: "Local", detail: "stopped by card" },
    { type: "SessionEnded", ...at, moment: end.moment, reading: end, detail: "" },
    { type: "ReceiptNumbered", ...at, moment: end.moment, number: 2, pagination: 1 },
  ];
  const session = events.reduce<Session>(reduceSession, available);
  if (session.state !== "settling") throw new Error(`the session is ${session.state}`);
  return settlementOf(session, {
    station: settlement(2).station,
    connector: settlement(2).connector as ConnectorConfig,
    digestOf: ({ source }) => hexText(sha256(utf8(canonicalText(source)))),
    nameUser,
    softwareVersion: "0.1.0",
  });
}

test("the reservation is charged by its RESERVATION prices, rounded by its own step, and not as expired", () => {
  const { price, startMs: beganMs, samples } = settled(43, 12);
  // Paper: 43 min rounded up to 45 x 0.05 = 2.25, fee 0.25; 12 kWh x 0.50 = 6.00, fee 1.00: 9.50, with tax 11.305.
  assert.equal(price.totalReservationCost, { excl: "2.5", incl: "2.975" });
  assert.equal(price.totalCost, { excl: "9.5", incl: "11.305" });
  assert.is(price.due.gross, "11.31");
  assert.is(price.billed.reservation, "2700");
  // The session itself begins after it, with its durations.
  assert.is(beganMs, startMs);
  assert.is(price.timeMs, 200 * minute);
  assert.equal(
    samples.slice(0, 2).map(({ atMs, activity, powerW }) => [atMs - startMs, activity, powerW]),
    [
      [-43 * minute, "reserved", 0],
      [0, "charging", 10_000],
    ],
  );
});

for (const version of ["2.2.1", "2.3.0"] as const)
  test(`the CDR of OCPI ${version} begins with the reservation, and is priced again to the same sum`, () => {
    const sold = settled(43, 12);
    const cdr = makeCdr(sold, undefined, { version });
    assert.is(cdr.start_date_time, new Date(startMs - 43 * minute).toISOString());
    assert.equal(cdr.charging_periods[0], {
      start_date_time: cdr.start_date_time,
      dimensions: [{ type: "RESERVATION_TIME", volume: 0.7167 }],
      tariff_id: "T",
    });
    // 200 minutes of charging: total_time leaves the reservation out.
    assert.is(cdr.total_time, 3.3333);
    assert.is(wireDifference(wireText(cdr), sold, version), undefined);
  });

test("the receipt holds, and shows the reservation as a line of its own with its times", () => {
  const sold = settled(43, 12);
  const issued = issueReceipt(sold, chainOf(littleBook(0)), signer, sha256);
  const findings = verifyEvidence(
    [{ name: "receipt", text: receiptFileText(issued, signer.spkiHex) }],
    { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [] },
    verifyTools(),
  );
  assert.is(exitCode(findings), 0, findingsText(findings));
  const text = receiptText(receiptSheet(issued.jws, sha256, { language: "en" }), 80).replace(/\s+/g, " ");
  // The clocks go back in the session.
  assert.match(text, "Reservation time 2026-10-24 23:47+02:00 - 2026-10-25 00:30+02:00");
  assert.match(text, "Reservation fee");
});

test("without energy the reservation alone is charged", () => {
  // Paper: 2.50, with tax 2.975.
  assert.equal(settled(43, 0, 0).price.totalCost, { excl: "2.5", incl: "2.975" });
});

test("the display has the cost of the reservation from the first moment", () => {
  const { rating } = openSale(openingAfter(43));
  assert.is(livePrice(rating).ifStoppedNow.incl, "2.975");
  // Paper: 43 min x 0.05 + 0.25 = 2.40, with tax 2.856, before its step.
  assert.is(livePrice(rating).accrued.incl, "2.856");
});

test("a reservation that stood for no time at all costs nothing", () => {
  assert.is(settled(0, 12).price.totalReservationCost.excl, "0");
});

test.run();
