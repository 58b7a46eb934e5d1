// What a receipt says to a driver: lines that add up, times that are clear, and no English where another language stands.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import { hexText, utf8 } from "../../../../agent/core/number/bytes.js";
import { receiptSheet } from "../../../../agent/core/print/receipt-sheet.js";
import type { SheetRow } from "../../../../agent/core/print/sheet-row.js";
import { advance, beginRating, type Rating } from "../../../../agent/core/rating/rating.js";
import type { Sample } from "../../../../agent/core/rating/sample.js";
import { bill, periods } from "../../../../agent/core/rating/session-bill.js";
import type { Issued } from "../../../../agent/core/receipt/issuing.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { receiptHtml } from "../../../../agent/receipts/output/html.js";
import { type Language, languages } from "../../../../config/languages.js";
import {
  chainOf,
  littleBook,
  reading,
  settlement,
  signer,
  startMs,
  tariff,
  timeZone,
} from "../../../support/sample-receipt.js";

const test = suite("a receipt for a driver");
const minute = 60_000;
const begin = 1_234_500_000;

const prices = { energy: 0.3333, idleHour: 0.6661 };

/** 5 kWh in half an hour, and half an hour of idling, from `fromMs`, untaxed. */
function idled(fromMs: number, changes: Partial<Settlement> = {}, { energy, idleHour } = prices): Issued {
  const priced = {
    ...tariff,
    tax_included: "N/A",
    elements: [
      {
        price_components: [
          { type: "ENERGY", price: energy, step_size: 1 },
          { type: "PARKING_TIME", price: idleHour, step_size: 1 },
        ],
      },
    ],
  };
  const parsed = parseTariff(priced);
  if (!parsed.ok) throw new Error("the tariff cannot be read");
  const first: Sample = { atMs: fromMs, energyMilliWh: begin, powerW: 10_000, activity: "charging" };
  const rest: readonly Sample[] = [
    { atMs: fromMs + 30 * minute, energyMilliWh: begin + 5_000_000, powerW: 0, activity: "parking" },
    { atMs: fromMs + 60 * minute, energyMilliWh: begin + 5_000_000, powerW: 0, activity: "parking" },
  ];
  const rating = rest.reduce<Rating>(advance, beginRating(parsed.tariff, { timeZone, clockTrusted: true }, first));
  const endMs = fromMs + 60 * minute;
  return issueReceipt(
    settlement(2, {
      samples: [first, ...rest],
      startMs: fromMs,
      endMs,
      begin: reading(fromMs, begin),
      end: reading(endMs, begin + 5_000_000),
      boundaryReadings: [],
      tariff: priced,
      tariffDigest: hexText(sha256(utf8(canonicalText(priced)))),
      price: bill(rating),
      periods: periods(rating),
      issuedMs: endMs + minute,
      ...changes,
    }),
    chainOf(littleBook(0)),
    signer,
    sha256,
  );
}

const rowsOf = ({ jws }: Issued, language: Language = "en"): readonly SheetRow[] =>
  receiptSheet(jws, sha256, { language }).sections.flatMap(({ rows }) => rows);
const pricedIn = (issued: Issued) => rowsOf(issued).flatMap((row) => (row.kind === "priced" ? [row] : []));
const glanceOf = ({ jws }: Issued, language: Language = "en"): Record<string, string> =>
  Object.fromEntries(receiptSheet(jws, sha256, { language }).glance.map(({ name, value }) => [name, value]));

test("total, kWh, when, where and why it ended stand first", () => {
  assert.equal(glanceOf(idled(startMs)), {
    // 5 kWh x 0.3333 = 1.6665, half an hour of 0.6661 = 0.33305: 1.99955, rounded once.
    total: "2.00 EUR",
    energy: "5.000 kWh",
    when: "2026-03-28 22:30-23:30 (1\u00a0h)",
    where: "Rathaus, Marktplatz 3, 12345 Müllheim",
    stopped: "by the driver: stopped with the card that started",
  });
});

test("lines have the currency's decimals, the exact amounts beside them", () => {
  assert.equal(
    pricedIn(idled(startMs)).map(({ amount, exact }) => [amount, exact]),
    [
      ["1.67 EUR", "exactly 1.6665 EUR"],
      ["0.33 EUR", "exactly 0.33305 EUR"],
    ],
  );
});

test("rounded lines that miss the total by a cent have a line for the rounding, so that the column adds up", () => {
  // 5 kWh x 0.333 = 1.665 and half an hour of 0.67 = 0.335: 1.67 and 0.34 on their lines, 2.00 together.
  const issued = idled(startMs, {}, { energy: 0.333, idleHour: 0.67 });
  const rows = pricedIn(issued);
  assert.equal(
    rows.map(({ amount }) => amount),
    ["1.67 EUR", "0.34 EUR", "-0.01 EUR"],
  );
  assert.is(rows.at(-1)?.what, "Rounding");
  assert.is(glanceOf(issued)["total"], "2.00 EUR");
});

