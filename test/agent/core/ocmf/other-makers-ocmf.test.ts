// OCMF records and files as other makers write them: what means the same is read the same and gets the same verdict;
// what is not read here is said to be a form not read here, and is never "changed since".
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { hexText, utf8 } from "../../../../agent/core/number/bytes.js";
import { parseOcmf, readOcmf } from "../../../../agent/core/ocmf/ocmf-record.js";
import { ocmfXml, parseOcmfXml } from "../../../../agent/core/ocmf/ocmf-xml.js";
import { type Check, exitCode } from "../../../../agent/core/verify/check-result.js";
import { verifyEvidence } from "../../../../agent/core/verify/verify.js";
import { verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { signer } from "../../../support/sample-receipt.js";

const test = suite("OCMF of other makers");
const tools = verifyTools();
const pins = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };

type Reading = Record<string, unknown>;
const reading = (changes: Reading): Reading => ({
  ...{ TM: "2026-11-24T13:00:00,000+0100 S", TX: "B", RV: 100, RI: "1-0:1.8.0", RU: "kWh", RT: "AC", EF: "", ST: "G" },
  ...changes,
});
const begin = reading({});
const finish = reading({ TM: "2026-11-24T14:00:00,000+0100 S", TX: "E", RV: 110.5 });
const payload = (changes: Reading = {}): Reading => ({
  ...{ FV: "1.0", GI: "GW", GS: "123", GV: "1.0", PG: "T1", MV: "Maker", MM: "Model", MS: "4711", MF: "1.0" },
  ...{ IS: true, IL: "HEARSAY", IF: ["RFID_PLAIN"], IT: "ISO14443", ID: "1F2D3A4F5506C7", CT: "EVSEID" },
  ...{ CI: "DE*ABC*E1", RD: [begin, finish] },
  ...changes,
});
const signed = (text: string, mark: (der: string) => object = (SD) => ({ SA: "ECDSA-secp256r1-SHA256", SD })): string =>
  `OCMF|${text}|${JSON.stringify(mark(hexText(signer.signDer(utf8(text)))))}`;
const plain = JSON.stringify(payload());

const verdict = (text: string): { readonly code: number; readonly checks: readonly Check[] } => {
  const results = verifyEvidence([{ name: "file", text }], pins, tools);
  return { code: exitCode(results), checks: results.flatMap(({ checks }) => checks) };
};
const failures = (text: string): string =>
  verdict(text)
    .checks.filter(({ verdict: each }) => each === "fails")
    .map(({ name, detail }) => `${name}: ${detail}`)
    .join("\n");

test("the signature part may come in any order, alone, spaced, or in upper-case hex", () => {
  const marks: readonly ((der: string) => object)[] = [
    (SD) => ({ SD, SA: "ECDSA-secp256r1-SHA256" }),
    (SD) => ({ SD }),
    (SD) => ({ SM: "application/x-der", SE: "hex", SD: SD.toUpperCase() }),
    (SD) => ({ SE: "base64", SD: Buffer.from(SD, "hex").toString("base64") }),
  ];
  for (const mark of marks) assert.is(failures(signed(plain, mark)), "");
  assert.is(failures(signed(plain).replace('{"SA":', '{ "SA" : ')), "");
  assert.is(verdict(signed(plain)).code, 0);
});

test("a pretty-printed payload is signed as it stands", () => {
  const pretty = JSON.stringify(payload(), null, 4);
  assert.is(failures(signed(pretty)), "");
  const restated = signed(pretty).replace(pretty, plain);
  assert.match(failures(restated), /not signed by this key, or were changed since/);
});

test("fields that a reading leaves out are those of the reading before", () => {
  const short = { TM: finish["TM"], TX: "E", RV: 110.5 };
  const text = signed(JSON.stringify(payload({ RD: [begin, short] })));
  assert.is(failures(text), "");
  const read = readOcmf(text);
  assert.ok(!("unread" in read));
  assert.equal("unread" in read ? undefined : read.readings[1]?.raw, finish);
  const { RU: _unit, ...unitless } = begin;
  assert.match(failures(signed(JSON.stringify(payload({ RD: [unitless, short] })))), /the unit is undefined/);
});

