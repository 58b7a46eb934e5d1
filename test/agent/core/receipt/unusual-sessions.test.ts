// Sessions out of the ordinary: each gets a receipt that holds, and that says what was out of the ordinary.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import { hexText, utf8 } from "../../../../agent/core/number/bytes.js";
import { receiptSheet } from "../../../../agent/core/print/receipt-sheet.js";
import { receiptText } from "../../../../agent/core/print/receipt-text.js";
import { advance, beginRating, type Rating } from "../../../../agent/core/rating/rating.js";
import { stationRules } from "../../../../agent/core/rating/sample.js";
import { bill, periods } from "../../../../agent/core/rating/session-bill.js";
import type { Issued } from "../../../../agent/core/receipt/issuing.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../../agent/receipts/dispute/findings-text.js";
import { languages } from "../../../../config/languages.js";
import {
  chainOf,
  littleBook,
  reading,
  settlement,
  signer,
  startMs,
  station,
  tariff,
  timeZone,
} from "../../../support/sample-receipt.js";

const test = suite("sessions out of the ordinary");
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [] };

type Odd = {
  readonly tariff?: unknown;
  readonly clockTrusted?: boolean;
  readonly durationsKnown?: boolean;
  readonly changes?: Partial<Settlement>;
};

/** Sells a session by the engine and gives its receipt, after it was found to hold. */
function sold({ tariff: by = tariff, clockTrusted = true, durationsKnown = true, changes = {} }: Odd): Issued {
  const facts = settlement(2, { ...changes, tariff: by });
  const parsed = parseTariff(by);
  const [first, ...rest] = facts.samples;
  if (!parsed.ok || first === undefined) throw new Error("the tariff cannot be read");
  const rating = rest.reduce<Rating>(
    advance,
    beginRating(parsed.tariff, { ...stationRules(timeZone, clockTrusted), durationsKnown }, first),
  );
  const price = bill(rating);
  const issued = issueReceipt(
    { ...facts, tariff: by, tariffDigest: hexText(sha256(utf8(canonicalText(by)))), price, periods: periods(rating) },
    chainOf(littleBook(0)),
    signer,
    sha256,
  );
  const findings = verifyEvidence(
    [
      { name: "receipt", text: receiptFileText(issued, signer.spkiHex) },
      { name: "record", text: issued.ocmf },
    ],
    pins,
    verifyTools(),
  );
  assert.is(exitCode(findings), 0, findingsText(findings));
  return issued;
}

const textOf = ({ jws }: Issued): string => receiptText(receiptSheet(jws, sha256, { language: "en" }), 80);
const minute = 60_000;
const plain = settlement(2);
const clocked = (trust: "holdover" | "unsynced", bootOfEnd = "boot-1"): Partial<Settlement> => ({
  startTrust: trust,
  endTrust: trust,
  boundaryReadings: [],
  begin: { ...plain.begin, moment: { ...plain.begin.moment, trust } },
  end: { ...plain.end, moment: { ...plain.end.moment, trust, boot: bootOfEnd } },
});

test("a clock that was never set is told on the receipt, and marked relative in the record", () => {
  const issued = sold({ clockTrusted: false, changes: clocked("unsynced") });
  assert.match(textOf(issued), "NOT SET");
  assert.match(textOf(issued), "clock not trusted");
  assert.match(
    receiptText(receiptSheet(issued.jws, sha256, { language: "de" }), 80).replace(/\s+/g, " "),
    "Uhr nicht verlässlich: Zeit kostet nichts, es gilt der niedrigste mögliche Preis",
  );
  assert.match(issued.ocmf, '+0100 R","TX":"B"');
});

test("a clock that was never set, and a reboot: durations are unknown too", () => {
  const issued = sold({ clockTrusted: false, durationsKnown: false, changes: clocked("unsynced", "boot-2") });
  assert.match(issued.ocmf, '+0100 U","TX":"B"');
});

test("a serial number that the meter did not tell is told to be entered by hand, in every language", () => {
  const told = sold({});
  assert.not.match(textOf(told), "entered by hand");
  const issued = sold({ changes: { meter: { ...plain.meter, serialByHand: true } } });
  assert.match(textOf(issued).replace(/\s+/g, " "), `${plain.meter.serial} (entered by hand)`);
  const behind = new RegExp(`${plain.meter.serial} \\(([^)]+)\\)`);
  const words = languages.map((language) => {
    const text = receiptText(receiptSheet(issued.jws, sha256, { language }), 80).replace(/\s+/g, " ");
    return behind.exec(text)?.[1];
  });
  assert.is(new Set(words).size, languages.length, words.join());
});