// 62 minutes at a price whose minute has no end were once told as 1.033333333333 h.
test("times are told in minutes, also where the price of a minute has no end", () => {
  const working = (idleHour: number): string =>
    pricedIn(idled(startMs, {}, { energy: 0.3333, idleHour }))
      .map((row) => row.working)
      .join("\n");
  assert.match(working(0.6), /30 min x 0\.01 EUR\/min/);
  assert.match(working(0.6661), /30 min x 0\.6661 EUR\/h/);
});

test("idle time says why it is charged, in every language", () => {
  const told = languages.map(
    (language) =>
      rowsOf(idled(startMs), language)
        .flatMap((row) => (row.kind === "priced" ? [row.working] : []))[1]
        ?.split(";")[0] ?? "",
  );
  assert.is(told[0], "the car was plugged in but took no energy");
  assert.is(new Set(told).size, languages.length);
});

test("over midnight each span carries its dates, on one day only the clock", () => {
  assert.equal(
    pricedIn(idled(startMs)).map(({ span }) => span),
    ["22:30-23:00", "23:00-23:30"],
  );
  const night = idled(startMs + 75 * minute);
  assert.equal(
    pricedIn(night).map(({ span }) => span),
    ["2026-03-28 23:45 - 2026-03-29 00:15", "2026-03-29 00:15-00:45"],
  );
  assert.is(glanceOf(night, "de")["when"], "28.03.2026 23:45 - 29.03.2026 00:45 (1\u00a0h)");
});

/** What the station writes on how a session ended, beside its reason. */
const details: readonly (readonly [Settlement["stopReason"], string])[] = [
  ["Local", "stopped by card"],
  ["Local", "stopped by another card of its group"],
  ["Local", "stopped by button"],
  ["Remote", "stopped by backend"],
  ["Remote", "stopped by remote word"],
  ["EVDisconnected", "the cable was pulled"],
  ["EnergyLimitReached", "the limit of 20.5 kWh is reached: set by backend"],
  ["CostLimitReached", "the sessions of this card have together reached its limit: offline credit"],
  ["TimeLimitReached", "no energy flowed within 15 min"],
  ["PowerLoss", "power was lost during the session"],
  ["Reboot", "the station was restarted during the session"],
  ["ImmediateReset", "backend asked for a restart"],
  ["MeterFault", "no good meter value for 20 s: no reply of the meter"],
  ["ContactorFault", "the contactor does not close: no time is charged since the last reading before"],
  ["Local", "stopped by card; the meter still showed 12 W after the contactor opened"],
  ["Local", "stopped by card; no end reading could be had: billed to the last good reading (meter silent)"],
];

test("no English stands in how a session ended, in any other language", () => {
  const english = /\b(the|stopped|card|reached|reading|meter|power|was|within|backend|restart|opened|closed)\b/;
  for (const language of languages.filter((one) => one !== "en"))
    for (const [stopReason, stopDetail] of details) {
      const told = glanceOf(idled(startMs, { stopReason, stopDetail }), language)["stopped"] ?? "";
      const foreign = language === "nl" ? told.replace(/\b(meter|was)\b/g, "") : told;
      assert.not.match(foreign, english, `${language}: ${told}`);
      assert.ok(told.length > 3);
    }
  const limited = idled(startMs, { stopReason: "EnergyLimitReached", stopDetail: details[6]?.[1] ?? "" });
  assert.match(glanceOf(limited, "de")["stopped"] ?? "", "die Grenze von 20,5 kWh ist erreicht");
});

test("why the supply failed is told in the receipt's language", () => {
  const out = { fromMs: startMs + 10 * minute, toMs: startMs + 12 * minute, why: "power was lost" };
  const german = rowsOf(idled(startMs, { interruptions: [out] }), "de").flatMap((row) =>
    row.kind === "fact" && row.label === "Ausfälle" ? [row.value] : [],
  );
  assert.equal(german, ["28.03.2026 22:40:00 +01:00 bis 28.03.2026 22:42:00 +01:00: Stromausfall"]);
});

test("the page has one main, a table with caption and headers, and names for its drawings", () => {
  for (const language of languages) {
    const page = receiptHtml(idled(startMs).jws, sha256, { language });
    assert.is((page.match(/<main>/g) ?? []).length, 1);
    assert.is((page.match(/<caption>[^<]/g) ?? []).length, 1);
    assert.is((page.match(/<th scope="col">[^<]/g) ?? []).length, 2);
    for (const [, tag = ""] of page.matchAll(/<svg([^>]*)>/g)) assert.match(tag, /role="img" aria-label="[^"]/);
    assert.not.match(page, /<script|<th>/);
    assert.match(page, '<a href="tel:+498001234567">');
  }
});

test.run();
