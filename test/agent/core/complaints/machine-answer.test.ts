// What the station says of a complaint by itself, from the signed receipt alone.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { machineAnswer } from "../../../../agent/core/complaints/machine-answer.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { payloadOf } from "../../../../agent/core/receipt/receipt-payload.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { type Language, languages } from "../../../../config/languages.js";
import { chainOf, littleBook, receiptAt, settlement, signer, startMs } from "../../../support/sample-receipt.js";

const test = suite("what the station says of a complaint");
const book = littleBook(1);
const saying = (jws: string, language: Language = "en"): string => {
  const payload = payloadOf(jws);
  if (payload === undefined) throw new Error("not a receipt");
  return machineAnswer(payload, language)
    .map(({ label, value }) => `${label}: ${value}`)
    .join("\n");
};
const changed = (changes: Parameters<typeof settlement>[1]): string =>
  issueReceipt(settlement(2, changes), chainOf(littleBook(0)), signer, sha256).jws;

test("it names what was measured, which price held and what it cost", () => {
  const answer = saying(receiptAt(book, 2).jws);
  for (const words of [
    "Register begin: 1234.500 kWh",
    "Register end: 1246.845 kWh",
    "Energy: 12.345 kWh",
    "serial SN-20190001",
  ])
    assert.match(answer, words);
  assert.match(answer, /Shown before: Energy: 0\.595 EUR per kWh/);
  assert.match(answer, /Stopped: by the driver/);
  // On paper: 12.345 x 0.595 = 7.345275.
  assert.match(answer, /12\.345 kWh x 0\.595 EUR\/kWh .* 7\.35 EUR/);
  assert.not.match(answer, "04A1B2C3D4E5F6");
});

test("it names since when the car stood idle at the end", () => {
  const samples = settlement(2).samples.map((sample, at, all) =>
    at >= all.length - 2 ? { ...sample, activity: "parking" as const } : sample,
  );
  const began = new Date(samples.at(-2)?.atMs ?? 0).toISOString().slice(14, 19);
  assert.match(saying(changed({ samples })), new RegExp(`Idle fee, start: .*:${began} .*took no energy`));
  assert.not.match(saying(receiptAt(book, 2).jws), /Idle fee, start/);
});

test("it names what nobody knows", () => {
  assert.not.match(saying(receiptAt(book, 2).jws), /not known|NOT SET/);
  const atMs = startMs + 600_000;
  const interrupted = changed({ interruptions: [{ fromMs: atMs, toMs: null, why: "power was lost" }] });
  assert.match(saying(interrupted), /Interruptions: .*not known: power cut/);
  assert.match(saying(changed({ startTrust: "unsynced", endTrust: "unsynced" })), /not known: clock NOT SET/);
});

test("it says so in every language", () => {
  for (const language of languages) assert.match(saying(receiptAt(book, 2).jws, language), /1246[.,]845 kWh/);
});

test("a receipt by which nothing was sold has nothing to say", () => {
  assert.is(saying(receiptAt(book, 1).jws), "");
});

test.run();
