// A session by a day-ahead tariff, from its opening to receipt and CDR: each carries the part that the session could meet.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeCdr, wireText } from "../../../../agent/core/cdr/cdr.js";
import { wireDifference } from "../../../../agent/core/cdr/cdr-check.js";
import type { Settlement } from "../../../../agent/core/cdr/settlement.js";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import { hexText, utf8 } from "../../../../agent/core/number/bytes.js";
import { receiptSheet } from "../../../../agent/core/print/receipt-sheet.js";
import { receiptText } from "../../../../agent/core/print/receipt-text.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import type { Opening } from "../../../../agent/core/session/opening.js";
import { available, type Session } from "../../../../agent/core/session/session.js";
import type { SessionEvent } from "../../../../agent/core/session/session-event.js";
import { reduceSession } from "../../../../agent/core/session/session-reducer.js";
import { settlementOf } from "../../../../agent/core/session/settle.js";
import { entryOf, eventOf } from "../../../../agent/core/station/journal-entry.js";
import type { StationEvent } from "../../../../agent/core/station/station-event.js";
import type { Tariff } from "../../../../agent/core/tariff/tariff.js";
import { tariffFromStart } from "../../../../agent/core/tariff/tariff-cut.js";
import { parseTariff } from "../../../../agent/core/tariff/tariff-reader.js";
import { type CheckResult, exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { findingsText } from "../../../../agent/receipts/dispute/findings-text.js";
import type { ConnectorConfig } from "../../../../config/schema.js";
import type { Reading, TimeTrust } from "../../../../drivers/driver.js";
import { dayAhead } from "../../../support/day-ahead.js";
import { chainOf, littleBook, nameUser, settlement, signer } from "../../../support/sample-receipt.js";

const test = suite("a session by a long tariff");
const timeZone = "Europe/Berlin";
const startMs = Date.parse("2026-11-24T09:00:00Z");
const hourMs = 3_600_000;
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [] };

function read(json: unknown): Tariff {
  const parsed = parseTariff(json);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.tariff;
}
const digestOf = ({ source }: Tariff): string => hexText(sha256(utf8(canonicalText(source))));
const plain = read(dayAhead("2026-11-24", 0, () => 0));
/** Slot n of two days costs 0.2000 + n / 10000, every other time 0.50. */
const whole = read(dayAhead("2026-11-24", 2, (slot) => (2000 + slot) / 10_000));

const reading = (hours: number, trust: TimeTrust): Reading => ({
  moment: { at: startMs + hours * hourMs, monoMs: hours * hourMs, boot: "boot-1", trust },
  energyMilliWh: hours * 8_000_000,
  powerW: 8_000,
  serial: settlement(2).meter.serial,
});

/** A session from 10:00 local time on, 8 kWh an hour, with a reading in each. */
function sold(tariff: Tariff, hours: number, trust: TimeTrust = "synced"): Settlement {
  const begin = reading(0, trust);
  const at = { moment: begin.moment, connector: 1 };
  const opening: Opening = {
    id: "S1",
    acceptance: { token: settlement(2).token, authMethod: "WHITELIST" },
    meter: settlement(2).meter,
    ...(trust === "unsynced" ? { tariff } : tariffFromStart(tariff, timeZone, startMs, digestOf)),
    timeZone,
    shown: { text: "by the quarter of an hour", atMs: startMs },
    begin,
  };
  const last = reading(hours, trust);
  const began = { type: "SessionBegan", ...at, opening } as const;
  const journalled = { ...(eventOf(JSON.parse(JSON.stringify(entryOf(began)))) as object), moment: at.moment };
  const events: readonly SessionEvent[] = [
    { type: "PlugChanged", ...at, plugged: true },
    { type: "CardAccepted", ...at, acceptance: opening.acceptance },
    journalled as StationEvent as SessionEvent,
    ...Array.from({ length: hours - 1 }, (_, hour): SessionEvent => {
      const read = reading(hour + 1, trust);
      return { type: "MeterRead", ...at, moment: read.moment, reading: read, activity: "charging", atBoundary: false };
    }),
    { type: "StopRequested", ...at, moment: last.moment, reason: "Local", detail: "stopped by card" },
    { type: "SessionEnded", ...at, moment: last.moment, reading: last, detail: "" },
    { type: "ReceiptNumbered", ...at, moment: last.moment, number: 2, pagination: 1 },
  ];
  const session = events.reduce<Session>(reduceSession, available);
  if (session.state !== "settling") throw new Error(`the session is ${session.state}`);
  return settlementOf(session, {
    station: settlement(2).station,
    connector: settlement(2).connector as ConnectorConfig,
    digestOf,
    nameUser,
    softwareVersion: "0.1.0",
  });
}

