// What the verifier accepts and what it catches, one file at a time.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { verifyCommand } from "../../../../agent/commands/verify.js";
import { canonicalText } from "../../../../agent/core/json/json-text.js";
import { hexText, utf8 } from "../../../../agent/core/number/bytes.js";
import { ocmfPayload, signatureText } from "../../../../agent/core/ocmf/ocmf.js";
import { ocmfXml } from "../../../../agent/core/ocmf/ocmf-xml.js";
import { issueReceipt } from "../../../../agent/core/receipt/receipt.js";
import { receiptFileText } from "../../../../agent/core/receipt/receipt-file.js";
import { signedJws } from "../../../../agent/core/signing/jws.js";
import { type CheckResult, exitCode } from "../../../../agent/core/verify/check-result.js";
import type { TrustedKeys } from "../../../../agent/core/verify/trusted-keys.js";
import { verifyEvidence, verifyShortForm } from "../../../../agent/core/verify/verify.js";
import { bookNote } from "../../../../agent/core/verify/verify-book.js";
import { sha256 } from "../../../../agent/ledger/store/digest.js";
import { pinsOf, verifyTools } from "../../../../agent/receipts/dispute/evidence-input.js";
import { summarySentence } from "../../../../agent/receipts/dispute/findings-text.js";
import { newKey, signerOf } from "../../../../agent/receipts/signing-keys.js";
import { chainOf, littleBook, receiptAt, settlement, signer } from "../../../support/sample-receipt.js";

const test = suite("verify");
const tools = verifyTools();
const pins: TrustedKeys = { fingerprints: new Set([signer.publicKey.fingerprint]), keys: [signer.spkiHex] };
const noPins: TrustedKeys = { fingerprints: new Set(), keys: [] };
const book = littleBook(3);
const sale = receiptAt(book, 2);
const fileText = receiptFileText(sale, signer.spkiHex);
const verify = (text: string, by: TrustedKeys = pins): readonly CheckResult[] =>
  verifyEvidence([{ name: "file", text }], by, tools);
const failures = (findings: readonly CheckResult[]): string =>
  findings
    .flatMap((finding) => finding.checks)
    .filter((check) => check.verdict === "fails")
    .map((check) => `${check.name}: ${check.detail}`)
    .join("\n");
const payloadText = Buffer.from(sale.jws.split(".")[1] ?? "", "base64url").toString();
type Json = Record<string, unknown>;

/** A receipt with a changed payload, signed again by the station itself: only the figures can give it away. */
function resigned(change: (payload: { sale: Json & { [name: string]: Json } } & Json) => void): string {
  const payload = JSON.parse(payloadText) as { sale: Json & { [name: string]: Json } } & Json;
  change(payload);
  return receiptFileText({ ...sale, jws: signedJws(canonicalText(payload), signer.keyId, signer) }, signer.spkiHex);
}

test("a receipt file holds with the key's file, and with its fingerprint alone", () => {
  assert.is(failures(verify(fileText)), "");
  assert.is(exitCode(verify(fileText)), 0);
  assert.is(exitCode(verify(fileText, { ...pins, keys: [] })), 0);
});

test("a key named twice and a note of somebody's own beside the receipt are refused", () => {
  const doubled = fileText.replace('"jws":', '"jws": "eyJ",\n "jws":');
  assert.is(exitCode(verify(doubled)), 1);
  assert.match(failures(verify(doubled)), /names a key twice/);
  const noted = fileText.replace("A signed receipt.", "Paid in cash.");
  assert.is.not(noted, fileText);
  assert.match(failures(verify(noted)), /note/);
});

test("a key found only inside the receipt is an unproven key", () => {
  const findings = verify(fileText, noPins);
  assert.is(exitCode(findings), 3);
  assert.match(findings[0]?.checks.find((check) => check.name === "key")?.detail ?? "", /^unproven key/);
});

test("checks that rest on no key that was given prove nothing, however many hold", () => {
  const held = { name: "bundle", verdict: "holds", detail: "12 files as listed" } as const;
  assert.is(exitCode([{ subject: "an archive without a signature", checks: [held] }]), 3);
  const left = { name: "inclusion", verdict: "skipped", detail: "give that receipt too" } as const;
  assert.is(exitCode([{ subject: "a proof whose receipt is not there", checks: [held, left] }]), 3);
  const pinned = { subject: "a receipt", checks: [{ ...held, pinned: true } as const, left] };
  assert.is(exitCode([pinned]), 0);
  assert.is(summarySentence([pinned]), "What was checked holds; one check was not made.");
  assert.is(exitCode([pinned, { subject: "another", checks: [{ ...held, verdict: "unproven" }] }]), 3);
});

