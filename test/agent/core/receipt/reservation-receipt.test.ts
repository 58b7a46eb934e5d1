// The receipt of a reservation that no session came for: what it says is checked like any other, priced again, and no
// figure of it can be changed.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeCopies } from "../../../../agent/core/cdr/cdr-copies.js";
import { issueCredit } from "../../../../agent/core/corrections/credit.js";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import { receiptSheet } from "../../../../agent/core/print/receipt-sheet.js";
import { receiptText } from "../../../../agent/core/print/receipt-text.js";
import type { Issued } from "../../../../agent/core/receipt/issuing.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import { payloadOf, type ReservationPayload } from "../../../../agent/core/receipt/receipt-payload.js";
import { issueReservation } from "../../../../agent/core/receipt/reservation-receipt.js";
import { signedJws } from "../../../../agent/core/signing/jws.js";
import { guardedSigner, type Signer } from "../../../../agent/core/signing/signer.js";
import type { NoShow } from "../../../../agent/core/station/backend-orders.js";
import { exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { readReceipt, receiptChecks } from "../../../../agent/core/verify/verify-receipt.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { disputeBundle } from "../../../../agent/receipts/dispute/dispute-bundle.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../../agent/receipts/dispute/findings-text.js";
import { verifyGiven } from "../../../../agent/receipts/dispute/given-evidence.js";
import { newestCheckpoint } from "../../../../agent/receipts/output/exports.js";
import { receiptHtml } from "../../../../agent/receipts/output/html.js";
import { bookRow } from "../../../../agent/receipts/output/tables.js";
import { languages } from "../../../../config/languages.js";
import { noShow, reservationTariff, settledReservation } from "../../../support/sale/sample-reservation.js";
import {
  brokenSigner,
  chainOf,
  creditOrder,
  entriesOf,
  littleBook,
  occasion,
  settlement,
  signer,
  sourceOf,
} from "../../../support/sample-receipt.js";

const test = suite("the receipt of a reservation");
const root = join(dirname(fileURLToPath(import.meta.url)), "../../../../..");
const minute = 60_000;
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [] };
const verifyArchive = (bytes: Uint8Array): ReturnType<typeof verifyGiven> =>
  verifyGiven({ files: [{ name: "bundle.zip", bytes }], pins }, verifyTools(), "0.1.0");

const issued = (one: NoShow, by: Signer = signer): Issued =>
  issueReservation(settledReservation(one), chainOf(opened), by, sha256);
const opened = littleBook(0);
const half = noShow(Date.UTC(2026, 5, 1, 10), 30 * minute);

test("across a change of the clocks every hour has its own price, and the length is the real one", () => {
  // 01:30 to 04:30 on the wall, where the clocks go back at 3: 4 h. Paper: 30 min x 0.05; 02:00 to 04:00 is 3 h x 6.00;
  // 30 min x 0.05; 4.00: 1.50 + 18.00 + 1.50 + 4.00 = 25.00.
  const back = settledReservation(noShow(Date.parse("2026-10-25T01:30:00+02:00"), 240 * minute));
  assert.is(back.price.totalCost.excl, "25");
  // And where they go forward: 01:30 to 04:30 is 2 h. Paper: 1.50 + 1 h x 6.00 + 1.50 + 4.00 = 13.00.
  const forward = settledReservation(noShow(Date.parse("2026-03-29T01:30:00+01:00"), 120 * minute));
  assert.is(forward.price.totalCost.excl, "13");
  for (const one of [back, forward]) assert.is(makeCopies(one, undefined, ["2.2.1", "2.3.0"]).wrong, undefined);
});

test("it is charged to its end as it was told, and never longer than it stood", () => {
  const startMs = Date.UTC(2026, 5, 1, 10);
  // Seen to have expired 40 s late: 30 min x 0.05 + 4.00 = 5.50.
  assert.is(
    settledReservation(noShow(startMs, 30 * minute + 40_000, startMs + 30 * minute)).price.totalCost.excl,
    "5.5",
  );
  // The wall clock was set forward meanwhile: it stood for 10 minutes.
  assert.is(settledReservation(noShow(startMs, 10 * minute, startMs + 30 * minute)).price.totalCost.excl, "4.5");
  // It was set back, beyond the end: nobody pays for less than nothing.
  assert.is(settledReservation(noShow(startMs, 10 * minute, startMs - minute)).price.totalCost.excl, "0");
});

test("prices that include tax, and a minimum that is one of charging, are no hindrance", () => {
  // The tariff of a car park: 3.00 an hour in steps of five minutes and 2.00 once, 4.00 more where nobody comes; the
  // minimum of 0.60 is lower, and one of 20.00 is none of a reservation's.
  const carPark = JSON.parse(readFileSync(join(root, "config/tariffs/car-park.json"), "utf8")) as object;
  for (const json of [carPark, { ...carPark, min_price: { before_taxes: 20, after_taxes: 24 } }]) {
    const one = noShow(Date.UTC(2026, 5, 1, 10), 12 * minute, undefined, {
      tariff: json as NoShow["fee"]["tariff"],
    });
    const sold = settledReservation(one);
    // Paper: 15 min x 0.05 + 2.00 + 4.00 = 6.75, tax included; before 20 % it is 5.625.
    assert.equal(sold.price.totalCost, { excl: "5.625", incl: "6.75" });
    assert.is(makeCopies(sold, undefined, ["2.2.1", "2.3.0"]).wrong, undefined);
    const findings = verifyEvidence(
      [{ name: "receipt", text: receiptFileText(issued(one), signer.spkiHex) }],
      pins,
      verifyTools(),
    );
    assert.is(exitCode(findings), 0, findingsText(findings));
  }
});

