// The OCMF record against the rules of the format, by code that shares nothing with its producer: only node:crypto and
// JSON.
import { createHmac, createPublicKey, verify } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hexText, utf8 } from "../../../../agent/core/number/bytes.js";
import { type OcmfFacts, ocmfPayload, ocmfRecord, signatureText } from "../../../../agent/core/ocmf/ocmf.js";
import { ocmfXml } from "../../../../agent/core/ocmf/ocmf-xml.js";
import { checkOcmf } from "../../../../agent/core/verify/verify-ocmf.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { userNaming } from "../../../../agent/receipts/privacy/operator-key.js";
import { nameUser, operatorKey, reading, settlement, signer, startMs } from "../../../support/sample-receipt.js";

const test = suite("OCMF record");
const facts = (changes: Partial<OcmfFacts> = {}): OcmfFacts => ({
  ...settlement(2),
  shown: { text: "0.595 EUR/kWh, 1.19 EUR per session, incl. 19 % VAT" },
  receiptNumber: 17,
  pagination: 16,
  sessionId: "session-17",
  tariffId: "standard",
  tariffDigest: "ab".repeat(32),
  ...changes,
});

test("the payload is written byte for byte as the profile says", () => {
  const expected = [
    '{"FV":"1.0","GI":"chargetill","GS":"CT-0042","GV":"0.1.0","PG":"T16",',
    '"MV":"Eastron","MM":"SDM630","MS":"SN-20190001","MF":"1.20",',
    '"IS":true,"IL":"HEARSAY","IF":["RFID_PLAIN"],"IT":"LOCAL","ID":"4298434fad7eed5f558ea679-E5F6",',
    `"TT":"receipt 17; DE*ABC*E0001*1; 8.54 EUR; tariff sha256:${"ab".repeat(32)}; 0.595 EUR/kWh, 1.19 EUR per session, incl. 19 % VAT",`,
    '"CF":"0.1.0","CT":"EVSEID","CI":"DE*ABC*E0001*1",',
    `"URN":17,"USI":"session-17","UTI":"standard","UTD":"${"ab".repeat(32)}","RD":[`,
    '{"TM":"2026-03-28T22:30:00,000+0100 S","TX":"B","RV":1234.500,"RI":"1-0:1.8.0","RU":"kWh","RT":"AC","EF":"","ST":"G"},',
    '{"TM":"2026-03-28T23:30:00,000+0100 S","TX":"T","RV":1242.730,"RI":"1-0:1.8.0","RU":"kWh","RT":"AC","EF":"","ST":"G"},',
    '{"TM":"2026-03-29T00:00:00,000+0100 S","TX":"L","RV":1246.845,"RI":"1-0:1.8.0","RU":"kWh","RT":"AC","EF":"","ST":"G"}]}',
  ].join("");
  assert.is(ocmfPayload(facts()), expected);
});

test("the signature is the DER over exactly the text between the pipes, by a key given as SPKI hex", () => {
  const parts = ocmfRecord(facts(), signer).split("|");
  assert.is(parts.length, 3);
  assert.is(parts[0], "OCMF");
  const signature = JSON.parse(parts[2] ?? "") as Record<string, string>;
  assert.equal(Object.keys(signature), ["SA", "SE", "SM", "SD"]);
  assert.is(signature["SA"], "ECDSA-secp256r1-SHA256");
  assert.is(signature["SE"], "hex");
  assert.is(signature["SM"], "application/x-der");
  const publicKey = createPublicKey({ key: Buffer.from(signer.spkiHex, "hex"), format: "der", type: "spki" });
  assert.ok(
    verify("sha256", Buffer.from(parts[1] ?? "", "ascii"), publicKey, Buffer.from(signature["SD"] ?? "", "hex")),
  );
});

test("letters beyond ASCII and pipes become escapes, and read back as they were", () => {
  const vendor = "Zähler|Werk ⚡";
  const record = ocmfRecord(facts({ meter: { ...facts().meter, vendor } }), signer);
  assert.match(record, /^[\x20-\x7e]+$/);
  assert.is(record.split("|").length, 3);
  assert.match(record, "Z\\u00e4hler\\u007cWerk \\u26a1");
  assert.is((JSON.parse(record.split("|")[1] ?? "") as Record<string, unknown>)["MV"], vendor);
});