test("a receipt by another key fails where a key was given", () => {
  const other = signerOf(newKey());
  const forged = receiptAt(littleBook(1, other), 2);
  assert.match(failures(verify(receiptFileText(forged, other.spkiHex))), /not the one you gave/);
  // The forger puts the real public key beside his receipt.
  assert.is(exitCode(verify(receiptFileText(forged, signer.spkiHex))), 1);
});

test("every flipped bit in a receipt file is caught, or changes neither verdict nor figure", () => {
  const bytes = Buffer.from(fileText);
  const sound = JSON.stringify(verify(fileText));
  let caught = 0;
  for (let at = 0; at < bytes.length; at += at < 300 || at > bytes.length - 700 ? 1 : 61) {
    for (const bit of [at % 8]) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      const findings = verify(flipped.toString());
      if (exitCode(findings) === 1) caught += 1;
      else assert.is(JSON.stringify(findings), sound, `byte ${at}, bit ${bit}`);
    }
  }
  assert.ok(caught > 600, `${caught} flips caught`);
});

test("every flipped bit in an OCMF record is caught, or it is the same hex in another case", () => {
  const bytes = Buffer.from(sale.ocmf);
  const sound = verify(sale.ocmf);
  let caught = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 7));
    const isSameHex =
      flipped.toString().toLowerCase() === sale.ocmf.toLowerCase() && at > sale.ocmf.indexOf('"SD":"') + 5;
    if (isSameHex) assert.equal(verify(flipped.toString()), sound, `byte ${at}`);
    else {
      assert.is(exitCode(verify(flipped.toString())), 1, `byte ${at}`);
      caught += 1;
    }
  }
  assert.ok(caught > bytes.length - 30, `${caught} of ${bytes.length} caught`);
});

/** An object or list that stands inside a receipt, to be changed there. */
const inside = <T = Json>(whole: object, ...path: readonly (string | number)[]): T =>
  path.reduce<unknown>((value, key) => (value as { [name: string | number]: unknown })[key], whole) as T;

test("the station itself cannot change a figure unnoticed", () => {
  const cases: readonly [RegExp, (payload: { sale: Json & { [name: string]: Json } } & Json) => void][] = [
    [
      /the receipt says 1000.500.*signed meter record|1000\.500 to/s,
      ({ sale }) => void (inside(sale, "begin")["registerKwh"] = "1000.500"),
    ],
    [/another|MS|serial/i, ({ sale }) => void (inside(sale, "meter")["serial"] = "SN-9")],
    [/ID: the receipt says/, ({ sale }) => void (inside(sale, "token", "user")["id"] = "0123-E5F6")],
    [/IT: the receipt says/, ({ sale }) => void (inside(sale, "token", "user")["kind"] = "CENTRAL")],
    [/"uid", which is not known/, ({ sale }) => void (inside(sale, "token")["uid"] = "04A1B2C3D4E5F6")],
    [/TT: the receipt says/, ({ sale }) => void (inside(sale, "connector")["evseId"] = "DE*ABC*E0001*2")],
    [/digest/, ({ sale }) => void (inside(sale, "tariff", "value")["currency"] = "CHF")],
    [
      /the receipt says 9\.99 EUR, the samples and the tariff give 8\.54 EUR/,
      ({ sale }) => void (inside(sale, "price", "due")["gross"] = "9.99"),
    ],
    [
      /add up to/,
      ({ sale }) => void (inside(sale, "price", "lines", 0)["amount"] = { excl: "6.1725", incl: "7.345276" }),
    ],
    [
      /periods\.0\.energyMilliWh: the receipt says 1, worked out again it is 12345000/,
      ({ sale }) => void (inside(sale, "periods", 0)["energyMilliWh"] = 1),
    ],
    [/12\.346 kWh/, ({ sale }) => void (sale["energyKwh"] = "12.346" as unknown as Json)],
    [/register fell/, ({ sale }) => void (inside<number[]>(sale, "samples", "rows", 2)[1] = 1)],
    [/more than 11000 W/, ({ sale }) => void (inside<number[]>(sale, "samples", "rows", 1)[1] = 8_000_000)],
    [
      /not a local time of Europe\/Berlin/,
      ({ sale }) => void (sale["start"] = "2026-03-28T22:30:00.000+02:00" as unknown as Json),
    ],
    [/the code says/, ({ sale }) => void (sale["end"] = "2026-03-29T00:00:01.000+01:00" as unknown as Json)],
    [/lacks "shown"/, ({ sale }) => void delete sale["shown"]],
    [/"extra", which is not known/, (payload) => void (payload["extra"] = 1)],
  ];
  for (const [expected, change] of cases) assert.match(failures(verify(resigned(change))), expected);
});