test("it holds, alone and in its bundle, and needs no readings", () => {
  const receipt = issued(half);
  assert.is(receipt.ocmf, "");
  const text = receiptFileText(receipt, signer.spkiHex);
  const findings = verifyEvidence([{ name: "receipt", text }], pins, verifyTools());
  assert.is(exitCode(findings), 0, findingsText(findings));
  assert.match(findingsText(findings), /price told before .*csms vouched for it/);
  const book = [...opened, receipt];
  const receipts = sourceOf(entriesOf(book, "reservation"));
  const parts = {
    receipts,
    newest: newestCheckpoint(receipts, signer),
    language: "en" as const,
    version: "0.1.0",
    signer,
    journal: [],
  };
  for (const redacted of [false, true]) {
    const bundle = verifyArchive(disputeBundle(parts, 2, redacted));
    assert.is(exitCode(bundle) === 1, false, findingsText(bundle));
  }
  assert.is(exitCode(verifyArchive(disputeBundle(parts, 2, false))), 0);
});

test("a price told that its tariff does not say is refused", () => {
  const cheap = issued(noShow(Date.UTC(2026, 5, 1, 10), 30 * minute, undefined, { shown: "Reservation: free" }));
  const read = readReceipt(cheap.jws, verifyTools().schema);
  assert.ok(!("fault" in read));
  const told = "fault" in read ? [] : receiptChecks(read, pins.fingerprints, verifyTools());
  const [failed] = told.filter(({ verdict }) => verdict === "fails");
  assert.match(failed?.detail ?? "", /"Reservation: free" was told, which the tariff does not say/);
});

test("it is printed in every language, and is a row of the books", () => {
  const { jws } = issued(half);
  for (const language of languages) {
    assert.match(receiptText(receiptSheet(jws, sha256, { language }), 80), /csms: Reservation: .*EUR/);
    assert.match(receiptHtml(jws, sha256, { language }), "6.55".replace(".", language === "en" ? "." : ","));
  }
  const row = bookRow(payloadOf(jws) as ReservationPayload, {});
  assert.equal([row.kind, row.kwh, row.gross, row.stopped], ["reservation", "0.000", "6.55", "Expired"]);
});

test("no figure of it can be changed, not even by the station's own key", () => {
  const { jws } = issued(half);
  const payload = payloadOf(jws) as ReservationPayload;
  const { reservation } = payload;
  const changes: readonly [string, Partial<ReservationPayload["reservation"]>][] = [
    ["price worked out again", { end: reservation.end.replace("12:30", "12:20") }],
    ["price worked out again", { price: { ...reservation.price, due: { net: "9.00", tax: "1.71", gross: "10.71" } } }],
    ["sums", { price: { ...reservation.price, totalCost: { excl: "6", incl: "7.14" } } }],
    ["price told before", { shown: { ...reservation.shown, text: " " } }],
    ["price told before", { shown: { ...reservation.shown, at: reservation.end } }],
    ["tariff", { tariff: { ...reservation.tariff, value: { ...reservationTariff, currency: "CHF" } } }],
  ];
  for (const [check, change] of changes) {
    const forged = { ...payload, reservation: { ...reservation, ...change } };
    const read = readReceipt(
      signedJws(canonicalText(forged), signer.keyId, guardedSigner(signer)),
      verifyTools().schema,
    );
    if ("fault" in read) throw new Error(read.fault);
    const failed = receiptChecks(read, pins.fingerprints, verifyTools()).filter(({ verdict }) => verdict === "fails");
    assert.ok(
      failed.some(({ name }) => name === check),
      `${check}: ${JSON.stringify(failed)}`,
    );
  }
});

test("where the signer has failed it is issued all the same, and says so", () => {
  assert.match(receiptText(receiptSheet(issued(half, brokenSigner).jws, sha256, { language: "en" }), 80), "NOT SIGNED");
});

test("it counts among the sales, without energy, and a credit takes it back", () => {
  const book = [...opened, issued(half)];
  const credit = issueCredit(
    occasion,
    book[1]?.jws ?? "",
    creditOrder("the driver was ill", "S-7-CR"),
    chainOf(book),
    signer,
    sha256,
  );
  const payload = payloadOf(credit.jws);
  assert.ok(payload?.kind === "credit");
  assert.is(payload.credit.due.gross, "-6.55");
  const { totals } = credit.chain;
  assert.equal([totals.sales, totals.energyMilliWh, totals.rates[0]?.gross], [1, 0, "0.00"]);
  assert.throws(() => issueReceipt(settlement(2), chainOf(book), signer, sha256), /does not follow/);
});

test("whenever and however long, its CDR prices to the same sum and its receipt holds", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: Date.UTC(2026, 0, 1) / 1000, max: Date.UTC(2026, 11, 31) / 1000 }),
      fc.integer({ min: 0, max: 200_000_000 }),
      fc.integer({ min: -1_000, max: 100_000 }),
      (fromS, stoodMs, lateMs) => {
        const one = noShow(fromS * 1000, stoodMs, fromS * 1000 + stoodMs - lateMs);
        const sold = settledReservation(one);
        assert.is(makeCopies(sold, undefined, ["2.2.1", "2.3.0"]).wrong, undefined);
        const read = readReceipt(issued(one).jws, verifyTools().schema);
        if ("fault" in read) throw new Error(read.fault);
        const checks = receiptChecks(read, pins.fingerprints, verifyTools());
        assert.equal(
          checks.filter(({ verdict }) => verdict !== "holds"),
          [],
        );
      },
    ),
    { seed: 20_261_130, numRuns: 60 },
  );
});

test.run();