test("a register keeps its exact decimals down to 10 mWh, and finer ones are refused", () => {
  const at = (milliWh: number): string =>
    ocmfPayload(
      facts({
        begin: reading(startMs, milliWh),
        boundaryReadings: [],
        end: reading(startMs + 1000, 999_999_999_999_990),
      }),
    );
  assert.match(at(123_456_789_010), '"RV":123456.78901,');
  assert.match(at(0), '"RV":0.000,');
  assert.match(at(10), '"RV":0.00001,');
  assert.match(at(100_000), '"RV":0.100,');
  assert.match(at(0), '"RV":999999999.99999,');
  assert.throws(() => at(5), /10 mWh/);
  assert.throws(() => at(Number.NaN), /10 mWh/);
});

test("a fallen register, a foreign meter or a nameless one is not signed", () => {
  assert.throws(() => ocmfPayload(facts({ end: reading(startMs + 1000, 10) })), /fell/);
  assert.throws(() => ocmfPayload(facts({ end: { ...facts().end, serial: "other" } })), /meter other/);
  assert.throws(() => ocmfPayload(facts({ meter: { ...facts().meter, serial: "" } })), /serial/);
});

test("how the session ended stands in the last reading's mark", () => {
  const marks = {
    Local: "L",
    Remote: "R",
    PowerLoss: "P",
    MeterFault: "A",
    EVDisconnected: "E",
    CostLimitReached: "E",
    Reboot: "A",
    ImmediateReset: "R",
    HardReset: "R",
  } as const;
  for (const [stopReason, mark] of Object.entries(marks)) {
    const { RD } = JSON.parse(ocmfPayload(facts({ stopReason: stopReason as keyof typeof marks }))) as {
      RD: { TX: string }[];
    };
    assert.is(RD.at(-1)?.TX, mark, stopReason);
  }
});

type Clock = readonly [trust: "synced" | "holdover" | "unsynced", boot: string];