test("over an outage whose length no clock knows the samples tell no power; over any other they do", () => {
  // 4.115 kWh after the sample at 60 minutes, while the time line stands still; the session began at 22:30.
  const said = (...interruptions: readonly object[]): string =>
    failures(
      verify(
        resigned(({ sale }) => {
          const rows = inside<[number, number, number, number | null, string][]>(sale, "samples", "rows");
          const [, , third, last] = rows;
          if (third === undefined || last === undefined) throw new Error("four samples");
          third[4] = "suspended";
          last[0] = third[0];
          sale["interruptions"] = interruptions as unknown as Json;
        }),
      ),
    );
  const from = "2026-03-28T23:30:00.000+01:00";
  const why = "power was lost";
  const impossible = /rose by 4\.115 kWh in 0 s: more than 11000 W can deliver/;
  assert.match(said(), impossible);
  assert.match(said({ from, to: "2026-03-28T23:31:00.000+01:00", why }), impossible);
  assert.match(said({ from: "2026-03-28T23:00:00.000+01:00", to: null, why }), impossible);
  assert.not.match(said({ from, to: null, why }), impossible);
  assert.not.match(said({ from, to: from, why }), impossible);
});

test("a payload that is not canonical, or not of this format, is refused", () => {
  const jws = (text: string): string => signedJws(text, signer.keyId, signer);
  assert.match(failures(verify(jws(payloadText.replace(/^\{/, "{ ")))), /canonical/);
  assert.match(failures(verify(jws('{"kind":"sale"}'))), /lacks/);
  assert.match(failures(verify(jws("[]"))), /expected object/);
});

test("an unsigned or re-headed token is refused", () => {
  const [head = "", body = "", tail = ""] = sale.jws.split(".");
  const none = Buffer.from(Buffer.from(head, "base64url").toString().replace("ES256", "none")).toString("base64url");
  assert.is(exitCode(verify(`${none}.${body}.${tail}`)), 1);
  assert.is(exitCode(verify(`${head}.${body}.`)), 1);
  assert.is(exitCode(verify(`${head}.${body}.${Buffer.alloc(64).toString("base64url")}`)), 1);
});

test("an OCMF record is accepted raw, in base64, in hex, in OCPP's wrapping and as XML", () => {
  const base64 = Buffer.from(sale.ocmf).toString("base64");
  const forms = [
    sale.ocmf,
    base64,
    Buffer.from(sale.ocmf).toString("hex"),
    `{"signedMeterData":"${base64}"}`,
    `{"signedMeterValue":"${base64}"}`,
    ocmfXml(sale.ocmf, 1, signer.spkiHex),
  ];
  for (const form of forms) assert.is(failures(verify(form)), "", form.slice(0, 40));
  for (const form of forms) assert.is(exitCode(verify(form, noPins)), 3, form.slice(0, 40));
});

type Record1 = { RD: Record<string, unknown>[] } & Record<string, unknown>;
/** A record of changed content, rightly signed: what the common tool would let through. */
function record(change: (payload: Record1) => void, number = 2): string {
  const payload = JSON.parse(ocmfPayload({ ...settlement(number), tariffId: "standard" })) as Record1;
  change(payload);
  const text = JSON.stringify(payload);
  return `OCMF|${text}|${signatureText(hexText(signer.signDer(utf8(text))))}`;
}

test("it catches in a record what the common tool does not", () => {
  assert.is(failures(verify(record(() => undefined))), "");
  const at = (payload: Record1, index: number): Record<string, unknown> => payload.RD[index] ?? {};
  const cases: readonly [RegExp, (payload: Record1) => void][] = [
    [/MS is missing/, (payload) => void delete payload["MS"]],
    [/IS is missing/, (payload) => void delete payload["IS"]],
    [/IT is missing/, (payload) => void delete payload["IT"]],
    [/intermediate reading lies above the end/, (payload) => void (at(payload, 1)["RV"] = 1300)],
    [/exception \(X\)/, (payload) => void (at(payload, 1)["TX"] = "X")],
    [/taken before the one in front/, (payload) => void (at(payload, 1)["TM"] = "2026-03-28T22:29:59,000+0100 S")],
    [/status is "M"/, (payload) => void (at(payload, 1)["ST"] = "M")],
    [/error flag "E"/, (payload) => void (at(payload, 1)["EF"] = "E")],
    [/more than 100 kW can deliver/, (payload) => void (at(payload, 2)["RV"] = 1400)],
    [/cannot be read/, (payload) => void (at(payload, 0)["TM"] = "2026-03-28T22:30:00.000Z S")],
    [/below the one before/, (payload) => void (at(payload, 2)["RV"] = 1234)],
    [/PG is "X1"/, (payload) => void (payload["PG"] = "X1")],
    [/a begin and an end/, (payload) => void payload.RD.splice(1)],
  ];
  for (const [expected, change] of cases) assert.match(failures(verify(record(change))), expected);
});

test("two records of one session must agree on meter, gateway, charge point and user, and count up", () => {
  const xml = (second: string): string =>
    ocmfXml(
      record(() => undefined),
      7,
      signer.spkiHex,
    ).replace("</values>", ocmfXml(second, 7, signer.spkiHex).split("<values>")[1] ?? "");
  assert.is(failures(verify(xml(record(() => undefined, 3)))), "");
  assert.match(failures(verify(xml(record((payload) => void (payload["MS"] = "SN-2"), 3)))), /another meter \(MS\)/);
  assert.match(failures(verify(xml(record((payload) => void (payload["GS"] = "CT-1"), 3)))), /another gateway/);
  assert.match(failures(verify(xml(record((payload) => void (payload["CI"] = "DE*X"), 3)))), /another charge point/);
  assert.match(failures(verify(xml(record((payload) => void (payload["ID"] = "00"), 3)))), /another user/);
  assert.match(failures(verify(xml(record(() => undefined, 5)))), /from T1 to T4/);
  assert.match(failures(verify(xml(record((payload) => void (payload["PG"] = "T0"), 3)))), /from T1 to T0/);
});

test("receipts handed in together are checked against each other", () => {
  const files = book.map((issued, at) => ({ name: `r${at + 1}`, text: receiptFileText(issued, signer.spkiHex) }));
  assert.is(failures(verifyEvidence(files, pins, tools)), "");
  const fork = issueReceipt(
    settlement(3, { stopDetail: "another scenario" }),
    chainOf(book.slice(0, 2)),
    signer,
    sha256,
  );
  const forged = [...files, { name: "fork", text: receiptFileText(fork, signer.spkiHex) }];
  assert.match(failures(verifyEvidence(forged, pins, tools)), /forked/);
});

test("the QR code's short form is at most 300 bytes, holds by itself, and no flip passes", () => {
  const short = (JSON.parse(payloadText) as { sale: { short: string } }).sale.short;
  assert.ok(short.length <= 300, `${short.length} bytes`);
  assert.is(exitCode([verifyShortForm(short, pins, tools)]), 0);
  assert.is(exitCode([verifyShortForm(`https://laden.example.org/v#${short}`, pins, tools)]), 0);
  assert.is(exitCode([verifyShortForm(short, noPins, tools)]), 3);
  for (let at = 0; at < short.length; at += 1) {
    const flipped = `${short.slice(0, at)}${short[at] === "1" ? "2" : "1"}${short.slice(at + 1)}`;
    assert.is(exitCode([verifyShortForm(flipped, pins, tools)]), 1, `letter ${at}`);
  }
});

test("a QR code is proven by a fingerprint alone: its key is worked out from the signature", () => {
  const short = (JSON.parse(payloadText) as { sale: { short: string } }).sale.short;
  const byFingerprint = { fingerprints: pins.fingerprints, keys: [] };
  const checkOf = (text: string, by: TrustedKeys): string =>
    verifyShortForm(text, by, tools)
      .checks.map(({ verdict, detail }) => `${verdict} ${detail}`)
      .join();
  assert.match(checkOf(short, byFingerprint), /^holds receipt 2 of /);
  assert.match(
    checkOf(short, noPins),
    new RegExp(`^unproven .*signed with the key sha256:${signer.publicKey.fingerprint};`),
  );
  assert.match(checkOf(short, { fingerprints: new Set(["0".repeat(64)]), keys: [] }), /^fails .*not the one you gave/);
  assert.match(checkOf(short.replace(";2;", ";3;"), noPins), /^fails .*was changed/);
});

test("a private key, a broken key or a broken fingerprint is refused with a word", () => {
  const read = (): string => "-----BEGIN PRIVATE KEY-----";
  assert.throws(() => pinsOf(["file"], read), /private key/);
  assert.throws(() => pinsOf(["file"], () => "nonsense"), /not a public key/);
  assert.throws(() => pinsOf(["sha256:12"], read), /64 hex digits/);
  assert.equal(
    pinsOf(["file"], () => signer.publicKey.pem),
    pins,
  );
  assert.equal(
    pinsOf(["file"], () => signer.spkiHex),
    pins,
  );
});

test("a record, a checkpoint or a proof with a flipped bit is caught, or says the same", () => {
  const third = receiptAt(book, 3);
  const proof = `c2sp.org/tlog-proof@v1\nindex 2\n${third.proof.map((hash) => Buffer.from(hash, "hex").toString("base64")).join("\n")}\n\n${third.checkpoint}`;
  for (const text of [ocmfXml(sale.ocmf, 1, signer.spkiHex), sale.ocmf, third.checkpoint, proof]) {
    const files = (whole: string): readonly CheckResult[] =>
      verifyEvidence(
        [
          { name: "file", text: whole },
          { name: "receipt", text: third.jws },
        ],
        pins,
        tools,
      );
    const bytes = Buffer.from(text);
    const sound = files(text);
    assert.is(exitCode(sound), 0, JSON.stringify(sound));
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 7));
      const findings = files(flipped.toString());
      if (exitCode(findings) !== 1)
        assert.equal(findings, sound, `byte ${at}: ${flipped.toString().slice(Math.max(0, at - 20), at + 20)}`);
    }
  }
});