const elementsIn = (tariff: unknown): number => (tariff as { elements: unknown[] }).elements.length;

/** The receipt's payload as text, and what the verifier says of it beside a tariff file. */
function checked(
  of: Settlement,
  tariff: unknown,
): { readonly payload: string; readonly found: readonly CheckResult[] } {
  const issued = issueReceipt(of, chainOf(littleBook(0)), signer, sha256);
  const files = [
    { name: "receipt", text: receiptFileText(issued, signer.spkiHex) },
    { name: "tariff.json", text: JSON.stringify(tariff) },
  ];
  const payload = Buffer.from(issued.jws.split(".")[1] ?? "", "base64url").toString();
  return { payload, found: verifyEvidence(files, pins, verifyTools()) };
}

test("eight hours on quarter-hour prices cost what the whole tariff says, and carry 32 slots of it", () => {
  const of = sold(whole, 8);
  // 2 kWh in each of the slots 40 to 71: 64 x (0.2000 + 0.00555), and 19 %.
  assert.is(of.price.totalCost.excl, "13.1552");
  assert.equal([of.price.lines.length, elementsIn(of.tariff), of.cutFrom], [32, 33, digestOf(whole)]);
  assert.is(of.tariffDigest, digestOf(read(of.tariff)));
});

test("the tariff on the receipt of eight hours grows by at most 6 KB", () => {
  const size = (of: Settlement): number => {
    const { payload } = checked(of, plain.source);
    return canonicalText((JSON.parse(payload) as { sale: { tariff: unknown } }).sale.tariff).length;
  };
  const grown = size(sold(whole, 8)) - size(sold(plain, 8));
  assert.ok(grown <= 6 * 1024, `${grown} bytes`);
});

test("the receipt holds, and so does its part beside the whole tariff", () => {
  const { found } = checked(sold(whole, 8), whole.source);
  assert.is(exitCode(found), 0, findingsText(found));
  assert.match(findingsText(found), "receipt 2 holds what its session could meet of this tariff: 33 of 193 elements");
});

test("another tariff beside the receipt fails, and so does a part that leaves prices out", () => {
  const of = sold(whole, 8);
  const other = checked(
    of,
    dayAhead("2026-11-24", 2, () => 0.3),
  );
  assert.is(exitCode(other.found), 1);
  assert.match(findingsText(other.found), "no receipt that was given was priced by this tariff");
  // The dearest of the slots stands for all of them: the receipt is sound in itself, and the whole tariff gives it away.
  const source = of.tariff as { elements: unknown[] };
  const less = { ...source, elements: source.elements.slice(-1) };
  const forged = sold(read(less), 8);
  const { found } = checked({ ...forged, cutFrom: digestOf(whole) }, whole.source);
  assert.is(exitCode(found), 1);
  assert.match(findingsText(found), "receipt 2 holds another part of this tariff than its session could meet");
});

test("a short tariff goes whole into the receipt, and holds beside its file", () => {
  const of = sold(plain, 8);
  assert.equal([of.tariff, of.cutFrom], [plain.source, undefined]);
  assert.match(findingsText(checked(of, plain.source).found), "receipt 2 holds this tariff, all of it");
});

test("without a clock the lowest price of the whole tariff is charged, and stands in its part", () => {
  const of = sold(whole, 8, "unsynced");
  // 64 kWh at 0.20, the first slot of two days.
  assert.is(of.price.totalCost.excl, "12.8");
  assert.ok(elementsIn(of.tariff) < 40);
  const { found } = checked(of, whole.source);
  assert.is(exitCode(found), 0, findingsText(found));
});

test("the CDR carries the same part, by which a receiver comes to the same sum", () => {
  const of = sold(whole, 8);
  const cdr = makeCdr(of, undefined, { version: "2.2.1" });
  assert.equal(cdr.tariffs, [of.tariff]);
  assert.is(wireDifference(wireText(cdr), of, "2.2.1"), undefined);
});

test("the printed receipt names both digests", () => {
  const issued = issueReceipt(sold(whole, 8), chainOf(littleBook(0)), signer, sha256);
  const text = receiptText(receiptSheet(issued.jws, sha256, { language: "en" }), 80);
  assert.match(text, new RegExp(`Part of tariff +${digestOf(whole)}`));
});

test.run();