test("a register as text is the same register, to the milliwatt-hour", () => {
  const texts = [reading({ RV: "100.000" }), { ...finish, RV: "110.500" }];
  const read = readOcmf(signed(JSON.stringify(payload({ RD: texts }))));
  assert.equal("unread" in read ? [] : read.readings.map(({ milliWh }) => milliWh), [100_000_000, 110_500_000]);
  assert.is(failures(signed(JSON.stringify(payload({ RD: texts })))), "");
});

test("fields that the format leaves to the maker may be missing or added; a meter without a number is told", () => {
  const { IF: _flags, IL: _level, CT: _type, CI: _point, ...without } = payload();
  assert.is(failures(signed(JSON.stringify(without))), "");
  assert.is(failures(signed(JSON.stringify(payload({ U: [{ RV: 1 }], TT: "Tariff 1", FV: "1.2", PG: "F12" })))), "");
  const { MS: _serial, ...meterless } = payload();
  assert.match(failures(signed(JSON.stringify(meterless))), /MS is missing/);
});

test("what is signed in another way is a form not read here, and not a changed reading", () => {
  const cases: readonly [RegExp, (der: string) => object][] = [
    [/ECDSA-secp192k1-SHA256, a form not read here/, (SD) => ({ SA: "ECDSA-secp192k1-SHA256", SD })],
    [/application\/x-raw, a form not read here/, (SD) => ({ SM: "application/x-raw", SD })],
    [/base32, a form not read here/, (SD) => ({ SE: "base32", SD })],
    [/a field "SX", a form not read here/, (SD) => ({ SD, SX: "" })],
  ];
  for (const [words, mark] of cases) {
    const text = signed(plain, mark);
    assert.match(failures(text), words);
    assert.is(verdict(text).code, 1);
  }
});

test("the form of this station's own records stays one form, to the byte", () => {
  assert.is(parseOcmf(signed(plain)), undefined);
  const own = signed(plain, (SD) => ({ SA: "ECDSA-secp256r1-SHA256", SE: "hex", SM: "application/x-der", SD }));
  assert.is(parseOcmf(own)?.payload, plain);
  assert.is(parseOcmf(own.replace(/"SD":".*?"/, (each) => each.toUpperCase())), undefined);
});

const xml = ocmfXml(signed(plain), 1, signer.spkiHex);
const variants: readonly [string, string][] = [
  ["the published namespace", xml.replace("<values>", '<values xmlns="http://transparenz.software/schema/2018/07">')],
  ["a declaration and comments", `<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by a maker -->${xml}<!---->`],
  [
    "attributes in another order",
    xml
      .replace('transactionId="1" context="Transaction.Begin"', 'context="Transaction.Begin"  transactionId="1"')
      .replace('format="OCMF" encoding="plain"', "encoding='plain' format='OCMF'"),
  ],
  ["an upper-case key", xml.replace(signer.spkiHex, signer.spkiHex.toUpperCase())],
  [
    "data and key in base64",
    xml
      .replace(/plain">OCMF[^<]*</, `base64">${Buffer.from(signed(plain)).toString("base64")}<`)
      .replace(/plain">3059[^<]*</, `base64">${Buffer.from(signer.spkiHex, "hex").toString("base64")}<`),
  ],
  ["another number of the transaction", xml.replace('transactionId="1"', 'transactionId="4711"')],
];
for (const [name, text] of variants)
  test(`a file with ${name} gets the same verdict as ours`, () => {
    assert.is(verdict(xml).code, 0);
    assert.is(failures(text), "");
    assert.is(verdict(text).code, 0);
    assert.is(parseOcmfXml(text)?.[0]?.publicKey, signer.spkiHex);
  });

test("a file with anything else in it is refused: another namespace, an entity, a second root, a doubled attribute", () => {
  const refused = [
    xml.replace("<values>", '<values xmlns="urn:other">'),
    xml.replace("<values>", "<values>&#x41;"),
    `${xml}<values></values>`,
    xml.replace('transactionId="1"', 'transactionId="1" transactionId="2"'),
    xml.replace("<publicKey", "<!-- -- --><publicKey"),
    `<!DOCTYPE values [<!ENTITY a "b">]>${xml}`,
    xml.replace("</values>", ""),
  ];
  for (const text of refused) assert.is(parseOcmfXml(text), undefined, text.slice(0, 120));
});

test.run();