test("evidence made to break the verifier gets a verdict", () => {
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  const hostile = [
    signedJws(deep, signer.keyId, signer),
    signedJws(`{"kind":"sale","sale":${deep}}`, signer.keyId, signer),
    `OCMF|{"RD":[{"TM":${deep}}]}|${signatureText("00")}`,
    `{"format":"chargetill book 1","note":"${bookNote}","station":"","receipts":["${signedJws(deep, signer.keyId, signer)}"],"disclosures":[[]],"checkpoint":""}`,
    `{"format":"chargetill consistency 1","older":${deep},"newer":"","proof":[]}`,
    resigned(
      ({ sale }) =>
        void (inside(sale, "price")["totalCost"] = {
          excl: "9".repeat(30),
          incl: `-${"9".repeat(30)}.${"9".repeat(18)}`,
        }),
    ),
    resigned(({ sale }) => void (inside(sale, "tariff", "value")["elements"] = deep)),
    resigned(
      ({ sale }) =>
        void (inside(sale, "samples")["rows"] = [
          [0, 0, 0, null, "charging"],
          [Number.MAX_SAFE_INTEGER, 0, 0, null, "parking"],
        ]),
    ),
    resigned((payload) => void (payload["timeZone"] = "No/Where")),
  ];
  for (const text of hostile) assert.is(exitCode(verify(text)), 1, text.slice(0, 60));
});