/** The marks of begin, boundary and end under these clocks. */
function clockMarksOf(...clocks: readonly [Clock, Clock, Clock]): string {
  const [begin, boundary, end] = [facts().begin, facts().boundaryReadings[0] ?? facts().begin, facts().end].map(
    (one, at) => {
      const [trust, boot] = clocks[at] ?? clocks[0];
      return { ...one, moment: { ...one.moment, trust, boot } };
    },
  );
  if (begin === undefined || boundary === undefined || end === undefined) throw new Error("three readings");
  const payload = ocmfPayload(facts({ begin, boundaryReadings: [boundary], end }));
  return [...payload.matchAll(/\+0100 ([SIRU])"/g)].map(([, mark]) => mark).join("");
}

test("the clock's mark says how far the time can be believed", () => {
  assert.is(clockMarksOf(["synced", "a"], ["holdover", "a"], ["synced", "b"]), "SIS");
  assert.is(clockMarksOf(["unsynced", "a"], ["unsynced", "a"], ["unsynced", "a"]), "RRR");
  assert.is(clockMarksOf(["unsynced", "a"], ["unsynced", "a"], ["unsynced", "b"]), "UUU");
});

// A clock that was set between two readings once gave begin R and end S: a reader who subtracts them reads two clocks.
test("relative times never stand beside times of a clock that was set, whatever clocks the readings had", () => {
  const clocks = (["synced", "holdover", "unsynced"] as const).flatMap((trust): Clock[] => [
    [trust, "a"],
    [trust, "b"],
  ]);
  for (const begin of clocks)
    for (const boundary of clocks)
      for (const end of clocks) {
        const marks = clockMarksOf(begin, boundary, end);
        assert.ok(/^(RRR|[SIU]{3})$/.test(marks), `${JSON.stringify([begin, boundary, end])}: ${marks}`);
      }
});

test("a record in which R stands beside S is complained of", () => {
  const mixed = signedRecord(ocmfPayload(facts()).replace('+0100 S","TX":"B"', '+0100 R","TX":"B"'));
  assert.match(complaintsOf(mixed), /relative times \(R\) stand beside times of another clock/);
  assert.is(complaintsOf(signedRecord(ocmfPayload(facts()).replaceAll("+0100 S", "+0100 R"))), "");
});

const signedRecord = (payload: string): string =>
  `OCMF|${payload}|${signatureText(hexText(signer.signDer(utf8(payload))))}`;

const complaintsOf = (record: string): string =>
  checkOcmf(record, signer.spkiHex, verifyTools())
    .filter(({ verdict }) => verdict !== "holds")
    .map(({ detail }) => detail)
    .join("; ");

test("the tariff text names receipt, charge point, total and tariff, and as much of the shown price as 250 letters hold", () => {
  const textOf = (changes: Partial<OcmfFacts>): string =>
    String((JSON.parse(ocmfPayload(facts(changes))) as Record<string, unknown>)["TT"]);
  const bound = `receipt 17; DE*ABC*E0001*1; 8.54 EUR; tariff sha256:${"ab".repeat(32)}`;
  assert.is(
    textOf({ shown: { text: "0.595 EUR/kWh\n  1.19 EUR per session\n" } }),
    `${bound}; 0.595 EUR/kWh; 1.19 EUR per session`,
  );
  const long = textOf({ shown: { text: "x".repeat(500) } });
  assert.is(long, `${bound}; ${"x".repeat(245 - bound.length)}...`);
  assert.is(long.length, 250);
});

test("firmware of the meter stands in the record only where it is known", () => {
  const { firmware: _, ...meter } = facts().meter;
  assert.not.match(ocmfPayload(facts({ meter })), '"MF"');
  assert.not.match(ocmfPayload(facts({ meter: { ...meter, firmware: "" } })), '"MF"');
});

test("the user is the operator's name of the card: known here LOCAL, known to a backend CENTRAL, and hearsay", () => {
  const user = (uid: string, by: "WHITELIST" | "AUTH_REQUEST", type: "RFID" | "APP_USER" = "RFID"): unknown => {
    const named = facts({ token: { type }, user: nameUser({ uid, type }, by) });
    const { IS, IL, IF, IT, ID } = JSON.parse(ocmfPayload(named)) as Record<string, unknown>;
    return [IS, IL, IF, IT, ID];
  };
  const name = (uid: string): string =>
    `${createHmac("sha256", operatorKey).update(`chargetill user 1\n${uid}`).digest("hex").slice(0, 24)}-${uid.slice(-4)}`;
  assert.equal(user("04A1B2C3", "WHITELIST"), [true, "HEARSAY", ["RFID_PLAIN"], "LOCAL", name("04A1B2C3")]);
  assert.equal(user("04A1B2C3", "AUTH_REQUEST"), [true, "HEARSAY", ["RFID_PLAIN"], "CENTRAL", name("04A1B2C3")]);
  assert.equal(user("APP-1", "WHITELIST", "APP_USER"), [true, "HEARSAY", [], "CENTRAL", name("APP-1")]);
});

test("where a law wants whole UIDs they are hearsay: 4 and 7 bytes ISO 14443, 10 bytes undefined", () => {
  const full = userNaming("full", operatorKey);
  const user = (uid: string): unknown => {
    const named = facts({ token: { type: "RFID" }, user: full({ uid, type: "RFID" }, "WHITELIST") });
    const { IS, IL, IF, IT, ID } = JSON.parse(ocmfPayload(named)) as Record<string, unknown>;
    return [IS, IL, IF, IT, ID];
  };
  assert.equal(user("04A1B2C3"), [true, "HEARSAY", ["RFID_PLAIN"], "ISO14443", "04A1B2C3"]);
  assert.equal(user("04A1B2C3D4E5F6"), [true, "HEARSAY", ["RFID_PLAIN"], "ISO14443", "04A1B2C3D4E5F6"]);
  assert.equal(user("04A1B2C3D4E5F6A7B8C9"), [true, "HEARSAY", ["RFID_PLAIN"], "UNDEFINED", "04A1B2C3D4E5F6A7B8C9"]);
});

test("at most six boundary readings stand inside, and no record is longer than 1850 bytes", () => {
  const boundaries = Array.from({ length: 9 }, (_, i) =>
    reading(startMs + (i + 1) * 60_000, 999_990_000_000_010 + i * 10_000),
  );
  const longest = (letter: string): OcmfFacts => {
    const serial = letter.repeat(40);
    const own = (one: OcmfFacts["begin"]): OcmfFacts["begin"] => ({ ...one, serial });
    return facts({
      receiptNumber: Number.MAX_SAFE_INTEGER,
      pagination: Number.MAX_SAFE_INTEGER,
      sessionId: "0".repeat(36),
      tariffId: letter.repeat(36),
      station: { id: "S".repeat(25) },
      softwareVersion: "100.100.100-alpha.10",
      connector: { evseId: `DE*ABC*E${"1".repeat(31)}`, powerType: "DC" },
      user: nameUser({ uid: "04A1B2C3D4E5F6A7B8C9", type: "RFID" }, "WHITELIST"),
      meter: { vendor: letter.repeat(20), model: letter.repeat(20), serial, firmware: letter.repeat(10) },
      begin: own(reading(startMs, 999_990_000_000_010)),
      boundaryReadings: boundaries.map(own),
      end: own(reading(startMs + 3_600_000, 999_999_999_999_990)),
    });
  };
  const boundariesIn = (record: string): number => (record.match(/"TX":"T"/g) ?? []).length;
  const ordinary = ocmfRecord(
    facts({ end: reading(startMs + 3_600_000, 999_999_999_999_990), boundaryReadings: boundaries }),
    signer,
  );
  assert.is(boundariesIn(ordinary), 6);
  assert.match(ordinary, "incl. 19 % VAT");
  assert.ok(ordinary.length <= 1850, `${ordinary.length} bytes`);
  // The longest names leave no room for the displayed price, and for four of the six.
  const plain = ocmfRecord(longest("M"), signer);
  assert.is(boundariesIn(plain), 4);
  assert.not.match(plain, "incl. 19 % VAT");
  assert.ok(plain.length <= 1850, `${plain.length} bytes`);
  // Each such letter takes six bytes: boundary readings and TT give way, begin and end never do.
  const wide = ocmfRecord(longest("ü"), signer);
  assert.ok(wide.length <= 1850, `${wide.length} bytes`);
  assert.match(wide, '"TX":"B"');
  assert.match(wide, '"TX":"L"');
});

test("the file for the transparency software is the shape it opens, with what XML reserves escaped", () => {
  const record = ocmfRecord(facts({ sessionId: "a<b&c>d" }), signer);
  const text = ocmfXml(record, 16, signer.spkiHex);
  assert.match(text, /^[\x0a\x20-\x7e]+$/);
  assert.match(record, "a<b&c>d");
  const inner = record.split("&").join("&amp;").split("<").join("&lt;");
  assert.is(
    text,
    `<values>\n <value transactionId="16" context="Transaction.Begin">\n  <signedData format="OCMF" encoding="plain">${inner}</signedData>\n  <publicKey encoding="plain">${signer.spkiHex}</publicKey>\n </value>\n</values>\n`,
  );
  // A reader that knows nothing of us: tags off, escapes back.
  const read = /<signedData[^>]*>([^<]*)<\/signedData>/
    .exec(text)?.[1]
    ?.replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
  assert.is(read, record);
});

test("every reading carries every field, and the record's fields stand in the profile's order", () => {
  const payload = JSON.parse(ocmfPayload(facts())) as { RD: object[] };
  assert.equal(Object.keys(payload), [
    "FV",
    "GI",
    "GS",
    "GV",
    "PG",
    "MV",
    "MM",
    "MS",
    "MF",
    "IS",
    "IL",
    "IF",
    "IT",
    "ID",
    "TT",
    "CF",
    "CT",
    "CI",
    "URN",
    "USI",
    "UTI",
    "UTD",
    "RD",
  ]);
  for (const one of payload.RD) assert.equal(Object.keys(one), ["TM", "TX", "RV", "RI", "RU", "RT", "EF", "ST"]);
});

test.run();