test("a clock that ran on since it was set is informative in the record", () => {
  assert.match(sold({ changes: clocked("holdover") }).ocmf, '+0100 I","TX":"L"');
});

test("more price boundaries than the record holds stand on the receipt", () => {
  const boundaries = Array.from({ length: 9 }, (_, at) =>
    reading(startMs + (at + 1) * 5 * minute, plain.begin.energyMilliWh + (at + 1) * 100_000),
  );
  const issued = sold({ changes: { boundaryReadings: boundaries } });
  assert.is((issued.ocmf.match(/"TX":"T"/g) ?? []).length, 6);
});

test("no energy: the receipt says that nothing is charged, and why", () => {
  const still = plain.samples.map((sample) => ({ ...sample, energyMilliWh: plain.begin.energyMilliWh, powerW: 0 }));
  const issued = sold({
    changes: { samples: still, boundaryReadings: [], end: reading(startMs + 90 * minute, plain.begin.energyMilliWh) },
  });
  const text = textOf(issued);
  assert.match(
    receiptText(receiptSheet(issued.jws, sha256, { language: "de" }), 80),
    "es floss keine Energie: nichts wird berechnet",
  );
  assert.match(text, /Waived +-1\.19 EUR/);
  assert.match(text, /TOTAL +0\.00 EUR/);
});

test("minimum and maximum price are lines of their own", () => {
  assert.match(
    textOf(sold({ tariff: { ...tariff, min_price: { excl_vat: 10, incl_vat: 11.9 } } })),
    /Minimum price +3\.36 EUR\n.*\n? +exactly 3\.364725 EUR/,
  );
  assert.match(
    textOf(sold({ tariff: { ...tariff, max_price: { excl_vat: 5, incl_vat: 5.95 } } })),
    /Maximum price +-2\.59 EUR\n.*\n? +exactly -2\.585275 EUR/,
  );
});

test("a tariff without tax, one with tax inside, and one per minute", () => {
  const element = (component: object): object => ({ ...tariff, elements: [{ price_components: [component] }] });
  assert.match(textOf(sold({ tariff: element({ type: "ENERGY", price: 0.5, step_size: 1 }) })), /TOTAL +6\.17 EUR/);
  const inside = { ...element({ type: "ENERGY", price: 0.595, vat: 19, step_size: 1 }), tax_included: "YES" };
  assert.match(textOf(sold({ tariff: inside })), "12.345 kWh x 0.595 EUR/kWh incl. tax");
  // 90 minutes at 6.00 per hour before 19 % tax: 0.119 per minute, 10.71.
  const timed = textOf(sold({ tariff: element({ type: "TIME", price: 6, vat: 19, step_size: 60 }) }));
  assert.match(timed, "90 min x 0.119 EUR/min");
  assert.match(timed, /TOTAL +10\.71 EUR/);
});

// A German receipt once said "MwSt, 19 %", and of two taxes the second kept its point: the mark was put into the phrase.
test("a decimal mark is put into every number and into no word, whatever the language and however many taxes", () => {
  const components = [
    { type: "ENERGY", price: 0.5, vat: 5.5, step_size: 1 },
    { type: "FLAT", price: 1, vat: 7.7, step_size: 1 },
  ];
  const issued = sold({
    tariff: { ...tariff, elements: [{ price_components: components }] },
    changes: { connector: { ...plain.connector, maxPowerW: 7_400 } },
  });
  const taxed = {
    en: ["VAT 5.5 %: net 6.17 + tax 0.34", "VAT 7.7 %: net 1.00 + tax 0.08", "0.5275 EUR/kWh incl. tax (VAT 5.5 %)"],
    de: [
      "MwSt. 5,5 %: netto 6,17 + Steuer 0,34",
      "MwSt. 7,7 %: netto 1,00",
      "0,5275 EUR/kWh inkl. Steuer (MwSt. 5,5 %)",
    ],
    fr: ["TVA 5,5 %: HT 6,17", "TVA 7,7 %: HT 1,00"],
    es: ["IVA 5,5 %: neto 6,17", "IVA 7,7 %: neto 1,00"],
    nl: ["btw 5,5 %: netto 6,17 + btw 0,34", "btw 7,7 %: netto 1,00"],
    it: ["IVA 5,5 %: netto 6,17 + imposta 0,34", "IVA 7,7 %: netto 1,00"],
    pl: ["VAT 5,5 %: netto 6,17 + podatek 0,34", "VAT 7,7 %: netto 1,00"],
    cs: ["DPH 5,5 %: základ 6,17 + daň 0,34", "DPH 7,7 %: základ 1,00"],
    sv: ["moms 5,5 %: netto 6,17 + skatt 0,34", "moms 7,7 %: netto 1,00"],
  };
  for (const language of languages) {
    const sheet = receiptSheet(issued.jws, sha256, { language });
    const text = receiptText(sheet, 80).replace(/\s+/g, " ");
    for (const phrase of taxed[language]) assert.match(text, phrase);
    const numbers = sheet.sections
      .flatMap(({ rows }) => rows)
      .flatMap((row) => (row.kind === "fact" ? [] : Object.values({ ...row, span: "" })))
      .join(" ");
    assert.not.match(numbers, language === "en" ? /\d,\d/ : /\d\.\d/);
    assert.match(text, language === "en" ? " 7.4 kW," : " 7,4 kW,");
  }
});