test("the command prints verdicts, as text or JSON, and its exit code says the same", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chargetill-verify-"));
  const path = (name: string): string => join(folder, name);
  const before = process.exitCode;
  try {
    writeFileSync(path("receipt.json"), fileText);
    writeFileSync(path("key.pem"), signer.publicKey.pem);
    writeFileSync(path("bad.json"), fileText.replace('"jws": "ey', '"jws": "eY'));
    const run = async (...words: string[]): Promise<{ code: typeof process.exitCode; out: string }> => {
      let out = "";
      await verifyCommand(undefined, (text) => void (out += text))
        .exitOverride()
        .parseAsync(words, { from: "user" });
      return { code: process.exitCode, out };
    };
    assert.equal((await run("--key", path("key.pem"), path("receipt.json"))).code, 0);
    assert.equal((await run(path("receipt.json"))).code, 3);
    const bad = await run(
      "--json",
      "--key",
      `sha256:${signer.publicKey.fingerprint}`,
      path("receipt.json"),
      path("bad.json"),
    );
    assert.equal([bad.code, (JSON.parse(bad.out) as { exit: number }).exit], [1, 1]);
    const short = (JSON.parse(payloadText) as { sale: { short: string } }).sale.short;
    assert.match((await run("--key", path("key.pem"), "--qr", short)).out, /8\.54 EUR[\s\S]*All holds/);
    let word = "";
    try {
      await run("--key", path("key.pem"), path("nothing.json"));
    } catch (error) {
      word = error instanceof Error ? error.message : "";
    }
    assert.match(word, /nothing\.json cannot be read/);
  } finally {
    process.exitCode = before;
    rmSync(folder, { recursive: true, force: true });
  }
});

test("nonsense of any kind gets a verdict and never a crash", () => {
  for (const text of [
    "",
    "{}",
    "null",
    "OCMF|",
    "OCMF|{}|{}",
    "<values></values>",
    "a.b.c",
    '{"format":"chargetill receipt file 1"}',
    '{"format":"chargetill book 1","receipts":[]}',
    "\u0000".repeat(100),
  ])
    assert.is(exitCode(verify(text)), 1, JSON.stringify(text));
});

test.run();