test("what carries no tax is called so in the language of the receipt", () => {
  const untaxed = { ...tariff, elements: [{ price_components: [{ type: "ENERGY", price: 0.5, step_size: 1 }] }] };
  const { jws } = sold({ tariff: untaxed });
  const german = receiptText(receiptSheet(jws, sha256, { language: "de" }), 80).replace(/\s+/g, " ");
  assert.match(german, "ohne Steuer 0 %: netto 6,17");
});

test("a power cut is told with its times, one that lasted to the end too", () => {
  const text = textOf(
    sold({
      changes: {
        stopReason: "PowerLoss",
        interruptions: [
          { fromMs: startMs + 5 * minute, toMs: startMs + 7 * minute, why: "power cut" },
          { fromMs: startMs + 80 * minute, toMs: null, why: "power cut" },
        ],
      },
    }),
  );
  assert.match(text, "2026-03-28 22:35:00 +01:00 until 2026-03-28 22:37:00");
  assert.match(text, /\d\d:\d\d:\d\d \+01:00 to the\s+end: power cut/);
  assert.match(text, /Duration +not known/);
});

test("direct current, a remote start, a signing meter, no verify address", () => {
  const { verifyUrl: _, ...noAddress } = station;
  const issued = sold({
    changes: {
      connector: { ...plain.connector, powerType: "DC", maxPowerW: 50_000 },
      token: { ...plain.token, uid: "app-user-1", type: "APP_USER" },
      authMethod: "COMMAND",
      authorizationReference: "ref-1",
      station: noAddress,
      end: { ...plain.end, signed: { format: "OCMF", data: "OCMF|{}|{}", publicKey: "00" } },
    },
  });
  assert.match(issued.ocmf, '"RT":"DC"');
  assert.match(issued.ocmf, '"IT":"CENTRAL"');
  assert.not.match(textOf(issued), "Check it");
});

test("over a clock change the times of a receipt's lines carry their offsets, and on other days none", () => {
  const { samples, begin, end, boundaryReadings, startMs: from, endMs } = settlement(2);
  // On 25 October 2026 Germany's clocks go back from 03:00 to 02:00, at 01:00 UTC.
  const shiftMs = Date.UTC(2026, 9, 25, 0, 59) - from;
  const later = (reading: typeof begin): typeof begin => ({
    ...reading,
    moment: { ...reading.moment, at: reading.moment.at + shiftMs },
  });
  const shifted = {
    samples: samples.map((sample) => ({ ...sample, atMs: sample.atMs + shiftMs })),
    begin: later(begin),
    end: later(end),
    boundaryReadings: boundaryReadings.map(later),
    startMs: from + shiftMs,
    endMs: endMs + shiftMs,
    issuedMs: endMs + shiftMs,
  };
  assert.match(textOf(sold({ changes: shifted })), /02:59\+02:00-0[2-9]:[0-9]{2}\+01:00/);
  assert.not.match(textOf(sold({})), /[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}-[0-9]{2}/);
});

test("a long session of a thousand samples", () => {
  const begin = plain.begin.energyMilliWh;
  const samples = Array.from({ length: 1_001 }, (_, at) => ({
    atMs: startMs + at * 5_400,
    energyMilliWh: begin + at * 12_340,
    powerW: 8_227,
    activity: "charging" as const,
  }));
  const last = begin + 12_340_000;
  sold({ changes: { samples, boundaryReadings: [], end: reading(startMs + 90 * minute, last) } });
});

test.run();
